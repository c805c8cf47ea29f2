//! The Lambda function.

use holdfast_aws::lambda::{Error, Function};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = Function::start("receive-webhook").await?;
    let ports = function.ports().as_ref();
    let receive = async |request| holdfast_receive_webhook::handle(ports, &request.into()).await.into();
    function.serve_http(receive).await
}
