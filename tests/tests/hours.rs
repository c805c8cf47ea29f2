//! Hours and expiry at work: what comes too early waits without a trace of failure, and what comes
//! too late is skipped and holds nothing up.

#[expect(dead_code, reason = "each test file uses a part of the fixture")]
mod outage;

use std::time::Duration;

use holdfast_engine::id::ExecutionRef;
use holdfast_engine::port::Ports as _;
use holdfast_tests::faulty::Schedule;
use holdfast_tests::random::Random;
use holdfast_tests::world::{Crew, Witness, World};
use jiff::Timestamp;
use outage::{Clinic, Down};
use serde_json::json;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// A step through a connection with hours.
const DESK: &str = "- { id: s, uses: call-service, via: desk, with: { to: a } }";

/// Saturday noon, when the office has just closed for a long weekend.
const CLOSED: &str = "2027-01-16T12:00:00+01:00";

/// When it opens again: Monday is a holiday.
const OPENING: &str = "2027-01-19T08:00:00+01:00";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A clinic at a time, with an execution that has just begun.
fn begun_at(at: &str, steps: &str) -> Clinic {
    let clinic = Clinic::of(steps);
    clinic.world.memory.clock().advance_to(time(at));
    clinic.start();
    clinic
}

/// An execution on a deal whose name is a time.
fn due(clinic: &Clinic, name: &str) -> ExecutionRef {
    let record = json!({ "id": "1", "name": name, "status": "new", "version": 1 });
    let event = format!("due:{name}");
    let home = World::home();
    let execution = clinic.world.start_at(&home, "w", &event, Some(record));
    clinic.executions.lock().unwrap().push(execution.clone());
    execution
}

/// The state of a step, and why it is in it.
fn state(clinic: &Clinic, execution: &ExecutionRef, step: &str) -> (&'static str, Option<String>) {
    let seen = Witness::of(&clinic.world);
    let reason = seen.entry(execution, step).and_then(|it| it.reason.clone());
    (seen.state(execution, step), reason)
}

#[test]
fn a_call_outside_the_hours_waits_for_the_opening_and_spends_nothing() {
    let clinic = begun_at(CLOSED, DESK);
    clinic.run_until(time(OPENING) - SECOND);
    assert_eq!(clinic.calls().len(), 0);
    assert_eq!(clinic.in_state("s.1", "none"), 1, "nothing is written");
    assert_eq!(clinic.world.memory.timers().armed().len(), 1);
    clinic.run_for(MINUTE);
    clinic.assert_all_done("desk");
    let seen = Witness::of(&clinic.world);
    let executions = clinic.executions.lock().unwrap();
    let entry = seen.entry(&executions[0], "s.1").unwrap();
    assert_eq!((entry.progress.attempt, entry.attempts.len()), (1, 0));
}

#[test]
fn a_call_within_the_hours_does_not_wait() {
    let clinic = begun_at("2027-01-15T17:59:59+01:00", DESK);
    while clinic.world.deliver().is_some() {}
    clinic.assert_all_done("desk");
}

#[test]
fn a_retry_that_falls_outside_the_hours_waits_for_them_too() {
    let steps = "- { id: s, uses: call-service, via: desk, retry: [20m], with: { to: a } }";
    let clinic = begun_at("2027-01-15T17:50:00+01:00", steps);
    clinic.down("desk", Down::Refuses);
    clinic.run_for(MINUTE);
    clinic.up();
    clinic.run_until(time("2027-01-16T08:59:59+01:00"));
    assert_eq!(
        (clinic.calls().len(), clinic.in_state("s.1", "retrying")),
        (1, 1)
    );
    clinic.run_for(MINUTE);
    assert_eq!(clinic.calls().len(), 2);
    assert_eq!(clinic.in_state("s.1", "succeeded"), 1);
}

#[test]
fn a_step_keeps_its_own_hours_and_those_of_its_connection() {
    let steps = "- { id: s, uses: call-service, via: desk, hours: evening, with: { to: a } }";
    let clinic = begun_at(CLOSED, steps);
    clinic.run_until(time("2027-01-19T16:59:59+01:00"));
    assert_eq!(clinic.calls().len(), 0);
    clinic.run_for(MINUTE);
    clinic.assert_all_done("desk");
}

#[test]
fn what_piled_up_goes_out_at_the_opening_at_the_rate_of_its_connection() {
    let steps = "- { id: s, uses: call-service, via: queue, with: { to: a } }";
    let clinic = begun_at(CLOSED, steps);
    (1..500).for_each(|_| clinic.start());
    clinic.limit("queue", 8);
    Crew::new(&clinic.world, 7, 4, 20).run_for(4 * DAY);
    clinic.assert_all_done("queue");
    let calls = clinic.calls();
    assert_eq!(calls.len(), 500, "none is refused");
    assert!(calls.iter().all(|call| call.at >= time(OPENING)));
    let last = calls.iter().map(|call| call.at).max().unwrap();
    assert!(last < time(OPENING) + 2 * MINUTE, "{last}");
}

