//! Deadlines and outcomes: what was lost does not stay unseen, what someone knows is not said
//! twice, and a timer that comes late, twice or after a crash does no harm.

#[path = "promised/outcomes.rs"]
mod outcomes;
mod promised;

use std::time::Duration;

use holdfast_engine::key;
use holdfast_engine::operation::{ERROR, Status};
use holdfast_engine::port::{Ports as _, Queue as _};
use holdfast_tests::ready::ready;
use holdfast_tests::world::{Behaviour, Rest};
use promised::Promised;

const HOUR: &str = "deadline: 1h";

const TWO: &str = "- { id: s, uses: keyed-effect, retry: [2h], with: { to: a } }\n\
                   - { id: next, uses: raw-effect, with: { to: =steps.s.id } }";

const ASIDE: &str =
    "- { id: s, uses: keyed-effect, async: true, retry: [50m, 2h], with: { to: a } }";

#[test]
fn an_execution_that_ends_in_time_needs_nobody() {
    let promised = Promised::routed(HOUR, TWO);
    assert_eq!(promised.story.run(), Rest::after(&["s.1", "next.1"]));
    assert_eq!(promised.story.world.memory.timers().next_due(), None);
}

#[test]
fn a_lost_message_is_reported_at_the_deadline_and_its_redrive_goes_on() {
    let promised = Promised::routed(HOUR, TWO);
    let lost = promised.lose();
    let rest = promised.story.run();
    assert_eq!(rest, Rest::default().open(&["DeadlineExceeded"]));
    let error = promised.error("DeadlineExceeded");
    assert_eq!(error.envelope, lost.delivery.body);
    assert_eq!(error.message, "the deadline has passed: s.1 never began");
    assert_eq!(error.function, "keyed-effect");
    promised.redrive(&error);
    let rest = Rest::after(&["s.1", "next.1"]).closed(&["DeadlineExceeded"]);
    assert_eq!(promised.story.run(), rest);
}

#[test]
fn a_message_that_was_lost_after_other_steps_is_sent_again_with_their_results() {
    let promised = Promised::routed(HOUR, TWO);
    promised.story.deliver();
    let lost = promised.lose();
    promised.story.run();
    let error = promised.error("DeadlineExceeded");
    assert_eq!(error.envelope, lost.delivery.body);
    assert_eq!(error.step.as_ref().unwrap().to_string(), "next.1");
    promised.redrive(&error);
    let rest = Rest::after(&["s.1", "next.1"]).closed(&["DeadlineExceeded"]);
    assert_eq!(promised.story.run(), rest);
}

#[test]
fn a_lost_element_is_what_its_step_waits_for() {
    let steps = "- { id: s, uses: keyed-effect, each: \"=['x', 'y']\", with: { to: =item } }\n\
                 - { id: next, uses: keyed-effect, with: { to: b } }";
    let promised = Promised::routed(HOUR, steps);
    promised.story.deliver();
    let lost = promised.lose();
    let rest = Rest::after(&["s.1@001"]).open(&["DeadlineExceeded"]);
    assert_eq!(promised.story.run(), rest);
    let error = promised.error("DeadlineExceeded");
    assert_eq!(error.envelope, lost.delivery.body);
    assert_eq!(
        error.message,
        "the deadline has passed: s.1@000 never began"
    );
    promised.redrive(&error);
    let rest = Rest::after(&["s.1@001", "s.1@000", "next.1"]);
    assert_eq!(promised.story.run(), rest.closed(&["DeadlineExceeded"]));
}

#[test]
fn a_message_that_was_only_late_closes_what_its_deadline_opened() {
    let promised = Promised::routed(HOUR, TWO);
    let late = promised.lose();
    assert_eq!(promised.story.run().open, ["DeadlineExceeded"]);
    promised.story.world.memory.queue().resurrect(&late);
    let rest = Rest::after(&["s.1", "next.1"]).closed(&["DeadlineExceeded"]);
    assert_eq!(promised.story.run(), rest);
}

#[test]
fn a_lost_message_of_an_aside_is_found_although_the_execution_ended() {
    let promised = Promised::routed(HOUR, ASIDE);
    promised.lose();
    assert_eq!(promised.story.run().open, ["DeadlineExceeded"]);
}

#[test]
fn an_aside_that_is_tried_again_goes_on_by_itself() {
    let promised = Promised::routed(HOUR, ASIDE).plays([Behaviour::Transient(None)]);
    assert_eq!(promised.story.run(), Rest::after(&["s.1"]));
}

