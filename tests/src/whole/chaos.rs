//! Seeded schedules: deliveries in any order and interleaved at every call of a port, with
//! crashes, failing ports and providers, duplicates, zombies and delays, until nothing moves.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use holdfast_engine::port::{Ports as _, Verdict};
use holdfast_receive_webhook::Request;

use super::flight::{Cargo, End, Flight, Said};
use super::projection::Projection;
use super::scenario::Scenario;
use super::system::System;
use crate::faulty::Schedule;
use crate::memory::{Condition, Received};
use crate::random::Random;

/// Flights at once.
const MAX_FLIGHTS: usize = 4;

/// Moves in a stage before it is brought to rest.
const MAX_MOVES: usize = 600;

/// A run under the schedule of a seed.
#[derive(Debug)]
pub struct Storm {
    /// What happened, and how often.
    pub happened: BTreeMap<&'static str, usize>,
    /// The conditions of the writes that were asked for.
    pub conditions: BTreeSet<Condition>,
    /// The end.
    pub end: Projection,
}

impl Storm {
    /// Runs a scenario under the schedule of a seed.
    #[must_use]
    pub fn of(scenario: &Scenario, seed: u64) -> Self {
        let system = System::new(seed, scenario);
        let mut random = Random::new(seed);
        let percent = [0, 1, 2, 4, 8][random.below(5)];
        system.memory.journal().lag(Random::new(seed ^ 1));
        let mut chaos = Chaos {
            system: &system,
            random,
            percent,
            requests: Vec::new(),
            waiting: Vec::new(),
            flights: Vec::new(),
            landed: Vec::new(),
            happened: BTreeMap::new(),
        };
        for stage in &scenario.stages {
            chaos.go(stage.requests(&system));
            chaos.come_to_rest();
        }
        Self {
            happened: chaos.happened,
            conditions: system.memory.journal().conditions(),
            end: Projection::of(&system, scenario.detail),
        }
    }
}

struct Chaos<'s> {
    system: &'s System,
    random: Random,
    /// How many of a hundred calls fail.
    percent: usize,
    requests: Vec<Request>,
    /// Requests that are still to be sent, or sent again.
    waiting: Vec<usize>,
    flights: Vec<Flight>,
    landed: Vec<Received>,
    happened: BTreeMap<&'static str, usize>,
}

impl Chaos<'_> {
    fn go(&mut self, requests: Vec<Request>) {
        self.waiting = (0..requests.len()).collect();
        self.requests = requests;
        self.system.faults.interleave(true);
        for _ in 0..MAX_MOVES {
            match self.random.below(200) {
                0..140 => self.poll(),
                140..175 => self.take(),
                175..185 => self.send(),
                185..188 => self.duplicate(),
                188..190 => self.resurrect(),
                190..198 => self.pass_time(),
                198 => self.repeat_request(),
                _ => self.kill(),
            }
            if self.waiting.is_empty() && self.flights.is_empty() && !self.has_messages() {
                return;
            }
        }
    }

    fn has_messages(&self) -> bool {
        !self.system.memory.queue().is_empty()
    }

    fn note(&mut self, what: &'static str) {
        *self.happened.entry(what).or_default() += 1;
    }

    fn take(&mut self) {
        let pick = self.random.below(16);
        if self.flights.len() < MAX_FLIGHTS
            && let Some(flight) = self.system.take(pick)
        {
            self.flights.push(flight);
        }
    }

    fn send(&mut self) {
        if !self.waiting.is_empty() {
            let index = self.random.below(self.waiting.len());
            let cargo = Cargo::Request(self.waiting.swap_remove(index));
            self.flights
                .push(self.system.work_on(cargo, &self.requests));
        }
    }

    fn repeat_request(&mut self) {
        let cargo = Cargo::Request(self.random.below(self.requests.len()));
        if !self.requests.is_empty() {
            self.note("request repeated");
            self.flights
                .push(self.system.work_on(cargo, &self.requests));
        }
    }

    /// Lets one flight go on until its next call, which may fail unless the message has few
    /// receives left: what is dead-lettered for want of a store is another test's.
    fn poll(&mut self) {
        if self.flights.is_empty() {
            return self.take();
        }
        let index = self.random.below(self.flights.len());
        let seed = self.random.below(usize::MAX);
        let flight = &mut self.flights[index];
        let schedule = if flight.is_frail() {
            Schedule::Never
        } else {
            let random = Random::new(u64::try_from(seed).unwrap_or_default());
            Schedule::Seeded(random, self.percent)
        };
        self.system.faults.schedule(schedule);
        if let Some(end) = flight.poll(self.system) {
            self.land(index, &end);
        } else if !self.system.faults.yielded() {
            self.pass_time();
        }
    }

    fn land(&mut self, index: usize, end: &End) {
        let flight = self.flights.swap_remove(index);
        self.note(match end {
            End::Died => "crash",
            End::Said(Said::Verdict(Verdict::Acknowledge)) => "acknowledged",
            End::Said(Said::Verdict(Verdict::RetryAfter(_))) => "postponed",
            End::Said(Said::Verdict(Verdict::Fail)) => "failed",
            End::Said(Said::Answer(_)) => "answered",
        });
        let again = self.system.land(&flight.cargo, end);
        match flight.cargo {
            Cargo::Request(number) if again => self.waiting.push(number),
            Cargo::Request(_) => {}
            Cargo::Message(received) => self.landed.push(received),
        }
    }

    fn kill(&mut self) {
        if !self.flights.is_empty() {
            let index = self.random.below(self.flights.len());
            self.land(index, &End::Died);
        }
    }

    fn duplicate(&mut self) {
        if let Some(flight) = self.flights.first()
            && let Cargo::Message(received) = &flight.cargo
            && !flight.is_frail()
        {
            self.system.memory.queue().reappear(&received.receipt);
            self.note("duplicate");
        }
    }

    fn resurrect(&mut self) {
        if !self.landed.is_empty() {
            let index = self.random.below(self.landed.len());
            let queue = self.system.memory.queue();
            queue.resurrect(&self.landed[index]);
            self.note("resurrected");
        }
    }

    fn pass_time(&mut self) {
        if self.random.percent(50) {
            self.system.wait();
        } else {
            let seconds = u64::try_from(self.random.below(100)).unwrap_or_default();
            let clock = self.system.memory.clock();
            clock.advance(Duration::from_secs(seconds));
            self.system.memory.timers().fire();
        }
    }

    /// Ends what is under way, without further faults, redrives what is dead, and goes on until
    /// nothing moves.
    fn come_to_rest(&mut self) {
        self.system.faults.schedule(Schedule::Never);
        self.system.faults.interleave(false);
        while let Some(flight) = self.flights.pop() {
            self.finish(flight);
        }
        while let Some(number) = self.waiting.pop() {
            let flight = self.system.work_on(Cargo::Request(number), &self.requests);
            self.finish(flight);
        }
        self.rest();
        self.system.memory.clock().advance(Duration::from_mins(1));
        if self.system.memory.queue().redrive() > 0 {
            self.note("redrive");
            self.rest();
        }
        self.system.sweep();
        self.rest();
        self.landed.clear();
    }

    fn rest(&self) {
        self.system.rest(|flight| {
            self.system.settle(flight);
        });
    }

    fn finish(&mut self, mut flight: Flight) {
        let end = flight.finish(self.system);
        self.flights.push(flight);
        self.land(self.flights.len() - 1, &end);
    }
}
