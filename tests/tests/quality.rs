//! Figures about the data that comes in: what is counted, where it is added, and what it costs.

#[path = "practice/mod.rs"]
#[expect(dead_code, reason = "each test file uses a part of the fixture")]
mod practice;

use std::sync::Arc;
use std::time::{Duration, Instant};

use holdfast_engine::definition::Files;
use holdfast_engine::event::EventMessage;
use holdfast_engine::name::TenantName;
use holdfast_engine::port::{Clock as _, Ports, Table};
use holdfast_engine::quality::{Counts, FieldCounts, HourOfSource, flush, flush_due, since};
use holdfast_engine::route::Router;
use holdfast_receive_webhook::{Request, handle};
use holdfast_tests::faulty::{Fault, Interrupted, Schedule, When};
use holdfast_tests::ready::ready;
use holdfast_tests::world::{Functions, World, load};
use http::{HeaderMap, HeaderValue, Method};
use practice::Practice;
use serde_json::{Value as Json, json};

const FORM: &str = "\
source: form
verify: { scheme: none }
event: \"'form.sent'\"
id: string(body.id)
accept: body.kind != 'draft'
data:
  size: { type: integer, from: body.size }
records:
  - { as: lead, type: lead, create: true, map: { email: body.email, name: body.name, phone: body.phone } }
";

const BATCH: &str = "\
source: batch
verify: { scheme: none }
split: body.all
event: \"'batch.sent'\"
id: string(body.id)
data:
  size: { type: integer, required: true, from: body.size }
";

const LEAD: &str = "\
record: lead
key: [email]
duplicates: { by: [name, phone] }
fields:
  email: { type: email, required: true, pii: true }
  name: { type: string }
  phone: { type: phone, region: US, pii: true }
states: [new]
initial: new
transitions: []
";

fn world() -> World {
    let files = [
        ("pack.yaml", "pack: t\n"),
        ("form.source.yaml", FORM),
        ("batch.source.yaml", BATCH),
        ("lead.record.yaml", LEAD),
    ];
    let files: Files = files
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .into();
    World::scripted(1, &load(&files, &Functions::scripted()))
}

fn post(world: &World, source: &str, body: &Json) {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let request = Request {
        method: Method::POST,
        path_and_query: format!("/hooks/t/{source}"),
        headers,
        body: body.to_string().into_bytes(),
    };
    let answer = ready(handle(world.memory.as_ref(), &request));
    assert_eq!(answer.status, 202, "{}", answer.body);
}

fn route(world: &World) {
    let queue = world.memory.queue();
    while let Some(received) = queue.receive(0, Duration::ZERO) {
        let message: EventMessage = serde_json::from_str(&received.delivery.body).unwrap();
        let router = Router::new(Arc::clone(&world.memory));
        let verdict = ready(router.route(&message, &received.delivery)).unwrap();
        queue.settle(&received.receipt, verdict);
    }
}

fn figures(world: &World) -> Vec<HourOfSource> {
    let tenant: TenantName = "t".parse().unwrap();
    let from = world.now() - jiff::SignedDuration::from_hours(24);
    ready(since(world.memory.as_ref(), &tenant, from)).unwrap()
}

/// The figures of one source, which has one hour.
fn counts(world: &World, source: &str) -> Counts {
    let mut found = figures(world).into_iter();
    let found: Vec<_> = found
        .by_ref()
        .filter(|it| it.source.as_str() == source)
        .collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].counts.clone()
}

fn field(set: u64, unset: u64, wrong: u64) -> FieldCounts {
    FieldCounts { set, unset, wrong }
}

#[test]
fn what_passes_what_is_set_and_what_is_a_duplicate_is_counted() {
    let world = world();
    for body in [
        json!({ "id": 1, "size": 3, "email": "a@example.com", "name": "Ann Smith", "phone": "202-555-0173" }),
        json!({ "id": 2, "email": "b@example.com", "name": "Ann Smith", "phone": "202-555-0173" }),
        json!({ "id": 3, "size": 1, "email": "a@example.com", "name": "Ann Smith" }),
        json!({ "id": 4, "size": "many", "email": "nobody" }),
        json!({ "id": 5, "kind": "draft" }),
    ] {
        post(&world, "form", &body);
    }
    route(&world);
    ready(flush(world.memory.as_ref()));
    let counts = counts(&world, "form");
    assert_eq!((counts.passed, counts.review, counts.ignored), (3, 1, 1));
    let fields = [
        ("data.size", field(2, 1, 1)),
        ("lead.email", field(3, 0, 1)),
        ("lead.name", field(3, 0, 0)),
        ("lead.phone", field(2, 1, 0)),
    ];
    assert_eq!(
        counts.fields,
        fields.map(|(name, field)| (name.to_owned(), field)).into()
    );
    let lead = counts.records["lead"];
    assert_eq!((lead.created, lead.duplicates), (2, 1));
}

