//! Breakers under trouble: people stop and start work, processes die at every call, and two of
//! them want to be the probe.

#[expect(dead_code, reason = "each test file uses a part of the fixture")]
mod outage;

use std::time::Duration;

use holdfast_engine::breaker::{self, Kind, Refusal, State, Subject};
use holdfast_engine::name::WorkflowName;
use holdfast_engine::operation::Status;
use holdfast_engine::port::{Ports as _, Verdict};
use holdfast_tests::faulty::{Interrupted, Schedule, When};
use holdfast_tests::random::Random;
use holdfast_tests::ready::ready;
use holdfast_tests::world::{End, Flight, Witness, World};
use outage::{Clinic, Down, KEYED};

const MINUTE: Duration = Duration::from_mins(1);

fn workflow(clinic: &Clinic) -> Subject {
    let name = WorkflowName::new("w").unwrap();
    let ports = clinic.world.memory.as_ref();
    ready(breaker::workflow(ports, &World::home().tenant, &name)).unwrap()
}

fn stop(clinic: &Clinic) -> Result<breaker::Changed, Refusal> {
    let (ports, subject) = (clinic.world.memory.as_ref(), workflow(clinic));
    let tenant = World::home().tenant;
    ready(breaker::stop(
        ports,
        &tenant,
        &subject,
        "ann",
        "wrong prices",
    ))
}

fn start(clinic: &Clinic) -> Result<breaker::Changed, Refusal> {
    let (ports, subject) = (clinic.world.memory.as_ref(), workflow(clinic));
    let tenant = World::home().tenant;
    let why = Some("the prices are right");
    ready(breaker::start(ports, &tenant, &subject, "ben", why))
}

#[test]
fn a_stopped_workflow_parks_everything_and_a_start_lets_it_go_on() {
    let clinic = Clinic::of(KEYED);
    (0..10).for_each(|_| clinic.start());
    clinic.world.deliver();
    clinic.run_for(Duration::from_secs(3));
    assert_eq!(clinic.calls().len(), 10);
    let changed = stop(&clinic).unwrap();
    assert_eq!(
        (changed.before.name(), changed.after.name()),
        ("closed", "stopped")
    );
    clinic.run_for(Duration::from_secs(2));
    clinic.busy(Duration::from_secs(10), 30 * MINUTE);
    assert_eq!(clinic.calls().len(), 10, "nothing was called");
    assert_eq!(clinic.errors(), [], "a person knows");
    let listed = clinic.listed();
    assert_eq!((listed.len(), listed[0].subject.kind), (1, Kind::Workflow));
    assert_eq!(start(&clinic).unwrap().before.name(), "stopped");
    clinic.run_for(5 * MINUTE + Duration::from_secs(2));
    clinic.assert_all_done("mail");
}

#[test]
fn a_stop_is_seen_by_every_process_within_two_seconds() {
    let clinic = Clinic::of(KEYED);
    clinic.start();
    clinic.run_for(Duration::from_secs(1));
    stop(&clinic).unwrap();
    clinic.start();
    clinic.run_for(Duration::from_millis(500));
    assert_eq!(clinic.calls().len(), 2, "it was healthy a second ago");
    clinic.run_for(Duration::from_millis(500));
    clinic.start();
    clinic.run_for(MINUTE);
    assert_eq!(clinic.calls().len(), 2);
    clinic.world.change_process();
    clinic.start();
    clinic.run_for(MINUTE);
    assert_eq!(clinic.calls().len(), 2, "a new process asks first");
}

#[test]
fn who_started_what_was_stopped_is_kept_until_it_opens() {
    let clinic = Clinic::of(KEYED);
    stop(&clinic).unwrap();
    start(&clinic).unwrap();
    let started = |clinic: &Clinic| {
        let (ports, tenant) = (clinic.world.memory.as_ref(), World::home().tenant);
        let touched = ready(breaker::touched(ports, &tenant)).unwrap().into_iter();
        let mut workflows = touched.filter(|it| it.subject.kind == Kind::Workflow);
        workflows.next().and_then(|it| it.started().cloned())
    };
    let mark = started(&clinic).unwrap();
    assert_eq!((mark.by.as_str(), mark.at), ("ben", clinic.world.now()));
    assert_eq!(mark.reason.as_deref(), Some("the prices are right"));
    clinic.down("mail", Down::Says);
    clinic.start();
    clinic.run_for(MINUTE);
    assert_eq!(
        started(&clinic).as_ref(),
        Some(&mark),
        "a failure was counted"
    );
    assert_eq!(clinic.listed(), [], "it holds nothing back");
    (0..30).for_each(|_| clinic.start());
    clinic.run_for(MINUTE);
    assert_eq!(clinic.breaker("workflow#clinic/w"), "open");
    assert_eq!(started(&clinic), None);
}

