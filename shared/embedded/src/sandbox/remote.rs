//! The sandbox as a service: functions of a local stack share no folder, so they call it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json as Body, Router};
use holdfast_engine::definition::model::SandboxReply;
use holdfast_engine::name::{ConnectionName, TenantName};
use holdfast_engine::port::{Call, CallError, Chat, Clock, Email, Http, Sms};
use holdfast_providers::remote::{CALLS, Effect, RemoteAnswer, RemoteCall};
use serde::Deserialize;
use serde_json::Value as Json;

use super::Sandbox;

/// More than any step's time: the caller's own ends first.
const PATIENCE: Duration = Duration::from_mins(1);

/// How a provider answers from now on, whatever its connection's definition says.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manner {
    status: u16,
    #[serde(default)]
    body: Json,
    #[serde(default = "honours")]
    idempotent: bool,
    /// How long an answer takes; the call is recorded at once.
    #[serde(default)]
    delay_ms: u64,
}

fn honours() -> bool {
    true
}

/// Whose connection.
type Whose = (TenantName, ConnectionName);

/// A sandbox that is served.
#[derive(Debug)]
struct Served<C> {
    sandbox: Arc<Sandbox<C>>,
    manners: Mutex<BTreeMap<Whose, Manner>>,
}

impl<C> Served<C> {
    fn manner(&self, whose: &Whose) -> Option<Manner> {
        let manners = self.manners.lock().unwrap_or_else(PoisonError::into_inner);
        manners.get(whose).cloned()
    }
}

/// The routes of a sandbox: calls, what it received, and how it answers.
pub fn routes<C: Clock + 'static>(sandbox: Arc<Sandbox<C>>) -> Router {
    let manners = Mutex::default();
    let manner = put(behave::<C>).delete(behave_as_defined::<C>);
    Router::new()
        .route(CALLS, post(call::<C>))
        .route("/sandbox/deliveries", get(deliveries::<C>))
        .route("/sandbox/answers/{tenant}/{connection}", manner)
        .with_state(Arc::new(Served { sandbox, manners }))
}

async fn behave<C: Clock + 'static>(
    State(served): State<Arc<Served<C>>>,
    Path(whose): Path<Whose>,
    Body(manner): Body<Manner>,
) -> StatusCode {
    let manners = served.manners.lock();
    let mut manners = manners.unwrap_or_else(PoisonError::into_inner);
    manners.insert(whose, manner);
    StatusCode::NO_CONTENT
}

async fn behave_as_defined<C: Clock + 'static>(
    State(served): State<Arc<Served<C>>>,
    Path(whose): Path<Whose>,
) -> StatusCode {
    let manners = served.manners.lock();
    let mut manners = manners.unwrap_or_else(PoisonError::into_inner);
    manners.remove(&whose);
    StatusCode::NO_CONTENT
}

async fn call<C: Clock + 'static>(
    State(served): State<Arc<Served<C>>>,
    Body(mut remote): Body<RemoteCall>,
) -> Body<RemoteAnswer> {
    let sandbox = &served.sandbox;
    let manner = served.manner(&(remote.tenant.clone(), remote.connection.clone()));
    let delay = manner.as_ref().map_or(0, |manner| manner.delay_ms);
    if let Some(manner) = manner {
        remote.reply = Some(SandboxReply {
            status: manner.status,
            body: manner.body,
            idempotent: manner.idempotent,
        });
    }
    let connection = remote.connection();
    let call = Call {
        connection: &connection,
        config: &Json::Null,
        tenant: &remote.tenant,
        key: &remote.key,
        now: sandbox.clock.now(),
        timeout: PATIENCE,
        callback: remote.callback.as_deref(),
    };
    let answered = answer(sandbox, &call, remote.effect.clone()).await;
    sandbox.clock.sleep(Duration::from_millis(delay)).await;
    Body(answered.unwrap_or_else(RemoteAnswer::Failed))
}

