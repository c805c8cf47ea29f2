//! What a provider's answer looks like when it fails on purpose.

use holdfast_engine::definition::model::Treatment;
use holdfast_engine::port::{Call, CallError, HttpResponse, Receipt};
use holdfast_providers::http::settle;
use serde_json::Value as Json;

use super::{RETRY_AFTER, maybe};

/// What a proxy in trouble answers instead of the service behind it.
const PAGE: &str = "<html><body><h1>It works!</h1></body></html>";

/// An answer that can be refused and spoilt.
pub(crate) trait Answer: Sized {
    /// What a provider makes of this status.
    fn refusal(call: &Call<'_>, status: u16) -> Result<Self, CallError>;

    /// What a provider makes of an answer that is not the service's.
    fn spoilt(self) -> Result<Self, CallError>;
}

impl Answer for HttpResponse {
    /// The connection may treat the status as something else.
    fn refusal(call: &Call<'_>, status: u16) -> Result<Self, CallError> {
        let wait = ("retry-after".to_owned(), RETRY_AFTER.as_secs().to_string());
        let response = Self {
            status,
            headers: [wait].into(),
            body: Json::Null,
        };
        settle(call, response)
    }

    fn spoilt(self) -> Result<Self, CallError> {
        let body = Json::String(PAGE.to_owned());
        Ok(Self { body, ..self })
    }
}

impl Answer for Receipt {
    fn refusal(call: &Call<'_>, status: u16) -> Result<Self, CallError> {
        HttpResponse::refusal(call, status)?;
        if call.connection.treat.get(&status) == Some(&Treatment::Success) {
            return Err(maybe("the answer is not the provider's"));
        }
        Err(CallError::Refused {
            code: format!("HttpStatus{status}"),
            message: format!("the receiver answered {status} (an injected fault)"),
        })
    }

    fn spoilt(self) -> Result<Self, CallError> {
        Err(maybe("the answer is not the provider's"))
    }
}