#[test]
fn stopping_and_starting_twice_is_refused() {
    let clinic = Clinic::of(KEYED);
    assert_eq!(start(&clinic).unwrap_err().code(), "NotStopped");
    stop(&clinic).unwrap();
    let refusal = stop(&clinic).unwrap_err();
    assert_eq!(refusal.code(), "AlreadyStopped");
    assert!(
        refusal.to_string().starts_with("it was stopped by ann at "),
        "{refusal}"
    );
    start(&clinic).unwrap();
    assert_eq!(start(&clinic).unwrap_err().code(), "NotStopped");
    let name = WorkflowName::new("no-such").unwrap();
    let ports = clinic.world.memory.as_ref();
    let unknown = ready(breaker::workflow(ports, &World::home().tenant, &name));
    assert_eq!(unknown.unwrap_err().code(), "NoSuchWorkflow");
}

#[test]
fn a_start_closes_an_open_breaker_and_its_error() {
    let clinic = Clinic::of(KEYED);
    clinic.down("mail", Down::Says);
    (0..30).for_each(|_| clinic.start());
    clinic.run_for(MINUTE);
    let open = |clinic: &Clinic| {
        let errors = clinic.errors().into_iter();
        errors
            .filter(|error| error.code == "BreakerOpened" && error.handling.status == Status::Open)
            .count()
    };
    assert_eq!(
        (clinic.breaker("workflow#clinic/w"), open(&clinic)),
        ("open", 1)
    );
    let changed = start(&clinic).unwrap();
    assert!(matches!(changed.before, State::Open { .. }));
    let errors = clinic.errors().into_iter();
    let decided = errors.filter_map(|error| Some(error.handling.decision?.mark.by));
    assert_eq!(decided.collect::<Vec<_>>(), ["ben"]);
    assert_eq!(
        (clinic.breaker("workflow#clinic/w"), open(&clinic)),
        ("closed", 0)
    );
}

/// Ends every flight, one poll of a random one at a time.
fn land(clinic: &Clinic, mut flights: Vec<Flight>, seed: u64) {
    let mut random = Random::new(seed);
    while !flights.is_empty() {
        let index = random.below(flights.len());
        if let Some(end) = flights[index].poll(&clinic.world) {
            let flight = flights.swap_remove(index);
            let End::Settled(verdict) = end else {
                panic!("nothing dies here")
            };
            clinic
                .world
                .memory
                .queue()
                .settle(flight.receipt(), verdict);
        }
    }
}

#[test]
fn of_many_workers_that_race_for_the_probe_one_wins() {
    for seed in 0..200 {
        let clinic = Clinic::of(KEYED);
        clinic.break_mail(25);
        let world = &clinic.world;
        let before = clinic.calls().len();
        world.memory.clock().advance(16 * MINUTE);
        world.memory.timers().fire();
        if seed % 2 == 0 {
            clinic.up();
        }
        world.faults.interleave(true);
        let flights = (0..4).filter_map(|_| {
            world.change_process();
            world.take(0)
        });
        let flights: Vec<Flight> = flights.collect();
        assert_eq!(flights.len(), 4);
        land(&clinic, flights, seed);
        assert_eq!(clinic.calls().len(), before + 1, "seed {seed}");
        world.faults.interleave(false);
        clinic.up();
        clinic.run_for(90 * MINUTE);
        clinic.assert_all_done("mail");
    }
}

