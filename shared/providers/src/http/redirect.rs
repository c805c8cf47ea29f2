//! Redirects: followed below the base URL, refused off it.

use holdfast_engine::definition::model::Connection;
use holdfast_engine::port::{CallError, HttpResponse};
use http::Method;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

use super::base::Base;
use crate::client::Outbound;
use crate::failure::{after_a_write, maybe, refused};

/// The most redirects of one call.
pub(super) const MAX: usize = 5;

/// The request that a response asks for; `None`: it is no redirect, or one that the connection
/// treats as an answer.
pub(super) fn next(
    connection: &Connection,
    base: &Base,
    sent: &Outbound,
    response: &HttpResponse,
) -> Result<Option<Outbound>, CallError> {
    let keeps_method = matches!(response.status, 307 | 308);
    let redirects = keeps_method || matches!(response.status, 301..=303);
    if !redirects || connection.treat.contains_key(&response.status) {
        return Ok(None);
    }
    let Some(location) = response.headers.get("location") else {
        return Ok(None);
    };
    match sent.url.join(location) {
        Ok(url) if base.contains(&url) => {
            let mut next = Outbound {
                url,
                ..sent.clone()
            };
            if !keeps_method && !sent.method.is_safe() {
                read_instead(&mut next);
            }
            Ok(Some(next))
        }
        _ => Err(off_base(keeps_method || sent.method.is_safe())),
    }
}

fn read_instead(next: &mut Outbound) {
    next.method = Method::GET;
    next.body = None;
    next.headers.remove(CONTENT_TYPE);
    next.headers.remove(CONTENT_ENCODING);
}

/// A redirect that keeps the method says that nothing happened yet; "see other" after a write
/// may well say that it did.
fn off_base(definite: bool) -> CallError {
    let message = "the receiver redirects to where the connection's `url` does not reach";
    if definite {
        refused("RedirectRefused", message)
    } else {
        maybe(message)
    }
}

/// The failure of a later hop, knowing whether an earlier one wrote.
pub(super) fn known(error: CallError, wrote: bool) -> CallError {
    if wrote { after_a_write(error) } else { error }
}
