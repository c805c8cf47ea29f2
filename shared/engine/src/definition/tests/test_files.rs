//! Test files, read against the pack that they test.

use super::super::load_tests;
use super::super::test_file::{Expectation, Reply, TestAction, TestDefinition};
use super::*;

const TEST: &str = r#"test: a booking is confirmed once
now: 2026-11-20T09:00:00Z
config: { tz: America/New_York, front_desk: (212) 555-0123 }
given:
  - { record: patient, fields: { email: Ann@Example.com, phone: "212 555 0100", status: active } }
replies:
  sms: [ { status: 503 }, timeout, { status: 201, headers: { X-Id: "1" }, body: { sid: SM1 } }, drop ]
do:
  - { event: events/calendly.created.json }
  - { advance: 2mo }
expect:
  - { sent: sms, count: 1, body: Hello }
  - { appointment: { status: prepared, starts_at: 2026-12-01T10:00:00+01:00 } }
  - { skipped: booking }
  - { error: Refused }
"#;

fn read(text: &str) -> Result<Vec<TestDefinition>, Vec<Diagnostic>> {
    let mut files = files();
    let (pack, _) = loaded(&files);
    files.insert("booked.test.yaml".into(), text.into());
    load_tests(&files, &pack)
}

#[test]
fn a_test_says_what_is_there_what_happens_and_what_is_expected() {
    let tests = read(TEST).unwrap_or_else(|mistakes| panic!("{}", rendered(&mistakes)));
    let [test] = &tests[..] else {
        panic!("{tests:?}")
    };
    assert_eq!(test.name, "booked");
    assert_eq!(test.config["front_desk"], "+12125550123");
    assert_eq!(test.given[0].fields["email"], "Ann@example.com");
    assert_eq!(test.given[0].status.as_deref(), Some("active"));
    let replies = &test.replies["sms"];
    assert!(matches!(replies[0], Reply::Answer { status: 503, .. }));
    assert_eq!((&replies[1], &replies[3]), (&Reply::Timeout, &Reply::Drop));
    assert_eq!(test.actions[1], TestAction::Advance("2mo".parse().unwrap()));
    let Expectation::Record { values, .. } = &test.expect[1] else {
        panic!("{test:?}")
    };
    assert_eq!(values["starts_at"], "2026-12-01T09:00:00Z");
    assert!(matches!(
        &test.expect[2],
        Expectation::Skipped { count: 1, .. }
    ));
}

#[test]
fn mistakes_of_a_test_are_shown_at_once() {
    let text = TEST
        .replace("now: 2026-11-20T09:00:00Z", "now: tomorrow")
        .replace("front_desk:", "frontdesk:")
        .replace("record: patient", "record: patent")
        .replace("timeout,", "time-out,")
        .replace("  sms: [", "  smss: [")
        .replace("event: events", "evnt: events")
        .replace("advance: 2mo", "advance: soon")
        .replace("sent: sms", "sent: email-x")
        .replace("starts_at:", "start_at:")
        .replace("skipped: booking", "skipped: bookings, body: x")
        .replace(
            "{ error: Refused }",
            "{ invoice: { status: paid } }\n  - {}",
        )
        .replace("status: 503", "status: 5030");
    let shown = rendered(&read(&text).unwrap_err());
    insta::assert_snapshot!(shown);
}
