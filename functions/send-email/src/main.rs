//! The Lambda function.

use holdfast_aws::lambda::{Error, Function};
use holdfast_send_email::SendEmail;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = Function::start("send-email").await?;
    let step = SendEmail::new(function.outside()?);
    function.serve_step(step).await
}
