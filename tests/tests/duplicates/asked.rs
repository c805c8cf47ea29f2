//! What a person is asked about a new record, and what the event that brought it does meanwhile.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use holdfast_engine::definition::model::Severity;
use holdfast_engine::event::EventMessage;
use holdfast_engine::operate::Ruling;
use holdfast_engine::operation::{Operation, ReviewItem, ReviewKind, Status};
use holdfast_engine::port::{Delivery, Ports as _, Table};
use holdfast_engine::route::Router;
use holdfast_receive_webhook::{Request, handle};
use holdfast_tests::desk::{ask, code, operations, ruled, status};
use holdfast_tests::faulty::{Interrupted, Schedule, When};
use holdfast_tests::meeting::Stalled;
use holdfast_tests::memory::Received;
use holdfast_tests::ready::ready;
use holdfast_tests::world::World;
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value as Json, json};

const FORM: &str = "\
source: form
verify: { scheme: none }
event: \"'form.sent'\"
id: string(body.id)
records:
  - { as: lead, type: lead, create: true, map: { email: body.email, name: body.name, phone: body.phone } }
";

const LEAD: &str = "\
record: lead
key: [email]
duplicates: { by: [name, phone, email] }
fields:
  email: { type: email, pii: true }
  name: { type: string }
  phone: { type: phone, region: US, pii: true }
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
  - { id: greet, uses: keyed-effect, with: { to: a } }
";

const DECLARED: &str = "duplicates: { by: [name, phone, email] }\n";

fn world_of(lead: &str) -> World {
    World::scripted(
        1,
        &crate::pack(&[
            ("form.source.yaml", FORM),
            ("lead.record.yaml", lead),
            ("welcome.workflow.yaml", WELCOME),
        ]),
    )
}

fn post(world: &World, body: &Json) {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let request = Request {
        method: Method::POST,
        path_and_query: "/hooks/t/form".to_owned(),
        headers,
        body: body.to_string().into_bytes(),
    };
    let answer = ready(handle(world.memory.as_ref(), &request));
    assert_eq!(answer.status, 202, "{}", answer.body);
}

/// Routes one event through ports that may fail; the message is settled where that ends.
fn route(world: &World, received: &Received) {
    let (ports, delivery) = (world.probe().ports, &received.delivery);
    let message: EventMessage = serde_json::from_str(&delivery.body).unwrap();
    let verdict = ready(Router::new(ports).route(&message, delivery)).unwrap();
    world.memory.queue().settle(&received.receipt, verdict);
}

fn run(world: &World) {
    let queue = world.memory.queue();
    while let Some(received) = queue.receive(0, Duration::ZERO) {
        if received.delivery.queue.as_str() == "route-event" {
            route(world, &received);
        } else {
            assert!(world.run());
        }
    }
}

fn send(world: &World, body: &Json) {
    post(world, body);
    run(world);
}

fn ann() -> Json {
    json!({ "id": 1, "email": "ann@example.com", "name": "Jon Smith", "phone": "202-555-0173" })
}

/// Somebody with another address, the same phone and nearly the same name.
fn again() -> Json {
    json!({ "id": 2, "email": "j.smith@work.example", "name": "John Smith", "phone": "(202) 555-0173" })
}

fn stranger() -> Json {
    json!({ "id": 3, "email": "rosa@example.com", "name": "Rosa Martin", "phone": "202-555-0199" })
}

fn leads(world: &World) -> Vec<Json> {
    let items = world.memory.journal().items(Table::Journal, "t#lead#");
    let records = items.iter().filter(|(key, _)| key.sort == "record");
    records
        .map(|(_, item)| serde_json::from_str(&item.body).unwrap())
        .collect()
}

fn reviews(world: &World) -> Vec<ReviewItem> {
    let review = |operation| match operation {
        Operation::Review(item) => item,
        Operation::Error(error) => panic!("{error:?}"),
    };
    operations(world).into_iter().map(review).collect()
}

#[test]
fn a_probable_duplicate_is_a_question_with_its_reasons_and_the_event_goes_on() {
    let world = world_of(LEAD);
    send(&world, &ann());
    send(&world, &stranger());
    assert!(reviews(&world).is_empty(), "these are different people");
    send(&world, &again());
    let [review] = reviews(&world).try_into().unwrap();
    let leads = leads(&world);
    assert_eq!(
        (review.kind, review.severity, leads.len()),
        (ReviewKind::ProbableDuplicate, Severity::P3, 3),
        "nothing is merged"
    );
    assert_eq!(world.effects.of_step("greet.1"), 3, "each event goes on");
    let id = |name: &str| {
        let mut of_name = leads.iter().filter(|lead| lead["fields"]["name"] == name);
        of_name.next().unwrap()["id"].clone()
    };
    assert_eq!(review.report["event"], "form:2");
    assert_eq!(review.report["record"], id("John Smith"));
    assert_eq!(review.report["candidates"], json!([id("Jon Smith")]));
    assert_eq!(
        review.report["matches"],
        json!([{ "record": id("Jon Smith"), "score": 0.92, "why": [
            { "field": "name", "alike": 0.973, "points": 5.533, "values": ["John Smith", "Jon Smith"] },
            { "field": "phone", "alike": 1.0, "points": 7.0, "values": ["***", "***"] },
            { "field": "email", "alike": 0.0, "points": -1.0, "values": ["***", "***"] },
        ] }])
    );
}

