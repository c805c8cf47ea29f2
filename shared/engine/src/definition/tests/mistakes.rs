//! What authors are told, as they see it.

use super::*;

const BOOKING: &str = "booking.workflow.yaml";
const INSURANCE: &str = "insurance-verification.workflow.yaml";
const APPOINTMENT: &str = "appointment.record.yaml";
const CALENDLY: &str = "calendly.source.yaml";
const PAYER: &str = "payer.connection.yaml";

#[test]
fn keys_and_shapes() {
    insta::assert_snapshot!(gallery(&[
        (BOOKING, "severity: P1", "severty: P1"),
        (BOOKING, "severity: P1", "severity: P4"),
        (BOOKING, "severity: P1", "severity:"),
        (BOOKING, "owner: front-desk\n", ""),
        (
            BOOKING,
            "severity: P1",
            "severity: P1\noutcome: { expect: event, within: 2d }"
        ),
        (BOOKING, "owner: front-desk", "owner: 5"),
        (BOOKING, "workflow: booking", "workflow: bookings"),
        (BOOKING, "async: true", "async: yes"),
        (BOOKING, "uses: send-email", "id: mail, uses: send-email"),
        (INSURANCE, "timeout: 5s", "timeout: 5 seconds"),
        (INSURANCE, "timeout: 5s", "timeout: 1mo"),
        (INSURANCE, "retry: quick", "retry: [1h, 12h]"),
        (APPOINTMENT, "key: [calendly_uri]", "key: { a: b }"),
        (
            APPOINTMENT,
            "to: patient, required",
            "to: patient, from: body.x, required"
        ),
        (APPOINTMENT, "type: url", "type: file"),
        (APPOINTMENT, "type: url", "type: link"),
        (APPOINTMENT, "type: url", "type: url, pattern: \"(\""),
        (APPOINTMENT, "type: url", "type: list"),
        ("pack.yaml", "front_desk:", "front-desk:"),
        ("pack.yaml", "pack: dental", "pack: north dental"),
    ]));
}

#[test]
fn names_that_do_not_exist() {
    insta::assert_snapshot!(gallery(&[
        (APPOINTMENT, "to: patient,", "to: patients,"),
        (APPOINTMENT, "by: booking", "by: bookings"),
        (APPOINTMENT, "to: booked, by", "to: boked, by"),
        (APPOINTMENT, "key: [calendly_uri]", "key: [calendly_url]"),
        (BOOKING, "event: calendly.invitee", "event: calendy.invitee"),
        (BOOKING, "of: appointment", "of: apointment"),
        (BOOKING, "via: sms", "via: smss"),
        (BOOKING, "via: sms", "via: payer"),
        (BOOKING, "    via: sms\n", ""),
        (BOOKING, "uses: send-sms", "uses: send-text"),
        (BOOKING, "uses: send-sms", "uses: request-review"),
        (BOOKING, "file: sms/booked.txt", "file: sms/bookd.txt"),
        (INSURANCE, "field: status", "field: state"),
        (INSURANCE, "to: booked", "to: bookd"),
        (CALENDLY, "scheme: calendly", "scheme: calendley"),
        (CALENDLY, "map: { phone:", "map: { fone:"),
        (
            "sms.connection.yaml",
            "receipts: twilio",
            "receipts: calendly"
        ),
    ]));
}

#[test]
fn expressions_and_templates() {
    insta::assert_snapshot!(gallery(&[
        (INSURANCE, "if: steps.ask.covered", "if: steps.ask.coverd"),
        (INSURANCE, "if: steps.ask.covered", "if: =steps.ask.covered"),
        (
            INSURANCE,
            "if: steps.ask.covered",
            "if: recrod.status == 'x'"
        ),
        (
            INSURANCE,
            "if: steps.ask.covered",
            "if: record.starts_at == 5"
        ),
        (INSURANCE, "if: steps.ask.covered", "if: record.starts_at"),
        (INSURANCE, "event.before.status", "event.data.status"),
        (
            INSURANCE,
            "guard: record.status == 'booked'",
            "guard: record.patient.name == 'x'"
        ),
        (
            INSURANCE,
            "if: steps.flag.refused",
            "if: steps.note.refused"
        ),
        (
            INSURANCE,
            "from: response.body.covered",
            "from: respons.body.covered"
        ),
        (
            BOOKING,
            "async: true",
            "async: true\n    if: event.data.starts > now"
        ),
        (
            BOOKING,
            "email/booked.txt } } } ]",
            "email/booked.txt } } } ]\n  - { id: after, uses: update-record, if: steps.confirm.id != '', with: { status: booked } }",
        ),
        (
            "email/booked.txt",
            "record.patient.name",
            "record.patient.nme"
        ),
        (
            "email/booked.txt",
            "record.patient.name }}",
            "record.patient.name | uper }}"
        ),
        (
            APPOINTMENT,
            "record.status != 'booked' ||",
            "record.patient.name != 'x' ||"
        ),
        (
            CALENDLY,
            "starts_at: body.payload",
            "starts_at: bdy.payload"
        ),
    ]));
}

