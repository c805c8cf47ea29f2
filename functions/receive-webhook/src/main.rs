//! The Lambda function.

use holdfast_aws::lambda::{Error, Function};
use holdfast_receive_webhook::{Request, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = Function::start("receive-webhook").await?;
    let ports = function.ports().as_ref();
    let receive = async |request| handle(ports, &Request::from(request)).await.into();
    function.serve_http(receive).await
}
