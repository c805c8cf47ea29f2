//! Records that change are found by what they say now.

use std::collections::BTreeSet;
use std::sync::Arc;

use holdfast_engine::definition::model::Pack;
use holdfast_engine::port::{Ports as _, Table};
use holdfast_tests::world::Story;
use holdfast_update_record::UpdateRecord;

const DEAL: &str = "\
record: deal
key: [name]
fields: { name: { type: string } }
states: [new]
initial: new
transitions: []
";

fn lead(duplicates: &str) -> String {
    format!(
        "record: lead\nkey: [email]\n{duplicates}fields:\n  email: {{ type: string, required: true }}\n  \
         phone: {{ type: phone, region: US }}\n  name: {{ type: string }}\n  seen: {{ type: string }}\n\
         states: [new]\ninitial: new\ntransitions: []\n"
    )
}

const DECLARED: &str = "duplicates: { by: [name, phone] }\n";

/// A pack whose workflow makes these changes of a lead.
fn pack(duplicates: &str, steps: &[&str]) -> Arc<Pack> {
    let step = |(at, with): (usize, &&str)| {
        format!(
            "  - {{ id: s{at}, uses: update-record, with: {{ record: {{ type: lead, key: [ann], create: true }}, {with} }} }}\n"
        )
    };
    let steps: Vec<_> = steps.iter().enumerate().map(step).collect();
    let steps = steps.concat();
    let workflow = format!(
        "workflow: w\ndescription: Changes a lead.\nowner: nobody\nseverity: P3\n\
         trigger: {{ record: {{ type: deal, on: updated }} }}\nsteps:\n{steps}"
    );
    crate::pack(&[
        ("deal.record.yaml", DEAL),
        ("lead.record.yaml", &lead(duplicates)),
        ("w.workflow.yaml", &workflow),
    ])
}

fn story(pack: &Arc<Pack>) -> Story {
    let mut story = Story::with(pack);
    let ports = Arc::clone(&story.world.probe().ports);
    story.world.add(UpdateRecord::new(ports));
    story
}

/// The partitions that lead to a lead without being its natural key.
fn blocks(story: &Story) -> BTreeSet<String> {
    let items = story.world.memory.journal().items(Table::Journal, "t#key#");
    let blocks = items.into_iter().filter(|(key, _)| key.sort != "key");
    blocks.map(|(key, _)| key.partition).collect()
}

fn changed(steps: &[&str]) -> Story {
    let story = story(&pack(DECLARED, steps));
    let rest = story.run();
    assert_eq!((rest.open.len(), rest.queued), (0, 0), "{rest:?}");
    story
}

const FIRST: &str = "set: { name: Ann Smith, phone: '202-555-0173' }";

#[test]
fn a_changed_record_is_found_by_its_new_values_alone() {
    let first = blocks(&changed(&[FIRST]));
    assert_eq!(first.len(), 2, "a phone and a name");
    let phone = "set: { phone: '202-555-0199' }";
    let moved = blocks(&changed(&[FIRST, phone]));
    assert_eq!(moved.len(), 2);
    assert_eq!(moved.intersection(&first).count(), 1, "the name stays");
    let back = "set: { phone: '202-555-0173' }";
    assert_eq!(blocks(&changed(&[FIRST, phone, back])), first);
    assert!(blocks(&changed(&[FIRST, "delete: true"])).is_empty());
}

#[test]
fn a_change_of_nothing_that_is_compared_moves_nothing() {
    let first = changed(&[FIRST]);
    let seen = changed(&[FIRST, "set: { seen: today }"]);
    assert_eq!(blocks(&seen), blocks(&first));
}

#[test]
fn a_record_from_before_the_declaration_is_found_once_it_changes() {
    let plain = story(&pack("", &[FIRST]));
    plain.run();
    assert!(blocks(&plain).is_empty());
    let later = story(&pack(DECLARED, &["set: { phone: '202-555-0199' }"]));
    for (key, item) in plain.world.memory.journal().items(Table::Journal, "") {
        if key.partition.contains("#key#") || key.partition.contains("#lead#") {
            later.world.memory.journal().seed(key, item.body);
        }
    }
    let rest = later.run();
    assert_eq!(rest.open.len(), 0, "{rest:?}");
    assert_eq!(blocks(&later).len(), 2, "the name, too");
}
