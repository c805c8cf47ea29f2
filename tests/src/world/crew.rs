//! Several handlers of several processes at work at once: time passes only when all of them wait.

use std::time::Duration;

use holdfast_engine::contract::Process;
use holdfast_engine::port::Ports as _;
use jiff::Timestamp;

use super::{End, Flight, World};
use crate::random::Random;

/// More moves than any test needs.
const MAX_MOVES: usize = 10_000_000;

/// Handlers at work, in the order of a seed.
pub struct Crew<'w> {
    world: &'w World,
    random: Random,
    processes: Vec<Process>,
    size: usize,
    duplicates: usize,
    flights: Vec<(Flight, Waits)>,
}

/// Whether a handler waits for time to pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waits {
    No,
    Yes,
}

impl<'w> Crew<'w> {
    /// So many handlers at a time, of so many processes. Calls stop for one another.
    #[must_use]
    pub fn new(world: &'w World, seed: u64, processes: usize, size: usize) -> Self {
        world.faults.interleave(true);
        Self {
            world,
            random: Random::new(seed),
            processes: vec![(); processes]
                .into_iter()
                .map(|()| Process::default())
                .collect(),
            size,
            duplicates: 0,
            flights: Vec::new(),
        }
    }

    /// This many percent of the messages are delivered once more while they are worked on.
    #[must_use]
    pub fn repeating(mut self, duplicates: usize) -> Self {
        self.duplicates = duplicates;
        self
    }

    /// Works until nothing moves, for so long at most. Returns whether that was reached.
    ///
    /// # Panics
    /// When there is work without end and no time passes.
    pub fn run_for(&mut self, time: Duration) -> bool {
        let end = self.world.now().saturating_add(time);
        let end = end.unwrap_or(self.world.now());
        for _ in 0..MAX_MOVES {
            if self.take() || self.poll() {
                continue;
            }
            let Some(next) = self.next() else {
                return true;
            };
            if next > end {
                self.world.memory.clock().advance_to(end);
                return false;
            }
            self.world.memory.clock().advance_to(next);
            self.world.memory.timers().fire();
            let flights = self.flights.iter_mut();
            flights.for_each(|(_, waits)| *waits = Waits::No);
        }
        panic!("time does not pass");
    }

    /// Takes a message, if a handler is free and one is visible.
    fn take(&mut self) -> bool {
        if self.flights.len() >= self.size {
            return false;
        }
        let process = self.random.below(self.processes.len());
        self.world.work_as(&self.processes[process]);
        let Some(flight) = self.world.take(self.random.below(64)) else {
            return false;
        };
        if self.random.percent(self.duplicates) {
            self.world.memory.queue().reappear(flight.receipt());
        }
        self.flights.push((flight, Waits::No));
        true
    }

    /// Lets a handler that does not wait go on.
    fn poll(&mut self) -> bool {
        let awake = |(_, waits): &(Flight, Waits)| *waits == Waits::No;
        let awake: Vec<usize> = (0..self.flights.len())
            .filter(|index| awake(&self.flights[*index]))
            .collect();
        if awake.is_empty() {
            return false;
        }
        let index = awake[self.random.below(awake.len())];
        let (flight, waits) = &mut self.flights[index];
        match flight.poll(self.world) {
            None if self.world.faults.yielded() => {}
            None => *waits = Waits::Yes,
            Some(end) => {
                let (flight, _) = self.flights.swap_remove(index);
                if let End::Settled(verdict) = end {
                    self.world.memory.queue().settle(flight.receipt(), verdict);
                }
            }
        }
        true
    }

    /// When somebody wakes, or a message shows or is sent.
    fn next(&self) -> Option<Timestamp> {
        let memory = self.world.memory.as_ref();
        let shows = memory.queue().next_hidden();
        let next = [
            memory.clock().next_wake(),
            memory.timers().next_due(),
            shows,
        ];
        next.into_iter().flatten().min()
    }
}

impl Drop for Crew<'_> {
    fn drop(&mut self) {
        self.world.faults.interleave(false);
    }
}

impl std::fmt::Debug for Crew<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Crew").finish_non_exhaustive()
    }
}