#[test]
fn each_element_of_a_batch_counts() {
    let world = world();
    let all = json!([{ "id": 1, "size": 1 }, { "id": 2 }, { "id": 3, "size": 3 }]);
    post(&world, "batch", &json!({ "all": all }));
    ready(flush(world.memory.as_ref()));
    let counts = counts(&world, "batch");
    assert_eq!((counts.passed, counts.review), (2, 1));
    assert_eq!(counts.fields["data.size"], field(2, 1, 0));
}

#[test]
fn what_a_request_says_becomes_no_name() {
    let world = world();
    let body = json!({ "id": 1, "email": { "x\n#y": 1 }, "size": [1], "anything": "else" });
    post(&world, "form", &body);
    ready(flush(world.memory.as_ref()));
    let counts = counts(&world, "form");
    let names: Vec<_> = counts.fields.keys().map(String::as_str).collect();
    assert_eq!(names, ["data.size", "lead.email"]);
}

#[test]
fn an_event_costs_no_write_of_its_own() {
    let world = world();
    for id in 0..40 {
        post(
            &world,
            "form",
            &json!({ "id": id, "email": format!("a{id}@example.com") }),
        );
        ready(flush_due(world.memory.as_ref()));
    }
    let items = world.memory.journal().items(Table::Claims, "t#quality");
    let [(_, item)] = items.as_slice() else {
        panic!("{items:?}");
    };
    assert_eq!(
        item.revision, 1,
        "the first is told at once, the others later"
    );
    assert_eq!(counts(&world, "form").passed, 1);
    world.memory.clock().advance(Duration::from_secs(10));
    ready(flush_due(world.memory.as_ref()));
    assert_eq!(counts(&world, "form").passed, 40);
}

#[test]
fn hours_are_kept_apart_and_only_those_that_are_asked_for_are_read() {
    let world = world();
    for id in 0..3 {
        post(
            &world,
            "form",
            &json!({ "id": id, "email": "a@example.com" }),
        );
        ready(flush(world.memory.as_ref()));
        world.memory.clock().advance(Duration::from_hours(1));
    }
    let all: Vec<_> = figures(&world).iter().map(|it| it.hour).collect();
    assert_eq!(all.len(), 3);
    assert!(all.is_sorted());
    let tenant: TenantName = "t".parse().unwrap();
    let late = ready(since(world.memory.as_ref(), &tenant, all[1])).unwrap();
    assert_eq!(late.iter().map(|it| it.hour).collect::<Vec<_>>(), all[1..]);
}

#[test]
fn what_cannot_be_added_is_added_with_the_next() {
    let world = world();
    let ports = world.probe().ports;
    post(
        &world,
        "form",
        &json!({ "id": 1, "email": "a@example.com" }),
    );
    let (fault, when) = (Fault::Unavailable, When::Before);
    world
        .faults
        .schedule(Schedule::Nth(2, Interrupted { fault, when }));
    ready(flush(ports.as_ref()));
    world.faults.schedule(Schedule::Never);
    assert!(figures(&world).is_empty(), "the store failed");
    post(
        &world,
        "form",
        &json!({ "id": 2, "email": "b@example.com" }),
    );
    ready(flush(ports.as_ref()));
    assert_eq!(counts(&world, "form").passed, 2);
}

#[tokio::test]
async fn one_machine_adds_what_it_counted_by_itself() {
    let practice = Practice::open().await;
    practice.accept("booking").await;
    let ports = practice.system().ports();
    let begin = Instant::now();
    let found = loop {
        practice.advance(Duration::from_secs(10));
        let tenant: TenantName = "demo".parse().unwrap();
        let from = ports.clock().now() - jiff::SignedDuration::from_hours(1);
        let found = since(ports.as_ref(), &tenant, from).await.unwrap();
        if !found.is_empty() {
            break found;
        }
        assert!(
            begin.elapsed() < Duration::from_secs(30),
            "nothing is added"
        );
        tokio::task::yield_now().await;
    };
    assert_eq!(found[0].source.as_str(), "calendly");
    assert_eq!(found[0].counts.passed, 1);
    assert_eq!(found[0].counts.records["patient"].created, 1);
}
