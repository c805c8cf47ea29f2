//! The Lambda function.

use holdfast_aws::lambda::{Error, Function};
use holdfast_send_sms::SendSms;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = Function::start("send-sms").await?;
    let step = SendSms::new(function.outside()?);
    function.serve_step(step).await
}
