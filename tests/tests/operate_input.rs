//! What people decide about input: the same door again, under the same identity.

use std::sync::Arc;
use std::time::Duration;

use holdfast_engine::definition::Files;
use holdfast_engine::definition::model::Pack;
use holdfast_engine::event::EventMessage;
use holdfast_engine::operate::{Operate, Outcome, Ruling};
use holdfast_engine::operation::{Operation, Status};
use holdfast_engine::port::{Clock as _, Ports as _, Table};
use holdfast_engine::route::{EventEntry, Router};
use holdfast_receive_webhook::{Request, handle};
use holdfast_tests::faulty::When;
use holdfast_tests::ready::ready;
use holdfast_tests::world::{Functions, World, load};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value as Json, json};

use holdfast_tests::desk::{
    Answer, ask, code, deeds, die, dispute, item, operations, ruled, status,
};

const FORM: &str = "\
source: form
verify: { scheme: none }
event: \"'form.' + headers['x-kind']\"
id: string(body.id)
data:
  size: { type: integer, required: true, from: body.size }
records:
  - { as: lead, type: lead, create: true, by: also, map: { email: body.email, phone: body.phone } }
";

const IMPORT: &str = "\
source: import
verify: { scheme: none }
event: \"'import.lead'\"
id: string(body.id)
records:
  - { as: lead, type: lead, create: true, map: { email: body.email, phone: body.phone } }
";

const LEAD: &str = "\
record: lead
key: [email]
also: [phone]
fields:
  email: { type: email }
  phone: { type: string }
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

fn pack(form: &str) -> Arc<Pack> {
    let files = [
        ("pack.yaml", "pack: t\n"),
        ("form.source.yaml", form),
        ("import.source.yaml", IMPORT),
        ("lead.record.yaml", LEAD),
        ("welcome.workflow.yaml", WELCOME),
    ];
    let files: Files = files
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .into();
    load(&files, &Functions::scripted())
}

fn world() -> World {
    World::scripted(1, &pack(FORM))
}

fn post(world: &World, body: &Json) -> Json {
    post_to(world, "form", body)
}

