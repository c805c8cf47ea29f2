//! What people decide about steps: tried again, done, rejected.

use std::time::Duration;

use holdfast_engine::operate::{Operate, Outcome, Ruling};
use holdfast_engine::operation::{Choice, Status};
use holdfast_engine::port::Ports as _;
use holdfast_engine::timeline::{self, Glossary, What};
use holdfast_tests::ready::ready;
use holdfast_tests::world::{Behaviour, Rest, Story, World};
use serde_json::json;

use holdfast_tests::desk::{
    ask, code, deeds, die, dispute, item, operations, ruled, status, survives_every_crash, trace,
};

const STEPS: &str = "- { id: s, uses: raw-effect, once: event.id, with: { to: a } }\n\
                     - { id: next, uses: keyed-effect, with: { to: =steps.s.id } }";

/// An effect that may have happened, and holds its `once` key.
fn doubtful() -> Story {
    let story = Story::of(STEPS).plays("s.1", [Behaviour::Unknown(true)]);
    story.run();
    assert_eq!(story.state("s.1"), "unknown");
    story
}

/// A step that failed for good.
fn failed() -> Story {
    let story = Story::of(STEPS).plays("s.1", [Behaviour::Permanent]);
    story.run();
    assert_eq!(story.state("s.1"), "failed");
    story.world.memory.clock().advance(Duration::from_mins(5));
    story
}

fn done() -> Ruling {
    Ruling::Done {
        output: Some(json!({ "id": "given" })),
    }
}

#[test]
fn an_effect_in_doubt_that_a_person_retries_may_happen_twice_and_goes_on() {
    let story = doubtful();
    let asked = ruled(&story.world, "ann", Ruling::Retry);
    let Outcome::Decided { note, choice, .. } = ask(&story.world, asked).unwrap() else {
        panic!("it is decided");
    };
    assert_eq!(choice, Choice::Retry);
    assert!(note.is_some_and(|note| note.contains("twice")));
    assert_eq!(story.run(), Rest::after(&["s.1", "s.1", "next.1"]));
    assert_eq!(story.state("s.1"), "succeeded");
    assert_eq!(status(&story.world), Status::Closed);
    let deeds = deeds(&story.world);
    assert_eq!((deeds[0].by.as_str(), deeds.len()), ("ann", 1));
    assert_eq!(deeds[0].reason.as_deref(), Some("because"));
}

#[test]
fn a_retry_that_ends_in_doubt_again_asks_again() {
    let story = doubtful().plays("s.1", [Behaviour::Unknown(false)]);
    ask(&story.world, ruled(&story.world, "ann", Ruling::Retry)).unwrap();
    story.run();
    assert_eq!(story.state("s.1"), "unknown");
    assert_eq!(status(&story.world), Status::Open);
    ask(&story.world, ruled(&story.world, "ben", Ruling::Retry)).unwrap();
    story.run();
    assert_eq!(story.state("s.1"), "succeeded");
    assert_eq!(deeds(&story.world).len(), 2);
}

#[test]
fn an_effect_that_a_person_says_happened_is_not_repeated_and_the_rest_goes_on_with_its_result() {
    let story = doubtful();
    ask(&story.world, ruled(&story.world, "ann", done())).unwrap();
    assert_eq!(story.run(), Rest::after(&["s.1", "next.1"]));
    assert_eq!(story.entry("s.1").output, Some(json!({ "id": "given" })));
    assert_eq!(trace(&story).claims, ["done"]);
}

#[test]
fn an_effect_that_a_person_rejects_fails_and_frees_its_key() {
    let story = doubtful();
    ask(&story.world, ruled(&story.world, "ann", Ruling::Reject)).unwrap();
    assert_eq!(story.run(), Rest::after(&["s.1"]));
    assert_eq!(story.state("s.1"), "failed");
    assert_eq!(status(&story.world), Status::Closed);
    assert!(trace(&story).claims.is_empty());
}

