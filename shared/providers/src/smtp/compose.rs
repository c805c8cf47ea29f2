//! From a message to the bytes of an e-mail.

use holdfast_engine::hash;
use holdfast_engine::port::{Call, CallError, EmailMessage};
use lettre::Message;
use lettre::address::Envelope;
use lettre::message::{Mailbox, SinglePart};

use crate::failure::{misconfigured, refused};
use crate::settings;

/// An e-mail ready to be sent.
#[derive(Debug)]
pub(super) struct Composed {
    pub(super) id: String,
    pub(super) envelope: Envelope,
    pub(super) bytes: Vec<u8>,
}

/// Composes an e-mail whose Message-ID comes from the key: a mailbox that drops repeated ids
/// shows a repeated message once.
pub(super) fn compose(call: &Call<'_>, message: &EmailMessage) -> Result<Composed, CallError> {
    let from = settings::required(call, call.connection.from.as_ref(), "from")?;
    let from: Mailbox = from
        .parse()
        .map_err(|_| misconfigured("the connection's `from` is not an e-mail address"))?;
    let id = message_id(call, &from);
    let mut builder = Message::builder()
        .message_id(Some(id.clone()))
        .from(from)
        .to(mailbox(&message.to, "InvalidRecipient")?)
        .subject(message.subject.clone());
    if let Some(address) = &message.reply_to {
        builder = builder.reply_to(mailbox(address, "InvalidReplyTo")?);
    }
    let email = builder
        .singlepart(SinglePart::plain(message.body.clone()))
        .map_err(|error| refused("InvalidMessage", error.to_string()))?;
    Ok(Composed {
        id,
        envelope: email.envelope().clone(),
        bytes: email.formatted(),
    })
}

fn message_id(call: &Call<'_>, from: &Mailbox) -> String {
    let parts = [call.tenant.as_str().as_bytes(), call.key.as_bytes()];
    format!("<{}@{}>", hash::base32(&parts), from.email.domain())
}

fn mailbox(text: &str, code: &str) -> Result<Mailbox, CallError> {
    text.parse()
        .map_err(|_| refused(code, "the address is not an e-mail address"))
}
