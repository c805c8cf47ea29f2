//! What YAML misreads, and what authors are told about it.

use super::*;

const BOOKING: &str = "booking.workflow.yaml";
const CONFIRM: &str = "with: { to: =record.patient.phone, body: { file: sms/booked.txt } }";

/// Text that yaml misreads is to be quoted: file, what it says, what it says instead.
const TEXT_THAT_YAML_MISREADS_IS_TO_BE_QUOTED: &[(&str, &str, &str)] = &[
    (
        "calendly.source.yaml",
        "\"'calendly.' + body.event\"",
        "'calendly.' + body.event",
    ),
    (
        "calendly.source.yaml",
        "body.payload.uri, patient",
        "'x' + body.payload.uri, patient",
    ),
    (
        "calendly.source.yaml",
        "accept: body",
        "accept: body.test ? false : body",
    ),
    (
        "calendly.source.yaml",
        "name: body.payload.name",
        "name: body.a ? body.b : body.c",
    ),
    (
        "calendly.source.yaml",
        "name: body.payload.name",
        "name: body.names[0]",
    ),
    (
        "calendly.source.yaml",
        "name: body.payload.name",
        "name: join(body.names, ' ')",
    ),
    (
        BOOKING,
        "severity: P1",
        "severity: P1\nwhile: !record.version",
    ),
    (
        BOOKING,
        "severity: P1",
        "severity: P1\nwhile: !record.version > 3 && true",
    ),
    (
        BOOKING,
        CONFIRM,
        "with:\n      to: =record.patient.phone\n      body: {{ record.patient.name }}, hello",
    ),
    (
        BOOKING,
        CONFIRM,
        "with:\n      to: =record.patient.phone\n      body: {{ record.patient.name }}",
    ),
    (
        BOOKING,
        CONFIRM,
        "with: { to: =record.patient.phone, body: Hello {{ record.patient.name }} }",
    ),
    (BOOKING, "description: A", "description: Booking: a"),
    (
        BOOKING,
        CONFIRM,
        "with: { to: =record.patient.phone, body: Booked: see you }",
    ),
    (
        BOOKING,
        "subject: Your appointment",
        "subject: Your appointment #5",
    ),
    (BOOKING, "owner: front-desk", "owner: front desk #2"),
    (BOOKING, "owner: front-desk", "owner: @front-desk"),
    (BOOKING, "owner: front-desk", "owner: 'front-desk"),
    (BOOKING, "severity: P1", "severity: P1\nseverity: P2"),
    (BOOKING, "owner: front-desk", "owner: &desk front-desk"),
    (BOOKING, "owner: front-desk", " owner: front-desk"),
    (BOOKING, "owner: front-desk", "\towner: front-desk"),
    (BOOKING, "owner: front-desk", "owner: front-desk\n---\na: b"),
    (
        "pack.yaml",
        "region: US, default: \"+12125550100\" }",
        "region: US",
    ),
    (
        "patient.record.yaml",
        "stripe_customer: { type: string }",
        "stripe_customer: { type: string, pattern: \"\\d+\" }",
    ),
    (BOOKING, "owner: front-desk", "owner: - front-desk"),
    (BOOKING, "owner: front-desk", "owner: [front] desk"),
    (
        BOOKING,
        "severity: P1",
        "severity: P1\nwhen: [ record.status == 'x', 'a' == record.status ]",
    ),
    (
        BOOKING,
        "severity: P1",
        "severity: P1\nwhen: [ min(record.version, 2) == 2 ]",
    ),
];

#[test]
fn text_that_yaml_misreads_is_to_be_quoted() {
    let shown = gallery(TEXT_THAT_YAML_MISREADS_IS_TO_BE_QUOTED);
    insta::assert_snapshot!(shown);
}

#[test]
fn a_remark_after_a_value_is_no_trap() {
    loaded(&edited(
        "booking.workflow.yaml",
        "severity: P1",
        "severity: P1 # clients see it",
    ));
    loaded(&edited(
        "booking.workflow.yaml",
        "async: true",
        "async: true ## yes",
    ));
}

#[test]
fn all_mistakes_of_a_pack_are_shown_at_once() {
    let mut files = edited("booking.workflow.yaml", "severity: P1", "severty: P1");
    files.insert(
        "email/booked.txt".into(),
        "Hello {{ record.patient.nme }}".into(),
    );
    let source = files.get_mut("calendly.source.yaml").unwrap();
    *source = source.replace("scheme: calendly", "scheme: calendli");
    *source = source.replace("\"'calendly.' + body.event\"", "'calendly.' + body.event");
    let shown = rendered(&refused(&files));
    insta::assert_snapshot!(shown);
}