#[test]
fn nobody_is_called_outside_the_hours_whatever_crashes_or_is_repeated() {
    for seed in 0..20 {
        let clinic = begun_at("2027-01-15T17:59:54+01:00", DESK);
        let faults = &clinic.world.faults;
        faults.schedule(Schedule::Seeded(Random::new(seed), 5));
        for _ in 0..12 {
            clinic.start();
            Crew::new(&clinic.world, seed, 3, 6)
                .repeating(10)
                .run_for(SECOND);
            clinic.world.memory.clock().advance(SECOND);
        }
        Crew::new(&clinic.world, seed, 3, 6)
            .repeating(10)
            .run_for(DAY);
        faults.schedule(Schedule::Never);
        clinic.world.redrive();
        Crew::new(&clinic.world, seed, 3, 6).run_for(5 * DAY);
        let (closing, opening) = (
            time("2027-01-15T18:00:00+01:00"),
            time("2027-01-16T09:00:00+01:00"),
        );
        let wrong = |at: Timestamp| at >= closing && at < opening;
        let calls = clinic.calls();
        assert!(
            calls.iter().all(|call| !wrong(call.at)),
            "seed {seed}: {calls:?}"
        );
        assert!(
            calls.iter().any(|call| call.at >= opening),
            "seed {seed}: some waited"
        );
        assert_eq!(
            clinic.in_state("s.1", "succeeded"),
            clinic.started(),
            "seed {seed}"
        );
    }
}

/// A step that makes sense until its deal's time, and one after it.
const REMINDER: &str = "- { id: s, uses: call-service, via: desk, \
                        expires: \"=timestamp(record.name)\", with: { to: a } }\n\
                        - { id: z, uses: call-service, via: mail, with: { to: a } }";

#[test]
fn what_has_expired_is_skipped_and_the_execution_goes_on() {
    let clinic = Clinic::of(REMINDER);
    let late = due(&clinic, "2027-01-15T07:59:59Z");
    let good = due(&clinic, "2027-01-15T08:00:01Z");
    clinic.run_for(SECOND / 2);
    let reason = Some("expired at 2027-01-15T07:59:59Z".to_owned());
    assert_eq!(state(&clinic, &late, "s.1"), ("skipped", reason));
    assert_eq!(state(&clinic, &good, "s.1"), ("succeeded", None));
    assert_eq!(clinic.in_state("z.1", "succeeded"), 2);
    assert_eq!(
        (
            clinic.errors().len(),
            clinic.world.memory.queue().dead().len()
        ),
        (0, 0)
    );
}

#[test]
fn what_would_expire_before_the_hours_open_is_skipped_at_once() {
    let clinic = Clinic::of(REMINDER);
    clinic.world.memory.clock().advance_to(time(CLOSED));
    let late = due(&clinic, "2027-01-18T10:00:00Z");
    let good = due(&clinic, "2027-01-19T10:00:00Z");
    clinic.run_for(SECOND);
    let reason = "expired: its hours open at 2027-01-19T07:00:00Z, after 2027-01-18T10:00:00Z";
    assert_eq!(
        state(&clinic, &late, "s.1"),
        ("skipped", Some(reason.to_owned()))
    );
    assert_eq!(state(&clinic, &good, "s.1"), ("none", None));
    clinic.run_for(4 * DAY);
    assert_eq!(state(&clinic, &good, "s.1"), ("succeeded", None));
}

#[test]
fn a_retry_that_comes_too_late_is_skipped_and_frees_its_once_key() {
    let steps = "- { id: s, uses: call-service, via: mail, once: \"'k'\", retry: [1h], \
                 expires: \"=timestamp(record.name)\", with: { to: a } }";
    let clinic = Clinic::of(steps);
    clinic.down("mail", Down::Refuses);
    let late = due(&clinic, "2027-01-15T08:30:00Z");
    clinic.run_for(MINUTE);
    clinic.up();
    let good = due(&clinic, "2027-01-15T18:00:00Z");
    clinic.run_for(3 * HOUR);
    assert_eq!(state(&clinic, &late, "s.1").0, "skipped");
    assert_eq!(
        state(&clinic, &good, "s.1").0,
        "succeeded",
        "the key is free"
    );
    assert_eq!(clinic.world.effects.raw("mail"), 1);
    assert_eq!(Witness::of(&clinic.world).reviews.len(), 0);
}

