//! Names that do not exist, of definitions and of files.

use super::*;

const BOOKING: &str = "booking.workflow.yaml";
const INSURANCE: &str = "insurance-verification.workflow.yaml";
const APPOINTMENT: &str = "appointment.record.yaml";
const CALENDLY: &str = "calendly.source.yaml";

/// Names that do not exist: file, what it says, what it says instead.
const NAMES_THAT_DO_NOT_EXIST: &[(&str, &str, &str)] = &[
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
        "receipts: calendly",
    ),
];

#[test]
fn names_that_do_not_exist() {
    let shown = gallery(NAMES_THAT_DO_NOT_EXIST);
    insta::assert_snapshot!(shown);
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
    let shown = rendered(&refused(&files));
    insta::assert_snapshot!(shown);
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
    let shown = rendered(&loaded(&files).1);
    insta::assert_snapshot!(shown);
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