#[test]
fn a_step_that_is_still_tried_at_the_deadline_is_reported_and_its_success_closes_it() {
    let promised = Promised::routed(HOUR, TWO).plays([Behaviour::Transient(None)]);
    let rest = Rest::after(&["s.1", "next.1"]).closed(&["DeadlineExceeded"]);
    assert_eq!(promised.story.run(), rest);
    let message = promised.error("DeadlineExceeded").message;
    assert!(message.contains("s.1 is to be tried again at"), "{message}");
}

/// A step that waits for noon, and one after it. It is eight.
fn at_noon(more: &str) -> String {
    format!(
        "- {{ id: s, uses: call-desk, via: desk, {more}with: {{ to: a }} }}\n\
         - {{ id: next, uses: raw-effect, with: {{ to: b }} }}"
    )
}

#[test]
fn a_deadline_does_not_wait_for_hours_and_the_step_that_did_closes_it() {
    let promised = Promised::routed(HOUR, &at_noon(""));
    promised.story.world.run_for(Duration::from_hours(2));
    let error = promised.error("DeadlineExceeded");
    assert_eq!(error.handling.status, Status::Open);
    assert_eq!(error.message, "the deadline has passed: s.1 never began");
    let rest = Rest::after(&["s.1", "next.1"]).closed(&["DeadlineExceeded"]);
    assert_eq!(promised.story.run(), rest);
}

#[test]
fn a_redrive_of_what_waits_for_its_hours_waits_too_and_nothing_happens_twice() {
    let promised = Promised::routed(HOUR, &at_noon(""));
    promised.story.world.run_for(Duration::from_hours(2));
    promised.redrive(&promised.error("DeadlineExceeded"));
    let rest = Rest::after(&["s.1", "next.1"]).closed(&["DeadlineExceeded"]);
    assert_eq!(promised.story.run(), rest);
}

#[test]
fn hours_that_open_before_the_deadline_need_nobody() {
    let promised = Promised::routed("deadline: 5h", &at_noon(""));
    assert_eq!(promised.story.run(), Rest::after(&["s.1", "next.1"]));
}

#[test]
fn a_step_that_expires_before_its_hours_open_leaves_nothing_to_its_deadline() {
    let expires = "expires: \"=now + duration('2h')\", ";
    let promised = Promised::routed(HOUR, &at_noon(expires));
    assert_eq!(promised.story.run(), Rest::after(&["next.1"]));
    assert_eq!(promised.story.entry("s.1").state.name(), "skipped");
}

#[test]
fn a_failure_that_someone_sees_is_not_said_twice() {
    let promised = Promised::routed(HOUR, TWO).plays([Behaviour::Permanent]);
    let rest = Rest::default().dead(1).open(&["Refused"]);
    assert_eq!(promised.story.run(), rest);
    let promised = Promised::routed(HOUR, TWO);
    let doubt = [Behaviour::Unknown(true)];
    promised.story.world.script.add("next.1", doubt);
    let rest = Rest::after(&["s.1", "next.1"]).reviews(&["next.1 OutcomeUnknown"]);
    assert_eq!(promised.story.run(), rest);
}

#[test]
fn a_failure_that_a_person_settled_stays_settled() {
    let promised = Promised::routed(HOUR, TWO).plays([Behaviour::Permanent]);
    promised.pass(Duration::from_mins(5));
    promised.resolve("Refused");
    let rest = Rest::default().dead(1).closed(&["Refused"]);
    assert_eq!(promised.story.run(), rest);
}

#[test]
fn a_failure_whose_error_record_is_gone_is_reported() {
    let promised = Promised::routed(HOUR, TWO).plays([Behaviour::Permanent]);
    promised.pass(Duration::ZERO);
    let error = promised.error("Refused");
    let key = key::operation(&promised.story.execution.home.tenant, ERROR, &error.id);
    promised.story.world.memory.journal().forget(&key);
    assert_eq!(promised.story.run().open, ["DeadlineExceeded"]);
}

#[test]
fn a_redrive_that_was_accepted_and_then_lost_is_reported() {
    let again = [Behaviour::Permanent, Behaviour::Transient(None)];
    let promised = Promised::routed(HOUR, TWO).plays(again);
    while promised.story.world.deliver().is_some() {}
    promised.story.world.redrive();
    promised.story.deliver();
    assert_eq!(promised.story.state("s.1"), "retrying");
    promised.story.world.memory.queue().lose_all();
    let rest = Rest::default()
        .open(&["DeadlineExceeded"])
        .closed(&["Refused"]);
    assert_eq!(promised.story.run(), rest);
}

