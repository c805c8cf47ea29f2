//! The sandbox as a service: functions of a local stack share no folder, so they call it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json as Body, Router};
use holdfast_engine::port::{Call, CallError, Chat, Clock, Email, Http, Sms};
use holdfast_providers::remote::{CALLS, Effect, RemoteAnswer, RemoteCall};
use serde_json::Value as Json;

use super::Sandbox;

/// More than any step's time: the caller's own ends first.
const PATIENCE: Duration = Duration::from_mins(1);

/// The routes of a sandbox: calls, and what it received.
pub fn routes<C: Clock + 'static>(sandbox: Arc<Sandbox<C>>) -> Router {
    Router::new()
        .route(CALLS, post(call::<C>))
        .route("/sandbox/deliveries", get(deliveries::<C>))
        .with_state(sandbox)
}

async fn call<C: Clock + 'static>(
    State(sandbox): State<Arc<Sandbox<C>>>,
    Body(remote): Body<RemoteCall>,
) -> Body<RemoteAnswer> {
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
    let answered = answer(&sandbox, &call, remote.effect.clone()).await;
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

async fn deliveries<C: Clock + 'static>(State(sandbox): State<Arc<Sandbox<C>>>) -> Response {
    match sandbox.deliveries() {
        Ok(deliveries) => Body(deliveries).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use holdfast_engine::definition::model::{Connection, ConnectionKind};
    use holdfast_engine::name::{ConnectionName, TenantName};
    use holdfast_engine::port::SmsMessage;
    use holdfast_providers::Client;
    use holdfast_providers::remote::RemoteSandbox;

    use super::*;
    use crate::clock::SystemClock;

    #[tokio::test]
    async fn a_call_from_another_process_is_delivered_once_however_often_it_is_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = Arc::new(Sandbox::open(folder.path(), SystemClock).unwrap());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serve = axum::serve(listener, routes(Arc::clone(&sandbox)));
        let calls = async {
            let remote = RemoteSandbox::new(&Client::new().unwrap(), &url);
            let name = ConnectionName::new("sms").unwrap();
            let connection = Connection::new(name, ConnectionKind::Twilio);
            let tenant = TenantName::new("demo").unwrap();
            let call = Call {
                connection: &connection,
                config: &Json::Null,
                tenant: &tenant,
                key: "e:1:confirm.1",
                now: SystemClock.now(),
                timeout: Duration::from_secs(5),
                callback: None,
            };
            let message = SmsMessage {
                to: "+15550100".to_owned(),
                body: "Hello".to_owned(),
            };
            let first = Sms::send(&remote, &call, message.clone()).await.unwrap();
            assert_eq!(Sms::send(&remote, &call, message).await.unwrap(), first);
        };
        tokio::select! {
            () = calls => {}
            served = serve => served.unwrap(),
        }
        let deliveries = sandbox.deliveries().unwrap();
        assert_eq!(deliveries.len(), 1);
        assert_eq!(deliveries[0].payload["body"], "Hello");
    }
}
