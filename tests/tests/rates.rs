//! Rates at work: whoever calls too often waits, and is called neither failed nor lost.

#[expect(dead_code, reason = "each test file uses a part of the fixture")]
mod outage;

use std::time::Duration;

use holdfast_engine::port::{Ports as _, Table};
use holdfast_engine::rate::Bucket;
use holdfast_tests::faulty::Schedule;
use holdfast_tests::random::Random;
use holdfast_tests::world::{Crew, World};
use jiff::Timestamp;
use outage::{Clinic, Down, KEYED, RARE, Seen};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

/// How much longer than its unit the calls of a rate take.
const MARGIN: Duration = Duration::from_millis(20);

/// A step through a connection that may be called eight times a second.
const BUSY: &str = "- { id: s, uses: call-service, via: busy, with: { to: a } }";

/// Executions of an import.
const MANY: usize = 5_000;

/// The most calls within any one span of so long.
fn densest(calls: &[Seen], span: Duration) -> usize {
    let mut times: Vec<Timestamp> = calls.iter().map(|call| call.at).collect();
    times.sort_unstable();
    let within = |from: usize| {
        let end = times[from] + span;
        times[from..].iter().take_while(|at| **at < end).count()
    };
    (0..times.len()).map(within).max().unwrap_or_default()
}

/// A clinic in which so many executions begin at once.
fn begun(steps: &str, executions: usize) -> Clinic {
    let clinic = Clinic::of(steps);
    (0..executions).for_each(|_| clinic.start());
    clinic
}

/// How long it is from one time to another.
fn between(from: Timestamp, to: Timestamp) -> Duration {
    to.duration_since(from).try_into().unwrap()
}

/// The buckets of rates with how often each was written.
fn buckets(clinic: &Clinic) -> Vec<(String, u64)> {
    let journal = clinic.world.memory.journal();
    let items = journal.items(Table::Claims, "").into_iter();
    let rates = items.filter(|(key, _)| key.partition.split('#').nth(1) == Some("rate"));
    rates
        .map(|(key, item)| {
            let bucket: Result<Bucket, _> = serde_json::from_str(&item.body);
            assert!(bucket.is_ok(), "{}", item.body);
            (key.partition, item.revision)
        })
        .collect()
}

#[test]
fn five_thousand_calls_at_eight_a_second_take_ten_minutes_and_none_is_refused() {
    let clinic = begun(BUSY, MANY);
    clinic.limit("busy", 8);
    let began = clinic.world.now();
    assert!(Crew::new(&clinic.world, 1, 10, 40).run_for(HOUR));
    let calls = clinic.calls();
    let refused = calls.iter().filter(|call| !call.answered).count();
    let took = between(began, calls.last().unwrap().at);
    let written = buckets(&clinic);
    println!(
        "{} calls in {:.1} minutes, {refused} refused, at most {} in a second; {written:?} writes",
        calls.len(),
        took.as_secs_f64() / 60.0,
        densest(&calls, SECOND),
    );
    assert_eq!((calls.len(), refused), (MANY, 0));
    assert_eq!(densest(&calls, SECOND), 8);
    assert!(took <= Duration::from_millis(637_373), "{took:?}");
    clinic.assert_all_done("busy");
}

#[test]
fn a_tenant_with_thousands_of_waiting_calls_does_not_delay_another() {
    let clinic = begun(BUSY, MANY);
    let mut crew = Crew::new(&clinic.world, 2, 4, 40);
    let mut asked = Vec::new();
    for visit in 0..3 {
        let home = format!("u/deal/{visit}").parse().unwrap();
        let record = serde_json::json!({ "id": "1", "name": "Bea", "status": "new", "version": 1 });
        asked.push(clinic.world.now());
        let event = format!("sent:{visit}");
        clinic.world.start_at(&home, "w", &event, Some(record));
        crew.run_for(MINUTE);
    }
    let calls = clinic.calls();
    let others: Vec<_> = calls.iter().filter(|call| call.tenant == "u").collect();
    let waited: Vec<_> = asked
        .iter()
        .zip(&others)
        .map(|(asked, call)| between(*asked, call.at))
        .collect();
    println!("another tenant waited {waited:?}");
    assert_eq!(waited.len(), 3);
    assert!(waited.iter().all(|waited| *waited <= SECOND), "{waited:?}");
    let waiting = MANY - (calls.len() - others.len());
    assert!(waiting > 3_000, "{waiting} of the first tenant still wait");
}

#[test]
fn interleaved_workers_never_call_faster_whatever_crashes_or_is_repeated() {
    let (mut calls, mut executions) = (0, 0);
    for seed in 0..30 {
        let clinic = begun(BUSY, 60);
        let faults = &clinic.world.faults;
        let percent = [0, 2, 5][usize::try_from(seed % 3).unwrap()];
        faults.schedule(Schedule::Seeded(Random::new(seed), percent));
        Crew::new(&clinic.world, seed, 4, 12)
            .repeating(10)
            .run_for(HOUR);
        faults.schedule(Schedule::Never);
        clinic.world.redrive();
        Crew::new(&clinic.world, seed, 4, 12).run_for(HOUR);
        let seen = clinic.calls();
        assert!(densest(&seen, SECOND) <= 8, "seed {seed}: {seen:#?}");
        assert_eq!(clinic.in_state("s.1", "succeeded"), 60, "seed {seed}");
        assert_eq!(clinic.world.effects.distinct("busy"), 60, "seed {seed}");
        calls += seen.len();
        executions += 60;
    }
    println!("{calls} calls for {executions} executions, never over 8 in a second");
    assert!(calls > executions, "some were repeated");
}

