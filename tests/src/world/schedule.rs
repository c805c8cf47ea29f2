//! Random schedules: deliveries interleaved at every call of a port, with crashes, duplicates,
//! zombies, redrives and re-runs, all from one seed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use holdfast_engine::definition::model::Pack;
use holdfast_engine::entry::{State, StepEntry};
use holdfast_engine::envelope::Envelope;
use holdfast_engine::id::{EventId, ExecutionRef};
use holdfast_engine::key;
use holdfast_engine::port::{Delivery, Ports as _, Verdict};

use super::{End, Flight, World, compiled};
use crate::faulty::Schedule;
use crate::memory::Received;
use crate::random::Random;

/// What the author of the workflow says about unknown outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// A person decides.
    Review,
    /// Try again.
    Retry,
    /// Go to the fallback.
    Fallback,
}

impl Policy {
    /// A workflow of every kind of effect: keyed, asynchronous, under a `once` key that two
    /// executions share, with a fallback, with a compensation, and a change of a record.
    #[must_use]
    pub fn pack(self) -> Arc<Pack> {
        let (unknown, last) = match self {
            Self::Review => ("review", "review"),
            Self::Retry => ("retry", "retry"),
            Self::Fallback => ("fallback", "review"),
        };
        compiled(&format!(
            "- {{ id: call, uses: keyed-effect, retry: quick, with: {{ to: a }}, compensate: {{ uses: raw-effect, unknown: {last}, with: {{ to: g }} }} }}\n\
             - {{ id: note, uses: raw-effect, async: true, unknown: {last}, with: {{ to: b }} }}\n\
             - {{ id: tell, uses: raw-effect, once: event.name, unknown: {unknown}, retry: [5s], with: {{ to: c }},\n    \
               fallback: [ {{ uses: raw-effect, retry: [5s], unknown: {last}, with: {{ to: d }} }} ] }}\n\
             - {{ id: ask, uses: keyed-effect, retry: [5s], with: {{ to: e }}, fallback: [ {{ uses: keyed-effect, with: {{ to: f }} }} ], compensate: {{ uses: keyed-effect, retry: [5s], with: {{ to: h }} }} }}\n\
             - {{ id: mark, uses: update-record, with: {{ status: won }} }}"
        ))
    }
}

/// What happened in a run, so that a test can tell that it tests something.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally(pub BTreeMap<&'static str, usize>);

impl Tally {
    pub(super) fn note(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    /// Adds what happened in another run.
    pub fn add(&mut self, other: Self) {
        for (what, times) in other.0 {
            *self.0.entry(what).or_default() += times;
        }
    }
}

/// Runs the schedule of a seed until nothing moves; returns the properties that do not hold.
#[must_use]
pub fn run_seed(seed: u64, policy: Policy, pack: &Arc<Pack>) -> (Vec<String>, Tally) {
    let mut random = Random::new(seed);
    let world = World::scripted(seed, pack);
    let percent = [0, 1, 2, 3, 5, 10][random.below(6)];
    world.faults.interleave(true);
    world
        .faults
        .schedule(Schedule::Seeded(Random::new(seed), percent));
    if random.percent(80) {
        world.script.improvise(Some(Random::new(seed ^ 1)));
    }
    let mut chaos = Chaos {
        executions: ["sent:1", "sent:2"].map(|event| world.start(event)),
        calm: percent == 0,
        world,
        random,
        flights: Vec::new(),
        landed: Vec::new(),
        redrives: 0,
        generation: 1,
        wrong: Vec::new(),
        tally: Tally::default(),
    };
    chaos.go();
    chaos.come_to_rest();
    let wrong = super::properties::broken(&chaos, policy);
    chaos.wrong.extend(wrong);
    (chaos.wrong, chaos.tally)
}

pub(super) struct Chaos {
    pub(super) world: World,
    pub(super) executions: [ExecutionRef; 2],
    /// Whether nothing around the steps fails in this run.
    pub(super) calm: bool,
    pub(super) generation: u32,
    pub(super) tally: Tally,
    pub(super) redrives: usize,
    random: Random,
    flights: Vec<(Flight, bool)>,
    landed: Vec<Received>,
    wrong: Vec<String>,
}

impl Chaos {
    fn go(&mut self) {
        let moves = if self.calm { 0 } else { 150 };
        for _ in 0..moves {
            match self.random.below(100) {
                0..60 => self.poll(),
                60..80 => self.take(),
                80..84 => self.duplicate(),
                84..86 => self.resurrect(),
                86..95 => self.pass_time(),
                95..97 => self.redrive(),
                97 => drop(self.world.start("sent:1")),
                98 => self.rerun(),
                _ => self.kill(),
            }
        }
    }

