//! Two people who run an execution anew at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use holdfast_engine::contract::{Position, advance};
use holdfast_engine::definition::model::Pack;
use holdfast_engine::id::EventId;
use holdfast_engine::key;
use holdfast_engine::operate::{Operate, Rerun};
use holdfast_engine::port::Ports as _;
use holdfast_engine::route::{Decision, EventEntry, Outcome};
use holdfast_tests::desk::{Answer, ask, code, operator};
use holdfast_tests::meeting::{Met, Stalled, meetings};
use holdfast_tests::memory::{Condition, Guards, Kind};
use holdfast_tests::ready::ready;
use holdfast_tests::world::{Story, compiled};

/// An execution whose event was routed: its entry is there.
pub fn routed(steps: &str) -> Story {
    routed_in(&compiled(steps))
}

/// The same in a pack.
pub fn routed_in(pack: &Arc<Pack>) -> Story {
    let story = Story::with(pack);
    let (world, execution) = (&story.world, &story.execution);
    let event = EventId::from_text("sent:1");
    let context = world.context(event.clone(), None);
    let workflow = &pack.workflows[&execution.workflow];
    let (journal, now) = (world.memory.journal(), world.now());
    let first = advance(journal, workflow, execution, &context, Position::Start, now);
    let dispatch = Box::new(ready(first).unwrap());
    let entry = EventEntry {
        event: context.event.clone(),
        lineage: context.lineage.clone(),
        home: execution.home.clone(),
        decided_at: now,
        records: BTreeMap::new(),
        snapshots: BTreeMap::new(),
        config: [("t".to_owned(), context.config.clone())].into(),
        decisions: vec![Decision {
            workflow: execution.workflow.clone(),
            manifest: pack.manifest.clone(),
            home: execution.home.clone(),
            outcome: Outcome::Started {
                execution: execution.execution.clone(),
                lets: context.lets.clone(),
                dispatch,
            },
        }],
    };
    let key = key::source_event(&execution.home.tenant, &event);
    let body = serde_json::to_string(&entry).unwrap();
    journal.seed(key, body);
    story
}

fn rerun(story: &Story, by: &str) -> Operate {
    Operate::Rerun(Rerun {
        execution: story.execution.clone(),
        from: "s".parse().unwrap(),
        version: None,
        again: true,
        seen: None,
        by: by.to_owned(),
        reason: "the receiver lost it".to_owned(),
    })
}

/// Runs an execution anew.
pub fn run_anew(story: &Story, by: &str) -> Answer {
    ask(&story.world, rerun(story, by))
}

/// One of two stops on the way: one generation is one person's.
fn run_anew_twice(ignored: &[Condition], call: u64, before: usize) -> Met {
    let story = routed("- { id: s, uses: keyed-effect, with: { to: a } }");
    story.run();
    for _ in 0..before {
        run_anew(&story, "cid").unwrap();
        story.run();
    }
    let world = &story.world;
    world.memory.journal().ignore(ignored.iter().copied());
    let operator = operator(world);
    let by_ann = async { operator.operate(rerun(&story, "ann")).await };
    let first = Stalled::before(call, &world.faults, by_ann);
    let over = first.is_over();
    let second = run_anew(&story, "ben");
    let first = first.goes_on();
    let both = !over && first.is_ok() && second.is_ok();
    let generation = world
        .memory
        .journal()
        .item(&key::generation(&story.execution));
    let raised: usize = generation.unwrap().body.parse().unwrap();
    let wrong = (both && raised != before + 3)
        .then(|| format!("two people began generation {raised}: {}", code(&first)));
    Met {
        over,
        wrong: wrong.into_iter().collect(),
    }
}

/// The conditions that two re-runs ask for.
pub fn asked() -> BTreeSet<Condition> {
    let story = routed("- { id: s, uses: keyed-effect, with: { to: a } }");
    story.run();
    for by in ["ann", "ben"] {
        run_anew(&story, by).unwrap();
        story.run();
    }
    story.world.memory.journal().conditions()
}

#[test]
fn a_generation_and_its_line_say_the_same_and_without_both_two_people_begin_it() {
    let line = Condition(Kind::Decision, Guards::Creation);
    for (guards, before) in [(Guards::Creation, 0), (Guards::Replacement, 1)] {
        let raise = Condition(Kind::Generation, guards);
        let wrong = |ignored: &[Condition]| {
            meetings(
                |ignored, call| run_anew_twice(ignored, call, before),
                ignored,
            )
        };
        for alone in [&[][..], &[line], &[raise]] {
            assert_eq!(wrong(alone), Vec::<String>::new(), "{alone:?}");
        }
        assert_ne!(wrong(&[line, raise]), Vec::<String>::new(), "{guards:?}");
    }
}