#[test]
fn waiting_spends_neither_attempts_nor_receives() {
    let clinic = begun(RARE, 40);
    clinic.run_for(39 * (MINUTE + MARGIN));
    let calls = clinic.calls();
    assert_eq!((calls.len(), densest(&calls, MINUTE)), (40, 1));
    clinic.run_for(MINUTE);
    clinic.assert_all_done("rare");
    assert_eq!(clinic.errors(), []);
}

#[test]
fn every_attempt_takes_a_turn_of_its_own() {
    let clinic = begun(BUSY, 16);
    clinic.down("busy", Down::Refuses);
    clinic.run_for(10 * SECOND);
    clinic.up();
    clinic.run_for(2 * MINUTE);
    let calls = clinic.calls();
    assert_eq!((calls.len(), densest(&calls, SECOND)), (32, 8));
    clinic.assert_all_done("busy");
}

#[test]
fn whoever_comes_late_takes_another_turn() {
    let clinic = begun(BUSY, 100);
    clinic.run_for(SECOND);
    clinic.world.memory.clock().advance(5 * SECOND);
    Crew::new(&clinic.world, 3, 3, 20).run_for(HOUR);
    let calls = clinic.calls();
    assert_eq!((calls.len(), densest(&calls, SECOND)), (100, 8));
    clinic.assert_all_done("busy");
}

#[test]
fn what_has_just_come_does_not_go_before_what_waits() {
    let clinic = begun(BUSY, 400);
    clinic.run_for(SECOND);
    (0..400).for_each(|_| clinic.start());
    Crew::new(&clinic.world, 4, 3, 40).run_for(Duration::from_millis(49_900));
    let executions = clinic.executions.lock().unwrap().split_off(400);
    let seen = holdfast_tests::world::Witness::of(&clinic.world);
    let early = executions.iter();
    let early = early.filter(|one| seen.state(one, "s.1") == "succeeded");
    assert_eq!(early.count(), 0, "while earlier ones wait");
    assert_eq!(clinic.in_state("s.1", "succeeded"), 400);
}

#[test]
fn a_step_keeps_its_own_rate_and_its_connections() {
    let steps = "- { id: s, uses: call-service, via: busy, rate: 2/s, with: { to: a } }\n\
                 - { id: z, uses: call-service, via: busy, with: { to: b } }";
    let clinic = begun(steps, 40);
    clinic.limit("busy", 8);
    Crew::new(&clinic.world, 5, 3, 20).run_for(HOUR);
    assert_eq!(clinic.in_state("s.1", "succeeded"), 40);
    assert_eq!(clinic.in_state("z.1", "succeeded"), 40);
    let calls = clinic.calls();
    assert!(densest(&calls, SECOND) <= 8 && calls.len() == 80);
    let took = between(calls[0].at, calls[79].at);
    assert!(took >= 39 * SECOND / 2 && took < 25 * SECOND, "{took:?}");
    let names: Vec<_> = buckets(&clinic).into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        ["t#rate#connection/clinic/busy", "t#rate#step/clinic/w/s.1"]
    );
}

#[test]
fn a_claimed_step_waits_before_its_claim() {
    let steps = "- { id: s, uses: call-service, via: busy, once: event.id, with: { to: a } }";
    let clinic = begun(steps, 50);
    clinic.run_for(SECOND);
    assert_eq!(clinic.in_state("s.1", "started"), 0);
    assert_eq!(clinic.in_state("s.1", "none"), 42, "no entry is written");
    clinic.run_for(10 * SECOND);
    clinic.assert_all_done("busy");
}

#[test]
fn a_step_without_a_rate_has_no_bucket() {
    let clinic = begun(KEYED, 20);
    clinic.run_for(SECOND);
    clinic.assert_all_done("mail");
    assert_eq!(buckets(&clinic), []);
    assert_eq!(clinic.calls()[19].at, clinic.calls()[0].at, "nobody waited");
}

#[test]
fn a_bucket_that_cannot_be_written_delays_and_fails_nothing() {
    let clinic = begun(BUSY, 10);
    let tenant = World::home().tenant.to_string();
    let key = holdfast_engine::port::Key {
        table: Table::Claims,
        partition: format!("{tenant}#rate#connection/clinic/busy"),
        sort: String::new(),
    };
    let journal = clinic.world.memory.journal();
    journal.seed(key, "{\"free\":\"melted\"}".to_owned());
    clinic.run_for(10 * SECOND);
    assert_eq!(densest(&clinic.calls(), SECOND), 8);
    clinic.assert_all_done("busy");
}
