//! Faults that are injected into a whole system: what its people see, and what its patients get.

use std::collections::BTreeMap;
use std::time::Duration;

use holdfast_embedded::clock::VirtualClock;
use holdfast_embedded::inject::{Fault, Faults};
use holdfast_embedded::store::Options;
use holdfast_embedded::system::{Settings, StartError, System};
use holdfast_engine::entry::StepEntry;
use holdfast_engine::id::EventId;
use holdfast_engine::operation::ReviewKind;
use holdfast_engine::port::{Clock, Journal, Ports, Table};
use jiff::Timestamp;

use crate::practice::{Practice, Sample, accepted, files, pack, tenant};

async fn practice(faults: &[&str]) -> Practice {
    let practice = Practice::open().await;
    let list = faults.iter().map(|text| text.parse().unwrap()).collect();
    practice.system().injector().set(list);
    practice
}

fn clock(practice: &Practice) -> &VirtualClock {
    practice.system().ports().clock()
}

/// Waits until one delivery of a function is all that moves, and waits for nothing but this much
/// time; then lets it pass.
async fn pass_when_waiting(practice: &Practice, function: &str, exactly: Duration) {
    let due = clock(practice).now() + exactly;
    while !(is_alone(practice, function) && clock(practice).wakes_at(due)) {
        tokio::task::yield_now().await;
    }
    practice.advance(exactly);
}

fn is_alone(practice: &Practice, function: &str) -> bool {
    let looks = [practice.system().depths(), practice.system().depths()];
    looks.iter().flatten().all(|depth| {
        let own = usize::from(depth.queue.as_str() == function);
        depth.visible == 0 && depth.in_flight == own
    })
}

/// The entry of a step, of whatever execution of the event has it.
async fn entry(practice: &Practice, event: &EventId, step: &str) -> Option<StepEntry> {
    let home = &practice.entry(event).await?.home;
    let journal = practice.system().ports().journal();
    let home = holdfast_engine::key::home(home);
    let prefix = holdfast_engine::key::EXECUTION_PREFIX;
    let page = journal
        .query(Table::Journal, &home, prefix, None, 100)
        .await;
    let rows = page.unwrap().rows;
    let row = rows.iter().find(|row| row.sort.ends_with(step))?;
    serde_json::from_str(&row.item.body).ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keyed_call_that_hangs_ends_at_its_connections_time_and_is_tried_again() {
    let practice = practice(&["insurance=timeout"]).await;
    let event = accepted(&practice.receive(&Sample::read("booking")).await);
    let began = clock(&practice).now();
    pass_when_waiting(&practice, "call-http", Duration::from_secs(10)).await;
    practice.pass_wait(Duration::ZERO).await;
    let check = entry(&practice, &event, "#check.1").await.unwrap();
    let progress = serde_json::to_value(&check).unwrap();
    assert_eq!(progress["state"], "retrying", "{progress}");
    assert_eq!(progress["maybe"], true, "{progress}");
    let due: Timestamp = progress["due"].as_str().unwrap().parse().unwrap();
    let wait = due.duration_since(began).as_secs();
    assert!(
        (19..=21).contains(&wait),
        "10 s, then 10 s with jitter: {wait}"
    );
    practice.system().injector().set(Vec::new());
    practice.pass_wait(Duration::from_secs(12)).await;
    practice.quiet().await;
    assert_eq!(
        practice.record(&event, "appointment").await.status,
        "prepared"
    );
    assert_eq!(practice.sent("insurance").len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_whose_provider_hangs_is_left_to_a_person_and_never_sent_by_another_way() {
    let practice = practice(&["sms=timeout"]).await;
    practice.receive(&Sample::read("booking")).await;
    pass_when_waiting(&practice, "send-sms", Duration::from_secs(15)).await;
    practice.quiet().await;
    let reviews = practice.reviews();
    assert_eq!(reviews.len(), 1, "{reviews:?}");
    assert_eq!(reviews[0].kind, ReviewKind::UnknownOutcome);
    assert_eq!(
        (practice.sent("sms").len(), practice.sent("email").len()),
        (0, 0)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_whose_answer_is_lost_is_sent_once_and_left_to_a_person() {
    let practice = practice(&["sms=drop-answer"]).await;
    practice.accept("booking").await;
    practice.advance(Duration::from_hours(1));
    practice.quiet().await;
    assert_eq!(practice.texts("sms").len(), 1);
    let reviews = practice.reviews();
    assert_eq!(reviews.len(), 1, "{reviews:?}");
    assert_eq!(reviews[0].kind, ReviewKind::UnknownOutcome);
    assert!(practice.texts("email").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_that_ends_leaves_no_trace_but_a_later_text() {
    let practice = Practice::open().await;
    let (now, minute) = (clock(&practice).now(), Duration::from_mins(1));
    let fault: Fault = "sms=429".parse().unwrap();
    let outage = fault.between(now, now + 2 * minute);
    practice.system().injector().set(vec![outage]);
    practice.receive(&Sample::read("booking")).await;
    practice.pass_wait(minute).await;
    assert!(practice.texts("sms").is_empty());
    practice.pass_wait(3 * minute).await;
    practice.quiet().await;
    assert_eq!(practice.texts("sms").len(), 1);
    assert_eq!((practice.reviews().len(), practice.errors().len()), (0, 0));
    assert_eq!(practice.system().injector().struck(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_not_the_insurers_is_an_error_and_not_a_cover() {
    let practice = practice(&["insurance=garbage"]).await;
    let event = practice.accept("booking").await;
    assert_eq!(
        practice.record(&event, "appointment").await.status,
        "booked"
    );
    let errors = practice.errors();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(errors[0].code, "InvalidResponse");
    assert_eq!(practice.sent("insurance").len(), 1);
}

#[tokio::test]
async fn a_fault_of_a_connection_that_no_pack_has_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let clock = VirtualClock::new("2026-11-20T10:00:00Z".parse().unwrap());
    let settings = Settings {
        data: folder.path().to_owned(),
        development: true,
        tenants: vec![tenant()],
        packs: vec![holdfast_embedded::definitions::LoadedPack {
            pack: pack().into(),
            files: files(),
        }],
        secrets: BTreeMap::new(),
        public_url: None,
        clock,
        seed: Some(7),
        extension: None,
        store: Options::default(),
        faults: Faults {
            seed: 1,
            list: vec!["smss=429".parse().unwrap()],
        },
    };
    let error = System::start(settings).await.unwrap_err();
    assert!(matches!(error, StartError::Fault(_)));
    let text = error.to_string();
    assert!(
        text.contains("`smss`") && text.contains("front-desk, insurance, oncall, pager, sms"),
        "{text}"
    );
}
