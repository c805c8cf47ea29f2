//! The Lambda function.

use holdfast_aws::lambda::{Error, Function};
use holdfast_post_chat::PostChat;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = Function::start("post-chat").await?;
    let step = PostChat::new(function.outside()?);
    function.serve_step(step).await
}
