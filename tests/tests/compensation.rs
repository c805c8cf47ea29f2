//! Compensation: what succeeded is undone in reverse when a later step fails for good, once, and
//! whatever crashes or comes twice.

use holdfast_engine::entry::End;
use holdfast_engine::id::EventId;
use holdfast_engine::key;
use holdfast_engine::port::{Ports as _, Verdict};
use holdfast_tests::faulty::{Interrupted, Schedule, When};
use holdfast_tests::world::{Behaviour, Rest, Story, Witness};
use serde_json::json;

const TRIP: &str = "- { id: hotel, uses: keyed-effect, with: { to: a }, compensate: { uses: raw-effect, with: { to: =steps.hotel.id } } }\n\
    - { id: tell, uses: keyed-effect, async: true, with: { to: b } }\n\
    - { id: seat, uses: raw-effect, with: { to: c } }\n\
    - { id: car, uses: keyed-effect, with: { to: d }, compensate: { uses: keyed-effect, retry: [5s], with: { to: =steps.car.id } } }\n\
    - { id: pay, uses: raw-effect, retry: [5s], with: { to: e }, fallback: [ { uses: keyed-effect, retry: [5s], with: { to: f } } ] }\n\
    - { id: last, uses: keyed-effect, with: { to: g } }";

const DONE: [&str; 4] = ["hotel.1", "tell.1", "seat.1", "car.1"];

fn broken() -> Story {
    Story::of(TRIP)
        .plays("pay.1", [Behaviour::Permanent])
        .plays("pay.2", [Behaviour::Permanent])
}

fn sorted(mut rest: Rest) -> Rest {
    rest.arrived.sort();
    rest
}

fn after(more: &[&str]) -> Rest {
    let arrived: Vec<&str> = DONE.iter().chain(more).copied().collect();
    sorted(Rest::after(&arrived))
}

/// Whether the execution ended because everything that it had done is undone.
fn compensated(story: &Story) -> bool {
    let dispatch = story.entry("hotel.undo").dispatch;
    dispatch.is_some_and(|dispatch| dispatch.end == Some(End::Compensated))
}

#[test]
fn what_succeeded_is_undone_in_reverse_once_no_way_goes_on() {
    let story = broken();
    let rest = story.run();
    assert_eq!(rest.arrived[4..], ["car.undo", "hotel.undo"]);
    assert_eq!(
        sorted(rest),
        after(&["car.undo", "hotel.undo"])
            .dead(1)
            .open(&["Refused"])
    );
    assert_eq!(story.state("pay.1"), "fell-back");
    assert_eq!(story.state("pay.2"), "gave-up");
    assert_eq!(story.state("last.1"), "none");
    assert!(compensated(&story));
}

#[test]
fn a_compensation_reads_the_result_of_its_step_and_keeps_it() {
    let story = broken();
    story.run();
    let undone = story
        .world
        .effects
        .all()
        .into_iter()
        .find(|one| one.key.ends_with("car.undo"));
    assert_eq!(
        undone.unwrap().key,
        format!("{}:1:car.undo", story.execution.execution)
    );
}

#[test]
fn a_refused_change_for_good_undoes_what_came_before_it() {
    let steps = "- { id: hotel, uses: keyed-effect, with: { to: a }, compensate: { uses: keyed-effect, with: { to: b } } }\n\
                 - { id: win, uses: update-record, with: { status: won } }";
    let refused = Behaviour::Give(json!({ "refused": true }));
    let story = Story::of(steps).plays("win.1", [refused.clone()]);
    let rest = story.run();
    assert_eq!(rest.open, ["Refused"]);
    assert!(compensated(&story));
    let continued = steps.replace("{ status: won } }", "{ status: won }, refused: continue }");
    let story = Story::of(&continued).plays("win.1", [refused.clone()]);
    story.run();
    assert_eq!(story.state("hotel.undo"), "none");
    let stopped = continued.replace("continue", "stop");
    let story = Story::of(&stopped).plays("win.1", [refused]);
    story.run();
    assert_eq!(story.state("hotel.undo"), "none");
}

#[test]
fn a_change_that_was_refused_is_not_undone() {
    let steps = "- { id: win, uses: update-record, with: { status: won }, refused: continue, compensate: { uses: keyed-effect, with: { to: b } } }\n\
                 - { id: pay, uses: keyed-effect, with: { to: c } }";
    let story = Story::of(steps)
        .plays("win.1", [Behaviour::Give(json!({ "refused": true }))])
        .plays("pay.1", [Behaviour::Permanent]);
    story.run();
    assert_eq!(story.state("win.undo"), "none");
    assert_eq!(story.state("pay.1"), "failed");
}

#[test]
fn a_compensation_whose_condition_is_false_is_passed_over_with_its_reason() {
    let steps = TRIP.replace(
        "{ uses: keyed-effect, retry: [5s], with: { to: =steps.car.id } }",
        "{ uses: keyed-effect, if: steps.car.id == 'free', with: { to: =steps.car.id } }",
    );
    let story = Story::of(&steps)
        .plays("pay.1", [Behaviour::Permanent])
        .plays("pay.2", [Behaviour::Permanent]);
    let rest = story.run();
    assert_eq!(
        sorted(rest),
        after(&["hotel.undo"]).dead(1).open(&["Refused"])
    );
    let skipped = story.entry("pay.2").dispatch.unwrap().skipped;
    assert_eq!(skipped[0].step.as_str(), "car.undo");
    assert_eq!(skipped[0].reason, "if: steps.car.id == 'free' is false");
}