#[test]
fn a_failed_step_is_retried_from_where_it_failed() {
    let story = failed();
    ask(&story.world, ruled(&story.world, "ann", Ruling::Retry)).unwrap();
    let rest = Rest::after(&["s.1", "next.1"]).closed(&["Refused"]);
    assert_eq!(story.run(), rest);
    let again = operations(&story.world)[0].handling().clone();
    assert_eq!(again.redriven.map(|mark| mark.by).as_deref(), Some("ann"));
}

#[test]
fn a_failed_step_that_was_done_by_hand_goes_on() {
    let story = failed();
    ask(&story.world, ruled(&story.world, "ann", done())).unwrap();
    let rest = Rest::after(&["next.1"]).closed(&["Refused"]).dead(1);
    assert_eq!(story.run(), rest);
    assert_eq!(trace(&story).claims, ["done"]);
}

#[test]
fn a_failed_step_that_is_resolved_stays_failed() {
    for ruling in [Ruling::Resolve, Ruling::Reject] {
        let story = failed();
        ask(&story.world, ruled(&story.world, "ann", ruling)).unwrap();
        assert_eq!(story.run(), Rest::default().closed(&["Refused"]).dead(1));
        assert_eq!(story.state("s.1"), "failed");
    }
}

#[test]
fn deciding_twice_is_refused_with_who_and_when() {
    for ruling in [done(), Ruling::Reject, Ruling::Retry] {
        let story = doubtful();
        let asked = ruled(&story.world, "ann", ruling);
        ask(&story.world, asked.clone()).unwrap();
        let before = trace(&story);
        for by in ["ann", "ben"] {
            let Operate::Decide(mut again) = asked.clone() else {
                continue;
            };
            again.by = by.to_owned();
            let answer = ask(&story.world, Operate::Decide(again));
            assert_eq!(code(&answer), "AlreadyDecided", "{answer:?}");
            assert!(answer.unwrap_err().to_string().starts_with("ann decided"));
        }
        assert_eq!(trace(&story), before);
    }
}

#[test]
fn of_two_people_one_decides() {
    for seed in 0..60 {
        for rulings in [
            [done(), Ruling::Reject],
            [Ruling::Retry, done()],
            [Ruling::Reject, Ruling::Retry],
        ] {
            let story = doubtful();
            let [first, second] = rulings;
            let asked = [
                ruled(&story.world, "ann", first),
                ruled(&story.world, "ben", second),
            ];
            let answers = dispute(&story.world, seed, asked);
            let mut codes = answers.each_ref().map(code);
            codes.sort_unstable();
            assert_eq!(codes, ["AlreadyDecided", "Ok"], "seed {seed}: {answers:?}");
            let trace = trace(&story);
            assert_eq!((trace.deeds.len(), trace.unsettled.len()), (1, 0));
        }
    }
}

#[test]
fn of_two_people_who_retry_a_failure_at_once_nobody_repeats_its_effect() {
    for seed in 0..60 {
        let story = failed();
        let asked = ["ann", "ben"].map(|by| ruled(&story.world, by, Ruling::Retry));
        let answers = dispute(&story.world, seed, asked);
        assert!(answers.iter().any(Result::is_ok), "{answers:?}");
        let rest = Rest::after(&["s.1", "next.1"]).closed(&["Refused"]);
        assert_eq!(story.run(), rest, "seed {seed}");
    }
}

#[test]
fn a_decision_that_dies_at_any_call_is_ended_by_the_same_decision() {
    for ruling in [Ruling::Retry, done(), Ruling::Reject] {
        let asked = |story: &Story| ruled(&story.world, "ann", ruling.clone());
        survives_every_crash(doubtful, asked, |story| drop(story.run()));
    }
    for ruling in [done(), Ruling::Reject, Ruling::Resolve, Ruling::Retry] {
        let asked = |story: &Story| ruled(&story.world, "ann", ruling.clone());
        survives_every_crash(failed, asked, |story| drop(story.run()));
    }
}

