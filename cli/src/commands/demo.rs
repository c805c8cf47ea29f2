//! `holdfast demo`: the one-minute tour. A booking becomes an appointment, a confirmation and a
//! trace, in a folder that goes away.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::inject::Faults;
use holdfast_embedded::registry::catalog;
use holdfast_embedded::sandbox::Delivery;
use holdfast_embedded::system::System;
use holdfast_engine::definition;
use holdfast_engine::id::EventId;
use holdfast_engine::name::TenantName;
use holdfast_engine::port::{Clock, Ports};
use holdfast_engine::timeline::{self, Glossary, Timeline};
use serde::Serialize;
use serde_json::Value as Json;

use super::send;
use crate::data::DEVELOPMENT_TENANT;
use crate::event_file::{self, EventFile};
use crate::failure::{Exit, Failure};
use crate::output::style::{BOLD, DIM, PLAIN};
use crate::output::{Output, counted};
use crate::packs::FolderPack;
use crate::serving::{Plan, Serving, asked_to_end};
use crate::trace_text;

mod sample {
    include!(concat!(env!("OUT_DIR"), "/sample.rs"));
}

/// Nothing to choose.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Show the patient's name, phone and e-mail address
    #[arg(long)]
    show_pii: bool,
}

/// What the tour saw.
#[derive(Debug, Serialize)]
struct Tour {
    answer: Json,
    trace: Timeline,
    deliveries: Vec<Delivery>,
}

/// Serves, sends, waits, shows.
pub(crate) async fn run(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    let pack = pack()?;
    let tenant = TenantName::new(DEVELOPMENT_TENANT);
    let tenants = [tenant.map_err(|error| Failure::Usage(error.to_string()))?];
    let folder = tempfile::tempdir()
        .map_err(|error| Failure::unreachable("DataFolderUnusable", error.to_string()))?;
    let plan = Plan {
        listen: "127.0.0.1:0",
        data: folder.path(),
        development: true,
        tenants: &tenants,
        packs: std::slice::from_ref(&pack),
        public_url: None,
        faults: &Faults::default(),
    };
    let serving = Serving::start(&plan).await?;
    let url = format!("http://{}", serving.address());
    let version = &pack.pack.manifest;
    output.line(format!(
        "{BOLD}1{PLAIN} serving {version} on {url}, data in a temporary folder"
    ));
    let system = Arc::clone(serving.system());
    let mut toured = None;
    let tour = async {
        let tour = tour(&system, &pack, &tenants[0], &url, arguments, output);
        toured = Some(tour.await);
        drop(system);
    };
    serving.run(asked_to_end(), tour).await?;
    match toured {
        None => Ok(Exit::Wrong),
        Some(tour) => {
            output.result(&tour?, shown);
            Ok(Exit::Done)
        }
    }
}

async fn tour(
    system: &System<SystemClock>,
    pack: &FolderPack,
    tenant: &TenantName,
    url: &str,
    arguments: &Arguments,
    output: Output,
) -> Result<Tour, Failure> {
    let answer = book(pack, tenant, url, output).await?;
    let event = answer.get("event").and_then(Json::as_str);
    let event = event.ok_or_else(|| Failure::wrong("DemoRefused", answer.to_string()))?;
    system.until_quiet().await;
    let packs = vec![Arc::clone(&pack.pack)];
    let glossary = if arguments.show_pii {
        Glossary::open(packs)
    } else {
        Glossary::masked(packs)
    };
    let journal = system.ports().journal();
    let event = EventId::from_text(event);
    let trace = timeline::of_event(journal, tenant, &event, &glossary).await?;
    let trace = trace.ok_or_else(|| Failure::wrong("NotFound", "the event left no trace"))?;
    let deliveries = system
        .sandbox()
        .deliveries()
        .map_err(|error| Failure::unreachable("DataFolderUnusable", error.to_string()))?;
    Ok(Tour {
        answer,
        trace,
        deliveries,
    })
}

/// Posts the sample booking, signed as Calendly would.
async fn book(
    pack: &FolderPack,
    tenant: &TenantName,
    url: &str,
    output: Output,
) -> Result<Json, Failure> {
    let damaged = |what: String| Failure::wrong("SampleDamaged", what);
    let event = EventFile::parse(sample::BOOKING).map_err(|error| damaged(error.to_string()))?;
    let source = event
        .endpoint()
        .and_then(|(_, source)| pack.pack.sources.get(&source));
    let source = source.ok_or_else(|| damaged("the sample has no source".to_owned()))?;
    let secret = event_file::development_secret()?;
    let request = event.signed(tenant, source, &secret, url, SystemClock.now())?;
    let path = request.path_and_query.clone();
    let answer = send::post(url, request).await?;
    output.line(format!(
        "{BOLD}2{PLAIN} POST {path}, a booking signed as Calendly signs: {} {}",
        answer.status, answer.body
    ));
    Ok(answer.body)
}

/// The sample pack, from within this program.
fn pack() -> Result<FolderPack, Failure> {
    let files: definition::Files = sample::PACK
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    let (pack, _) = definition::load(&files, &catalog::<SystemClock>()).map_err(|mistakes| {
        let first = mistakes.first().map(ToString::to_string);
        Failure::wrong("SampleDamaged", first.unwrap_or_default())
    })?;
    Ok(FolderPack {
        folder: PathBuf::from("workflows/dental"),
        files,
        pack: Arc::new(pack),
    })
}

fn shown(tour: &Tour) -> String {
    let mut text = format!("{BOLD}3{PLAIN} what happened, and why\n\n");
    text.push_str(&trace_text::text(&tour.trace));
    let count = counted(tour.deliveries.len(), "delivery");
    let _ = writeln!(text, "\n{BOLD}4{PLAIN} the sandbox received {count}");
    for delivery in &tour.deliveries {
        let key = &delivery.idempotency_key;
        let _ = writeln!(text, "  {}  {DIM}key {key}{PLAIN}", delivery.connection);
    }
    text.push_str(NEXT);
    text
}

const NEXT: &str = "
Try next, from a checkout:
  holdfast serve --dev --watch workflows/dental        and edit sms/booked.txt
  holdfast send workflows/dental events/receive-webhook.booking.json
  holdfast trace patient/rosa.martin@example.com
  holdfast status
  holdfast test workflows/dental
";
