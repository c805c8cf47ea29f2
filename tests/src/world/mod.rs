//! Deliveries under the step contract, on virtual time, until nothing moves.

mod context;
mod crew;
mod effects;
mod elements;
mod flight;
mod pack;
mod policy;
mod properties;
mod record;
mod schedule;
mod script;
mod sentences;
mod steps;
mod story;
mod tally;
mod witness;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use holdfast_engine::contract::{Process, Runner};
use holdfast_engine::definition::model::Pack;
use holdfast_engine::port::{Clock as _, Delivery, Deployment, Ports as _, QueueName, Verdict};
use holdfast_engine::step::Step;
use jiff::Timestamp;

use crate::faulty::{Faults, Faulty};
use crate::memory::{Memory, Received};

pub use crew::Crew;
pub use effects::{Arrived, Effects};
pub use flight::{End, Flight};
pub use pack::{Functions, compiled, compiled_with, load};
pub use policy::Policy;
pub use schedule::run_seed;
pub use script::{Behaviour, Script};
pub use sentences::{
    Case, Probe, succeeds_when_delivered_twice, survives_a_crash_at_every_port_call,
};
pub use steps::{KeyedEffect, RawEffect, UpdateEffect};
pub use story::{Rest, Story};
pub use tally::{Ran, Tally};
pub use witness::Witness;

use flight::Function;

/// How long a received message stays hidden: six times the longest step's time.
pub const VISIBILITY: Duration = Duration::from_mins(3);

/// How far virtual time may go before a run that does not end is called one that waits.
const HORIZON: Duration = Duration::from_hours(48);

/// More deliveries in one moment, and more moments, than any test needs.
const MAX_DELIVERIES: usize = 2_000;
const MAX_WAITS: usize = 100_000;

/// Memory ports behind faults, step functions, and what their effects came to.
pub struct World {
    /// The state.
    pub memory: Arc<Memory>,
    /// Which calls fail.
    pub faults: Arc<Faults>,
    /// What reached the outside.
    pub effects: Arc<Effects>,
    /// What the scripted steps do.
    pub script: Arc<Script>,
    ports: Arc<Faulty<Memory>>,
    pack: Arc<Pack>,
    functions: BTreeMap<QueueName, Arc<dyn Function>>,
    process: Mutex<Process>,
}

impl World {
    /// A world with one pack and no step function.
    #[must_use]
    pub fn new(seed: u64, pack: &Arc<Pack>) -> Self {
        let memory = Arc::new(Memory::new(seed, [Arc::clone(pack)]));
        let faults = Arc::new(Faults::default());
        let effects = Arc::new(Effects::default());
        Self {
            ports: Arc::new(Faulty::new(Arc::clone(&memory), &faults)),
            script: Arc::new(Script::default()),
            pack: Arc::clone(pack),
            functions: BTreeMap::new(),
            process: Mutex::default(),
            memory,
            faults,
            effects,
        }
    }

    /// A world with the three scripted step functions.
    #[must_use]
    pub fn scripted(seed: u64, pack: &Arc<Pack>) -> Self {
        let mut world = Self::new(seed, pack);
        world.add_scripted();
        world
    }

    /// The same world after a new start of its one process, which is named.
    #[must_use]
    pub fn restarted(&self, boot: &str) -> Self {
        let deployment = Deployment {
            boot: Some(boot.to_owned()),
            ..Deployment::default()
        };
        let memory = Memory::new(0, [Arc::clone(&self.pack)]).deployed(deployment);
        memory.restore(self.memory.snapshot());
        let memory = Arc::new(memory);
        let mut world = Self {
            ports: Arc::new(Faulty::new(Arc::clone(&memory), &self.faults)),
            memory,
            faults: Arc::clone(&self.faults),
            effects: Arc::clone(&self.effects),
            script: Arc::clone(&self.script),
            pack: Arc::clone(&self.pack),
            functions: BTreeMap::new(),
            process: Mutex::default(),
        };
        world.add_scripted();
        world
    }

