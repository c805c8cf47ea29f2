//! Failures by what may have happened at the receiver.

use std::error::Error;

use holdfast_engine::port::CallError;

use crate::address::AddressRefused;

/// Nothing reached the receiver.
pub(crate) fn not_sent(message: impl Into<String>) -> CallError {
    CallError::NotSent {
        message: message.into(),
        retry_after: None,
    }
}

/// The receiver may have acted.
pub(crate) fn maybe(message: impl Into<String>) -> CallError {
    CallError::Maybe {
        message: message.into(),
        retry_after: None,
    }
}

/// The call cannot work without a change.
pub(crate) fn refused(code: impl Into<String>, message: impl Into<String>) -> CallError {
    CallError::Refused {
        code: code.into(),
        message: message.into(),
    }
}

/// The connection's definition, or the tenant's settings for it, cannot work.
pub(crate) fn misconfigured(message: impl Into<String>) -> CallError {
    refused("ConnectionMisconfigured", message)
}

/// The same failure after a write that the receiver may have acted on.
pub(crate) fn after_a_write(error: CallError) -> CallError {
    match error {
        CallError::Maybe { .. } => error,
        CallError::NotSent {
            message,
            retry_after,
        } => CallError::Maybe {
            message,
            retry_after,
        },
        CallError::Refused { message, .. } => maybe(message),
    }
}

/// Classifies a failed request. Until a connection stands nothing can have been sent; after that
/// the client cannot tell how much the receiver read.
///
/// The messages name causes and never the URL, which may hold a secret.
pub(crate) fn of_request(error: &reqwest::Error) -> CallError {
    let cause = root(error);
    if let Some(address) = find::<AddressRefused>(error) {
        return (*address).into();
    }
    if error.is_builder() {
        return refused("InvalidRequest", "the request is not valid HTTP");
    }
    if error.is_connect() {
        return not_sent(format!("no connection to the receiver: {cause}"));
    }
    if error.is_timeout() {
        return maybe("the receiver did not answer in time");
    }
    maybe(format!("the connection broke before the answer: {cause}"))
}

type Cause<'a> = &'a (dyn Error + 'static);

fn chain(error: Cause<'_>) -> impl Iterator<Item = Cause<'_>> {
    std::iter::successors(Some(error), |error: &Cause<'_>| (*error).source())
}

fn find<E: Error + 'static>(error: Cause<'_>) -> Option<&E> {
    chain(error).find_map(|error| error.downcast_ref())
}

/// The innermost cause: the outer ones repeat the URL.
fn root(error: &reqwest::Error) -> String {
    let last = error.source().and_then(|source| chain(source).last());
    last.map_or_else(|| "unknown".to_owned(), ToString::to_string)
}
