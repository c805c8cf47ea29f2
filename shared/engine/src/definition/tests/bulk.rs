//! What a workflow says of many records that change in one operation.

use super::super::model::Bulk;
use super::*;
use crate::name::WorkflowName;

const PREFILL: &str = "emr-prefill.workflow.yaml";
const SEVERITY: &str = "severity: P3\n";
const STEP: &str = "uses: update-record, with: { status: prepared }";

/// A step for many records.
const ASK: &str = "uses: call-http, via: payer, with: { path: /prepared, json: \
                   \"=default(event.data.records, [event.after.id])\" }";

/// The workflow with these lines, and a step that asks for each or all of its records.
fn asking(said: &str, step: &str) -> Files {
    let mut files = edited(PREFILL, SEVERITY, &format!("{SEVERITY}{said}"));
    let text = files.get_mut(PREFILL).unwrap();
    assert!(text.contains(STEP));
    *text = text.replace(STEP, step);
    files
}

fn bulk(said: &str) -> Bulk {
    let step = if said == "bulk: batch\n" { ASK } else { STEP };
    let (pack, remarks) = loaded(&asking(said, step));
    assert_eq!(remarks, []);
    pack.workflows[&WorkflowName::new("emr-prefill").unwrap()].bulk
}

fn codes(files: &Files) -> Vec<&'static str> {
    refused(files).iter().map(|mistake| mistake.code).collect()
}

#[test]
fn a_workflow_says_what_many_records_at_once_are_to_it() {
    assert_eq!(bulk(""), Bulk::Skip);
    assert_eq!(bulk("bulk: skip\n"), Bulk::Skip);
    assert_eq!(bulk("bulk: each\n"), Bulk::Each);
    assert_eq!(bulk("bulk: batch\n"), Bulk::Batch);
}

#[test]
fn the_ids_of_the_records_are_known_where_they_come_together() {
    let condition = format!("{ASK}, if: size(event.data.records) > 1");
    loaded(&asking("bulk: batch\n", &condition));
    assert_eq!(codes(&asking("", &condition)), ["InvalidExpression"; 2]);
}

#[test]
fn mistakes_about_many_records() {
    let batched = |step: &str| rendered(&refused(&asking("bulk: batch\n", step)));
    let shown = [
        batched(STEP),
        batched(&ASK.replace("event.after.id", "record.id")),
        batched(&format!("{ASK}, if: record.status == 'verified'")),
    ];
    insta::assert_snapshot!(shown.concat());
}

#[test]
fn only_what_the_change_of_a_record_starts_says_it() {
    let event = edited(
        "booking.workflow.yaml",
        "severity: P1\n",
        "severity: P1\nbulk: each\n",
    );
    assert_eq!(codes(&event), ["MisplacedKey"]);
    let word = edited(PREFILL, SEVERITY, "severity: P3\nbulk: all\n");
    assert_eq!(refused(&word).len(), 1);
}
