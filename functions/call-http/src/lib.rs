//! Calls an HTTP API through a connection.

mod body;
mod pages;
mod path;
mod request;

use std::collections::BTreeMap;
use std::time::Duration;

use holdfast_engine::definition::model::{Connection, ConnectionKind, Treatment};
use holdfast_engine::port::{Http, HttpResponse};
use holdfast_engine::step::{
    Batching, Effect, Keeps, Paging, Step, StepContext, StepError, StepSpec,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// Calls an HTTP API through a connection.
#[derive(Debug, Clone)]
pub struct CallHttp<P> {
    provider: P,
}

impl<P: Http> CallHttp<P> {
    /// The step over this provider.
    pub fn new(provider: P) -> Self {
        Self { provider }
    }
}

/// A request relative to the connection's base URL.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
pub struct Input {
    /// `GET` by default, or `POST` when there is a body.
    #[serde(default)]
    pub method: Option<String>,
    /// Path below the connection's URL; each interpolated value is one percent-encoded segment.
    #[schemars(extend("format" = "path"))]
    pub path: String,
    /// Query parameters; a list repeats its parameter, null leaves it out.
    #[serde(default)]
    pub query: Map<String, Json>,
    /// Headers.
    #[serde(default)]
    pub headers: Map<String, Json>,
    /// A JSON body.
    #[serde(default)]
    pub json: Option<Json>,
    /// The fields of a form body, `application/x-www-form-urlencoded`.
    #[serde(default)]
    pub form: Option<Map<String, Json>>,
    /// The fields of a `multipart/form-data` body.
    #[serde(default)]
    pub multipart: Option<Map<String, Json>>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Output {
    /// Status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body: JSON where it parses as JSON, else text; null when empty.
    pub body: Json,
}

impl<P: Http + 'static> Step for CallHttp<P> {
    const SPEC: StepSpec = StepSpec {
        name: "call-http",
        description: "Calls an HTTP API through a connection.",
        effect: Effect::Keyed,
        timeout: Duration::from_secs(30),
        concurrency: 100,
        connections: &[ConnectionKind::Http, ConnectionKind::Sandbox],
        keeps: Keeps::Only(&["status"]),
    };
    const BATCHING: Option<Batching> = Some(Batching {
        input: "json",
        output: "body",
    });
    const PAGING: Option<Paging> = Some(Paging { turn: pages::turn });
    type Input = Input;
    type Output = Output;

    /// Reading is harmless whatever the connection; anything else is as the connection says.
    fn effect(input: &Json, connection: Option<&Connection>) -> Effect {
        let reads =
            Input::deserialize(input).is_ok_and(|input| request::is_harmless(input.method()));
        match connection {
            Some(connection) if !reads => Self::SPEC.effect.through(connection),
            _ => Self::SPEC.effect,
        }
    }

    async fn perform(&self, ctx: &StepContext<'_>, input: Input) -> Result<Output, StepError> {
        let call = ctx.connected()?;
        let request = request::build(input, call.connection, ctx.key)?;
        let response = self.provider.send(&call, request).await?;
        decide(call.connection, response)
    }
}

/// What the connection says that a status means; a status of which it says nothing is the step's
/// result when it is one of success, else a refusal.
fn decide(connection: &Connection, response: HttpResponse) -> Result<Output, StepError> {
    let status = response.status;
    let usual = if (200..300).contains(&status) {
        Treatment::Success
    } else {
        Treatment::Permanent
    };
    let (code, message) = (format!("HttpStatus{status}"), described(&response));
    match connection.treat.get(&status).unwrap_or(&usual) {
        Treatment::Success => Ok(Output {
            status,
            headers: response.headers,
            body: response.body,
        }),
        Treatment::Permanent => Err(StepError::permanent(&code, message)),
        Treatment::Transient => Err(StepError::transient("NotSent", message)),
        Treatment::Review => Err(StepError::NeedsReview { code, message }),
    }
}

fn described(response: &HttpResponse) -> String {
    let status = response.status;
    match reason(&response.body) {
        Some(reason) => format!("the receiver answered {status}: {reason}"),
        None => format!("the receiver answered {status}"),
    }
}

/// The longest reason that is quoted, in characters.
const MAX_REASON: usize = 200;

/// What the receiver says about itself, in the members that error bodies use.
fn reason(body: &Json) -> Option<String> {
    let error = body.get("error");
    let nested = error.and_then(|error| error.get("message"));
    let members = ["detail", "message", "title"].map(|name| body.get(name));
    let mut texts = [nested, error].into_iter().chain(members).flatten();
    let text = texts.find_map(Json::as_str)?;
    Some(text.chars().take(MAX_REASON).collect())
}

#[cfg(test)]
mod tests;
