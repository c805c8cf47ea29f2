//! What authors are told, as they see it.

use super::*;

const BOOKING: &str = "booking.workflow.yaml";
const INSURANCE: &str = "insurance-verification.workflow.yaml";
const APPOINTMENT: &str = "appointment.record.yaml";
const CALENDLY: &str = "calendly.source.yaml";
const PAYER: &str = "payer.connection.yaml";

/// Keys and shapes: file, what it says, what it says instead.
const KEYS_AND_SHAPES: &[(&str, &str, &str)] = &[
    (BOOKING, "severity: P1", "severty: P1"),
    (BOOKING, "severity: P1", "severity: P4"),
    (BOOKING, "severity: P1", "severity:"),
    (BOOKING, "owner: front-desk\n", ""),
    (BOOKING, "severity: P1", "severity: P1\ncooldown: 2d"),
    (BOOKING, "owner: front-desk", "owner: 5"),
    (BOOKING, "workflow: booking", "workflow: bookings"),
    (BOOKING, "async: true", "async: yes"),
    (BOOKING, "uses: send-email", "id: mail, uses: send-email"),
    (INSURANCE, "timeout: 5s", "timeout: 5 seconds"),
    (INSURANCE, "timeout: 5s", "timeout: 1mo"),
    (INSURANCE, "timeout: 5s", "rate: 8"),
    (INSURANCE, "timeout: 5s", "rate: 8 per second"),
    (PAYER, "kind: http", "kind: http\nrate: 5000/s"),
    (PAYER, "kind: http", "kind: http\nrate: { calls: 8 }"),
    (INSURANCE, "retry: quick", "retry: [1h, 12h]"),
    (APPOINTMENT, "key: [calendly_uri]", "key: { a: b }"),
    (
        APPOINTMENT,
        "to: patient, required",
        "to: patient, from: body.x, required",
    ),
    (APPOINTMENT, "type: url", "type: file"),
    (APPOINTMENT, "type: url", "type: link"),
    (APPOINTMENT, "type: url", "type: url, pattern: \"(\""),
    (APPOINTMENT, "type: url", "type: list"),
    ("pack.yaml", "front_desk:", "front-desk:"),
    ("pack.yaml", "pack: dental", "pack: north dental"),
];

#[test]
fn keys_and_shapes() {
    let shown = gallery(KEYS_AND_SHAPES);
    insta::assert_snapshot!(shown);
}

/// Expressions and templates: file, what it says, what it says instead.
const EXPRESSIONS_AND_TEMPLATES: &[(&str, &str, &str)] = &[
    (INSURANCE, "if: steps.ask.covered", "if: steps.ask.coverd"),
    (INSURANCE, "if: steps.ask.covered", "if: =steps.ask.covered"),
    (
        INSURANCE,
        "if: steps.ask.covered",
        "if: recrod.status == 'x'",
    ),
    (
        INSURANCE,
        "if: steps.ask.covered",
        "if: record.starts_at == 5",
    ),
    (INSURANCE, "if: steps.ask.covered", "if: record.starts_at"),
    (INSURANCE, "event.before.status", "event.data.status"),
    (
        INSURANCE,
        "guard: record.status == 'booked'",
        "guard: record.patient.name == 'x'",
    ),
    (
        INSURANCE,
        "if: steps.flag.refused",
        "if: steps.note.refused",
    ),
    (
        INSURANCE,
        "from: response.body.covered",
        "from: respons.body.covered",
    ),
    (
        BOOKING,
        "async: true",
        "async: true\n    if: event.data.starts > now",
    ),
    (
        BOOKING,
        "email/booked.txt } } } ]",
        "email/booked.txt } } } ]\n  - { id: after, uses: update-record, if: steps.confirm.id != '', with: { status: booked } }",
    ),
    (
        "email/booked.txt",
        "record.patient.name",
        "record.patient.nme",
    ),
    (
        "email/booked.txt",
        "record.patient.name }}",
        "record.patient.name | uper }}",
    ),
    (
        APPOINTMENT,
        "record.status != 'booked' ||",
        "record.patient.name != 'x' ||",
    ),
    (
        CALENDLY,
        "starts_at: body.payload",
        "starts_at: bdy.payload",
    ),
    (
        BOOKING,
        "once: \"'booking:' + record.calendly_uri + ':' + string(record.starts_at)\"",
        "once: |\n      'booking:' +\n      record.calendly_url",
    ),
    (
        BOOKING,
        "body: { file: sms/booked.txt }",
        "body: \"Dear {{ record.patient.nme }}, {{ record.x }}\"",
    ),
];

#[test]
fn expressions_and_templates() {
    let shown = gallery(EXPRESSIONS_AND_TEMPLATES);
    insta::assert_snapshot!(shown);
}