#[test]
fn a_decision_that_was_begun_is_ended_by_anybody_but_not_changed() {
    let story = doubtful();
    let asked = ruled(&story.world, "ann", done());
    let item = item(&story.world);
    let mut call = 1;
    while operations(&story.world)[0].handling().decision.is_none() {
        die(
            &story.world,
            asked.clone(),
            call,
            holdfast_tests::faulty::When::After,
        );
        call += 1;
    }
    assert_eq!(
        status(&story.world),
        Status::Claimed,
        "it still needs someone"
    );
    assert_eq!(story.world.memory.queue().len(), 0);
    let answer = ask(&story.world, ruled(&story.world, "ben", Ruling::Reject));
    assert_eq!(code(&answer), "AlreadyDecided");
    let Operate::Decide(mut by_ben) = asked else {
        panic!("a decision");
    };
    (by_ben.by, by_ben.item) = ("ben".to_owned(), item);
    ask(&story.world, Operate::Decide(by_ben)).unwrap();
    assert_eq!(story.run(), Rest::after(&["s.1", "next.1"]));
    assert_eq!(trace(&story).deeds, ["Done s.1 by ann"]);
}

const UNDOABLE: &str = "- { id: pay, uses: keyed-effect, with: { to: a }, compensate: { uses: keyed-effect, with: { to: b } } }\n\
    - { id: s, uses: raw-effect, with: { to: a } }";

#[test]
fn an_effect_that_a_person_rejects_undoes_what_came_before_it() {
    let open = || {
        let story = Story::of(UNDOABLE).plays("s.1", [Behaviour::Unknown(false)]);
        story.run();
        story
    };
    let asked = |story: &Story| ruled(&story.world, "ann", Ruling::Reject);
    let story = open();
    ask(&story.world, asked(&story)).unwrap();
    assert_eq!(story.run(), Rest::after(&["pay.1", "pay.undo"]));
    assert_eq!(story.state("s.1"), "gave-up");
    survives_every_crash(open, asked, |story| drop(story.run()));
}

#[test]
fn a_step_whose_forerunners_are_undone_is_neither_retried_nor_done() {
    let story = Story::of(UNDOABLE).plays("s.1", [Behaviour::Permanent]);
    story.run();
    story.world.memory.clock().advance(Duration::from_mins(5));
    let retry = ask(&story.world, ruled(&story.world, "ann", Ruling::Retry));
    assert_eq!(code(&retry), "NotRedrivable");
    assert_eq!(
        code(&ask(&story.world, ruled(&story.world, "ann", done()))),
        "StepMovedOn"
    );
    ask(&story.world, ruled(&story.world, "ann", Ruling::Resolve)).unwrap();
}

#[test]
fn a_step_that_went_on_by_itself_is_not_declared_done() {
    let story = doubtful();
    let asked = ruled(&story.world, "ann", done());
    let generation = holdfast_engine::key::generation(&story.execution);
    story
        .world
        .memory
        .journal()
        .seed(generation, "2".to_owned());
    let retry = ask(&story.world, ruled(&story.world, "ann", Ruling::Retry));
    assert_eq!(code(&retry), "StepMovedOn");
    ask(&story.world, asked).unwrap();
    assert_eq!(
        story.run(),
        Rest::after(&["s.1"]),
        "an old generation goes nowhere"
    );
    assert_eq!(trace(&story).claims, ["done"]);
}

#[test]
fn the_timeline_tells_who_decided_what_and_why_before_what_came_of_it() {
    let story = doubtful();
    ask(&story.world, ruled(&story.world, "ann", done())).unwrap();
    story.run();
    let home = World::home();
    let glossary = Glossary::default();
    let told = ready(timeline::of_record(
        story.world.memory.journal(),
        &home,
        &glossary,
    ))
    .unwrap();
    let place = |wanted: &dyn Fn(&What) -> bool| told.lines.iter().position(|it| wanted(&it.what));
    let person = place(&|what| matches!(what, What::Person(_))).expect("a line");
    let step = place(&|what| matches!(what, What::Step(step) if step.step == "s.1"));
    assert!(step.is_some_and(|step| person < step));
    let line = serde_json::to_value(&told.lines[person]).unwrap();
    assert_eq!(
        (&line["kind"], &line["what"]),
        (&json!("person"), &json!("done"))
    );
    assert_eq!(
        (&line["by"], &line["reason"]),
        (&json!("ann"), &json!("because"))
    );
    assert_eq!(line["execution"], json!(story.execution.to_string()));
}
