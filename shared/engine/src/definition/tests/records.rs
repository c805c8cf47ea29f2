//! What records say of their duplicates.

use super::*;
use crate::duplicate::{Clue, ClueKind, Duplicates};
use crate::name::RecordType;

const PATIENT: &str = "patient.record.yaml";
const ALSO: &str = "also: [phone, stripe_customer]";

#[test]
fn a_record_says_what_tells_its_duplicates() {
    let files = edited(PATIENT, ALSO, "duplicates: { by: [name, phone, email] }");
    let (pack, remarks) = loaded(&files);
    assert!(remarks.is_empty(), "{}", rendered(&remarks));
    let clue = |(field, kind): (&str, ClueKind)| Clue {
        field: field.to_owned(),
        kind,
        pii: true,
    };
    let by = [
        ("name", ClueKind::Text),
        ("phone", ClueKind::Phone),
        ("email", ClueKind::Email),
    ];
    let expected = Duplicates {
        by: by.map(clue).to_vec(),
        above: 0.9,
    };
    let patient = &pack.records[&RecordType::new("patient").unwrap()];
    assert_eq!(patient.duplicates.as_ref(), Some(&expected));
}

#[test]
fn mistakes_about_duplicates() {
    let duplicates = [
        "duplicates: [name, phone]",
        "duplicates: { above: 0.9 }",
        "duplicates: { by: [] }",
        "duplicates: { by: [name, fone] }",
        "duplicates: { by: [name, phone, name] }",
        "duplicates: { by: [name, phone], above: 1 }",
        "duplicates: { by: [name, phone], above: high }",
        "duplicates: { by: [name] }",
        "duplicates: { by: [name, phone], score: 0.9 }",
    ];
    let edits: Vec<_> = duplicates.iter().map(|new| (PATIENT, ALSO, *new)).collect();
    insta::assert_snapshot!(gallery(&edits));
}

#[test]
fn a_reference_tells_nothing_of_who_it_is() {
    let files = edited(
        "appointment.record.yaml",
        "fields:",
        "duplicates: { by: [patient, starts_at] }\nfields:",
    );
    let codes: Vec<_> = refused(&files).iter().map(|it| it.code).collect();
    assert_eq!(codes, ["NotComparable", "NotComparable"]);
}