    fn add_scripted(&mut self) {
        let probe = self.probe();
        self.add(KeyedEffect::new(&probe));
        self.add(RawEffect::new(&probe));
        self.add(UpdateEffect::new(&probe));
    }

    /// Adds a step function.
    pub fn add<S: Step>(&mut self, step: S) {
        let queue = QueueName::of(S::SPEC.name);
        self.functions.insert(queue, flight::function(step));
    }

    /// Adds a function that is no step.
    pub fn add_internal<F, R>(&mut self, name: &str, handle: F)
    where
        F: Fn(Arc<Faulty<Memory>>, Delivery) -> R + Send + Sync + 'static,
        R: Future<Output = Verdict> + Send + 'static,
    {
        let function = flight::internal(&self.ports, handle);
        self.functions.insert(QueueName::of(name), function);
    }

    /// What a step function is built from in this world.
    #[must_use]
    pub fn probe(&self) -> Probe {
        Probe {
            ports: Arc::clone(&self.ports),
            faults: Arc::clone(&self.faults),
            effects: Arc::clone(&self.effects),
            script: Arc::clone(&self.script),
        }
    }

    /// From now on deliveries are the work of another process, which remembers nothing.
    pub fn change_process(&self) {
        self.work_as(&Process::default());
    }

    /// From now on deliveries are the work of the process that remembers this.
    pub fn work_as(&self, process: &Process) {
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = process.clone();
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.memory.clock().now()
    }

    /// Receives a visible message and starts to work on it.
    #[must_use]
    pub fn take(&self, pick: usize) -> Option<Flight> {
        let received = self.memory.queue().receive(pick, VISIBILITY)?;
        self.work_on(received)
    }

    fn work_on(&self, received: Received) -> Option<Flight> {
        let function = self.functions.get(&received.delivery.queue)?;
        let process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        let runner = Runner::new(Arc::clone(&self.ports)).remembering(&process);
        Some(Flight::new(Arc::clone(function), runner, received))
    }

    /// Works on a visible message to its end, and settles it. `None`: there is none.
    pub fn deliver(&self) -> Option<End> {
        let mut flight = self.take(0)?;
        let end = flight.finish(self);
        if let End::Settled(verdict) = end {
            self.memory.queue().settle(flight.receipt(), verdict);
        }
        Some(end)
    }

    /// Delivers until nothing moves. Returns whether that was reached before the horizon.
    ///
    /// # Panics
    /// When messages come back without end and no time passes.
    pub fn run(&self) -> bool {
        self.run_for(HORIZON)
    }

    /// Delivers until nothing moves, for so long. Returns whether that was reached.
    ///
    /// # Panics
    /// When messages come back without end and no time passes.
    pub fn run_for(&self, time: Duration) -> bool {
        let horizon = self.now().saturating_add(time).unwrap_or(self.now());
        for _ in 0..MAX_WAITS {
            let deliveries = std::iter::from_fn(|| self.deliver());
            let delivered = deliveries.take(MAX_DELIVERIES).count();
            assert!(delivered < MAX_DELIVERIES, "messages come back without end");
            if !self.wait() {
                return true;
            }
            if self.now() > horizon {
                return false;
            }
        }
        panic!("time does not pass");
    }

    /// Lets time pass until something can move. Returns whether there is such a thing.
    pub fn wait(&self) -> bool {
        let (queue, timers) = (self.memory.queue(), self.memory.timers());
        let next = [queue.next_visible(), timers.next_due()];
        let Some(next) = next.into_iter().flatten().min() else {
            return false;
        };
        self.memory.clock().advance_to(next);
        timers.fire();
        true
    }

    /// Redrives every dead letter, a moment later.
    pub fn redrive(&self) -> usize {
        self.memory.clock().advance(Duration::from_mins(1));
        self.memory.queue().redrive()
    }
}
