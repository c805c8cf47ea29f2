//! A new version that has a share of the records: who gets it, and what stays with whom.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use holdfast_engine::breaker;
use holdfast_engine::definition::Files;
use holdfast_engine::definition::model::{ManifestId, Pack};
use holdfast_engine::envelope::{Envelope, Input};
use holdfast_engine::name::{TenantName, WorkflowName};
use holdfast_engine::port::{Canary, Delivery, Ports as _, Verdict};
use holdfast_engine::route::bucket;
use holdfast_receive_webhook::Request;
use holdfast_tests::memory::Memory;
use holdfast_tests::ready::ready;
use holdfast_tests::world::{Functions, load};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::json;

const FORM: &str = "\
source: form
verify: { scheme: none }
event: \"'form.sent'\"
id: string(body.id)
records:
  - { as: lead, type: lead, create: true, map: { email: body.email } }
";

const LEAD: &str = "\
record: lead
key: [email]
fields:
  email: { type: email }
states: [new]
initial: new
transitions: []
";

const WELCOME: &str = "\
workflow: welcome
description: Greets a lead.
owner: nobody
severity: P3
trigger: { event: form.sent, of: lead }
steps:
  - { id: greet, uses: keyed-effect, with: { to: \"{{ config.greeting }}\" } }
";

const NOTE: &str = "\
workflow: note
description: Only the new version notes new leads.
owner: nobody
severity: P3
trigger: { record: { type: lead, on: created } }
steps:
  - { id: note, uses: keyed-effect, with: { to: note } }
";

fn pack(config: &str, more: &[(&str, &str)]) -> Arc<Pack> {
    let manifest = format!("pack: t\nconfig: {config}\n");
    let files = [
        ("pack.yaml", manifest.as_str()),
        ("form.source.yaml", FORM),
        ("lead.record.yaml", LEAD),
    ];
    let files: Files = files
        .iter()
        .chain(more)
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .collect();
    load(&files, &Functions::scripted())
}

fn stable() -> Arc<Pack> {
    let plain = WELCOME.replace("{{ config.greeting }}", "plain");
    pack("{}", &[("welcome.workflow.yaml", plain.as_str())])
}

fn new() -> Arc<Pack> {
    pack(
        "{ greeting: { type: string, default: warm } }",
        &[
            ("welcome.workflow.yaml", WELCOME),
            ("note.workflow.yaml", NOTE),
        ],
    )
}

/// A Holdfast whose steps only note what they were sent.
struct Shop {
    ports: Arc<Memory>,
    sent: Vec<Envelope>,
}

impl Shop {
    fn with(canary: Option<u8>) -> Self {
        let shop = Self {
            ports: Arc::new(Memory::new(1, [stable()]).feeding()),
            sent: Vec::new(),
        };
        shop.try_out(canary);
        shop
    }

    fn try_out(&self, percent: Option<u8>) {
        let canary = percent.map(|percent| Canary {
            pack: new(),
            percent,
        });
        self.ports.definitions().try_out(canary);
    }

    fn post(&mut self, id: u32, email: u32) {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        let body = json!({ "id": id, "email": format!("{email}@example.com") });
        let request = Request {
            method: Method::POST,
            path_and_query: "/hooks/demo/form".to_owned(),
            headers,
            body: body.to_string().into_bytes(),
        };
        let answer = ready(holdfast_receive_webhook::handle(
            self.ports.as_ref(),
            &request,
        ));
        assert_eq!(answer.status, 202, "{}", answer.body);
        self.run();
    }

    fn run(&mut self) {
        while let Some(received) = self.ports.queue().receive(0, Duration::ZERO) {
            let verdict = self.handle(&received.delivery);
            self.ports.queue().settle(&received.receipt, verdict);
        }
    }

    fn handle(&mut self, delivery: &Delivery) -> Verdict {
        match delivery.queue.as_str() {
            "route-event" => ready(holdfast_route_event::handle(&self.ports, delivery)),
            "watch-records" => ready(holdfast_watch_records::handle(
                self.ports.as_ref(),
                delivery,
            )),
            _ => {
                self.sent
                    .push(serde_json::from_str(&delivery.body).unwrap());
                Verdict::Acknowledge
            }
        }
    }

    /// How many of each workflow's steps were sent, with what, by which version.
    fn counts(&self) -> BTreeMap<(String, String, ManifestId), usize> {
        let mut counts = BTreeMap::new();
        for envelope in &self.sent {
            let workflow = envelope.execution.workflow.to_string();
            let Input::Rendered(input) = &envelope.input else {
                panic!("{envelope:?}");
            };
            let to = input["to"].as_str().unwrap().to_owned();
            let version = envelope.manifest.clone();
            *counts.entry((workflow, to, version)).or_default() += 1;
        }
        counts
    }
}

#[test]
fn a_canary_decides_about_its_share_of_the_records_and_nothing_else() {
    let mut shop = Shop::with(Some(30));
    for lead in 0..200 {
        shop.post(lead, lead);
    }
    let (old, new) = (stable().manifest.clone(), new().manifest.clone());
    for envelope in &shop.sent {
        let in_share = bucket(&envelope.execution.home) < 30;
        assert_eq!(envelope.manifest == new, in_share);
    }
    let counts = shop.counts();
    let count = |workflow: &str, to: &str, version: &ManifestId| {
        let key = (workflow.to_owned(), to.to_owned(), version.clone());
        counts.get(&key).copied().unwrap_or_default()
    };
    let greeted = count("welcome", "warm", &new);
    assert!((35..=85).contains(&greeted), "{counts:?}");
    assert_eq!(count("welcome", "plain", &old), 200 - greeted);
    // The door keeps to the stable version, whatever the record; the trigger of the new version
    // alone is heard for the records that are its own.
    assert_eq!(count("note", "note", &new), greeted);
    assert_eq!(counts.len(), 3, "{counts:?}");
}

#[test]
fn all_events_of_a_record_are_decided_by_one_version() {
    let mut shop = Shop::with(Some(50));
    for event in 0..100 {
        shop.post(event, event % 10);
    }
    let mut versions: BTreeMap<_, Vec<ManifestId>> = BTreeMap::new();
    for envelope in &shop.sent {
        let own = versions
            .entry(envelope.execution.home.to_string())
            .or_default();
        own.push(envelope.manifest.clone());
    }
    assert_eq!(versions.len(), 10);
    for (record, mut own) in versions {
        own.dedup();
        assert_eq!(own.len(), 1, "{record}: {own:?}");
    }
}

#[test]
fn the_decision_of_an_event_is_kept_when_the_canary_ends_before_it_is_delivered_again() {
    let mut shop = Shop::with(Some(100));
    shop.post(1, 1);
    shop.try_out(None);
    // The provider sends it again.
    shop.post(1, 1);
    let versions: Vec<_> = shop
        .sent
        .iter()
        .map(|envelope| &envelope.manifest)
        .collect();
    assert!(versions.len() >= 3, "{versions:?}");
    assert!(versions.iter().all(|it| **it == new().manifest));
    shop.post(2, 2);
    let last = shop.sent.last().unwrap();
    assert_eq!(last.manifest, stable().manifest);
}

#[test]
fn without_a_canary_every_record_has_the_stable_version() {
    let mut shop = Shop::with(None);
    for lead in 0..20 {
        shop.post(lead, lead);
    }
    assert_eq!(shop.sent.len(), 20);
    let stable = stable().manifest.clone();
    assert!(shop.sent.iter().all(|it| it.manifest == stable));
}

#[test]
fn a_person_can_stop_a_workflow_that_only_the_new_version_has() {
    let shop = Shop::with(Some(10));
    let (ports, tenant) = (shop.ports.as_ref(), TenantName::new("demo").unwrap());
    let note = WorkflowName::new("note").unwrap();
    let subject = ready(breaker::workflow(ports, &tenant, &note)).unwrap();
    assert_eq!(subject.to_string(), "workflow t/note");
    shop.try_out(None);
    let gone = ready(breaker::workflow(ports, &tenant, &note)).unwrap_err();
    assert_eq!(gone.code(), "NoSuchWorkflow");
}