fn post_to(world: &World, source: &str, body: &Json) -> Json {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("x-kind", HeaderValue::from_static("sent"));
    let request = Request {
        method: Method::POST,
        path_and_query: format!("/hooks/t/{source}"),
        headers,
        body: body.to_string().into_bytes(),
    };
    let answer = ready(handle(world.memory.as_ref(), &request));
    assert_eq!(answer.status, 202, "{}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

/// Routes what is queued, and runs what that starts.
fn run(world: &World) {
    let queue = world.memory.queue();
    while let Some(received) = queue.receive(0, Duration::ZERO) {
        if received.delivery.queue.as_str() != "route-event" {
            assert!(world.run());
            continue;
        }
        let message: EventMessage = serde_json::from_str(&received.delivery.body).unwrap();
        let router = Router::new(Arc::clone(&world.memory));
        let verdict = ready(router.route(&message, &received.delivery)).unwrap();
        queue.settle(&received.receipt, verdict);
    }
}

fn approve() -> Ruling {
    Ruling::Approve { record: None }
}

fn edit(body: &Json) -> Ruling {
    let body = body.to_string();
    Ruling::Edit { body }
}

fn events(world: &World) -> Vec<EventEntry> {
    let items = world.memory.journal().items(Table::Journal, "t#event#");
    items
        .iter()
        .map(|(_, item)| serde_json::from_str(&item.body).unwrap())
        .collect()
}

/// An event without the size that its source requires.
fn invalid() -> World {
    let world = world();
    assert_eq!(
        post(&world, &json!({ "id": 7, "email": "a@example.com" }))["status"],
        "review"
    );
    world
}

fn right() -> Json {
    json!({ "id": 99, "size": 3, "email": "a@example.com" })
}

#[test]
fn corrected_input_is_routed_under_the_identity_that_it_had() {
    let world = invalid();
    let answer = ask(&world, ruled(&world, "ann", edit(&right()))).unwrap();
    assert!(matches!(answer, Outcome::Decided { .. }), "{answer:?}");
    run(&world);
    let events = events(&world);
    assert_eq!(events.len(), 1);
    assert_eq!(
        events[0].event.id.as_str(),
        "form:7",
        "not what the edited body says"
    );
    assert_eq!(
        events[0].event.name, "form.sent",
        "headers that mappings read are kept"
    );
    assert_eq!(world.effects.of_step("greet.1"), 1);
    assert_eq!(status(&world), Status::Closed);
    assert_eq!(
        deeds(&world)[0]
            .event
            .as_ref()
            .map(holdfast_engine::id::EventId::as_str),
        Some("form:7")
    );
}

#[test]
fn input_that_is_still_wrong_stays_open_with_the_new_report() {
    let world = invalid();
    let wrong = json!({ "id": 7, "size": "many", "email": "a@example.com" });
    let answer = ask(&world, ruled(&world, "ann", edit(&wrong))).unwrap();
    let Outcome::StillInvalid { fields, .. } = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(fields[0].path, "data.size");
    let Operation::Review(review) = operations(&world).remove(0) else {
        panic!("a review item");
    };
    assert_eq!(review.report["fields"][0]["actual"], "\"many\"");
    assert_eq!(review.handling.status, Status::Open);
    assert!(deeds(&world).is_empty() && world.memory.queue().is_empty());
    let answer = ask(&world, ruled(&world, "ann", approve())).unwrap();
    assert!(
        matches!(answer, Outcome::StillInvalid { .. }),
        "as it was, it is wrong"
    );
}

#[test]
fn input_is_right_once_its_definition_is() {
    let before = invalid();
    let corrected = FORM.replace("required: true, ", "");
    let world = World::scripted(1, &pack(&corrected));
    world.memory.restore(before.memory.snapshot());
    ask(&world, ruled(&world, "ann", approve())).unwrap();
    run(&world);
    assert_eq!(events(&world)[0].event.id.as_str(), "form:7");
}

#[test]
fn rejected_input_is_not_routed_and_asks_no_more() {
    let world = invalid();
    ask(&world, ruled(&world, "ann", Ruling::Reject)).unwrap();
    post(&world, &json!({ "id": 7, "email": "a@example.com" }));
    run(&world);
    assert!(events(&world).is_empty());
    assert_eq!(status(&world), Status::Closed);
}

/// An event whose phone two leads have.
fn ambiguous() -> World {
    let world = world();
    for (id, email) in [(1, "a@example.com"), (2, "b@example.com")] {
        let body = json!({ "id": id, "size": 1, "email": email, "phone": "555" });
        assert_eq!(post_to(&world, "import", &body)["status"], "accepted");
        run(&world);
    }
    post(&world, &json!({ "id": 3, "size": 1, "phone": "555" }));
    run(&world);
    assert_eq!(operations(&world).len(), 1);
    world
}

fn candidates(world: &World) -> Vec<String> {
    let Operation::Review(review) = operations(world).remove(0) else {
        panic!("a review item");
    };
    serde_json::from_value(review.report["candidates"].clone()).unwrap()
}

fn choose(record: &str) -> Ruling {
    let record = Some(record.parse().unwrap());
    Ruling::Approve { record }
}

#[test]
fn an_ambiguous_event_is_routed_with_the_record_that_a_person_chose() {
    let world = ambiguous();
    let chosen = candidates(&world).remove(1);
    for ruling in [approve(), choose("somebody")] {
        let answer = ask(&world, ruled(&world, "ann", ruling));
        assert_eq!(code(&answer), "NotACandidate", "{answer:?}");
    }
    ask(&world, ruled(&world, "ann", choose(&chosen))).unwrap();
    run(&world);
    let mut events = events(&world).into_iter();
    let event = events.find(|it| it.event.id.as_str() == "form:3").unwrap();
    assert_eq!(
        (event.event.id.as_str(), event.home.record.as_str()),
        ("form:3", chosen.as_str())
    );
    assert_eq!(status(&world), Status::Closed);
    assert_eq!(
        deeds(&world)[0]
            .record
            .as_ref()
            .map(holdfast_engine::name::RecordId::as_str),
        Some(chosen.as_str())
    );
}

#[test]
fn an_ambiguous_event_is_routed_with_values_that_are_not() {
    let world = ambiguous();
    for wrong in [
        json!({ "lead": { "email": 7 } }),
        json!({ "other": {} }),
        json!(3),
        json!({ "lead": { "age": 3 } }),
    ] {
        let answer = ask(&world, ruled(&world, "ann", edit(&wrong))).unwrap();
        assert!(
            matches!(answer, Outcome::StillInvalid { .. }),
            "{wrong}: {answer:?}"
        );
    }
    let right = json!({ "lead": { "email": "b@example.com" } });
    ask(&world, ruled(&world, "ann", edit(&right))).unwrap();
    run(&world);
    assert_eq!(events(&world).len(), 3);
    assert_eq!(status(&world), Status::Closed);
}

#[test]
fn an_event_that_is_still_ambiguous_asks_again_and_a_repeated_delivery_does_not() {
    let world = ambiguous();
    ask(&world, ruled(&world, "ann", edit(&json!({})))).unwrap();
    run(&world);
    assert_eq!(status(&world), Status::Open, "it was routed again, in vain");
    ask(&world, ruled(&world, "ann", Ruling::Reject)).unwrap();
    post(&world, &json!({ "id": 3, "size": 1, "phone": "555" }));
    run(&world);
    assert_eq!(status(&world), Status::Closed);
    assert_eq!((events(&world).len(), deeds(&world).len()), (2, 2));
}

fn chosen(world: &World) -> Operate {
    ruled(world, "ann", choose(&candidates(world).remove(0)))
}

fn edited(world: &World) -> Operate {
    ruled(world, "ann", edit(&right()))
}

fn rejected(world: &World) -> Operate {
    ruled(world, "ann", Ruling::Reject)
}

#[test]
fn a_decision_about_input_that_dies_at_any_call_is_ended_by_the_same_decision() {
    type Scene = (fn() -> World, fn(&World) -> Operate);
    let scenes: [Scene; 4] = [
        (invalid, edited),
        (ambiguous, chosen),
        (invalid, rejected),
        (ambiguous, rejected),
    ];
    for (open, request) in scenes {
        let calm = open();
        ask(&calm, request(&calm)).unwrap();
        run(&calm);
        for when in [When::Before, When::After] {
            for call in 1.. {
                let world = open();
                let asked = request(&world);
                if !die(&world, asked.clone(), call, when) {
                    assert!(call > 2, "it makes calls");
                    break;
                }
                let again = ask(&world, asked);
                run(&world);
                let seen = |world: &World| {
                    let events = events(world).into_iter();
                    let events: Vec<_> = events
                        .map(|it| (it.event.id, it.home, it.decisions.len()))
                        .collect();
                    (
                        status(world),
                        events,
                        deeds(world).len(),
                        world.effects.of_step("greet.1"),
                    )
                };
                assert_eq!(seen(&world), seen(&calm), "died {when:?} {call}: {again:?}");
            }
        }
    }
}

#[test]
fn of_two_people_one_decides_about_input() {
    for seed in 0..40 {
        let world = invalid();
        let asked = [edited(&world), ruled(&world, "ben", Ruling::Reject)];
        let answers: [Answer; 2] = dispute(&world, seed, asked);
        let mut codes = answers.each_ref().map(code);
        codes.sort_unstable();
        assert_eq!(codes, ["AlreadyDecided", "Ok"], "seed {seed}: {answers:?}");
        run(&world);
        assert_eq!(events(&world).len(), usize::from(answers[0].is_ok()));
    }
}

#[test]
fn an_event_of_the_past_keeps_the_time_of_its_approval() {
    let world = invalid();
    world.memory.clock().advance(Duration::from_hours(2));
    let asked = item(&world);
    ask(&world, edited(&world)).unwrap();
    run(&world);
    assert_eq!(events(&world)[0].event.at, world.memory.clock().now());
    let again = Operate::Acknowledge {
        item: asked,
        by: "ann".to_owned(),
    };
    assert_eq!(code(&ask(&world, again)), "AlreadyDecided");
}
