//! Outcomes: the business result that must follow an execution, looked for once it is due.

use std::time::Duration;

use holdfast_engine::key;
use holdfast_engine::operation::ERROR;
use holdfast_engine::port::{Ports as _, Queue as _};
use holdfast_engine::timeline::{Glossary, What, of_record};
use holdfast_tests::faulty::{Interrupted, Schedule, When};
use holdfast_tests::ready::ready;
use holdfast_tests::world::{Behaviour, Rest};

use crate::promised::Promised;

const WON: &str = "outcome: { expect: { record: record.status == 'won' }, within: 1d }";

const READ: &str = "outcome: { expect: mail.read, within: 1d }";

const SEEN: &str = "outcome: { expect: mail.seen, within: 1d }";

const ONE: &str = "- { id: s, uses: raw-effect, with: { to: a } }";

const UNDONE: &str = "- { id: s, uses: raw-effect, with: { to: a }, compensate: { uses: raw-effect, with: { to: b } } }\n\
                      - { id: next, uses: raw-effect, with: { to: c } }";

fn verdict(promised: &Promised) -> &'static str {
    promised
        .outcome()
        .map_or("none", |entry| entry.verdict.name())
}

#[test]
fn a_record_that_came_to_its_state_is_an_outcome_met() {
    let promised = Promised::routed(WON, ONE);
    promised.keep("won", false);
    assert_eq!(promised.story.run(), Rest::after(&["s.1"]));
    assert_eq!(verdict(&promised), "met");
}

#[test]
fn an_outcome_that_did_not_follow_is_an_error_with_its_reason() {
    let promised = Promised::routed(WON, ONE);
    let rest = Rest::after(&["s.1"]).open(&["OutcomeMissing"]);
    assert_eq!(promised.story.run(), rest);
    let error = promised.error("OutcomeMissing");
    let reason = "the outcome of w did not follow: record.status == 'won' is false";
    assert_eq!(error.message, reason);
    assert_eq!(verdict(&promised), "missed");
}

#[test]
fn the_outcome_of_a_rerun_is_looked_for_anew() {
    let promised = Promised::routed(WON, ONE);
    promised.story.run();
    promised.resolve("OutcomeMissing");
    promised.rerun("s");
    let rest = promised.story.run();
    assert_eq!(rest.open, ["OutcomeMissing"], "it is missing again");
    assert_eq!(promised.outcome().unwrap().generation, 2);
    promised.rerun("s");
    promised.keep("won", false);
    assert_eq!(promised.story.run().open, [""; 0]);
    assert_eq!(verdict(&promised), "met");
}

#[test]
fn the_outcome_of_what_was_run_again_is_not_missed_before_its_time() {
    let promised = Promised::routed(WON, ONE);
    promised.story.deliver();
    promised.pass(Duration::from_hours(23));
    promised.rerun("s");
    promised.pass(Duration::from_hours(2));
    assert_eq!(promised.outcome(), None);
    promised.keep("won", false);
    assert_eq!(promised.story.run().open, [""; 0]);
    assert_eq!(verdict(&promised), "met");
}

#[test]
fn an_event_counts_whether_it_started_something_or_not() {
    for (promise, name) in [(READ, "read"), (SEEN, "seen")] {
        let promised = Promised::routed(promise, ONE);
        promised.mail(name);
        assert_eq!(promised.story.run().open, [""; 0], "{name}");
        assert_eq!(verdict(&promised), "met", "{name}");
    }
}

#[test]
fn an_event_from_before_the_start_or_of_another_name_does_not_count() {
    let promised = Promised::of(READ, ONE);
    let start = promised.lose();
    promised.mail("read");
    promised.story.deliver();
    let memory = &promised.story.world.memory;
    memory.clock().advance(std::time::Duration::from_secs(1));
    memory.queue().resurrect(&start);
    promised.mail("seen");
    assert_eq!(promised.story.run().open, ["OutcomeMissing"]);
    let reason = promised
        .outcome()
        .unwrap()
        .verdict
        .reason()
        .unwrap()
        .to_owned();
    assert!(
        reason.starts_with("no event mail.read came since 2027"),
        "{reason}"
    );
}

