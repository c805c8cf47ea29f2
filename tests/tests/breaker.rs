//! Breakers at work: an outage parks work, and loses, fails and repeats none of it.

#[expect(dead_code, reason = "each test file uses a part of the fixture")]
mod outage;

use std::time::Duration;

use holdfast_engine::breaker::{State, Subject};
use holdfast_engine::contract::Process;
use holdfast_engine::key;
use holdfast_engine::name::{ConnectionName, PackName};
use holdfast_engine::operation::Status;
use holdfast_engine::port::{Ports as _, Table};
use holdfast_tests::world::World;
use outage::{Clinic, Down, KEYED, Seen};

const MINUTE: Duration = Duration::from_mins(1);

/// The most calls within any one second.
fn densest(calls: &[Seen]) -> usize {
    let within = |from: usize| {
        let end = calls[from].at + Duration::from_secs(1);
        calls[from..]
            .iter()
            .take_while(|call| call.at < end)
            .count()
    };
    (0..calls.len()).map(within).max().unwrap_or_default()
}

#[test]
fn an_outage_parks_hundreds_of_executions_and_every_one_ends_once() {
    let clinic = Clinic::of(KEYED);
    let second = Duration::from_secs(1);
    clinic.busy(second * 5, 10 * MINUTE);
    assert_eq!(clinic.mail(), "none", "a healthy breaker has no item");
    clinic.down("mail", Down::Refuses);
    clinic.busy(second * 2, 30 * MINUTE);
    assert_eq!(clinic.mail(), "open");
    let dead = clinic.calls().iter().filter(|call| !call.answered).count();
    let up = clinic.world.now();
    clinic.up();
    clinic.busy(second * 2, 40 * MINUTE);
    clinic.run_for(60 * MINUTE);
    clinic.assert_all_done("mail");
    assert_eq!(clinic.mail(), "closed");
    let calls = clinic.calls();
    let dead_after = calls.iter().filter(|call| !call.answered).count();
    assert_eq!(dead, dead_after);
    assert!(dead <= 25, "{dead} calls reached the dead connection");
    let back: Vec<Seen> = calls.into_iter().filter(|call| call.at > up).collect();
    let first = back[0].at;
    let drain: Vec<Seen> = back
        .iter()
        .filter(|call| call.at < first + 5 * MINUTE)
        .cloned()
        .collect();
    println!(
        "{} executions, {dead} calls reached the dead connection in 30 minutes; first success {} s \
         after recovery, at most {} calls a second while draining, {} afterwards",
        clinic.started(),
        first.duration_since(up).as_secs(),
        densest(&drain),
        densest(&back[drain.len()..]),
    );
    assert!(densest(&drain) <= 5, "the drain keeps its rate");
}

#[test]
fn an_outage_of_a_day_fails_nothing_and_asks_once_every_quarter_of_an_hour() {
    let clinic = Clinic::of(KEYED);
    clinic.break_mail(25);
    clinic.run_for(Duration::from_hours(24));
    let dead = clinic.calls().len();
    println!("{dead} calls reached the connection in a day");
    assert!((100..=20 + 97).contains(&dead), "{dead} calls");
    assert_eq!(clinic.in_state("s.1", "failed"), 0);
    clinic.up();
    clinic.run_for(Duration::from_hours(1));
    clinic.assert_all_done("mail");
}

#[test]
fn a_breaker_that_opens_is_one_error_until_it_closes() {
    let clinic = Clinic::of(KEYED);
    clinic.break_mail(40);
    clinic.run_for(20 * MINUTE);
    let errors = clinic.errors();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(
        (
            errors[0].code.as_str(),
            errors[0].handling.status,
            errors[0].function.as_str()
        ),
        ("BreakerOpened", Status::Open, "connection clinic/mail")
    );
    assert!(errors[0].message.starts_with("20 of the last 20 attempts"));
    let listed = clinic.listed();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].subject.to_string(), "connection clinic/mail");
    clinic.up();
    clinic.run_for(30 * MINUTE);
    clinic.start();
    clinic.run_for(MINUTE);
    let errors = clinic.errors();
    assert_eq!(
        (errors.len(), errors[0].handling.status),
        (1, Status::Closed)
    );
    assert_eq!(clinic.listed(), []);
    clinic.assert_all_done("mail");
}

#[test]
fn a_relapse_opens_it_again_and_what_waits_still_waits() {
    let clinic = Clinic::of(KEYED);
    clinic.break_mail(200);
    clinic.up();
    clinic.run_for(15 * MINUTE + Duration::from_secs(29));
    assert_eq!(
        (clinic.mail(), clinic.in_state("s.1", "succeeded")),
        ("half-open", 1)
    );
    clinic.down("mail", Down::Refuses);
    clinic.run_for(MINUTE);
    assert_eq!(clinic.mail(), "open");
    let dead = clinic.calls().iter().filter(|call| !call.answered).count();
    assert!(dead <= 20 + 5, "{dead} calls");
    clinic.up();
    clinic.run_for(60 * MINUTE);
    clinic.assert_all_done("mail");
}

#[test]
fn a_step_with_a_fallback_takes_it_while_the_connection_is_open() {
    let steps = "- { id: s, uses: call-service, via: mail, with: { to: a },\n    \
                 fallback: [ { uses: call-service, via: backup, with: { to: b } } ] }";
    let clinic = Clinic::of(steps);
    clinic.break_mail(60);
    assert_eq!(clinic.in_state("s.2", "succeeded"), 40, "at once");
    clinic.run_for(5 * MINUTE);
    assert_eq!(
        clinic.in_state("s.2", "succeeded"),
        60,
        "the others on their next attempt"
    );
    assert_eq!(clinic.world.effects.raw("backup"), 60);
    assert_eq!(clinic.world.effects.raw("mail"), 0);
}