#[test]
fn nothing_is_undone_while_an_outcome_is_in_doubt_or_when_an_aside_fails() {
    let story = Story::of(TRIP).plays("pay.1", [Behaviour::Unknown(true)]);
    let rest = story.run();
    assert_eq!(
        sorted(rest),
        after(&["pay.1"]).reviews(&["pay.1 OutcomeUnknown"])
    );
    let story = Story::of(TRIP).plays("tell.1", [Behaviour::Permanent]);
    let rest = story.run();
    assert_eq!(rest.open, ["Refused"]);
    assert_eq!(story.state("tell.1"), "failed");
    assert_eq!(story.state("last.1"), "succeeded");
    assert_eq!(story.state("car.undo"), "none");
}

#[test]
fn a_redrive_after_compensation_has_begun_never_runs_the_failed_step_again() {
    let story = broken();
    story.run();
    let attempts = story.world.script.attempts();
    assert_eq!(story.world.redrive(), 1);
    assert_eq!(story.deliver(), Verdict::Acknowledge);
    let rest = story.run();
    assert_eq!(
        sorted(rest),
        after(&["car.undo", "hotel.undo"]).open(&["Refused"])
    );
    assert_eq!(
        story.world.script.attempts(),
        attempts,
        "nothing acted again"
    );
}

#[test]
fn a_new_generation_undoes_only_what_it_did_itself() {
    let story = broken();
    story.run();
    let generation = key::generation(&story.execution);
    story
        .world
        .memory
        .journal()
        .seed(generation, "2".to_owned());
    let story = story.plays("seat.1", [Behaviour::Permanent]);
    let context = story.world.context(EventId::from_text("sent:1"), None);
    story.world.dispatch(&story.execution, 2, &context);
    story.run();
    let seen = Witness::of(&story.world);
    let state = |step: &str| {
        let entry = seen
            .entries
            .get(&format!("{}#2#{step}", story.execution.execution));
        entry.map_or("none", |entry| entry.state.name())
    };
    assert_eq!(
        [state("seat.1"), state("hotel.undo"), state("car.undo")],
        ["gave-up", "succeeded", "none"]
    );
}

#[test]
fn a_compensation_that_fails_takes_the_error_route_and_the_rest_follows_its_redrive() {
    let story = broken().plays("car.undo", [Behaviour::Permanent]);
    let rest = story.run();
    assert_eq!(
        sorted(rest),
        after(&[]).dead(2).open(&["Refused", "Refused"])
    );
    assert_eq!(story.state("car.undo"), "failed");
    assert_eq!(story.state("hotel.undo"), "none");
    story.world.redrive();
    let rest = story.run();
    let expected = after(&["car.undo", "hotel.undo"])
        .open(&["Refused"])
        .closed(&["Refused"]);
    assert_eq!(sorted(rest), expected);
    assert!(compensated(&story));
}

#[test]
fn a_compensation_in_doubt_waits_for_a_person() {
    let story = broken().plays("hotel.undo", [Behaviour::Unknown(true)]);
    let rest = story.run();
    let expected = after(&["car.undo", "hotel.undo"])
        .dead(1)
        .open(&["Refused"]);
    assert_eq!(
        sorted(rest),
        expected.reviews(&["hotel.undo OutcomeUnknown"])
    );
}

#[test]
fn a_failure_that_is_delivered_again_sends_the_same_compensation() {
    let story = Story::of("- { id: hotel, uses: keyed-effect, with: { to: a }, compensate: { uses: keyed-effect, with: { to: b } } }\n\
                           - { id: pay, uses: raw-effect, with: { to: c } }")
        .plays("pay.1", [Behaviour::Permanent]);
    story.deliver();
    assert_eq!(story.deliver(), Verdict::Fail);
    let sent = story.world.memory.queue().bodies("keyed-effect");
    assert_eq!(sent.len(), 1);
    let rest = story.run();
    assert_eq!(rest.arrived, ["hotel.1", "hotel.undo"]);
    assert_eq!(rest.dead, 1);
    for body in story.world.memory.queue().bodies("keyed-effect") {
        assert_eq!(body, sent[0]);
    }
}

#[test]
fn a_crash_at_any_port_call_leaves_everything_undone_once() {
    let mut calls = 0;
    for when in [When::Before, When::After] {
        for call in 1.. {
            let again = [Behaviour::Permanent, Behaviour::Permanent];
            let story = broken().plays("pay.1", again.clone()).plays("pay.2", again);
            story
                .world
                .faults
                .schedule(Schedule::Nth(call, Interrupted::crash(when)));
            let rest = story.run();
            let met = story.world.faults.calls() >= call;
            if !met {
                break;
            }
            calls += 1;
            check_end(&story, &rest, &format!("a crash {when:?} call {call}"));
        }
    }
    assert!(calls > 60, "{calls} calls");
}

/// A crash leaves what the calm run leaves, or an effect in doubt that a person sees.
fn check_end(story: &Story, rest: &Rest, what: &str) {
    let raw = ["seat.1", "hotel.undo"];
    for key in raw {
        assert!(
            rest.arrived.iter().filter(|one| *one == key).count() <= 1,
            "{key} after {what}"
        );
    }
    if rest.reviews.is_empty() {
        assert!(compensated(story), "{rest:?} after {what}");
        assert_eq!(rest.open, ["Refused"], "after {what}");
    } else {
        assert_eq!(rest.reviews.len(), 1, "{rest:?} after {what}");
    }
    assert_eq!(rest.queued, 0, "after {what}");
}
