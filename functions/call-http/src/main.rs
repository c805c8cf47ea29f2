//! The Lambda function.

use holdfast_aws::lambda::{Error, Function};
use holdfast_call_http::CallHttp;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = Function::start("call-http").await?;
    let step = CallHttp::new(function.outside()?);
    function.serve_step(step).await
}
