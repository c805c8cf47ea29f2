//! The example of the language reference, with what it refers to.

use std::time::Duration;

use super::super::model::{Action, Actor, MappedValue, Target, Trigger, ValueExpression};
use super::*;
use crate::retry::Ladder;

#[test]
fn the_example_of_the_language_loads_without_a_warning() {
    let (pack, warnings) = loaded(&files());
    assert_eq!(rendered(&warnings), "");
    assert_eq!(pack.manifest.pack.as_str(), "dental");
    assert_eq!((pack.records.len(), pack.sources.len()), (2, 2));
    assert_eq!((pack.connections.len(), pack.workflows.len()), (3, 4));
}

#[test]
fn a_step_carries_what_its_file_says() {
    let (pack, _) = loaded(&files());
    let booking = &pack.workflows["booking"];
    let confirm = &booking.steps[1];
    assert!(confirm.asynchronous);
    assert_eq!(confirm.via.as_ref().unwrap().as_str(), "sms");
    assert_eq!(confirm.fallback[0].id, confirm.id);
    assert_eq!(confirm.fallback[0].uses.as_str(), "send-email");
    let Action::Call { with } = &confirm.action else {
        panic!("{:?}", confirm.action)
    };
    let mut reads = Vec::new();
    for (_, value) in with {
        value.visit_reads(&mut |read| reads.push(read.path.clone()));
    }
    assert!(
        reads.iter().all(|path| path == "record.patient"),
        "{reads:?}"
    );
    assert!(matches!(&with[1].1, ValueExpression::Template(_)));
    let ask = &pack.workflows["insurance-verification"].steps[0];
    assert_eq!(ask.retry, Some(Ladder::quick()));
    assert_eq!(ask.timeout, Some(Duration::from_secs(5)));
}

#[test]
fn a_target_is_home_a_reference_or_a_key() {
    let (pack, _) = loaded(&files());
    let target = |workflow: &str, step: usize| match &pack.workflows[workflow].steps[step].action {
        Action::UpdateRecord(update) => format!("{:?}", update.target),
        other @ Action::Call { .. } => panic!("{other:?}"),
    };
    assert_eq!(target("booking", 0), "Home");
    assert!(target("insurance-verification", 3).starts_with("Reference { record: \"patient\""));
    assert!(target("cancellation", 1).contains("create: true"));
    let Action::UpdateRecord(update) = &pack.workflows["cancellation"].steps[1].action else {
        panic!("an update");
    };
    assert!(matches!(&update.target, Target::Key { key, .. } if key.len() == 1));
    assert!(matches!(
        &update.set[0].1,
        ValueExpression::Literal(Json::Null)
    ));
}

#[test]
fn a_ref_field_is_mapped_from_an_earlier_record() {
    let (pack, _) = loaded(&files());
    let appointment = &pack.sources["calendly"].records[1];
    let patient = appointment
        .map
        .iter()
        .find(|(name, _)| name == "patient")
        .unwrap();
    assert!(matches!(&patient.1, MappedValue::Record(name) if name == "patient"));
    let owners: Vec<_> = pack.sources["calendly"]
        .records
        .iter()
        .map(|one| one.owns)
        .collect();
    assert_eq!(owners, [false, true]);
}

#[test]
fn transitions_and_triggers_name_who_and_what() {
    let (pack, _) = loaded(&files());
    let by = &pack.records["appointment"].transitions[0].by;
    assert!(matches!(&by[..], [Actor::Workflow(name)] if name.as_str() == "booking"));
    assert_eq!(pack.records["appointment"].invariants.len(), 1);
    let triggers = &pack.workflows["insurance-verification"].triggers;
    let [Trigger::Record(trigger)] = &triggers[..] else {
        panic!("{triggers:?}")
    };
    assert_eq!(trigger.field.as_deref(), Some("status"));
    assert_eq!(trigger.to, Some("booked".into()));
}

#[test]
fn a_marked_text_is_a_literal_and_a_phone_is_text() {
    let files = edited(
        "booking.workflow.yaml",
        "body: { file: sms/booked.txt }",
        "body: ==not an expression",
    );
    let (pack, _) = loaded(&files);
    let Action::Call { with } = &pack.workflows["booking"].steps[1].action else {
        panic!()
    };
    let body = with.iter().find(|(name, _)| name == "body").unwrap();
    assert!(matches!(&body.1, ValueExpression::Literal(text) if text == "=not an expression"));
    loaded(&edited(
        "sms.connection.yaml",
        "\"+12125550199\"",
        "+12125550199",
    ));
}

#[test]
fn a_test_file_does_not_change_the_version() {
    let mut files = files();
    let before = loaded(&files).0.manifest;
    files.insert("a.test.yaml".into(), "not even yaml: [".into());
    assert_eq!(loaded(&files).0.manifest, before);
    files.insert(
        "sms/greeting.txt".into(),
        "Hi {{ record.patient.name }},".into(),
    );
    assert_ne!(loaded(&files).0.manifest, before);
}