#[test]
fn steps_and_changes() {
    insta::assert_snapshot!(gallery(&[
        (
            BOOKING,
            "to: =record.patient.phone, body",
            "too: =record.patient.phone, body"
        ),
        (BOOKING, "to: =record.patient.phone, body", "body"),
        (
            BOOKING,
            "to: =record.patient.phone, body",
            "to: 5, kind: spam, body"
        ),
        (
            BOOKING,
            "to: =record.patient.phone, body",
            "to: =record.starts_at, body"
        ),
        (BOOKING, "status: booked", "status: verified"),
        (BOOKING, "status: booked", "status: bookd"),
        (BOOKING, "status: booked", "set: { start_at: =now }"),
        (BOOKING, "status: booked", "set: { starts_at: tomorrow }"),
        (
            BOOKING,
            "status: booked",
            "set: { starts_at: \"{{ now }}\" }"
        ),
        (BOOKING, "status: booked", "set: { calendly_uri: record.x }"),
        (BOOKING, "status: booked", "set: { status: booked }"),
        (BOOKING, "{ status: booked }", "{ guard: \"true\" }"),
        (BOOKING, "status: booked", "delete: true, status: booked"),
        (
            BOOKING,
            "status: booked",
            "record: { type: patient, key: [a, b] }, set: { name: x }"
        ),
        (
            BOOKING,
            "status: booked",
            "record: =record.starts_at, set: { name: x }"
        ),
        (
            BOOKING,
            "status: booked",
            "record: patient, set: { name: x }"
        ),
        (BOOKING, "async: true", "async: true\n    refused: stop"),
        (BOOKING, "id: confirm", "id: book"),
        (
            INSURANCE,
            "retry: quick",
            "retry: quick\n    unknown: fallback"
        ),
        (
            INSURANCE,
            "tags: [a, =record.status] }",
            "tags: [a] }, attempts: many"
        ),
        (
            INSURANCE,
            "visit: record.starts_at",
            "record: record.starts_at"
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
            "event: twilio.delivered"
        ),
    ]));
}

#[test]
fn sources_records_and_connections() {
    insta::assert_snapshot!(gallery(&[
        (CALENDLY, "owns: false, ", ""),
        (
            CALENDLY,
            "create: true, map: { calendly_uri",
            "create: true, owns: false, map: { calendly_uri"
        ),
        (CALENDLY, "patient: patient, ", ""),
        (CALENDLY, "calendly_uri: body.payload.uri, ", ""),
        (
            CALENDLY,
            "patient: patient, ",
            "patient: body.payload.patient, "
        ),
        (
            CALENDLY,
            "patient: patient, ",
            "patient: patient, status: \"'booked'\", "
        ),
        (CALENDLY, "as: appointment", "as: patient"),
        (CALENDLY, "secret: calendly-signing-key, ", ""),
        (
            CALENDLY,
            ", from: body.payload.scheduled_event.start_time",
            ""
        ),
        (
            "twilio.source.yaml",
            "secret: twilio-token",
            "secret: twilio-token, tolerance: 5m"
        ),
        ("patient.record.yaml", "initial: active", "initial: new"),
        ("patient.record.yaml", "name:  {", "status: {"),
        (
            "patient.record.yaml",
            "also: [phone,",
            "also: [phone, phone,"
        ),
        (PAYER, "url: https://payer.example.com\n", ""),
        (PAYER, "auth: { bearer: payer-key }", "auth: {}"),
        (
            PAYER,
            "url: https://payer.example.com",
            "url: =config.payer_url"
        ),
        (PAYER, "kind: http", "kind: ses"),
        ("pack.yaml", "sms: sms", "sms: smss"),
    ]));
}

#[test]
fn files_whose_names_say_nothing() {
    let mut files = files();
    files.insert("x.workflw.yaml".into(), "a: b".into());
    files.insert("y.yml".into(), "a: b".into());
    files.insert("z.yaml".into(), "a: b".into());
    files.insert("empty.workflow.yaml".into(), "# nothing yet\n".into());
    files.insert("list.workflow.yaml".into(), "- a\n".into());
    files.insert(
        "old/sms.connection.yaml".into(),
        "connection: sms\nkind: sandbox\n".into(),
    );
    files.remove("pack.yaml");
    insta::assert_snapshot!(rendered(&refused(&files)));
}

#[test]
fn warnings_leave_a_pack_usable() {
    let mut files = edited(
        CALENDLY,
        "scheme: calendly, secret: calendly-signing-key, tolerance: 5m",
        "scheme: none",
    );
    let source = files.get_mut(CALENDLY).unwrap();
    *source = source.replace(
        "id: \"body.event + ':' + body.payload.uri\"",
        "id: body-hash",
    );
    let record = files.get_mut("patient.record.yaml").unwrap();
    *record = record.replace("states: [active]", "states: [active, gone]");
    insta::assert_snapshot!(rendered(&loaded(&files).1));
}

#[test]
fn a_diagnostic_is_json_too() {
    let mistakes = refused(&edited(BOOKING, "severity: P1", "severty: P1"));
    insta::assert_json_snapshot!(mistakes);
}

#[test]
fn a_file_that_cannot_be_read_hides_nothing_and_blames_nobody() {
    let mut files = files();
    files.insert("patient.record.yaml".into(), "record: [".into());
    files.insert("calendly.source.yaml".into(), "source: 'calendly".into());
    let mistakes = refused(&files);
    let codes: Vec<_> = mistakes.iter().map(|one| (&*one.file, one.code)).collect();
    assert_eq!(
        codes,
        [
            ("calendly.source.yaml", "UnclosedQuote"),
            ("patient.record.yaml", "UnclosedBracket"),
        ]
    );
}
