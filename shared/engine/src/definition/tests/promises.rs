//! What a workflow promises: its outcome and deadline, compensations, and who is told.

use super::super::model::{Expectation, Pack};
use super::*;
use crate::expr::duration::Span;
use crate::name::WorkflowName;

const BOOKING: &str = "booking.workflow.yaml";
const INSURANCE: &str = "insurance-verification.workflow.yaml";
const EXPECT: &str = "expect: twilio.delivered";
const VERIFY: &str = "    with: { status: verified, guard: record.status == 'booked' }\n";

fn workflow<'p>(pack: &'p Pack, name: &str) -> &'p super::super::model::Workflow {
    &pack.workflows[&WorkflowName::new(name).unwrap()]
}

#[test]
fn outcomes_and_deadlines_are_kept_as_they_are_written() {
    let (pack, _) = loaded(&files());
    let verification = workflow(&pack, "insurance-verification");
    assert_eq!(verification.deadline, "4h".parse::<Span>().ok());
    let outcome = verification.outcome.as_ref().unwrap();
    assert_eq!(outcome.within, Span::Months(1));
    assert!(matches!(&outcome.expect, Expectation::Record(logic)
        if logic.source() == "record.status in ['verified', 'flagged']"));
    let booking = workflow(&pack, "booking").outcome.as_ref().unwrap();
    assert_eq!(booking.expect.to_string(), "the event twilio.delivered");
}

#[test]
fn a_compensation_reads_the_result_of_its_step() {
    let undo = format!(
        "{VERIFY}    compensate: {{ uses: call-http, via: payer, with: {{ path: \"/undo/{{{{ steps.verify.record.status }}}}\" }} }}\n"
    );
    let (pack, remarks) = loaded(&edited(INSURANCE, VERIFY, &undo));
    assert_eq!(remarks, []);
    let steps = &workflow(&pack, "insurance-verification").steps;
    let undo = steps[1].alternative(0).unwrap();
    assert_eq!(
        (undo.id.as_str(), undo.uses.as_str()),
        ("verify", "call-http")
    );
    assert!(steps[0].alternative(0).is_none());
    assert!(
        steps[1].alternative_after(0).is_none(),
        "nothing follows a compensation"
    );
}

/// Promises that cannot be kept: file, what it says, what it says instead.
const BROKEN_PROMISES: &[(&str, &str, &str)] = &[
    (BOOKING, ", within: 1d", ""),
    (BOOKING, "within: 1d", "within: -1d"),
    (BOOKING, "within: 1d", "within: 0s"),
    (BOOKING, "within: 1d", "within: 1d, target: 0.95"),
    (
        BOOKING,
        EXPECT,
        "expect: { http: \"https://x.example\", status: 200 }",
    ),
    (BOOKING, EXPECT, "expect: { event: twilio.delivered }"),
    (BOOKING, EXPECT, "expect: twilo.delivered"),
    (
        BOOKING,
        EXPECT,
        "expect: { record: record.state == 'booked' }",
    ),
    (BOOKING, EXPECT, "expect: { record: steps.book.refused }"),
    (INSURANCE, "deadline: 4h", "deadline: 4 hours"),
    (INSURANCE, "deadline: 4h", "deadline: =config.x"),
    (
        BOOKING,
        "async: true",
        "async: true\n    compensate: { uses: send-sms, via: sms, with: { to: \"+12125550100\", body: x } }",
    ),
    (
        INSURANCE,
        VERIFY,
        "    with: { status: verified }\n    compensate: { id: undo, uses: update-record, async: true, once: \"'a'\", fallback: [], compensate: x, with: { status: flagged }, refused: stop }\n",
    ),
    (
        INSURANCE,
        VERIFY,
        "    with: { status: verified }\n    compensate: { uses: update-record, with: { status: booked } }\n",
    ),
    (
        INSURANCE,
        VERIFY,
        "    with: { status: verified }\n    compensate: { with: { status: flagged } }\n",
    ),
    (
        BOOKING,
        "[ { uses: send-email,",
        "[ { compensate: { uses: send-email }, uses: send-email,",
    ),
];

#[test]
fn promises_that_cannot_be_kept() {
    let shown = gallery(BROKEN_PROMISES);
    insta::assert_snapshot!(shown);
}

const ALERTS: &str = "alerts: { sms: sms, phones: [=config.front_desk] }";

/// Alerts that reach nobody: file, what it says, what it says instead.
const WRONG_ALERTS: &[(&str, &str, &str)] = &[
    ("pack.yaml", ALERTS, "alerts: { slack: sms }"),
    (
        "pack.yaml",
        ALERTS,
        "alerts: { sms: email, phones: [\"+12125550142\"] }",
    ),
    (
        "pack.yaml",
        ALERTS,
        "alerts: { phones: [\"+12125550142\"] }",
    ),
    ("pack.yaml", ALERTS, "alerts: { sms: sms }"),
    (
        "pack.yaml",
        ALERTS,
        "alerts: { sms: sms, phones: [\"212 555 0142\", \"+1 212 555 0142\"] }",
    ),
    (
        "pack.yaml",
        ALERTS,
        "alerts: { sms: sms, phones: [=config.front] }",
    ),
    ("pack.yaml", ALERTS, "alerts: { email: email }"),
];

#[test]
fn alerts_that_reach_nobody() {
    let shown = gallery(WRONG_ALERTS);
    insta::assert_snapshot!(shown);
}

#[test]
fn a_workflow_that_matters_is_asked_who_notices_and_who_is_told() {
    let mut files = edited("pack.yaml", ALERTS, "");
    let booking = files.get_mut(BOOKING).unwrap();
    *booking = booking.replace("outcome: { expect: twilio.delivered, within: 1d }\n", "");
    let shown = rendered(&loaded(&files).1);
    insta::assert_snapshot!(shown);
}
