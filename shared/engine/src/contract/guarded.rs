//! One attempt under guard: it ends in time, and a panic in it is this message's failure alone.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use crate::step::StepError;

/// Runs an attempt to its end, its deadline or its panic. Nothing of it outlives the call.
///
/// # Errors
/// The attempt's own error; [`StepError::Unknown`] for a deadline or a panic, as the effect may
/// have happened.
pub(super) async fn guarded<T>(
    attempt: impl Future<Output = Result<T, StepError>>,
    deadline: impl Future<Output = ()>,
) -> Result<T, StepError> {
    let (mut attempt, mut deadline) = (pin!(attempt), pin!(deadline));
    std::future::poll_fn(|cx| {
        match catch_unwind(AssertUnwindSafe(|| attempt.as_mut().poll(cx))) {
            Ok(Poll::Ready(result)) => return Poll::Ready(result),
            Ok(Poll::Pending) => {}
            Err(_) => return Poll::Ready(Err(unknown("Panicked", "the step panicked"))),
        }
        deadline
            .as_mut()
            .poll(cx)
            .map(|()| Err(unknown("TimedOut", "the step did not end in time")))
    })
    .await
}

fn unknown(code: &str, message: &str) -> StepError {
    StepError::Unknown {
        code: code.to_owned(),
        message: message.to_owned(),
        retry_after: None,
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn an_attempt_that_hangs_ends_as_unknown() {
        let error = guarded(pending::<Result<(), _>>(), ready(()))
            .await
            .unwrap_err();
        assert_eq!(error.code(), "TimedOut");
    }

    #[tokio::test]
    async fn an_attempt_that_hangs_is_dropped_before_its_handler_goes_on() {
        let effect = Arc::new(());
        let held = Arc::clone(&effect);
        let attempt = async move {
            let result = pending::<Result<(), StepError>>().await;
            drop(held);
            result
        };
        guarded(attempt, ready(())).await.unwrap_err();
        assert_eq!(Arc::strong_count(&effect), 1);
    }

    #[tokio::test]
    async fn a_panic_is_a_failure_of_this_attempt_alone() {
        let attempt = async { panic!("boom") };
        let error = guarded::<()>(attempt, pending()).await.unwrap_err();
        assert_eq!(error.code(), "Panicked");
    }

    #[tokio::test]
    async fn an_attempt_that_is_ready_wins_over_its_deadline() {
        assert_eq!(guarded(ready(Ok(7)), ready(())).await, Ok(7));
    }
}
