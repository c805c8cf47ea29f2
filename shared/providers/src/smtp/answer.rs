//! What a mail server's failure means, by when it came.

use std::error::Error as _;

use holdfast_engine::port::CallError;
use lettre::address::Envelope;
use lettre::transport::smtp::Error;

use crate::failure::{maybe, not_sent, refused};

/// A failure before the message's first byte: nothing was delivered.
pub(super) fn before_the_message(error: &Error, envelope: &Envelope) -> CallError {
    if error.is_permanent() {
        return refused_by(error, envelope);
    }
    if error.is_client() {
        let message = format!("the mail server cannot do what is needed: {}", cause(error));
        return refused("SmtpUnsupported", message);
    }
    not_sent(described(error, envelope))
}

/// A failure after it: only a negative reply says that the message was not taken.
pub(super) fn after_the_message(error: &Error, envelope: &Envelope) -> CallError {
    if error.is_permanent() {
        refused_by(error, envelope)
    } else if error.is_transient() {
        not_sent(described(error, envelope))
    } else {
        maybe(described(error, envelope))
    }
}

fn refused_by(error: &Error, envelope: &Envelope) -> CallError {
    let code = error
        .status()
        .map_or("Smtp".to_owned(), |code| format!("Smtp{code}"));
    refused(code, described(error, envelope))
}

/// What the server said, without the addresses that it repeats.
fn described(error: &Error, envelope: &Envelope) -> String {
    let mut reason = cause(error);
    for address in envelope.to() {
        reason = reason.replace(&address.to_string(), "the recipient");
    }
    match error.status() {
        Some(code) => format!("the mail server answered {code}: {reason}"),
        None => format!("no word from the mail server: {reason}"),
    }
}

fn cause(error: &Error) -> String {
    match error.source() {
        Some(source) => source.to_string(),
        None => error.to_string(),
    }
}
