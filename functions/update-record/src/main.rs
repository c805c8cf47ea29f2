//! The Lambda function.

use std::sync::Arc;

use holdfast_aws::lambda::{Error, Function};
use holdfast_update_record::UpdateRecord;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = Function::start("update-record").await?;
    let step = UpdateRecord::new(Arc::clone(function.ports()));
    function.serve_step(step).await
}
