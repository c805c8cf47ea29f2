//! What connections say of their receivers.

use std::time::Duration;

use super::super::model::{Batch, Treatment};
use super::*;
use crate::name::{ConnectionName, WorkflowName};

const PAYER: &str = "payer.connection.yaml";
const KIND: &str = "kind: http";
const INSURANCE: &str = "insurance-verification.workflow.yaml";

#[test]
fn statuses_mean_what_their_connection_says() {
    let files = edited(
        PAYER,
        KIND,
        "kind: http\ntreat: { 409: success, 404: permanent, 503: transient, 422: review }",
    );
    let (pack, remarks) = loaded(&files);
    assert!(remarks.is_empty(), "{}", rendered(&remarks));
    let treat = &pack.connections[&ConnectionName::new("payer").unwrap()].treat;
    let read: Vec<_> = treat
        .iter()
        .map(|(status, means)| (*status, *means))
        .collect();
    let expected = [
        (404, Treatment::Permanent),
        (409, Treatment::Success),
        (422, Treatment::Review),
        (503, Treatment::Transient),
    ];
    assert_eq!(read, expected);
}

#[test]
fn a_connection_and_a_step_say_how_often_they_call() {
    let mut files = edited(PAYER, KIND, "kind: http\nrate: 8/s");
    let text = files[INSURANCE].replace("timeout: 5s", "rate: 100/m");
    files.insert(INSURANCE.to_owned(), text);
    let (pack, remarks) = loaded(&files);
    assert!(remarks.is_empty(), "{}", rendered(&remarks));
    let payer = &pack.connections[&ConnectionName::new("payer").unwrap()];
    assert_eq!(payer.rate, "8/s".parse().ok());
    let name = WorkflowName::new("insurance-verification").unwrap();
    let step = &pack.workflows[&name].steps[0];
    assert_eq!(step.rate, "100/m".parse().ok());
}

#[test]
fn a_step_may_call_once_for_many() {
    let batch = "batch: { window: 60s, max: 1000 }";
    let (pack, remarks) = loaded(&edited(INSURANCE, "timeout: 5s", batch));
    assert!(remarks.is_empty(), "{}", rendered(&remarks));
    let name = WorkflowName::new("insurance-verification").unwrap();
    let (window, max) = (Duration::from_mins(1), 1000);
    let step = &pack.workflows[&name].steps[0];
    assert_eq!(step.batch, Some(Batch { window, max }));
}

#[test]
fn mistakes_about_batches() {
    let booking = "booking.workflow.yaml";
    let shown = gallery(&[
        (INSURANCE, "timeout: 5s", "batch: 60s"),
        (INSURANCE, "timeout: 5s", "batch: { window: 60s }"),
        (INSURANCE, "timeout: 5s", "batch: { window: 3d, max: 1 }"),
        (
            INSURANCE,
            "timeout: 5s",
            "batch: { window: 60s, max: 10 }\n    once: record.id",
        ),
        (booking, "async: true", "batch: { window: 60s, max: 10 }"),
        (
            booking,
            "uses: send-email",
            "batch: { window: 60s, max: 10 }, uses: send-email",
        ),
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn mistakes_about_statuses() {
    let shown = gallery(&[
        (PAYER, KIND, "kind: http\ntreat: { 409: sucess }"),
        (PAYER, KIND, "kind: http\ntreat: { 409: retry }"),
        (
            PAYER,
            KIND,
            "kind: http\ntreat: { 4xx: permanent, 600: review }",
        ),
        (PAYER, KIND, "kind: http\ntreat: { 409: }"),
        (PAYER, KIND, "kind: http\ntreat: success"),
        (
            "sms.connection.yaml",
            "kind: twilio",
            "kind: twilio\ntreat: { 400: permanent }",
        ),
    ]);
    insta::assert_snapshot!(shown);
}