    fn take(&mut self) {
        if self.flights.len() < 3
            && let Some(flight) = self.world.take(self.random.below(16))
        {
            let forbidden = self.forbidden(&flight.received().delivery);
            self.flights.push((flight, forbidden));
        }
    }

    /// Whether a delivery that starts now must not perform: its step failed and nothing was
    /// redriven, or what came before it is undone, or its generation is over.
    fn forbidden(&self, delivery: &Delivery) -> bool {
        let Ok(envelope) = serde_json::from_str::<Envelope>(&delivery.body) else {
            return true;
        };
        let journal = self.world.memory.journal();
        let key = key::step(&envelope.execution, envelope.generation, &envelope.step);
        let entry = journal.item(&key);
        let entry = entry.and_then(|item| serde_json::from_str::<StepEntry>(&item.body).ok());
        let state = entry.map(|entry| entry.state);
        let failed = matches!(state, Some(State::Failed { .. }));
        let gave_up = matches!(state, Some(State::GaveUp { .. }));
        let current = journal.item(&key::generation(&envelope.execution));
        let current = current.and_then(|item| item.body.parse::<u32>().ok());
        gave_up
            || (failed && self.redrives == 0)
            || current.is_some_and(|now| envelope.generation < now)
    }

    fn poll(&mut self) {
        if self.flights.is_empty() {
            return self.take();
        }
        let index = self.random.below(self.flights.len());
        let attempts = self.world.script.attempts();
        let (flight, forbidden) = &mut self.flights[index];
        let ended = flight.poll(&self.world);
        if *forbidden && self.world.script.attempts() > attempts {
            let body = &flight.received().delivery.body;
            self.wrong
                .push(format!("P3 or P9: performed again: {body}"));
        }
        if let Some(end) = ended {
            self.land(index, end);
        } else if !self.world.faults.yielded() {
            self.pass_time();
        }
    }

    fn land(&mut self, index: usize, end: End) {
        let (flight, _) = self.flights.swap_remove(index);
        match end {
            End::Settled(verdict) => {
                self.tally.note(name(verdict));
                self.world.memory.queue().settle(flight.receipt(), verdict);
            }
            End::Died => self.tally.note("crash"),
        }
        self.landed.push(flight.received().clone());
    }

    fn kill(&mut self) {
        if !self.flights.is_empty() {
            let index = self.random.below(self.flights.len());
            self.land(index, End::Died);
        }
    }

    fn duplicate(&mut self) {
        if let Some((flight, _)) = self.flights.first() {
            self.tally.note("duplicate");
            self.world.memory.queue().reappear(flight.receipt());
        }
    }

    fn resurrect(&mut self) {
        if !self.landed.is_empty() {
            let index = self.random.below(self.landed.len());
            self.tally.note("resurrected");
            self.world.memory.queue().resurrect(&self.landed[index]);
        }
    }

    fn pass_time(&mut self) {
        if self.random.percent(50) {
            self.world.wait();
        } else {
            let seconds = u64::try_from(self.random.below(100)).unwrap_or_default();
            let clock = self.world.memory.clock();
            clock.advance(Duration::from_secs(seconds));
            self.world.memory.timers().fire();
        }
    }

    fn redrive(&mut self) {
        let moved = self.world.redrive();
        self.redrives += moved;
        if moved > 0 {
            self.tally.note("redrive");
        }
    }

    /// Raises the generation of the first execution, and runs it anew.
    fn rerun(&mut self) {
        if self.generation == 1 && self.random.percent(30) {
            self.generation = 2;
            self.tally.note("re-run");
            let execution = &self.executions[0];
            let journal = self.world.memory.journal();
            journal.seed(key::generation(execution), "2".to_owned());
            let context = self.world.context(EventId::from_text("sent:1"), None);
            self.world.dispatch(execution, 2, &context);
        }
    }

    /// Ends what is under way, without further faults, redrives what is dead, and goes on until
    /// nothing moves.
    fn come_to_rest(&mut self) {
        self.world.faults.schedule(Schedule::Never);
        self.world.faults.interleave(false);
        while let Some((mut flight, _)) = self.flights.pop() {
            let end = flight.finish(&self.world);
            self.flights.push((flight, false));
            self.land(self.flights.len() - 1, end);
        }
        self.rest();
        if self.random.percent(50) {
            self.redrive();
            self.rest();
        }
    }

    /// Some steps wait for a person for good: fifty minutes show everything else.
    fn rest(&self) {
        self.world.run_for(Duration::from_mins(50));
    }
}

fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Acknowledge => "acknowledged",
        Verdict::RetryAfter(_) => "postponed",
        Verdict::Fail => "failed",
    }
}
