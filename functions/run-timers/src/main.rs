//! The Lambda function.

use holdfast_aws::lambda::{Error, Function};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = Function::start("run-timers").await?;
    let ports = function.ports().as_ref();
    function
        .serve_schedule(async |delivery| holdfast_run_timers::handle(ports, delivery).await)
        .await
}