#[test]
fn a_step_that_may_have_acted_waits_and_does_not_fall_back() {
    let steps = "- { id: s, uses: call-service, via: mail, with: { to: a },\n    \
                 fallback: [ { uses: call-service, via: backup, with: { to: b } } ] }";
    let clinic = Clinic::of(steps);
    clinic.down("mail", Down::TimesOut);
    (0..20).for_each(|_| clinic.start());
    clinic.run_for(10 * MINUTE);
    assert_eq!(clinic.in_state("s.1", "retrying"), 20);
    clinic.up();
    clinic.run_for(60 * MINUTE);
    clinic.assert_all_done("mail");
    assert_eq!(clinic.world.effects.raw("backup"), 0);
}

#[test]
fn an_effect_that_happens_at_most_once_is_parked_before_its_claim() {
    let clinic = Clinic::of("- { id: s, uses: call-service, via: raw, with: { to: a } }");
    clinic.down("raw", Down::Refuses);
    (0..50).for_each(|_| clinic.start());
    clinic.run_for(MINUTE);
    assert_eq!(clinic.in_state("s.1", "started"), 0);
    assert_eq!(
        clinic.in_state("s.1", "none"),
        30,
        "parked without an entry"
    );
    clinic.up();
    clinic.run_for(60 * MINUTE);
    clinic.assert_all_done("raw");
}

#[test]
fn refusals_are_answers_and_open_the_workflow_not_the_connection() {
    let clinic = Clinic::of(KEYED);
    clinic.down("mail", Down::Says);
    (0..50).for_each(|_| clinic.start());
    clinic.run_for(MINUTE);
    assert_eq!(clinic.mail(), "none");
    assert_eq!(clinic.breaker("workflow#clinic/w"), "open");
    assert_eq!(clinic.in_state("s.1", "failed"), 20);
    clinic.up();
    clinic.run_for(30 * MINUTE);
    assert_eq!(
        clinic.in_state("s.1", "succeeded"),
        30,
        "parked, not failed"
    );
    clinic.world.redrive();
    clinic.run_for(30 * MINUTE);
    clinic.assert_all_done("mail");
}

#[test]
fn one_failure_in_ten_opens_nothing() {
    let clinic = Clinic::of(KEYED);
    for _ in 0..30 {
        clinic.busy(Duration::from_secs(1), Duration::from_secs(9));
        clinic.down("mail", Down::Refuses);
        clinic.busy(Duration::from_secs(1), Duration::from_secs(1));
        clinic.up();
    }
    assert_eq!(clinic.mail(), "closed");
    clinic.run_for(30 * MINUTE);
    clinic.assert_all_done("mail");
    let items = clinic
        .world
        .memory
        .journal()
        .items(Table::Claims, "t#breaker");
    println!(
        "{} writes of a breaker for 300 executions, 30 of which failed once",
        items[0].1.revision
    );
    assert!(items[0].1.revision <= 330);
}

#[test]
fn parking_for_weeks_neither_dead_letters_nor_runs_what_is_too_old() {
    let clinic = Clinic::of(KEYED);
    clinic.break_mail(22);
    clinic.run_for(Duration::from_hours(24));
    clinic
        .world
        .memory
        .clock()
        .advance(Duration::from_hours(24 * 30));
    clinic.world.memory.timers().fire();
    clinic.run_for(MINUTE);
    let queue = clinic.world.memory.queue();
    assert_eq!((queue.len(), queue.dead().len()), (0, 0));
    let seen = holdfast_tests::world::Witness::of(&clinic.world);
    assert_eq!(seen.reviews.len(), 22, "a person decides about each");
}

#[test]
fn the_failures_of_one_process_are_weighed_against_the_successes_of_another() {
    let clinic = Clinic::of(KEYED);
    let [lucky, unlucky] = [Process::default(), Process::default()];
    for _ in 0..40 {
        clinic.world.work_as(&lucky);
        clinic.busy(Duration::from_millis(500), Duration::from_secs(4));
        clinic.world.work_as(&unlucky);
        clinic.down("mail", Down::Refuses);
        clinic.busy(Duration::from_secs(1), Duration::from_secs(1));
        clinic.up();
    }
    assert_eq!(clinic.mail(), "closed", "40 of 360 failed");
}

#[test]
fn a_once_key_that_is_done_is_not_gone_around_by_a_fallback() {
    let steps = "- { id: s, uses: call-service, via: mail, once: record.name, with: { to: a },\n    \
                 fallback: [ { uses: call-service, via: backup, with: { to: b } } ] }";
    let clinic = Clinic::of(steps);
    clinic.start();
    clinic.run_for(MINUTE);
    let mail = Subject::connection(
        &PackName::new("clinic").unwrap(),
        &ConnectionName::new("mail").unwrap(),
    );
    let now = clinic.world.now();
    let (since, until, probe) = (now, now + 15 * MINUTE, None);
    let open = State::Open {
        since,
        until,
        probe,
    };
    let body = serde_json::to_string(&open).unwrap();
    let journal = clinic.world.memory.journal();
    journal.seed(key::breaker(&World::home().tenant, &mail), body);
    clinic.run_for(Duration::from_secs(2));
    clinic.start();
    clinic.run_for(MINUTE);
    assert_eq!(clinic.world.effects.all().len(), 1, "it was done before");
    clinic.run_for(60 * MINUTE);
    assert_eq!(clinic.in_state("s.1", "succeeded"), 2);
    assert_eq!(clinic.world.effects.all().len(), 1);
}
