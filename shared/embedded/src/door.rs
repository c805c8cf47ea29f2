//! The HTTP door: webhooks, health, and what the sandbox received.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{StatusCode, request::Parts};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use holdfast_engine::alert;
use holdfast_engine::port::Clock;
use holdfast_receive_webhook::{Answer, MAX_BODY, Problem, Request};

use crate::system::System;

/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

/// The routes of a system. `shows_sandbox`: whether `GET /sandbox/deliveries` answers.
pub fn routes<C: Clock + Clone + 'static>(system: Arc<System<C>>, shows_sandbox: bool) -> Router {
    let routes = Router::new()
        .route("/healthz", get(health::<C>))
        .route("/hooks/{*endpoint}", any(hook::<C>));
    let routes = if shows_sandbox {
        routes.route("/sandbox/deliveries", get(deliveries::<C>))
    } else {
        routes
    };
    routes
        .fallback(|| async { answered(Answer::of(&Problem::NotFound)) })
        .with_state(system)
}

async fn hook<C: Clock + Clone + 'static>(
    State(system): State<Arc<System<C>>>,
    request: axum::extract::Request,
) -> Response {
    let (parts, body) = request.into_parts();
    match tokio::time::timeout(PATIENCE, read(parts, body)).await {
        Ok(Some(request)) => answered(system.receive(&request).await),
        Ok(None) => answered(Answer::of(&Problem::TooLarge)),
        Err(_late) => answered(Answer::of(&Problem::BodyTimeout)),
    }
}

/// Reads a request whole; `None`: its body is too large, or ended early.
async fn read(parts: Parts, body: Body) -> Option<Request> {
    let bytes = to_bytes(body, MAX_BODY).await.ok()?;
    Some(axum::http::Request::from_parts(parts, bytes.to_vec()).into())
}

fn answered(answer: Answer) -> Response {
    axum::http::Response::<String>::from(answer).into_response()
}

async fn health<C: Clock + Clone + 'static>(State(system): State<Arc<System<C>>>) -> Response {
    let health = alert::health(system.ports().as_ref()).await;
    let status = if health.is_failing() {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::OK
    };
    (status, axum::Json(health)).into_response()
}

async fn deliveries<C: Clock + Clone + 'static>(State(system): State<Arc<System<C>>>) -> Response {
    match system.sandbox().deliveries() {
        Ok(deliveries) => axum::Json(deliveries).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
