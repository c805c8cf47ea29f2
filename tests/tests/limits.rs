//! What is too large is refused with its name, and nothing of it is kept; what just fits is taken.

use std::sync::Arc;

use holdfast_engine::definition::Files;
use holdfast_engine::port::Ports as _;
use holdfast_receive_webhook::{Answer, Request, handle};
use holdfast_tests::memory::Memory;
use holdfast_tests::world::{Behaviour, Functions, Rest, Story, load};
use serde_json::json;

/// The largest event, and the largest result of a step, in bytes as JSON.
const EVENT: usize = 192 * 1024;
const RESULT: usize = 32 * 1024;

fn door() -> Memory {
    let source = "source: notes\nverify: { scheme: none }\nevent: \"'note.taken'\"\nid: body.id\n\
                  data: { text: { from: body.text, type: string } }\n";
    let files = [("pack.yaml", "pack: t\n"), ("notes.source.yaml", source)];
    let files: Files = files
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .into();
    Memory::new(1, [Arc::clone(&load(&files, &Functions::default()))])
}

/// What a webhook with a text of so many bytes is answered.
async fn answer(door: &Memory, text: usize) -> Answer {
    let json = http::HeaderValue::from_static("application/json");
    let request = Request {
        method: http::Method::POST,
        path_and_query: "/hooks/t/notes".to_owned(),
        headers: [(http::header::CONTENT_TYPE, json)].into_iter().collect(),
        body: json!({ "id": "1", "text": "x".repeat(text) })
            .to_string()
            .into_bytes(),
    };
    handle(door, &request).await
}

fn events(door: &Memory) -> Vec<String> {
    door.queue().bodies("route-event")
}

#[tokio::test]
async fn an_event_that_just_fits_is_accepted_and_one_byte_more_is_refused() {
    let measured = door();
    assert_eq!(answer(&measured, 1_000).await.status, 202);
    let around = events(&measured)[0].len() - 1_000;
    let door = door();
    let refused = answer(&door, EVENT - around + 1).await;
    assert_eq!(refused.status, 413, "{}", refused.body);
    assert!(refused.body.contains("EventTooLarge"), "{}", refused.body);
    assert_eq!(events(&door), [""; 0], "a refused event is not kept");
    assert_eq!(answer(&door, EVENT - around).await.status, 202);
    assert_eq!(events(&door)[0].len(), EVENT);
}

/// A step whose receiver answers with a text of so many bytes.
fn answered(uses: &str, text: usize) -> Story {
    let step = format!("- {{ id: s, uses: {uses}, with: {{ to: a }} }}");
    let body = json!({ "body": "x".repeat(text) });
    Story::of(&step).plays("s.1", [Behaviour::Give(body)])
}

/// The bytes of a result around its text.
fn around(uses: &str) -> usize {
    let story = answered(uses, 1_000);
    story.run();
    let output = story.entry("s.1").output.expect("a result");
    output.to_string().len() - 1_000
}

#[test]
fn a_result_that_just_fits_is_kept_and_one_byte_more_fails_the_step_for_good() {
    let fits = RESULT - around("keyed-effect");
    let story = answered("keyed-effect", fits);
    assert_eq!(story.run(), Rest::after(&["s.1"]));
    let story = answered("keyed-effect", fits + 1);
    let failed = Rest::after(&["s.1"]).dead(1).open(&["ResultTooLarge"]);
    assert_eq!(story.run(), failed, "it acted once and is not repeated");
    assert_eq!(story.state("s.1"), "failed");
}

#[test]
fn a_result_that_is_too_large_of_an_effect_that_may_happen_once_goes_to_a_person() {
    let story = answered("raw-effect", RESULT);
    let asked = Rest::after(&["s.1"]).reviews(&["s.1 ResultTooLarge"]);
    assert_eq!(story.run(), asked);
    assert_eq!(story.state("s.1"), "unknown");
}
