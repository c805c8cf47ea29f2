//! What the provider is told. Refusals are problem documents (RFC 9457).

use holdfast_engine::id::EventId;
use holdfast_engine::port::PortError;
use holdfast_engine::verify::Rejection;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value as Json, json};

/// An answer: the same bytes for a duplicate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Media type of the body.
    pub media_type: &'static str,
    /// The body.
    pub body: String,
    /// When to call again, in seconds.
    pub retry_after: Option<u32>,
}

/// Why a request is refused. Nothing of it is stored.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Problem {
    /// No such tenant or source.
    #[error("there is no such endpoint")]
    NotFound,
    /// Webhooks are posted.
    #[error("webhooks are posted")]
    MethodNotAllowed,
    /// The body did not arrive in time.
    #[error("the body did not arrive in time")]
    BodyTimeout,
    /// The body is larger than one MiB.
    #[error("the body is larger than 1 MiB")]
    TooLarge,
    /// What the source declares of the body is larger than an event may be.
    #[error("the declared data of the body is larger than an event may be")]
    EventTooLarge,
    /// The signature does not hold.
    #[error("the signature does not hold: {0}")]
    Signature(Rejection),
    /// The body is not JSON, or nested too deep.
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    /// The body has a media type that no source reads.
    #[error("the media type `{0}` is not read here: send JSON or a form")]
    MediaType(String),
    /// The event could not be stored: the provider sends it again.
    #[error("the event could not be stored")]
    Unavailable(String),
}

impl From<PortError> for Problem {
    fn from(error: PortError) -> Self {
        tracing::error!(code = error.code(), error = %error, "the event is not stored");
        Self::Unavailable(error.to_string())
    }
}

impl Problem {
    /// HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::BodyTimeout => 408,
            Self::TooLarge | Self::EventTooLarge => 413,
            Self::Signature(_) => 401,
            Self::NotJson(_) => 400,
            Self::MediaType(_) => 415,
            Self::Unavailable(_) => 503,
        }
    }

    /// The stable name of the refusal.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "NotFound",
            Self::MethodNotAllowed => "MethodNotAllowed",
            Self::BodyTimeout => "BodyTimeout",
            Self::TooLarge => "BodyTooLarge",
            Self::EventTooLarge => "EventTooLarge",
            Self::Signature(rejection) => rejection.code(),
            Self::NotJson(_) => "NotJson",
            Self::MediaType(_) => "MediaTypeUnsupported",
            Self::Unavailable(_) => "Unavailable",
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::NotFound => "Not Found",
            Self::MethodNotAllowed => "Method Not Allowed",
            Self::BodyTimeout => "Request Timeout",
            Self::TooLarge | Self::EventTooLarge => "Content Too Large",
            Self::Signature(_) => "Unauthorized",
            Self::NotJson(_) => "Bad Request",
            Self::MediaType(_) => "Unsupported Media Type",
            Self::Unavailable(_) => "Service Unavailable",
        }
    }
}

impl From<Answer> for http::Response<String> {
    fn from(answer: Answer) -> Self {
        let mut response = Self::new(answer.body);
        let status = StatusCode::from_u16(answer.status);
        *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        let media_type = HeaderValue::from_static(answer.media_type);
        headers.insert(header::CONTENT_TYPE, media_type);
        if let Some(seconds) = answer.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl Answer {
    fn stored(body: &Json) -> Self {
        Self {
            status: 202,
            media_type: "application/json",
            body: body.to_string(),
            retry_after: None,
        }
    }

    pub(crate) fn accepted(event: &EventId) -> Self {
        Self::stored(&json!({ "status": "accepted", "event": event }))
    }

    pub(crate) fn review(event: &EventId) -> Self {
        Self::stored(&json!({ "status": "review", "event": event }))
    }

    pub(crate) fn ignored() -> Self {
        Self::stored(&json!({ "status": "ignored" }))
    }

    /// The problem document of a refusal.
    #[must_use]
    pub fn of(problem: &Problem) -> Self {
        let body = json!({
            "type": "about:blank",
            "title": problem.title(),
            "status": problem.status(),
            "detail": problem.to_string(),
            "code": problem.code(),
        });
        Self {
            status: problem.status(),
            media_type: "application/problem+json",
            body: body.to_string(),
            retry_after: matches!(problem, Problem::Unavailable(_)).then_some(5),
        }
    }
}
