//! Random schedules: deliveries interleaved at every call of a port, with crashes, duplicates,
//! zombies, redrives and re-runs, all from one seed.

use std::sync::Arc;
use std::time::Duration;

use holdfast_engine::definition::model::Pack;
use holdfast_engine::entry::{State, StepEntry};
use holdfast_engine::envelope::Envelope;
use holdfast_engine::id::{EventId, ExecutionRef};
use holdfast_engine::key;
use holdfast_engine::port::{Delivery, Item, Ports as _, Verdict};
use holdfast_engine::sweep::Sweep;

use super::policy::Policy;
use super::tally::{Ran, Tally};
use super::{End, Flight, World};
use crate::faulty::Schedule;
use crate::memory::{Condition, Received};
use crate::random::Random;
use crate::ready::ready;

/// Runs the schedule of a seed until nothing moves, on a journal that does not look at one
/// condition, if so asked.
#[must_use]
pub fn run_seed(seed: u64, policy: Policy, pack: &Arc<Pack>, ignored: Option<Condition>) -> Ran {
    let mut random = Random::new(seed);
    let world = World::scripted(seed, pack);
    world.memory.journal().ignore(ignored);
    if seed % 2 == 1 {
        let counter = key::record(&World::home());
        world.memory.journal().seed(counter, "0".to_owned());
    }
    let percent = [0, 1, 2, 3, 5, 10][random.below(6)];
    if percent > 0 {
        world.memory.journal().lag(Random::new(seed ^ 2));
    }
    world.faults.interleave(true);
    world
        .faults
        .schedule(Schedule::Seeded(Random::new(seed), percent));
    if random.percent(80) {
        world.script.improvise(Some(Random::new(seed ^ 1)));
    }
    Chaos::new(world, random, percent == 0).run(policy)
}
/// Why a delivery must not perform.
#[derive(Debug, Clone)]
enum Forbidden {
    /// The step of this key failed.
    Failed(String),
    /// What came before it is undone.
    GaveUp,
    OldGeneration,
}

pub(super) struct Chaos {
    pub(super) world: World,
    pub(super) executions: [ExecutionRef; 2],
    /// Whether nothing around the steps fails, or is seen late, in this run.
    pub(super) calm: bool,
    pub(super) generation: u32,
    pub(super) tally: Tally,
    pub(super) redrives: usize,
    random: Random,
    flights: Vec<(Flight, Option<Forbidden>)>,
    landed: Vec<Received>,
    wrong: Vec<String>,
}

impl Chaos {
    fn new(world: World, random: Random, calm: bool) -> Self {
        Self {
            executions: ["sent:1", "sent:2"].map(|event| world.start(event)),
            calm,
            world,
            random,
            flights: Vec::new(),
            landed: Vec::new(),
            redrives: 0,
            generation: 1,
            wrong: Vec::new(),
            tally: Tally::default(),
        }
    }

    fn run(mut self, policy: Policy) -> Ran {
        self.go();
        self.come_to_rest();
        let mut wrong = super::properties::broken(&self, policy);
        if !wrong.is_empty() {
            self.rest();
            wrong = super::properties::broken(&self, policy);
        }
        self.wrong.extend(wrong);
        Ran {
            broken: self.wrong,
            tally: self.tally,
            conditions: self.world.memory.journal().conditions(),
        }
    }

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

    /// Why a delivery that starts now must not perform, however late it sees what may be seen late:
    /// its step failed and nothing was redriven, or what came before it is undone, or its
    /// generation is over.
    fn forbidden(&self, delivery: &Delivery) -> Option<Forbidden> {
        let Ok(envelope) = serde_json::from_str::<Envelope>(&delivery.body) else {
            return None;
        };
        let journal = self.world.memory.journal();
        let generations = journal.seen_lately(&key::generation(&envelope.execution));
        let is_over = |seen: &Option<Item>| {
            let current = seen.as_ref().and_then(|item| item.body.parse::<u32>().ok());
            current.is_some_and(|now| envelope.generation < now)
        };
        if generations.iter().all(is_over) {
            return Some(Forbidden::OldGeneration);
        }
        let key = key::step(&envelope.execution, envelope.generation, &envelope.step);
        let mut seen = journal.seen_lately(&key);
        if delivery.receive_count > 1 {
            seen = seen.split_off(seen.len() - 1);
        }
        let states = seen.into_iter().map(|seen| {
            let entry = serde_json::from_str::<StepEntry>(&seen?.body);
            entry.ok().map(|entry| entry.state)
        });
        let reasons = states.map(|state| match state? {
            State::Failed { .. } => Some(Forbidden::Failed(envelope.key())),
            State::GaveUp { .. } => Some(Forbidden::GaveUp),
            _ => None,
        });
        reasons.collect::<Option<Vec<_>>>()?.pop()
    }

    fn poll(&mut self) {
        if self.flights.is_empty() {
            return self.take();
        }
        let index = self.random.below(self.flights.len());
        let attempts = self.world.script.attempts();
        let (flight, forbidden) = &mut self.flights[index];
        let ended = flight.poll(&self.world);
        let performed = self.world.script.attempts() > attempts;
        match forbidden {
            Some(Forbidden::Failed(key)) if performed && self.redrives == 0 => {
                self.wrong.push(format!("P3: {key} performed again"));
            }
            Some(Forbidden::GaveUp) if performed => {
                let body = &flight.received().delivery.body;
                self.wrong.push(format!("P11: performed: {body}"));
            }
            Some(Forbidden::OldGeneration) if performed => {
                let body = &flight.received().delivery.body;
                self.wrong.push(format!("P9: performed: {body}"));
            }
            _ => {}
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
            self.flights.push((flight, None));
            self.land(self.flights.len() - 1, end);
        }
        self.rest();
        if self.random.percent(50) {
            self.redrive();
            self.rest();
        }
    }

    /// Some steps wait for a person for good: fifty minutes show almost everything else, and
    /// whoever finds something missing waits once more.
    fn rest(&self) {
        self.world.run_for(Duration::from_mins(50));
        let swept = ready(Sweep::default().pass(self.world.memory.as_ref()));
        swept.expect("nothing fails around the sweep");
    }
}

fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Acknowledge => "acknowledged",
        Verdict::RetryAfter(_) => "postponed",
        Verdict::Fail => "failed",
    }
}
