//! Batches: one event each, one verdict each.

use std::collections::BTreeSet;

use holdfast_engine::operate::{Outcome, Ruling};
use holdfast_engine::operation::Operation;
use holdfast_engine::port::Ports as _;
use holdfast_tests::desk::{ask, operations, ruled};
use holdfast_tests::ready::ready;
use holdfast_tests::world::{Functions, World, load};
use serde_json::{Value as Json, json};

use crate::house::{House, files, posted};

/// `HubSpot` posts a list of changes.
const HUBSPOT: &str = "\
source: hubspot
verify: { scheme: hubspot-v3, secret: key }
split: body
accept: body.subscriptionType.startsWith('contact.')
event: \"'hubspot.' + body.subscriptionType\"
id: string(body.eventId)
data:
  contact: { type: integer, required: true, from: body.objectId }
  value:   { type: string, max: 250000, from: body.propertyValue }
";

fn change(id: u32, object: &Json) -> Json {
    json!({
        "eventId": id, "subscriptionId": 25, "portalId": 33, "appId": 1_160_452,
        "occurredAt": 1_462_216_307_945_i64, "subscriptionType": "contact.propertyChange",
        "attemptNumber": 0, "objectId": object, "propertyName": "firstname", "propertyValue": "Ann",
        "changeSource": "CRM",
    })
}

fn three() -> Json {
    let mut company = change(3, &json!(7));
    company["subscriptionType"] = "company.creation".into();
    json!([change(1, &json!(5)), change(2, &json!("?")), company])
}

#[test]
fn each_element_has_its_verdict_and_a_bad_one_holds_up_no_other() {
    let house = House::open("hubspot", HUBSPOT);
    let request = house.signed("/hooks/t/hubspot", &three().to_string());
    let answer = house.receive(&request);
    let expected = json!({ "status": "batch", "events": [
        { "status": "accepted", "event": "hubspot:1" },
        { "status": "review", "event": "hubspot:2" },
        { "status": "ignored" },
    ] });
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (202, expected.to_string().as_str())
    );
    let event = &house.events()[0].event;
    assert_eq!(
        (event.name.as_str(), &event.data["contact"]),
        ("hubspot.contact.propertyChange", &json!(5))
    );
    let items = house.reviews();
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].report["fields"][0]["path"], "data.contact");
    assert_eq!(
        house.receive(&request),
        answer,
        "a duplicate is answered in the same bytes"
    );
    assert_eq!(house.reviews().len(), 1);
    let ids: BTreeSet<_> = house
        .events()
        .iter()
        .map(|it| it.event.id.clone())
        .collect();
    assert_eq!(ids.len(), 1);
}

#[test]
fn an_element_that_is_too_large_is_looked_at_and_the_others_go_on() {
    let house = House::open("hubspot", HUBSPOT);
    let mut large = change(1, &json!(5));
    large["propertyValue"] = "x".repeat(200 * 1024).into();
    let body = json!([large, change(2, &json!(6))]).to_string();
    let answer = house.receive(&house.signed("/hooks/t/hubspot", &body));
    let told: Json = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(told["events"][0]["status"], "review", "{told}");
    assert_eq!(told["events"][1]["status"], "accepted");
    assert_eq!(house.reviews()[0].report["fields"][0]["rule"], "max");
}

#[test]
fn a_batch_has_a_limit_and_may_be_empty() {
    let house = House::open("hubspot", HUBSPOT);
    let of = |count: u32| {
        let changes: Vec<Json> = (0..count).map(|id| change(id, &json!(1))).collect();
        house.receive(&house.signed("/hooks/t/hubspot", &Json::from(changes).to_string()))
    };
    assert_eq!(of(0).body, r#"{"status":"batch","events":[]}"#);
    let refused = of(501);
    assert_eq!(refused.status, 413);
    assert!(refused.body.contains("BatchTooLarge"), "{}", refused.body);
    assert!(house.is_empty());
    assert_eq!(of(500).status, 202);
    assert_eq!(house.events().len(), 500);
}

#[test]
fn what_is_no_list_is_one_question() {
    let house = House::open("hubspot", HUBSPOT);
    let answer = house.receive(&house.signed("/hooks/t/hubspot", r#"{"eventId":1}"#));
    let told: Json = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((answer.status, &told["status"]), (202, &json!("review")));
    assert_eq!(house.reviews()[0].report["fields"][0]["path"], "split");
}

fn unsigned() -> World {
    let source = HUBSPOT.replace("{ scheme: hubspot-v3, secret: key }", "none");
    World::scripted(1, &load(&files("hubspot", &source), &Functions::scripted()))
}

fn edited(world: &World, body: &Json) -> Outcome {
    let body = body.to_string();
    ask(world, ruled(world, "ann", Ruling::Edit { body })).unwrap()
}

#[test]
fn a_corrected_element_is_routed_alone_under_the_identity_that_it_had() {
    let world = unsigned();
    let body = json!([change(1, &json!("?"))]).to_string();
    let request = posted("/hooks/t/hubspot", "application/json", &body);
    ready(holdfast_receive_webhook::handle(
        world.memory.as_ref(),
        &request,
    ));
    let still = edited(&world, &change(1, &json!("!")));
    assert!(matches!(still, Outcome::StillInvalid { .. }), "{still:?}");
    let done = edited(&world, &change(99, &json!(5)));
    assert!(matches!(done, Outcome::Decided { .. }), "{done:?}");
    let queued = world.memory.queue().bodies("route-event");
    assert_eq!(queued.len(), 1);
    assert!(queued[0].contains("hubspot:1"), "{queued:?}");
    assert!(
        !operations(&world)
            .iter()
            .any(|it| it.handling().needs_someone())
    );
}

#[test]
fn a_body_that_becomes_a_list_of_one_is_that_one() {
    let world = unsigned();
    let request = posted("/hooks/t/hubspot", "application/json", "{}");
    ready(holdfast_receive_webhook::handle(
        world.memory.as_ref(),
        &request,
    ));
    let two = json!([change(1, &json!(5)), change(2, &json!(5))]).to_string();
    let refused = ask(&world, ruled(&world, "ann", Ruling::Edit { body: two }));
    assert!(refused.is_err(), "several cannot be one item: {refused:?}");
    let done = edited(&world, &json!([change(1, &json!(5))]));
    assert!(matches!(done, Outcome::Decided { .. }), "{done:?}");
    assert!(matches!(operations(&world)[0], Operation::Review(_)));
}
