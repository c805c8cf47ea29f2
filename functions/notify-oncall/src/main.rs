//! The Lambda function.

use holdfast_aws::lambda::{Error, Function};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = Function::start("notify-oncall").await?;
    let (ports, outside) = (function.ports().as_ref(), function.outside()?);
    function
        .serve_queue(async |delivery| {
            holdfast_notify_oncall::handle(ports, &outside, delivery).await
        })
        .await
}
