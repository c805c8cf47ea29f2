//! What a workflow says of many records that change in one operation.

use super::super::model::Bulk;
use super::*;
use crate::name::WorkflowName;

const PREFILL: &str = "emr-prefill.workflow.yaml";
const SEVERITY: &str = "severity: P3\n";
const STEP: &str = "with: { status: prepared }";

fn bulk(said: &str) -> Bulk {
    let (pack, remarks) = loaded(&edited(PREFILL, SEVERITY, &format!("{SEVERITY}{said}")));
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
    let condition = "with: { status: prepared }, if: size(event.data.records) > 1";
    let batched = edited(PREFILL, SEVERITY, "severity: P3\nbulk: batch\n");
    let with = |mut files: Files| {
        let text = files.get_mut(PREFILL).unwrap();
        *text = text.replace(STEP, condition);
        files
    };
    loaded(&with(batched));
    assert_eq!(codes(&with(files())), ["InvalidExpression"]);
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
