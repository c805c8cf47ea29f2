//! One delivery after the other, oldest first: the calm run, and runs in which one thing goes
//! wrong.

use std::collections::BTreeSet;
use std::time::Duration;

use holdfast_engine::port::{MessageId, Ports as _};
use holdfast_receive_webhook::Request;

use super::flight::{Cargo, End, Flight};
use super::projection::Projection;
use super::scenario::Scenario;
use super::system::System;
use crate::faulty::{Interrupted, Schedule};
use crate::memory::Received;

/// The seed of what is random in these runs.
const SEED: u64 = 1;

/// What goes wrong in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// Nothing.
    None,
    /// This call of a port or provider, from 1, fails, or the process dies around it.
    Fault(u64, Interrupted),
    /// The flight of this number, from 0, has a twin under way at the same time.
    Twin(usize),
    /// Every flight has one.
    Twins,
    /// The flight of this number, from 0, has a twin that stalls before its n-th call, from 1,
    /// until everything else of its stage is at rest.
    Zombie(usize, u64),
    /// What the flight of this number carried is lost with its process before any call, until its
    /// last receive.
    Doomed(usize),
    /// The same, and its last receive dies too, before its n-th call, from 1; the dead letter is
    /// redriven.
    Buried(usize, u64),
    /// What the flight of this number carried is delivered again after it was acknowledged.
    Again(usize),
    /// Everything is, once.
    AllAgain,
}

/// A run, and what it came to.
#[derive(Debug)]
pub struct Run {
    /// The function of each flight, and how many calls were made by its end.
    pub flights: Vec<(String, u64)>,
    /// The function whose process died.
    pub died: Option<String>,
    /// The errors that were open on a success before a sweep closed them.
    pub swept: Vec<String>,
    /// The end.
    pub end: Projection,
}

impl Run {
    /// Runs a scenario with one mishap.
    #[must_use]
    pub fn with(scenario: &Scenario, mishap: Mishap) -> Self {
        let system = System::new(SEED, scenario);
        if let Mishap::Fault(call, interrupted) = mishap {
            system.faults.schedule(Schedule::Nth(call, interrupted));
        }
        let mut line = Line {
            system: &system,
            mishap,
            flights: Vec::new(),
            died: None,
            again: BTreeSet::new(),
            zombie: None,
            doomed: None,
        };
        let mut swept = Vec::new();
        for stage in &scenario.stages {
            let requests = stage.requests(&system);
            for number in 0..requests.len() {
                line.request(number, &requests);
            }
            line.rest(&requests);
            if matches!(mishap, Mishap::Buried(..)) {
                system.memory.clock().advance(Duration::from_mins(1));
                system.memory.queue().redrive();
                line.rest(&requests);
            }
            if let Some(zombie) = line.zombie.take() {
                system.settle(zombie);
                line.rest(&requests);
            }
            swept.extend(system.open_on_success());
            system.sweep();
            line.rest(&requests);
        }
        Self {
            flights: line.flights,
            died: line.died,
            swept,
            end: Projection::of(&system, scenario.detail),
        }
    }

    /// The function that made a call, from 1.
    #[must_use]
    pub fn caller(&self, call: u64) -> Option<&str> {
        let flight = self.flights.iter().find(|(_, calls)| *calls >= call);
        flight.map(|(function, _)| function.as_str())
    }

    /// Every mishap of a twin that stalls, as this run's flights allow it.
    #[must_use]
    pub fn zombies(&self) -> Vec<Mishap> {
        let before = std::iter::once(0).chain(self.flights.iter().map(|(_, calls)| *calls));
        let flights = self.flights.iter().zip(before).enumerate();
        let each = flights.flat_map(|(number, ((_, calls), before))| {
            (1..=calls - before).map(move |call| Mishap::Zombie(number, call))
        });
        each.collect()
    }

    /// How many calls were made.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.flights.last().map_or(0, |(_, calls)| *calls)
    }
}

struct Line<'s> {
    system: &'s System,
    mishap: Mishap,
    flights: Vec<(String, u64)>,
    died: Option<String>,
    again: BTreeSet<MessageId>,
    zombie: Option<Flight>,
    doomed: Option<MessageId>,
}

