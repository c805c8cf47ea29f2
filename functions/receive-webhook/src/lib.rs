//! Verifies and validates a webhook and queues it as an event.

mod answer;
mod body;
mod door;
mod map;
mod request;
mod review;

use holdfast_engine::definition::model::Source;
use holdfast_engine::event::EventMessage;
use holdfast_engine::name::TenantName;
use holdfast_engine::port::{
    Clock, Definitions, Outgoing, PortError, Ports, Queue, QueueName, Secrets,
};
use holdfast_engine::verify;

pub use answer::{Answer, Problem};
pub use door::WebhookDoor;
use map::{Endpoint, Mapped, map};
pub use request::{MAX_BODY, Request};

/// The largest event, in bytes as JSON: its entry holds it whole, beside the decisions.
const MAX_EVENT: usize = 192 * 1024;

/// Handles one request to `/hooks/{tenant}/{source}`.
pub async fn handle<P: Ports>(ports: &P, request: &Request) -> Answer {
    match receive(ports, request).await {
        Ok(answer) => answer,
        Err(problem) => {
            log(request, &problem);
            Answer::of(&problem)
        }
    }
}

/// A provider whose signatures do not hold loses its events after a while, and nothing of them is
/// stored here: only the log can tell.
fn log(request: &Request, problem: &Problem) {
    let (code, status) = (problem.code(), problem.status());
    let endpoint = request.endpoint().ok();
    if let (Problem::Signature(_), Some((tenant, source))) = (problem, endpoint) {
        tracing::warn!(code, status, %tenant, %source, "a webhook is refused: {problem}");
    } else {
        tracing::info!(code, status, "the request is refused");
    }
}

async fn receive<P: Ports>(ports: &P, request: &Request) -> Result<Answer, Problem> {
    let (tenant, name) = request.endpoint()?;
    let packs = ports
        .definitions()
        .live(&tenant)
        .await
        .map_err(|error| Problem::Unavailable(error.to_string()))?;
    let packs = packs.ok_or(Problem::NotFound)?;
    let found = packs
        .iter()
        .find_map(|pack| Some((pack, pack.sources.get(&name)?)));
    let (pack, source) = found.ok_or(Problem::NotFound)?;
    verified(ports, &tenant, source, request).await?;
    let body = body::parse(request)?;
    let config = ports
        .definitions()
        .config(&tenant, &pack.manifest.pack)
        .await?;
    let now = ports.clock().now();
    let endpoint = Endpoint {
        source,
        manifest: &pack.manifest,
        tenant: &tenant,
        config: &config,
        known: None,
    };
    match map(endpoint, request, body, now) {
        Mapped::Ignored => Ok(Answer::ignored()),
        Mapped::Event(message) => accepted(ports, &message).await,
        Mapped::Review { event, report } => {
            review::ask(ports, &tenant, source, pack, request, &event, report).await?;
            Ok(Answer::review(&event))
        }
    }
}

/// Checks where the request comes from, on its raw bytes, before anything of it is read.
async fn verified<P: Ports>(
    ports: &P,
    tenant: &TenantName,
    source: &Source,
    request: &Request,
) -> Result<(), Problem> {
    if request.body.len() > MAX_BODY {
        return Err(Problem::TooLarge);
    }
    let mut secrets = Vec::new();
    for name in &source.verify.secrets {
        secrets.extend(ports.secrets().secret(tenant, name).await?);
    }
    let url = ports
        .deployment()
        .public_url
        .as_deref()
        .map(|base| request.url(base));
    let signed = verify::Request {
        method: request.method.as_str(),
        url: url.as_deref().unwrap_or(&request.path_and_query),
        headers: &request.headers,
        body: &request.body,
    };
    let now = ports.clock().now();
    verify::verify(
        source.verify.scheme,
        &secrets,
        &signed,
        source.verify.tolerance,
        now,
    )
    .map_err(Problem::Signature)
}

/// Queues the event; only then is it accepted. The answer depends on nothing but the event.
async fn accepted<P: Ports>(ports: &P, message: &EventMessage) -> Result<Answer, Problem> {
    let body = serde_json::to_string(message)
        .map_err(|error| PortError::Unavailable(error.to_string()))?;
    if body.len() > MAX_EVENT {
        return Err(Problem::EventTooLarge);
    }
    let outgoing = Outgoing {
        queue: QueueName::events(),
        body,
        delay: std::time::Duration::ZERO,
        tenant: message.tenant.clone(),
        created: ports.clock().now(),
    };
    ports.queue().send(vec![outgoing]).await?;
    Ok(Answer::accepted(&message.event.id))
}
