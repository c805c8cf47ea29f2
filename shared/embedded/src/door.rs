//! The HTTP door: webhooks, health, and what the sandbox received.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header, request::Parts};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use holdfast_engine::port::Clock;
use holdfast_receive_webhook::{Answer, MAX_BODY, Problem, Request};
use serde::Serialize;

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
    if !matches!(parts.method, axum::http::Method::POST) {
        let mut response = answered(Answer::of(&Problem::MethodNotAllowed));
        let headers = response.headers_mut();
        headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
        return response;
    }
    match tokio::time::timeout(PATIENCE, read(parts, body)).await {
        Ok(Some(request)) => answered(system.receive(&request).await),
        Ok(None) => answered(Answer::of(&Problem::TooLarge)),
        Err(_late) => answered(Answer::of(&Problem::BodyTimeout)),
    }
}

/// Reads a request whole; `None`: its body is too large, or ended early.
async fn read(parts: Parts, body: Body) -> Option<Request> {
    let bytes = to_bytes(body, MAX_BODY).await.ok()?;
    let path_and_query = parts
        .uri
        .path_and_query()
        .map_or("", |path| path.as_str())
        .to_owned();
    Some(Request {
        method: parts.method,
        path_and_query,
        headers: parts.headers,
        body: bytes.into(),
    })
}

fn answered(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, answer.body).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(answer.media_type),
    );
    if let Some(seconds) = answer.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Reads the store. A silent path of alerts is reported with status 200: a load balancer that took
/// this process out would make it worse.
async fn health<C: Clock + Clone + 'static>(State(system): State<Arc<System<C>>>) -> Response {
    let report = |code, status: &str, reasons: Vec<String>| {
        (
            code,
            axum::Json(Health {
                status: status.to_owned(),
                reasons,
            }),
        )
            .into_response()
    };
    match system.silences().await {
        Ok(silences) if silences.is_empty() => report(StatusCode::OK, "ok", Vec::new()),
        Ok(silences) => {
            let reasons = silences.iter().map(ToString::to_string).collect();
            report(StatusCode::OK, "degraded", reasons)
        }
        Err(error) => {
            let reasons = vec![error.to_string()];
            report(StatusCode::SERVICE_UNAVAILABLE, "failing", reasons)
        }
    }
}

/// How this process is.
#[derive(Debug, Serialize)]
struct Health {
    status: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<String>,
}

async fn deliveries<C: Clock + Clone + 'static>(State(system): State<Arc<System<C>>>) -> Response {
    match system.sandbox().deliveries() {
        Ok(deliveries) => axum::Json(deliveries).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