#[test]
fn what_people_decide_changes_nothing_but_the_question() {
    for ruling in [Ruling::Reject, Ruling::Resolve] {
        let world = world_of(LEAD);
        send(&world, &ann());
        send(&world, &again());
        for impossible in [Ruling::Approve { record: None }, Ruling::Retry] {
            let answer = ask(&world, ruled(&world, "ann", impossible));
            assert_eq!(code(&answer), "ChoiceNotPossible");
        }
        let before = leads(&world);
        ask(&world, ruled(&world, "ann", ruling)).unwrap();
        run(&world);
        assert_eq!(status(&world), Status::Closed);
        assert_eq!(leads(&world), before);
        post(&world, &again());
        run(&world);
        assert_eq!(
            status(&world),
            Status::Closed,
            "a repeated event asks nothing"
        );
    }
}

/// An event whose routing dies at a call, and is delivered again.
fn died_at(call: u64, when: When) -> Option<World> {
    let world = world_of(LEAD);
    send(&world, &ann());
    post(&world, &again());
    let queue = world.memory.queue();
    let received = queue.receive(0, Duration::ZERO).unwrap();
    world
        .faults
        .schedule(Schedule::Nth(call, Interrupted::crash(when)));
    let ports = Arc::clone(&world.probe().ports);
    let delivery: &Delivery = &received.delivery;
    let message: EventMessage = serde_json::from_str(&delivery.body).unwrap();
    let router = Router::new(ports);
    let mut routing = Box::pin(router.route(&message, delivery));
    let polled = routing
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    let died = world.faults.died();
    assert_eq!(died, polled.is_pending(), "it waits for nothing");
    drop(routing);
    world.faults.schedule(Schedule::Never);
    if died {
        run(&world);
    }
    died.then_some(world)
}

#[test]
fn whatever_call_the_routing_dies_at_the_question_is_asked_once() {
    let mut calls = 0;
    for when in [When::Before, When::After] {
        for call in 1.. {
            let Some(world) = died_at(call, when) else {
                break;
            };
            calls += 1;
            assert_eq!(reviews(&world).len(), 1, "died {when:?} call {call}");
            assert_eq!(leads(&world).len(), 2, "died {when:?} call {call}");
        }
    }
    assert!(calls > 10, "it makes calls: {calls}");
}

#[test]
fn of_two_that_are_created_at_once_one_at_least_asks() {
    for call in 1.. {
        let world = world_of(LEAD);
        post(&world, &ann());
        post(&world, &again());
        let queue = world.memory.queue();
        let minute = Duration::from_mins(1);
        let received = [queue.receive(0, minute), queue.receive(0, minute)];
        let [first, second] = received.map(Option::unwrap);
        let message: EventMessage = serde_json::from_str(&first.delivery.body).unwrap();
        let router = Router::new(world.probe().ports);
        let stalled = Stalled::before(call, &world.faults, router.route(&message, &first.delivery));
        let over = stalled.is_over();
        route(&world, &second);
        stalled.goes_on().unwrap();
        let asked = reviews(&world).len();
        assert!(
            (1..=2).contains(&asked),
            "{asked}, stopped before call {call}"
        );
        if over {
            assert!(call > 5, "it makes calls");
            return;
        }
    }
}

/// The calls of ports that routing two events takes.
fn calls(lead: &str) -> [u64; 2] {
    let world = world_of(lead);
    [ann(), again()].map(|body| {
        post(&world, &body);
        let queue = world.memory.queue();
        let received = queue.receive(0, Duration::ZERO).unwrap();
        world.faults.schedule(Schedule::Never);
        route(&world, &received);
        let calls = world.faults.calls();
        run(&world);
        calls
    })
}

#[test]
fn a_type_that_does_not_ask_pays_nothing() {
    let plain = LEAD.replace(DECLARED, "");
    let [first, second] = calls(&plain);
    assert_eq!(first, second, "nothing is looked for");
    let world = world_of(&plain);
    send(&world, &ann());
    send(&world, &again());
    assert!(reviews(&world).is_empty());
    let keys = world.memory.journal().items(Table::Journal, "t#key#");
    assert_eq!(keys.len(), 2, "one natural key for each: {keys:?}");
    let [declared, _] = calls(LEAD);
    assert!(declared > first, "asking is not free: {declared} calls");
}

#[test]
fn an_event_about_a_record_that_is_there_asks_nothing() {
    let world = world_of(LEAD);
    send(&world, &ann());
    send(&world, &again());
    assert_eq!(reviews(&world).len(), 1);
    let mut known = again();
    known["id"] = json!(9);
    send(&world, &known);
    assert_eq!(reviews(&world).len(), 1, "only a new record is a question");
}
