//! `holdfast send`: posts an event file, signed as its provider would sign it now.

use std::path::PathBuf;

use clap::Args;
use holdfast_embedded::clock::SystemClock;
use holdfast_engine::definition::model::Source;
use holdfast_engine::name::{SourceName, TenantName};
use holdfast_engine::port::{Clock, Ports as _};
use holdfast_receive_webhook::Request;
use http::HeaderValue;
use http::header::HOST;
use serde::Serialize;
use serde_json::Value as Json;

use crate::event_file::{self, EventFile};
use crate::failure::{Exit, Failure, with_causes};
use crate::output::Output;
use crate::packs;
use crate::place::{MaybeStage, Place, Stack, Stage};

/// What to send where.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The folder of the pack that has the event's source
    #[arg(value_name = "PACK")]
    pack: PathBuf,
    /// An API Gateway event (format 2.0): rawPath, headers, body
    #[arg(value_name = "EVENT-FILE")]
    event: PathBuf,
    /// Where Holdfast listens; for providers that sign URLs, its public address
    #[arg(
        long,
        default_value = "http://127.0.0.1:8080",
        conflicts_with = "stage"
    )]
    url: String,
    #[command(flatten)]
    stage: MaybeStage,
    /// The tenant; the one in the event's path where it is left out
    #[arg(long)]
    tenant: Option<TenantName>,
}

/// The answer.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Json,
}

/// Sends.
pub(crate) async fn run(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    let event = EventFile::read(&arguments.event)?;
    let (tenant, name) = event.endpoint().ok_or_else(|| {
        let shown = arguments.event.display();
        Failure::Usage(format!(
            "the rawPath of {shown} is not /hooks/<tenant>/<source>"
        ))
    })?;
    let tenant = arguments.tenant.clone().unwrap_or(tenant);
    let packs = packs::load(std::slice::from_ref(&arguments.pack))?.into_packs()?;
    let source = packs.iter().find_map(|pack| pack.pack.sources.get(&name));
    let source = source.ok_or_else(|| no_source(arguments, &name))?;
    let answer = match arguments.stage.stack() {
        None => {
            let request = signed(&event, &tenant, source, &arguments.url)?;
            post(&arguments.url, request).await?
        }
        Some(stack) => {
            let stage = Stage::open(&stack).await?;
            to_stage(&stage, &event, &tenant, source).await?
        }
    };
    output.result(&answer, |answer| {
        let status = http::StatusCode::from_u16(answer.status);
        let status = status.map_or(answer.status.to_string(), |status| status.to_string());
        format!("{status}\n{}", answer.body)
    });
    Ok(if (200..300).contains(&answer.status) {
        Exit::Done
    } else {
        Exit::Wrong
    })
}

fn no_source(arguments: &Arguments, name: &SourceName) -> Failure {
    let message = format!("{} has no source `{name}`", arguments.pack.display());
    Failure::wrong("UnknownSource", message)
}

/// The request with the secret of the environment, else the well-known one of `--dev`.
fn signed(
    event: &EventFile,
    tenant: &TenantName,
    source: &Source,
    url: &str,
) -> Result<Request, Failure> {
    let secret = event_file::secret(tenant, source)?;
    event.signed(tenant, source, &secret, url, SystemClock.now())
}

/// Posts to the door of a stack. Providers that sign an address sign the public one.
async fn to_stage(
    stage: &(impl Place + Stack),
    event: &EventFile,
    tenant: &TenantName,
    source: &Source,
) -> Result<Answer, Failure> {
    let webhook = stage.webhook().await?;
    let public = stage.ports().deployment().public_url.as_ref();
    let secret = event_file::secret_of(stage.ports(), tenant, source).await?;
    let url = public.unwrap_or(&webhook.url);
    let mut request = event.signed(tenant, source, &secret, url, SystemClock.now())?;
    if let Some(host) = webhook.host.as_deref() {
        let host = HeaderValue::from_str(host).map_err(|_| {
            let message = format!("`{host}` cannot be a Host header");
            Failure::wrong("HostUnusable", message)
        })?;
        request.headers.insert(HOST, host);
    }
    let answer = exchange(&webhook.url, request).await?;
    answer.map_err(|why| {
        let message = format!("{} does not answer: {why}", webhook.url);
        Failure::unreachable("Unreachable", message)
    })
}

pub(super) async fn post(url: &str, request: Request) -> Result<Answer, Failure> {
    exchange(url, request).await?.map_err(|why| {
        let message = format!("{url} does not answer: {why}; is `holdfast serve` running there?");
        Failure::unreachable("Unreachable", message)
    })
}

/// Posts a request; the inner result is the answer, or why there is none.
async fn exchange(url: &str, request: Request) -> Result<Result<Answer, String>, Failure> {
    let client = client()?;
    let address = format!("{}{}", url.trim_end_matches('/'), request.path_and_query);
    let sent = client
        .post(address)
        .headers(request.headers)
        .body(request.body)
        .send();
    let answered = async {
        let answer = sent.await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Json::String(text));
        Ok(Answer { status, body })
    };
    Ok(answered
        .await
        .map_err(|error: reqwest::Error| with_causes(&error)))
}

fn client() -> Result<reqwest::Client, Failure> {
    // An error says that a provider is installed already; only ring is compiled in.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(std::time::Duration::from_secs(30))
        .build()
        .map_err(|error| Failure::unreachable("NoHttpClient", with_causes(&error)))
}
