//! The Lambda function.

use holdfast_aws::lambda::{Error, Function};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = Function::start("handle-error").await?;
    let ports = function.ports().as_ref();
    function
        .serve_stream(async |delivery| holdfast_handle_error::handle(ports, delivery).await)
        .await
}
