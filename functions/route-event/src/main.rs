//! The Lambda function.

use holdfast_aws::lambda::{Error, Function};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = Function::start("route-event").await?;
    let ports = function.ports();
    function
        .serve_queue(async |delivery| holdfast_route_event::handle(ports, delivery).await)
        .await
}