#[test]
fn an_attempt_that_may_have_acted_is_not_called_skipped_where_that_matters() {
    let step = |more: &str| {
        format!(
            "- {{ id: s, uses: call-service, via: mail, {more} retry: [1h], \
             expires: \"=timestamp(record.name)\", with: {{ to: a }} }}"
        )
    };
    for (more, expected) in [("", "skipped"), ("once: \"'k'\",", "unknown")] {
        let clinic = Clinic::of(&step(more));
        clinic.down("mail", Down::TimesOut);
        let late = due(&clinic, "2027-01-15T08:30:00Z");
        clinic.run_for(3 * HOUR);
        assert_eq!(state(&clinic, &late, "s.1").0, expected, "{more}");
        let asked = Witness::of(&clinic.world).reviews.len();
        assert_eq!(asked, usize::from(expected == "unknown"), "{more}");
    }
}

#[test]
fn a_fallback_expires_when_its_step_does() {
    let steps = "- id: s\n  uses: call-service\n  via: mail\n  retry: [20m]\n  \
                 expires: \"=now + duration('30m')\"\n  with: { to: a }\n  \
                 fallback: [ { uses: call-service, via: backup, retry: [20m], with: { to: a } } ]";
    for (backup_fails, expected) in [(false, "succeeded"), (true, "skipped")] {
        let clinic = Clinic::of(steps);
        clinic.start();
        clinic.down("mail", Down::Refuses);
        if backup_fails {
            clinic.down("backup", Down::Refuses);
        }
        clinic.run_for(25 * MINUTE);
        clinic.up();
        clinic.run_for(2 * HOUR);
        let execution = clinic.executions.lock().unwrap()[0].clone();
        assert_eq!(state(&clinic, &execution, "s.1").0, "fell-back");
        assert_eq!(state(&clinic, &execution, "s.2").0, expected);
    }
}

#[test]
fn a_redrive_of_what_has_expired_closes_its_error_and_goes_on() {
    let clinic = Clinic::of(&REMINDER.replace("via: desk", "via: mail"));
    clinic.down("mail", Down::Says);
    let late = due(&clinic, "2027-01-15T08:30:00Z");
    clinic.run_for(MINUTE);
    assert_eq!(state(&clinic, &late, "s.1").0, "failed");
    clinic.up();
    clinic.world.memory.clock().advance(HOUR);
    assert_eq!(clinic.world.redrive(), 1);
    clinic.run_for(MINUTE);
    assert_eq!(state(&clinic, &late, "s.1").0, "skipped");
    assert_eq!(state(&clinic, &late, "z.1").0, "succeeded");
    assert_eq!(Witness::of(&clinic.world).open_codes(), Vec::<&str>::new());
}

#[test]
fn a_time_that_is_unset_never_expires_and_one_that_is_no_time_fails() {
    let clinic = Clinic::of(
        "- { id: s, uses: call-service, via: mail, expires: =record.at, with: { to: a } }",
    );
    clinic.start();
    clinic.run_for(MINUTE);
    clinic.assert_all_done("mail");
    let clinic = Clinic::of(REMINDER);
    let wrong = due(&clinic, "soon");
    clinic.run_for(MINUTE);
    assert_eq!(state(&clinic, &wrong, "s.1").0, "failed");
}

#[test]
fn an_expired_step_is_skipped_once_whatever_crashes_or_is_repeated() {
    for seed in 0..20 {
        let clinic = Clinic::of(REMINDER);
        let faults = &clinic.world.faults;
        faults.schedule(Schedule::Seeded(Random::new(seed), 10));
        let names = (0..10).map(|n| format!("2027-01-15T07:00:{n:02}Z"));
        let late: Vec<_> = names.map(|name| due(&clinic, &name)).collect();
        Crew::new(&clinic.world, seed, 3, 6)
            .repeating(10)
            .run_for(DAY);
        faults.schedule(Schedule::Never);
        clinic.world.redrive();
        Crew::new(&clinic.world, seed, 3, 6).run_for(DAY);
        for execution in &late {
            assert_eq!(state(&clinic, execution, "s.1").0, "skipped", "seed {seed}");
            assert_eq!(
                state(&clinic, execution, "z.1").0,
                "succeeded",
                "seed {seed}"
            );
        }
        let calls = clinic.calls();
        assert!(
            calls.iter().all(|call| call.connection == "mail"),
            "seed {seed}"
        );
        assert_eq!(clinic.world.effects.distinct("mail"), 10, "seed {seed}");
        assert_eq!(
            Witness::of(&clinic.world).open_codes(),
            Vec::<&str>::new(),
            "seed {seed}"
        );
    }
}
