//! E-mail through Amazon SES.

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};
use holdfast_engine::port::{Call, CallError, Email, EmailMessage, Receipt};
use holdfast_providers::settings;

use crate::sdk::Rare;

/// Amazon SES. It honours no keys: a message that may have been accepted is unknown.
#[derive(Debug, Clone)]
pub(crate) struct Ses {
    client: Rare<Client>,
}

impl Ses {
    /// SES by this client, which must not repeat calls by itself.
    pub(crate) fn new(client: Rare<Client>) -> Self {
        Self { client }
    }
}

impl Email for Ses {
    async fn send(&self, call: &Call<'_>, message: EmailMessage) -> Result<Receipt, CallError> {
        let from = settings::required(call, call.connection.from.as_ref(), "from")?;
        let send = self
            .client
            .send_email()
            .from_email_address(from)
            .destination(Destination::builder().to_addresses(message.to).build())
            .set_reply_to_addresses(message.reply_to.map(|address| vec![address]))
            .content(content(&message.subject, &message.body)?)
            .send();
        match tokio::time::timeout(call.timeout, send).await {
            Ok(Ok(accepted)) => Ok(Receipt {
                id: accepted.message_id.unwrap_or_default(),
            }),
            Ok(Err(error)) => Err(failure(&error)),
            Err(_late) => Err(maybe("SES did not answer in time")),
        }
    }
}

fn content(subject: &str, body: &str) -> Result<EmailContent, CallError> {
    let text = |data: &str| {
        let text = Content::builder().data(data).charset("UTF-8").build();
        text.map_err(|error| refused("InvalidRequest", error.to_string()))
    };
    let body = Body::builder().text(text(body)?).build();
    let message = Message::builder().subject(text(subject)?).body(body);
    Ok(EmailContent::builder().simple(message.build()).build())
}

/// A refusal is definite, and so is a throttle; anything else may have been accepted.
fn failure<R>(error: &SdkError<SendEmailError, R>) -> CallError {
    let service = error.as_service_error();
    let code = service.and_then(ProvideErrorMetadata::code);
    let message = service
        .and_then(ProvideErrorMetadata::message)
        .unwrap_or_default();
    match (error, code) {
        (SdkError::ConstructionFailure(_), _) => not_sent("the request cannot be built"),
        (SdkError::DispatchFailure(failure), _) if failure.is_io() && !failure.is_timeout() => {
            not_sent("SES cannot be reached")
        }
        (
            _,
            Some("TooManyRequestsException" | "LimitExceededException" | "ThrottlingException"),
        ) => not_sent("SES asks for fewer messages"),
        (SdkError::ServiceError(context), Some(code)) if context.err().meta().code().is_some() => {
            if code.starts_with("Internal") || code == "ServiceUnavailable" {
                maybe("SES failed")
            } else {
                refused(code, message.to_owned())
            }
        }
        _ => maybe("SES gave no answer that says whether it accepted the message"),
    }
}

fn not_sent(message: &str) -> CallError {
    CallError::NotSent {
        message: message.to_owned(),
        retry_after: None,
    }
}

fn maybe(message: &str) -> CallError {
    CallError::Maybe {
        message: message.to_owned(),
        retry_after: None,
    }
}

fn refused(code: &str, message: String) -> CallError {
    CallError::Refused {
        code: code.to_owned(),
        message,
    }
}