impl Line<'_> {
    fn rest(&mut self, requests: &[Request]) {
        let system = self.system;
        system.rest(|flight| {
            self.fly(flight, requests);
        });
    }

    /// Sends a request until it is accepted, as providers do.
    fn request(&mut self, number: usize, requests: &[Request]) {
        let again = matches!(self.mishap, Mishap::AllAgain)
            || self.mishap == Mishap::Again(self.flights.len());
        let send = |line: &mut Self| {
            let flight = line.system.work_on(Cargo::Request(number), requests);
            line.fly(flight, requests)
        };
        while send(self) {}
        if again {
            send(self);
        }
    }

    /// Works on a flight to its end. Returns whether a request is to be sent again.
    fn fly(&mut self, mut flight: Flight, requests: &[Request]) -> bool {
        let (system, number) = (self.system, self.flights.len());
        if self.is_lost(&flight.cargo, number) {
            let calls = system.faults.calls();
            self.flights.push((flight.function().to_owned(), calls));
            return false;
        }
        if let (Mishap::Buried(_, call), Cargo::Message(received)) = (self.mishap, &flight.cargo)
            && self.doomed.as_ref() == Some(&received.delivery.message_id)
        {
            let function = flight.function().to_owned();
            drop(stalled(system, flight, call));
            self.flights.push((function, system.faults.calls()));
            return false;
        }
        let twin = self.mishap == Mishap::Twins || self.mishap == Mishap::Twin(number);
        let mut twin = twin.then(|| system.work_on(flight.cargo.clone(), requests));
        if let Mishap::Zombie(of, call) = self.mishap
            && of == number
        {
            let zombie = system.work_on(flight.cargo.clone(), requests);
            self.zombie = stalled(system, zombie, call);
        }
        let end = match &mut twin {
            Some(twin) => together(system, &mut flight, twin),
            None => flight.finish(system),
        };
        let retry = system.land(&flight.cargo, &end);
        if end == End::Died {
            self.died = Some(flight.function().to_owned());
        }
        self.flights
            .push((flight.function().to_owned(), system.faults.calls()));
        self.deliver_again(&flight.cargo, number);
        retry
    }

    fn is_lost(&mut self, cargo: &Cargo, number: usize) -> bool {
        let Cargo::Message(Received { delivery, .. }) = cargo else {
            return false;
        };
        let doomed = match self.mishap {
            Mishap::Doomed(of) | Mishap::Buried(of, _) => of == number,
            _ => false,
        };
        if doomed {
            self.doomed = Some(delivery.message_id.clone());
        }
        self.doomed.as_ref() == Some(&delivery.message_id) && !delivery.last_receive
    }

    fn deliver_again(&mut self, cargo: &Cargo, number: usize) {
        let Cargo::Message(received) = cargo else {
            return;
        };
        let again = self.mishap == Mishap::AllAgain || self.mishap == Mishap::Again(number);
        if again && self.again.insert(received.delivery.message_id.clone()) {
            self.system.memory.queue().resurrect(received);
        }
    }
}

/// A flight that stops before its n-th call; `None`: it ended, and did what it said.
fn stalled(system: &System, mut flight: Flight, call: u64) -> Option<Flight> {
    system.faults.interleave(true);
    let end = (0..call).find_map(|_| flight.poll(system));
    system.faults.interleave(false);
    let Some(end) = end else {
        return Some(flight);
    };
    system.land(&flight.cargo, &end);
    None
}

/// Works on a flight and its twin, call by call in turn, to the ends of both. What the first says
/// is done; the twin's receipt is the same, so that nothing is left to settle.
fn together(system: &System, flight: &mut Flight, twin: &mut Flight) -> End {
    system.faults.interleave(true);
    let (mut first, mut second) = (None, None);
    while first.is_none() || second.is_none() {
        first = first.or_else(|| flight.poll(system));
        second = second.or_else(|| twin.poll(system));
        system.wake(system.faults.yielded());
    }
    system.faults.interleave(false);
    if let Some(end) = &second {
        system.land(&twin.cargo, end);
    }
    first.unwrap_or(End::Died)
}
