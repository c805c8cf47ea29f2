//! What connections say of their receivers.

use super::super::model::Treatment;
use super::*;
use crate::name::{ConnectionName, WorkflowName};

const PAYER: &str = "payer.connection.yaml";
const KIND: &str = "kind: http";

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
    let workflow = "insurance-verification.workflow.yaml";
    let text = files[workflow].replace("timeout: 5s", "rate: 100/m");
    files.insert(workflow.to_owned(), text);
    let (pack, remarks) = loaded(&files);
    assert!(remarks.is_empty(), "{}", rendered(&remarks));
    let payer = &pack.connections[&ConnectionName::new("payer").unwrap()];
    assert_eq!(payer.rate, "8/s".parse().ok());
    let name = WorkflowName::new("insurance-verification").unwrap();
    let step = &pack.workflows[&name].steps[0];
    assert_eq!(step.rate, "100/m".parse().ok());
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
