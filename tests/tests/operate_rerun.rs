//! Re-runs: a new generation from a step on, with what earlier steps came to.

use std::collections::BTreeMap;

use holdfast_engine::contract::{Position, advance};
use holdfast_engine::definition::model::Pack;
use holdfast_engine::key;
use holdfast_engine::operate::{Operate, Outcome, Rerun};
use holdfast_engine::port::Ports as _;
use holdfast_engine::route::{Decision, EventEntry};
use holdfast_tests::faulty::When;
use holdfast_tests::ready::ready;
use holdfast_tests::world::{Behaviour, Rest, Story, World, compiled};
use serde_json::json;

use holdfast_tests::desk::{
    Answer, ask, code, deeds, die, dispute, generation, item, operations, ruled,
    survives_every_crash,
};

const STEPS: &str = "- { id: a, uses: keyed-effect, with: { to: x } }\n\
                     - { id: b, uses: raw-effect, with: { to: =steps.a.id } }\n\
                     - { id: c, uses: keyed-effect, if: steps.b.id != '', with: { to: =steps.b.id } }";

/// An execution whose event was routed: its entry is there.
fn routed(steps: &str) -> Story {
    let pack = compiled(steps);
    let story = Story::with(&pack);
    remember(&story, &pack);
    story
}

fn remember(story: &Story, pack: &Pack) {
    let (world, execution) = (&story.world, &story.execution);
    let event = holdfast_engine::id::EventId::from_text("sent:1");
    let record = json!({ "id": "1", "name": "Ann", "status": "new", "version": 1 });
    let context = world.context(event.clone(), Some(record));
    let workflow = &pack.workflows[&execution.workflow];
    let now = world.now();
    let first = advance(
        world.memory.journal(),
        workflow,
        execution,
        &context,
        Position::Start,
        now,
    );
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
            outcome: holdfast_engine::route::Outcome::Started {
                execution: execution.execution.clone(),
                lets: context.lets.clone(),
                dispatch,
            },
        }],
    };
    let key = key::source_event(&execution.home.tenant, &event);
    let body = serde_json::to_string(&entry).unwrap();
    world.memory.journal().seed(key, body);
}

fn rerun(story: &Story, from: &str, again: bool) -> Operate {
    Operate::Rerun(Rerun {
        execution: story.execution.clone(),
        from: from.parse().unwrap(),
        version: None,
        again,
        seen: None,
        by: "ann".to_owned(),
        reason: "the receiver lost it".to_owned(),
    })
}

/// The same, by a person who saw the first generation.
fn seen(request: Operate) -> Operate {
    match request {
        Operate::Rerun(request) => Operate::Rerun(Rerun {
            seen: Some(1),
            ..request
        }),
        other => other,
    }
}

fn steps(answer: Answer) -> (u32, Vec<String>) {
    match answer {
        Ok(Outcome::Rerun {
            generation, steps, ..
        }) => (generation, steps.iter().map(ToString::to_string).collect()),
        other => panic!("{other:?}"),
    }
}

fn failed() -> Story {
    let story = routed(STEPS).plays("b.1", [Behaviour::Permanent]);
    story.run();
    story
}

fn completed() -> Story {
    let story = routed(STEPS);
    story.run();
    story
}

#[test]
fn a_failed_execution_runs_anew_from_a_step_with_what_came_before_it() {
    let story = failed();
    let answer = ask(&story.world, rerun(&story, "b", false));
    assert_eq!(steps(answer), (2, vec!["b.1".to_owned()]));
    let rest = Rest::after(&["a.1", "b.1", "c.1"])
        .closed(&["Refused"])
        .dead(1);
    assert_eq!(story.run(), rest);
    assert_eq!(generation(&story).as_deref(), Some("2"));
    let calls = story.world.effects.all();
    let id = &story.execution.execution;
    assert_eq!(
        calls[1].key,
        format!("{id}:2:b.1"),
        "a new generation is a new effect"
    );
    let deed = deeds(&story.world).remove(0);
    assert_eq!(
        deed.rerun.map(|new| (new.generation, new.sent)),
        Some((2, true))
    );
}

