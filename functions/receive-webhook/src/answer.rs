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
    /// The methods that the endpoint takes, where this one is none of them.
    pub allow: Option<&'static str>,
}

/// Why a request is refused. Nothing of it is stored.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Problem {
    /// No such tenant or source.
    #[error("there is no such endpoint")]
    NotFound,
    /// Webhooks are posted; only a handshake is got. Holds the methods that are taken.
    #[error("webhooks are posted")]
    MethodNotAllowed(&'static str),
    /// A handshake that the source does not recognise.
    #[error("the source's `challenge` does not recognise this handshake")]
    ChallengeRefused,
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
    /// The body is not the form that its media type says.
    #[error("the body is not a form: {0}")]
    NotForm(String),
    /// The body has a media type that no source reads.
    #[error("the media type `{0}` is not read here: send JSON or a form")]
    MediaType(String),
    /// The body is compressed.
    #[error("the content encoding `{0}` is not read here: send the body as it is")]
    ContentEncoding(String),
    /// A batch has more elements than one request may carry.
    #[error("a batch has at most {0} elements")]
    BatchTooLarge(usize),
    /// The event could not be stored: the provider sends it again.
    #[error("the event could not be stored")]
    Unavailable(String),
}

/// What becomes of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is queued.
    Accepted(EventId),
    /// A person looks at it.
    Review(EventId),
    /// The source does not accept it.
    Ignored,
}

impl Verdict {
    fn json(&self) -> Json {
        match self {
            Self::Accepted(event) => json!({ "status": "accepted", "event": event }),
            Self::Review(event) => json!({ "status": "review", "event": event }),
            Self::Ignored => json!({ "status": "ignored" }),
        }
    }
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
            Self::ChallengeRefused => 403,
            Self::MethodNotAllowed(_) => 405,
            Self::BodyTimeout => 408,
            Self::TooLarge | Self::EventTooLarge | Self::BatchTooLarge(_) => 413,
            Self::Signature(_) => 401,
            Self::NotJson(_) | Self::NotForm(_) => 400,
            Self::MediaType(_) | Self::ContentEncoding(_) => 415,
            Self::Unavailable(_) => 503,
        }
    }

    /// The stable name of the refusal.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "NotFound",
            Self::MethodNotAllowed(_) => "MethodNotAllowed",
            Self::ChallengeRefused => "ChallengeRefused",
            Self::BodyTimeout => "BodyTimeout",
            Self::TooLarge => "BodyTooLarge",
            Self::EventTooLarge => "EventTooLarge",
            Self::Signature(rejection) => rejection.code(),
            Self::NotJson(_) => "NotJson",
            Self::NotForm(_) => "NotForm",
            Self::MediaType(_) => "MediaTypeUnsupported",
            Self::ContentEncoding(_) => "ContentEncodingUnsupported",
            Self::BatchTooLarge(_) => "BatchTooLarge",
            Self::Unavailable(_) => "Unavailable",
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::NotFound => "Not Found",
            Self::MethodNotAllowed(_) => "Method Not Allowed",
            Self::ChallengeRefused => "Forbidden",
            Self::BodyTimeout => "Request Timeout",
            Self::TooLarge | Self::EventTooLarge | Self::BatchTooLarge(_) => "Content Too Large",
            Self::Signature(_) => "Unauthorized",
            Self::NotJson(_) | Self::NotForm(_) => "Bad Request",
            Self::MediaType(_) | Self::ContentEncoding(_) => "Unsupported Media Type",
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
        if let Some(methods) = answer.allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(methods));
        }
        // A reply to a challenge repeats text of the request: no browser may take it for a page.
        let nosniff = HeaderValue::from_static("nosniff");
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
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
            allow: None,
        }
    }

    /// The answer to one event.
    pub(crate) fn to_one(verdict: &Verdict) -> Self {
        Self::stored(&verdict.json())
    }

    /// The answer to a batch: a verdict for each element, in their order.
    pub(crate) fn to_batch(verdicts: &[Verdict]) -> Self {
        let verdicts: Vec<Json> = verdicts.iter().map(Verdict::json).collect();
        Self::stored(&json!({ "status": "batch", "events": verdicts }))
    }

    /// The reply to a challenge, as text.
    pub(crate) fn to_challenge(reply: String) -> Self {
        Self {
            status: 200,
            media_type: "text/plain; charset=utf-8",
            body: reply,
            retry_after: None,
            allow: None,
        }
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
            allow: match problem {
                Problem::MethodNotAllowed(methods) => Some(methods),
                _ => None,
            },
        }
    }
}