/// Steps and changes: file, what it says, what it says instead.
const STEPS_AND_CHANGES: &[(&str, &str, &str)] = &[
    (
        BOOKING,
        "to: =record.patient.phone, body",
        "too: =record.patient.phone, body",
    ),
    (BOOKING, "to: =record.patient.phone, body", "body"),
    (
        BOOKING,
        "to: =record.patient.phone, body",
        "to: 5, kind: spam, body",
    ),
    (
        BOOKING,
        "to: =record.patient.phone, body",
        "to: =record.starts_at, body",
    ),
    (BOOKING, "status: booked", "status: verified"),
    (BOOKING, "status: booked", "status: bookd"),
    (BOOKING, "status: booked", "set: { start_at: =now }"),
    (BOOKING, "status: booked", "set: { starts_at: tomorrow }"),
    (
        BOOKING,
        "status: booked",
        "set: { starts_at: \"{{ now }}\" }",
    ),
    (BOOKING, "status: booked", "set: { calendly_uri: record.x }"),
    (BOOKING, "status: booked", "set: { status: booked }"),
    (BOOKING, "{ status: booked }", "{ guard: \"true\" }"),
    (BOOKING, "status: booked", "delete: true, status: booked"),
    (
        BOOKING,
        "status: booked",
        "record: { type: patient, key: [a, b] }, set: { name: x }",
    ),
    (
        BOOKING,
        "status: booked",
        "record: =record.starts_at, set: { name: x }",
    ),
    (
        BOOKING,
        "status: booked",
        "record: patient, set: { name: x }",
    ),
    (BOOKING, "async: true", "async: true\n    refused: stop"),
    (BOOKING, "id: confirm", "id: book"),
    (
        INSURANCE,
        "retry: quick",
        "retry: quick\n    unknown: fallback",
    ),
    (
        INSURANCE,
        "tags: [a, =record.status] }",
        "tags: [a] }, attempts: many",
    ),
    (
        INSURANCE,
        "visit: record.starts_at",
        "record: record.starts_at",
    ),
    (
        INSURANCE,
        "trigger: {",
        "trigger: { schedule: rate(1h) }\nlater: {",
    ),
    (
        "cancellation.workflow.yaml",
        "- { event: calendly.invitee.canceled }",
        "- { event: calendly.invitee.canceled }\n  - { record: { type: patient, on: created } }",
    ),
    (
        "cancellation.workflow.yaml",
        "event: calendly.invitee.canceled",
        "event: twilio.delivered",
    ),
    (BOOKING, "to: =record.patient.phone, body", "to: ~, body"),
    (BOOKING, "to: =record.patient.phone, body", "to: [a], body"),
    (
        BOOKING,
        "trigger: { event: calendly.invitee.created, of: appointment }\n",
        "",
    ),
    (
        BOOKING,
        "trigger: { event: calendly.invitee.created, of: appointment }",
        "trigger: calendly.invitee.created",
    ),
    (
        BOOKING,
        "trigger: { event: calendly.invitee.created, of: appointment }",
        "trigger: { on: calendly.invitee.created }",
    ),
];

#[test]
fn steps_and_changes() {
    let shown = gallery(STEPS_AND_CHANGES);
    insta::assert_snapshot!(shown);
}

/// Sources records and connections: file, what it says, what it says instead.
const SOURCES_RECORDS_AND_CONNECTIONS: &[(&str, &str, &str)] = &[
    (CALENDLY, "owns: false, ", ""),
    (
        CALENDLY,
        "create: true, map: { calendly_uri",
        "create: true, owns: false, map: { calendly_uri",
    ),
    (CALENDLY, "patient: patient, ", ""),
    (CALENDLY, "calendly_uri: body.payload.uri, ", ""),
    (
        CALENDLY,
        "patient: patient, ",
        "patient: body.payload.patient, ",
    ),
    (
        CALENDLY,
        "patient: patient, ",
        "patient: patient, status: \"'booked'\", ",
    ),
    (CALENDLY, "as: appointment", "as: patient"),
    (CALENDLY, "secret: calendly-signing-key, ", ""),
    (
        CALENDLY,
        ", from: body.payload.scheduled_event.start_time",
        "",
    ),
    (
        "twilio.source.yaml",
        "secret: twilio-token",
        "secret: twilio-token, tolerance: 5m",
    ),
    ("patient.record.yaml", "initial: active", "initial: new"),
    ("patient.record.yaml", "name:  {", "status: {"),
    (
        "patient.record.yaml",
        "also: [phone,",
        "also: [phone, phone,",
    ),
    (PAYER, "url: https://payer.example.com\n", ""),
    (PAYER, "auth: { bearer: payer-key }", "auth: {}"),
    (
        PAYER,
        "url: https://payer.example.com",
        "url: =config.payer_url",
    ),
    (PAYER, "kind: http", "kind: model"),
    ("pack.yaml", "sms: sms", "sms: smss"),
    (
        CALENDLY,
        "id: \"body.event + ':' + body.payload.uri\"",
        "id: 5",
    ),
    (
        "patient.record.yaml",
        "stripe_customer: { type: string }",
        "stripe_customer: { type: enum }",
    ),
];

#[test]
fn sources_records_and_connections() {
    let shown = gallery(SOURCES_RECORDS_AND_CONNECTIONS);
    insta::assert_snapshot!(shown);
}