#[test]
fn effects_are_not_repeated_unless_somebody_says_so() {
    let story = completed();
    let answer = ask(&story.world, rerun(&story, "b", false));
    assert_eq!(code(&answer), "EffectsRepeat");
    let message = answer.unwrap_err().to_string();
    assert!(message.ends_with("b.1, c.1"), "{message}");
    assert_eq!(generation(&story), None);
    steps(ask(&story.world, rerun(&story, "b", true)));
    assert_eq!(
        story.run(),
        Rest::after(&["a.1", "b.1", "c.1", "b.1", "c.1"])
    );
}

#[test]
fn an_effect_in_doubt_is_one_that_may_be_repeated() {
    let story = routed(STEPS).plays("b.1", [Behaviour::Unknown(true)]);
    story.run();
    let answer = ask(&story.world, rerun(&story, "a", false));
    assert!(answer.unwrap_err().to_string().ends_with("a.1, b.1"));
    steps(ask(&story.world, rerun(&story, "b", true)));
    assert_eq!(story.run(), Rest::after(&["a.1", "b.1", "b.1", "c.1"]));
    assert!(!operations(&story.world)[0].handling().needs_someone());
}

#[test]
fn a_once_key_that_is_done_suppresses_in_every_generation() {
    let steps_once = "- { id: s, uses: raw-effect, once: event.id, with: { to: a } }";
    let story = routed(steps_once);
    story.run();
    let answer = ask(&story.world, rerun(&story, "s", false)).unwrap();
    let Outcome::Rerun { suppressed, .. } = &answer else {
        panic!("{answer:?}");
    };
    assert_eq!(suppressed.len(), 1, "it is not repeated, and that is said");
    assert_eq!(steps(Ok(answer)), (2, vec!["s.1".to_owned()]));
    assert_eq!(story.run(), Rest::after(&["s.1"]));
    let entry = story
        .seen()
        .entries
        .into_iter()
        .find(|(step, _)| step.contains("#2#"));
    assert!(entry.is_some_and(|(_, entry)| entry.suppressed.is_some()));
}

#[test]
fn a_once_key_that_is_held_waits_for_its_decision_in_every_generation() {
    let steps_once = "- { id: s, uses: raw-effect, once: event.id, with: { to: a } }";
    let story = routed(steps_once).plays("s.1", [Behaviour::Unknown(true)]);
    story.run();
    let held = item(&story.world);
    steps(ask(&story.world, rerun(&story, "s", true)));
    story.world.run_for(std::time::Duration::from_hours(1));
    assert_eq!(item(&story.world), held, "it still asks");
    let ruling = holdfast_engine::operate::Ruling::Done { output: None };
    ask(&story.world, ruled(&story.world, "ben", ruling)).unwrap();
    assert_eq!(story.run(), Rest::after(&["s.1"]));
}

#[test]
fn a_rerun_that_dies_at_any_call_is_ended_by_the_same_rerun() {
    survives_every_crash(
        failed,
        |story| seen(rerun(story, "b", false)),
        |story| drop(story.run()),
    );
}

#[test]
fn a_rerun_that_died_after_its_messages_were_done_raises_nothing_twice() {
    let mut call = 1;
    loop {
        let story = completed();
        let asked = seen(rerun(&story, "b", true));
        if !die(&story.world, asked.clone(), call, When::After) {
            break;
        }
        story.run();
        let _ = ask(&story.world, asked);
        let rest = story.run();
        assert_eq!(rest.arrived.len(), 5, "died after call {call}: {rest:?}");
        call += 1;
    }
    assert!(call > 3);
}