#[test]
fn a_missed_outcome_that_is_looked_for_again_closes_once_it_came() {
    let promised = Promised::routed(WON, ONE);
    promised.story.run();
    let error = promised.error("OutcomeMissing");
    promised.redrive(&error);
    assert_eq!(
        promised.story.run().open,
        ["OutcomeMissing"],
        "it still did not"
    );
    promised.keep("won", false);
    promised.redrive(&error);
    assert_eq!(promised.story.run().closed, ["OutcomeMissing"]);
    assert_eq!(verdict(&promised), "met");
}

#[test]
fn a_timer_that_comes_twice_or_late_changes_nothing() {
    let promised = Promised::routed(WON, ONE);
    let timer = promised.story.world.memory.timers().armed().remove(0);
    promised.story.run();
    let settled = promised.resolve("OutcomeMissing");
    let entry = promised.outcome();
    let memory = &promised.story.world.memory;
    memory.clock().advance(std::time::Duration::from_hours(500));
    ready(memory.queue().send(vec![timer.message])).unwrap();
    promised.story.run();
    assert_eq!(promised.error("OutcomeMissing"), settled);
    assert_eq!(promised.outcome(), entry);
}

#[test]
fn a_met_outcome_is_not_taken_back() {
    let promised = Promised::routed(WON, ONE);
    let timer = promised.story.world.memory.timers().armed().remove(0);
    promised.keep("won", false);
    promised.story.run();
    promised.keep("new", false);
    ready(
        promised
            .story
            .world
            .memory
            .queue()
            .send(vec![timer.message]),
    )
    .unwrap();
    assert_eq!(promised.story.run(), Rest::after(&["s.1"]));
    assert_eq!(verdict(&promised), "met");
}

#[test]
fn a_deleted_record_and_a_stopped_execution_owe_nothing() {
    let deleted = Promised::routed(WON, ONE);
    deleted.keep("won", true);
    assert_eq!(deleted.story.run(), Rest::after(&["s.1"]));
    let stopped = Promised::routed(&format!("while: record.status == 'lost'\n{WON}"), ONE);
    assert_eq!(stopped.story.run(), Rest::default());
    let undone = Promised::routed(WON, UNDONE);
    undone
        .story
        .world
        .script
        .add("next.1", [Behaviour::Permanent]);
    assert_eq!(undone.story.run().open, ["Refused"]);
    for promised in [deleted, stopped, undone] {
        assert_eq!(verdict(&promised), "moot");
    }
}

#[test]
fn a_verdict_is_a_line_of_the_timeline() {
    let promised = Promised::routed(WON, ONE);
    promised.story.run();
    let journal = promised.story.world.memory.journal();
    let home = &promised.story.execution.home;
    let timeline = ready(of_record(journal, home, &Glossary::default())).unwrap();
    let last = timeline.lines.last().unwrap();
    let What::Outcome(part) = &last.what else {
        panic!("{last:?}");
    };
    assert_eq!(
        (part.verdict, part.expect.as_str()),
        ("missed", "record.status == 'won'")
    );
    assert_eq!(part.execution, promised.story.execution.to_string());
}

#[test]
fn a_crash_at_any_port_call_leaves_one_verdict_and_one_error() {
    for when in [When::Before, When::After] {
        for call in 1.. {
            let promised = Promised::of(WON, ONE);
            promised
                .story
                .world
                .faults
                .schedule(Schedule::Nth(call, Interrupted::crash(when)));
            let rest = promised.story.run();
            if promised.story.world.faults.calls() < call {
                assert!(call > 12, "{call} calls");
                break;
            }
            assert_eq!(
                rest.open,
                ["OutcomeMissing"],
                "after a crash {when:?} call {call}"
            );
            assert_eq!(
                verdict(&promised),
                "missed",
                "after a crash {when:?} call {call}"
            );
            let error = promised.error("OutcomeMissing");
            assert_eq!(error.count, 1);
            let tenant = &promised.story.execution.home.tenant;
            let key = key::operation(tenant, ERROR, &error.id);
            assert!(promised.story.world.memory.journal().item(&key).is_some());
        }
    }
}
