//! Which statuses are responses and which are failures.

use holdfast_engine::port::{CallError, HttpResponse};

use super::retry_after::retry_after;

/// Tells a response from a failure by its status.
///
/// # Errors
/// [`CallError::NotSent`] for 429, [`CallError::Maybe`] for 500 and above.
pub fn settle(response: HttpResponse) -> Result<HttpResponse, CallError> {
    let message = format!("the receiver answered {}", response.status);
    let retry_after = retry_after(&response.headers);
    match response.status {
        429 => Err(CallError::NotSent {
            message,
            retry_after,
        }),
        500.. => Err(CallError::Maybe {
            message,
            retry_after,
        }),
        _ => Ok(response),
    }
}