#[test]
fn of_two_people_who_rerun_at_once_one_does() {
    for seed in 0..60 {
        let story = completed();
        let Operate::Rerun(by_ben) = rerun(&story, "b", true) else {
            panic!("a re-run");
        };
        let by_ben = Rerun {
            by: "ben".to_owned(),
            ..by_ben
        };
        let asked = [rerun(&story, "b", true), Operate::Rerun(by_ben)];
        let answers = dispute(&story.world, seed, asked);
        let done = answers.iter().filter(|answer| answer.is_ok()).count();
        assert!(done >= 1, "seed {seed}: {answers:?}");
        let lost = answers
            .iter()
            .filter(|answer| code(answer) == "AlreadyRerun")
            .count();
        assert_eq!(done + lost, 2, "seed {seed}: {answers:?}");
        story.run();
        let raised = generation(&story).and_then(|text| text.parse().ok());
        assert_eq!(
            raised,
            Some(done + 1),
            "seed {seed}: each that is done is a generation"
        );
    }
}

#[test]
fn what_cannot_run_anew_is_refused_by_name() {
    let story = completed();
    assert_eq!(
        code(&ask(&story.world, rerun(&story, "nothing", true))),
        "UnknownStep"
    );
    let Operate::Rerun(request) = rerun(&story, "b", true) else {
        panic!("a re-run");
    };
    let asked = |change: fn(&mut Rerun)| {
        let mut request = request.clone();
        change(&mut request);
        code(&ask(&story.world, Operate::Rerun(request)))
    };
    assert_eq!(
        asked(|it| it.version = Some("feedbeef".to_owned())),
        "UnknownVersion"
    );
    assert_eq!(asked(|it| it.reason.clear()), "ReasonMissing");
    assert_eq!(asked(|it| it.by.clear()), "PersonMissing");
    assert_eq!(
        asked(|it| it.execution.home = "t/deal/2".parse().unwrap()),
        "UnknownExecution"
    );
    assert_eq!(asked(|it| it.version = Some("live".to_owned())), "Ok");
}

#[test]
fn a_version_is_named_by_the_beginning_of_its_hash() {
    let story = completed();
    let pack = compiled(STEPS);
    for (n, version) in [pack.manifest.short().to_owned(), pack.manifest.to_string()]
        .iter()
        .enumerate()
    {
        let Operate::Rerun(request) = rerun(&story, "c", true) else {
            panic!("a re-run");
        };
        let version = Some(version.clone());
        let answer = ask(&story.world, Operate::Rerun(Rerun { version, ..request }));
        assert_eq!(steps(answer).0, u32::try_from(n).unwrap() + 2);
        story.run();
    }
}

#[test]
fn an_execution_that_never_wrote_an_entry_is_found_by_its_failure() {
    let story = routed(STEPS);
    let mut operation = failed();
    let (key, item) = operation
        .world
        .memory
        .journal()
        .items(holdfast_engine::port::Table::Operations, "")
        .remove(0);
    story.world.memory.journal().seed(key, item.body);
    operation.world = World::scripted(1, &compiled(STEPS));
    assert_eq!(steps(ask(&story.world, rerun(&story, "a", false))).0, 2);
}

#[test]
fn every_element_is_done_again_in_a_new_generation() {
    let story = routed(
        "- { id: a, uses: keyed-effect, each: \"=['x', 'y']\", with: { to: =item } }\n\
         - { id: b, uses: keyed-effect, with: { to: \"{{ steps.a[1].id }}\" } }",
    )
    .plays("a.1@001", [Behaviour::Permanent]);
    let rest = Rest::after(&["a.1@000"]).dead(1).open(&["Refused"]);
    assert_eq!(story.run(), rest);
    ask(&story.world, rerun(&story, "a", true)).unwrap();
    let rest = Rest::after(&["a.1@000", "a.1@000", "a.1@001", "b.1"]);
    assert_eq!(story.run(), rest.dead(1).closed(&["Refused"]));
    let keys = story.world.effects.all().into_iter().map(|one| one.key);
    let again = keys.filter(|key| key.contains(":2:")).count();
    assert_eq!(again, 3);
}
