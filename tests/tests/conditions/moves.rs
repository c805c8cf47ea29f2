//! Records that are found by other keys than before, and changed by the executions of others.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use holdfast_engine::definition::Files;
use holdfast_engine::port::{Ports as _, Table};
use holdfast_tests::memory::Condition;
use holdfast_tests::world::{Functions, Story, load};
use holdfast_update_record::UpdateRecord;

use crate::reruns::{routed_in, run_anew};

const DEAL: &str = "\
record: deal
key: [name]
fields: { name: { type: string } }
states: [new]
initial: new
transitions: []
";

const LEAD: &str = "\
record: lead
key: [email]
also: [phone]
fields:
  email: { type: string, required: true }
  phone: { type: string }
  seen: { type: string }
states: [new]
initial: new
transitions: []
";

const WORKFLOW: &str = "\
workflow: w
description: Moves a lead, and notes when it was seen.
owner: nobody
severity: P3
trigger: { record: { type: deal, on: updated } }
steps:
  - { id: make, uses: update-record, with: { record: { type: lead, key: [ann], create: true }, set: { phone: one } } }
  - { id: move, uses: update-record, with: { record: { type: lead, key: [ann] }, set: { email: bob, phone: two } } }
  - { id: s, uses: update-record, with: { record: { type: lead, key: [bob] }, set: { seen: =string(now) } } }
";

fn moved() -> Story {
    let files = [
        ("pack.yaml", "pack: t\n"),
        ("deal.record.yaml", DEAL),
        ("lead.record.yaml", LEAD),
        ("w.workflow.yaml", WORKFLOW),
    ];
    let files: Files = files
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .into();
    let mut story = routed_in(&load(&files, &Functions::scripted()));
    let ports = Arc::clone(&story.world.probe().ports);
    story.world.add(UpdateRecord::new(ports));
    story.run();
    story.world.memory.clock().advance(Duration::from_mins(1));
    story
}

/// The conditions that the move of a record asks for.
pub fn asked() -> BTreeSet<Condition> {
    moved().world.memory.journal().conditions()
}

#[test]
fn a_record_that_moved_is_found_by_its_new_keys_alone() {
    let story = moved();
    let keys = story.world.memory.journal().items(Table::Journal, "t#key#");
    let sorts: Vec<_> = keys
        .iter()
        .map(|(key, _)| key.sort.split('#').next())
        .collect();
    assert_eq!(sorts.len(), 2, "{sorts:?}");
    assert!(sorts.contains(&Some("key")) && sorts.contains(&Some("also")));
}

#[test]
fn a_rerun_changes_the_record_of_another_again_and_leaves_its_own_line() {
    let story = moved();
    run_anew(&story, "ann").unwrap();
    let rest = story.run();
    assert_eq!((rest.open.len(), rest.queued), (0, 0), "{rest:?}");
    let leads = story
        .world
        .memory
        .journal()
        .items(Table::Journal, "t#lead#");
    let lines = leads.iter().filter(|(key, _)| key.sort.contains("#s.1"));
    let lines: Vec<_> = lines.map(|(key, _)| key.sort.as_str()).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    let record = leads.iter().find(|(key, _)| key.sort == "record").unwrap();
    assert!(
        record.1.body.contains(r#""version":4"#),
        "{}",
        record.1.body
    );
}