#[test]
fn a_timer_that_comes_twice_or_late_reports_once() {
    let promised = Promised::routed(HOUR, TWO);
    let timer = promised.story.world.memory.timers().armed().remove(0);
    promised.lose();
    promised.story.run();
    let settled = promised.resolve("DeadlineExceeded");
    for _ in 0..2 {
        let memory = &promised.story.world.memory;
        memory.clock().advance(Duration::from_hours(50));
        ready(memory.queue().send(vec![timer.message.clone()])).unwrap();
        promised.story.run();
        assert_eq!(promised.error("DeadlineExceeded"), settled);
    }
}

#[test]
fn a_replayed_event_arms_the_same_timers() {
    let promise =
        "deadline: 1mo\noutcome: { expect: { record: record.status == 'won' }, within: 1y }";
    let promised = Promised::routed(promise, TWO);
    let memory = &promised.story.world.memory;
    let armed = memory.timers().armed();
    assert_eq!(armed.len(), 2);
    memory.clock().advance(Duration::from_secs(90));
    memory.queue().lose_all();
    promised.send_start();
    promised.story.deliver();
    assert_eq!(memory.timers().armed(), armed);
}

#[test]
fn a_deadline_in_months_is_counted_on_the_calendar() {
    let promised = Promised::routed("deadline: 1mo", TWO);
    let start = promised.story.world.now();
    let due = promised.story.world.memory.timers().next_due().unwrap();
    assert_eq!(start.to_string(), "2027-01-15T08:00:00Z");
    assert_eq!(due.to_string(), "2027-02-15T08:00:00Z");
}

#[test]
fn an_execution_that_was_run_again_is_left_to_who_did_it() {
    let promised = Promised::routed(HOUR, TWO);
    promised.lose();
    let generation = key::generation(&promised.story.execution);
    let journal = promised.story.world.memory.journal();
    journal.seed(generation, "2".to_owned());
    assert_eq!(promised.story.run(), Rest::default());
}

#[test]
fn a_rerun_has_its_own_deadline_and_its_lost_message_is_redriven() {
    let promised = Promised::routed(HOUR, TWO);
    promised.story.run();
    promised.rerun("next");
    let lost = promised.lose();
    let start = promised.story.world.now();
    let due = promised.story.world.memory.timers().next_due();
    assert_eq!(due, Some(start + Duration::from_hours(1)));
    let rest = promised.story.run();
    assert_eq!(rest.open, ["DeadlineExceeded"]);
    let error = promised.error("DeadlineExceeded");
    assert_eq!(error.envelope, lost.delivery.body);
    assert_eq!(error.message, "the deadline has passed: next.1 never began");
    promised.redrive(&error);
    let rest = promised.story.run();
    assert_eq!((rest.open.len(), rest.arrived.len()), (0, 3));
}

#[test]
fn a_rerun_that_was_run_again_has_no_deadline_any_more() {
    let promised = Promised::routed(HOUR, TWO);
    promised.story.run();
    promised.rerun("next");
    promised.lose();
    promised.rerun("next");
    let rest = promised.story.run();
    assert_eq!((rest.open.len(), rest.arrived.len()), (0, 3));
}

#[test]
fn a_deleted_record_hides_no_lost_message() {
    let promised = Promised::routed(HOUR, TWO);
    promised.lose();
    promised.keep("new", true);
    assert_eq!(promised.story.run().open, ["DeadlineExceeded"]);
}

#[test]
fn a_version_that_is_not_there_is_asked_for_again_and_then_reported() {
    let promised = Promised::routed(HOUR, TWO);
    let mut timer = promised.story.world.memory.timers().armed().remove(0);
    timer.message.body = timer.message.body.replace(r#""hash":""#, r#""hash":"0"#);
    let memory = &promised.story.world.memory;
    ready(memory.queue().send(vec![timer.message])).unwrap();
    let rest = promised.story.run();
    assert_eq!(rest.open, ["DefinitionMissing"]);
    assert_eq!(rest.dead, 1);
}

#[test]
fn steps_that_are_undone_are_watched_too() {
    let undo = "retry: [2h], compensate: { uses: raw-effect, with: { to: b } }";
    let promised = Promised::routed(HOUR, &TWO.replace("retry: [2h]", undo));
    promised
        .story
        .world
        .script
        .add("next.1", [Behaviour::Permanent]);
    promised.story.deliver();
    while promised.story.state("next.1") != "gave-up" {
        promised.story.deliver();
    }
    promised.story.world.memory.queue().lose_all();
    let rest = promised.story.run();
    assert_eq!(rest.open, ["DeadlineExceeded", "Refused"]);
    let error = promised.error("DeadlineExceeded");
    assert_eq!(error.step.as_ref().unwrap().to_string(), "s.undo");
    promised.redrive(&error);
    let rest = promised.story.run();
    assert_eq!(rest.arrived, ["s.1", "s.undo"]);
    assert_eq!(rest.closed, ["DeadlineExceeded"]);
}