async fn answer<C: Clock>(
    sandbox: &Sandbox<C>,
    call: &Call<'_>,
    effect: Effect,
) -> Result<RemoteAnswer, CallError> {
    Ok(match effect {
        Effect::Http(request) => RemoteAnswer::Response(Http::send(sandbox, call, request).await?),
        Effect::Sms(message) => RemoteAnswer::Receipt(Sms::send(sandbox, call, message).await?),
        Effect::Email(message) => RemoteAnswer::Receipt(Email::send(sandbox, call, message).await?),
        Effect::Chat(message) => RemoteAnswer::Receipt(sandbox.post(call, message).await?),
    })
}

async fn deliveries<C: Clock + 'static>(State(served): State<Arc<Served<C>>>) -> Response {
    match served.sandbox.deliveries() {
        Ok(deliveries) => Body(deliveries).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use holdfast_engine::definition::model::{Connection, ConnectionKind};
    use holdfast_engine::name::{ConnectionName, TenantName};
    use holdfast_engine::port::{Receipt, SmsMessage};
    use holdfast_providers::Client;
    use holdfast_providers::remote::RemoteSandbox;

    use super::*;
    use crate::clock::SystemClock;
    use crate::sandbox::Delivery;

    /// A sandbox that is served while `calls` go on; what it received.
    async fn served(calls: impl AsyncFnOnce(RemoteSandbox, String)) -> Vec<Delivery> {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = Arc::new(Sandbox::open(folder.path(), SystemClock).unwrap());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serve = axum::serve(listener, routes(Arc::clone(&sandbox)));
        let remote = RemoteSandbox::new(&Client::new().unwrap(), &url);
        tokio::select! {
            () = calls(remote, url) => {}
            served = serve => served.unwrap(),
        }
        sandbox.deliveries().unwrap()
    }

    async fn text(remote: &RemoteSandbox, key: &str) -> Result<Receipt, CallError> {
        let name = ConnectionName::new("sms").unwrap();
        let connection = Connection::new(name, ConnectionKind::Twilio);
        let tenant = TenantName::new("demo").unwrap();
        let call = Call {
            connection: &connection,
            config: &Json::Null,
            tenant: &tenant,
            key,
            now: SystemClock.now(),
            timeout: Duration::from_secs(5),
            callback: None,
        };
        let message = SmsMessage {
            to: "+15550100".to_owned(),
            body: "Hello".to_owned(),
        };
        Sms::send(remote, &call, message).await
    }

    #[tokio::test]
    async fn a_call_from_another_process_is_delivered_once_however_often_it_is_repeated() {
        let calls = async |remote: RemoteSandbox, _| {
            let first = text(&remote, "e:1:confirm.1").await.unwrap();
            assert_eq!(text(&remote, "e:1:confirm.1").await.unwrap(), first);
        };
        let deliveries = served(calls).await;
        assert_eq!(deliveries.len(), 1);
        assert_eq!(deliveries[0].payload["body"], "Hello");
    }

    #[tokio::test]
    async fn a_connection_is_answered_as_it_was_said_until_that_is_taken_back() {
        let calls = async |remote: RemoteSandbox, url: String| {
            let http = reqwest::Client::new();
            let answers = format!("{url}/sandbox/answers/demo/sms");
            let said = http.put(&answers).body(r#"{"status":422,"delay_ms":1}"#);
            let said = said.header("content-type", "application/json");
            assert_eq!(said.send().await.unwrap().status(), 204);
            let refused = text(&remote, "e:1:a.1").await.unwrap_err();
            let CallError::Refused { code, .. } = refused else {
                panic!("{refused:?}");
            };
            assert_eq!(code, "HttpStatus422");
            http.delete(&answers).send().await.unwrap();
            text(&remote, "e:1:b.1").await.unwrap();
        };
        assert_eq!(served(calls).await.len(), 1);
    }
}
