//! Freshness and identity work together: a provider's late retry is taken, a replay changes
//! nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use holdfast_engine::port::Ports as _;

use crate::house::House;

const OWN: &str = "\
source: own
verify: { scheme: hmac, secret: key, header: X-Signature, prefix: sha256=, timestamp: X-Timestamp, tolerance: 3d }
event: \"'own.sent'\"
id: body.id
";

#[test]
fn a_late_retry_is_taken_for_as_long_as_its_provider_retries_and_is_the_same_event() {
    let house = House::open("own", OWN);
    let request = house.signed("/hooks/t/own", r#"{"id":"1"}"#);
    let mut answers = BTreeSet::new();
    for _ in 0..3 {
        let answer = house.receive(&request);
        answers.insert((answer.status, answer.body));
        house.memory.clock().advance(Duration::from_hours(36));
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    let ids: BTreeSet<_> = house
        .events()
        .iter()
        .map(|it| it.event.id.clone())
        .collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(
        house.receive(&request).status,
        401,
        "after three days it is a replay"
    );
}

#[test]
fn the_time_of_signing_is_signed() {
    let house = House::open("own", OWN);
    let mut request = house.signed("/hooks/t/own", r#"{"id":"1"}"#);
    house.memory.clock().advance(Duration::from_hours(100));
    let later = house.signed("/hooks/t/own", r#"{"id":"2"}"#);
    let time = later.headers["x-timestamp"].clone();
    request.headers.insert("x-timestamp", time);
    let answer = house.receive(&request);
    assert_eq!(answer.status, 401);
    assert!(answer.body.contains("Mismatch"), "{}", answer.body);
}