/// A clinic at a moment of its breaker's life, one delivery before it moves on.
type Phase = (&'static str, fn(&str) -> Clinic);

const PHASES: [Phase; 6] = [
    ("opening", |via| {
        let clinic = failing(via, 19);
        clinic.start();
        clinic
    }),
    ("parking", |via| {
        let clinic = failing(via, 20);
        clinic.world.change_process();
        clinic.start();
        clinic
    }),
    ("a probe that succeeds", |via| {
        let clinic = waiting(via);
        clinic.up();
        clinic
    }),
    ("a probe that fails", waiting),
    ("draining", |via| {
        let clinic = draining(via, 31);
        clinic.world.memory.clock().advance(Duration::from_secs(1));
        clinic
    }),
    ("closing", |via| {
        let clinic = draining(via, 31);
        clinic.world.memory.clock().advance(6 * MINUTE);
        clinic
    }),
];

fn failing(via: &str, executions: usize) -> Clinic {
    let step = format!("- {{ id: s, uses: call-service, via: {via}, with: {{ to: a }} }}");
    let clinic = Clinic::of(&step);
    clinic.down(via, Down::Refuses);
    (0..executions).for_each(|_| clinic.start());
    clinic.run_for(Duration::from_secs(1));
    clinic
}

fn waiting(via: &str) -> Clinic {
    let clinic = failing(via, 22);
    let until = 15 * MINUTE + Duration::from_millis(10);
    clinic.world.memory.clock().advance(until);
    clinic.world.memory.timers().fire();
    clinic
}

fn draining(via: &str, seconds: u64) -> Clinic {
    let clinic = failing(via, 60);
    clinic.up();
    clinic.run_for(15 * MINUTE + Duration::from_secs(seconds));
    clinic.start();
    clinic
}

/// Whether the n-th call was there to be interrupted; everything must come right after it.
fn survives((name, build): Phase, via: &str, n: u64, interrupted: Interrupted) -> bool {
    let clinic = build(via);
    clinic.world.faults.schedule(Schedule::Nth(n, interrupted));
    let end = clinic.world.deliver();
    let reached = clinic.world.faults.calls() >= n;
    clinic.world.faults.schedule(Schedule::Never);
    if end == Some(End::Died) {
        clinic.world.change_process();
    }
    clinic.run_for(MINUTE);
    clinic.up();
    clinic.run_for(100 * MINUTE);
    let context = format!("{name}, {via}, call {n}, {interrupted:?}");
    let seen = Witness::of(&clinic.world);
    let (queue, started) = (clinic.world.memory.queue(), clinic.started());
    assert_eq!((queue.len(), queue.dead().len()), (0, 0), "{context}");
    assert_eq!(seen.open_codes(), Vec::<&str>::new(), "{context}");
    let done = clinic.in_state("s.1", "succeeded");
    assert_eq!(
        done + seen.reviews.len(),
        started,
        "{context}: nothing is lost"
    );
    assert_eq!(
        clinic.in_state("s.1", "unknown"),
        seen.reviews.len(),
        "{context}"
    );
    if via == "raw" {
        assert!(
            clinic.world.effects.raw(via) <= started,
            "{context}: none twice"
        );
    } else {
        assert_eq!(done, started, "{context}");
    }
    assert_eq!(
        clinic.world.effects.distinct(via).max(done),
        clinic.world.effects.distinct(via),
        "{context}"
    );
    reached
}

#[test]
fn each_phase_is_what_it_says() {
    let moved = PHASES.map(|(name, build)| {
        let clinic = build("mail");
        let (before, calls) = (clinic.mail(), clinic.calls().len());
        clinic.world.deliver();
        let called = clinic.calls().len() - calls;
        format!("{name}: {before} to {} by {called} calls", clinic.mail())
    });
    let expected = [
        "opening: closed to open by 1 calls",
        "parking: open to open by 0 calls",
        "a probe that succeeds: open to half-open by 1 calls",
        "a probe that fails: open to open by 1 calls",
        "draining: half-open to half-open by 1 calls",
        "closing: half-open to closed by 1 calls",
    ];
    assert_eq!(moved, expected);
}

#[test]
fn a_crash_at_every_call_of_a_breakers_life_loses_and_repeats_nothing() {
    let mut interruptions = 0;
    for phase in PHASES {
        for via in ["mail", "raw"] {
            for when in [When::Before, When::After] {
                let crash = Interrupted::crash(when);
                let reached = (1..).take_while(|n| survives(phase, via, *n, crash));
                let reached = reached.count();
                assert!(reached >= 2, "{}: {reached} calls", phase.0);
                interruptions += reached;
            }
        }
    }
    println!("{interruptions} crashes");
}

#[test]
fn a_store_that_fails_while_counting_changes_no_outcome() {
    use holdfast_tests::faulty::Fault;
    for phase in [PHASES[0], PHASES[3]] {
        for fault in [Fault::Throttle, Fault::Conflict, Fault::Unavailable] {
            let interrupted = Interrupted {
                fault,
                when: When::Before,
            };
            let reached = (1..).take_while(|n| survives(phase, "mail", *n, interrupted));
            assert!(reached.count() >= 4, "{} {fault:?}", phase.0);
        }
    }
}

#[test]
fn a_probe_whose_process_dies_blocks_for_its_lease_and_no_longer() {
    let clinic = waiting("mail");
    clinic.up();
    let mut probe = clinic.world.take(0).expect("the probe");
    clinic.world.faults.interleave(true);
    while clinic.calls().len() == 20 {
        assert_eq!(probe.poll(&clinic.world), None);
    }
    drop(probe);
    clinic.world.faults.interleave(false);
    clinic.world.change_process();
    clinic.run_for(Duration::from_secs(39));
    assert_eq!((clinic.mail(), clinic.calls().len()), ("open", 21));
    clinic.run_for(Duration::from_secs(2));
    assert_eq!(clinic.mail(), "half-open");
    clinic.run_for(30 * MINUTE);
    clinic.assert_all_done("mail");
}

#[test]
fn a_message_on_its_last_receive_is_parked_with_all_receives_before_it() {
    let clinic = failing("mail", 20);
    clinic.start();
    for _ in 1..holdfast_tests::memory::MAX_RECEIVES {
        let flight = clinic.world.take(0).expect("a visible message");
        clinic.world.memory.queue().reappear(flight.receipt());
    }
    assert_eq!(
        clinic.world.deliver(),
        Some(End::Settled(Verdict::Acknowledge))
    );
    clinic.up();
    clinic.run_for(60 * MINUTE);
    clinic.assert_all_done("mail");
}
