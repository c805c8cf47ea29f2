//! The sample events of functions: each is what its function is sent, so that
//! `cargo lambda invoke` works with it.

use std::collections::BTreeSet;
use std::path::Path;

use holdfast_aws::lambda::deliveries;
use holdfast_engine::envelope::Envelope;
use holdfast_engine::event::EventMessage;
use holdfast_engine::port::{Alert, QueueName};
use holdfast_stack_tests::file;
use jiff::Timestamp;
use serde_json::Value as Json;

fn sample(name: &str) -> Json {
    let text = std::fs::read_to_string(file(&format!("events/{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The body of the first message of a queue's event.
fn message(name: &str) -> String {
    let event = sample(name);
    event["Records"][0]["body"].as_str().unwrap().to_owned()
}

#[test]
fn every_function_has_a_sample_event() {
    let names = |folder: &Path| -> BTreeSet<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .map(|name| name.split('.').next().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&file("functions")), names(&file("events")));
}

#[test]
fn messages_of_queues_are_what_their_functions_read() {
    serde_json::from_str::<EventMessage>(&message("route-event")).unwrap();
    serde_json::from_str::<Alert>(&message("notify-oncall")).unwrap();
    for step in [
        "call-http",
        "post-chat",
        "send-email",
        "send-sms",
        "update-record",
    ] {
        serde_json::from_str::<Envelope>(&message(step)).unwrap();
    }
}

#[test]
fn changes_of_streams_are_what_their_functions_read() {
    let changes = |function: &str, name: &str| {
        let queue = QueueName::of(function);
        deliveries(sample(name), &queue, Timestamp::UNIX_EPOCH).unwrap()
    };
    let ours = changes("watch-records", "watch-records");
    let image = holdfast_watch_records::Image::decode(&ours[0].body).unwrap();
    assert_eq!(image.revision, 4);
    let by_hand = changes("watch-records", "watch-records.by-hand");
    assert!(
        by_hand[0].body.contains("\"sequence\""),
        "{}",
        by_hand[0].body
    );
    let opened = changes("handle-error", "handle-error");
    let image = holdfast_handle_error::Image::decode(&opened[0].body).unwrap();
    assert!(image.new.unwrap().handling().needs_someone());
}
