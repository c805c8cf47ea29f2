//! Verifies and validates a webhook and queues it as an event.

mod answer;
mod arrival;
mod body;
mod challenge;
mod counted;
mod door;
mod json;
mod map;
mod multipart;
mod opt_out;
mod reading;
mod request;
mod review;

use holdfast_engine::definition::model::Source;
use holdfast_engine::name::TenantName;
use holdfast_engine::port::{Clock, Definitions, Ports, Secrets};
use holdfast_engine::verify;
use http::Method;
use serde_json::Value as Json;

pub use answer::{Answer, Problem};
use arrival::Arrival;
pub use door::WebhookDoor;
use map::Endpoint;
use reading::Reading;
pub use request::{MAX_BODY, Request};

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
    let config = ports
        .definitions()
        .config(&tenant, &pack.manifest.pack)
        .await?;
    let endpoint = Endpoint {
        source,
        manifest: &pack.manifest,
        tenant: &tenant,
        config: &config,
        known: None,
    };
    let reading = Reading::new(endpoint, request, ports.clock().now());
    match (&request.method, &source.challenge) {
        (&Method::POST, _) => posted(ports, endpoint, &reading, request).await,
        (&Method::GET, Some(challenge)) => challenge::reply(challenge, &reading, &Json::Null)
            .map(Answer::to_challenge)
            .ok_or(Problem::ChallengeRefused),
        (_, Some(_)) => Err(Problem::MethodNotAllowed("GET, POST")),
        (_, None) => Err(Problem::MethodNotAllowed("POST")),
    }
}

/// A request that must prove its origin: a challenge of the provider, a batch, or one event.
async fn posted<P: Ports>(
    ports: &P,
    endpoint: Endpoint<'_>,
    reading: &Reading,
    request: &Request,
) -> Result<Answer, Problem> {
    let source = endpoint.source;
    verified(ports, endpoint.tenant, source, request).await?;
    let body = body::parse(request).await?;
    let challenge = source.challenge.as_ref();
    if let Some(reply) = challenge.and_then(|it| challenge::reply(it, reading, &body)) {
        return Ok(Answer::to_challenge(reply));
    }
    let arrival = Arrival {
        endpoint,
        reading,
        request,
    };
    arrival.receive(ports, &body).await
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
