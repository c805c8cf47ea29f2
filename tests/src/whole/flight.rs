//! One delivery or webhook request under way: polled by hand, so that it can be left asleep,
//! interleaved or dropped.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use holdfast_engine::port::{Ports as _, Verdict};
use holdfast_receive_webhook::Answer;

use super::System;
use crate::memory::Received;

/// More polls than anything needs.
const MAX_POLLS: u32 = 100_000;

/// What a flight carries.
#[derive(Debug, Clone)]
pub enum Cargo {
    /// A delivered message.
    Message(Received),
    /// A webhook request, by its number in its stage.
    Request(usize),
}

/// What a handler says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// What becomes of the message.
    Verdict(Verdict),
    /// What the provider is told.
    Answer(Answer),
}

/// How a flight ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// As its handler said.
    Said(Said),
    /// Its process died.
    Died,
}

pub(super) type Handling = Pin<Box<dyn Future<Output = Said> + Send>>;

/// One delivery or request under way.
pub struct Flight {
    pub(super) cargo: Cargo,
    handling: Handling,
}

impl fmt::Debug for Flight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cargo.fmt(f)
    }
}

impl Flight {
    pub(super) fn new(cargo: Cargo, handling: Handling) -> Self {
        Self { cargo, handling }
    }

    /// The function that works on it.
    #[must_use]
    pub fn function(&self) -> &str {
        match &self.cargo {
            Cargo::Message(received) => received.delivery.queue.as_str(),
            Cargo::Request(_) => "receive-webhook",
        }
    }

    /// Whether the message has few receives left.
    #[must_use]
    pub fn is_frail(&self) -> bool {
        matches!(&self.cargo, Cargo::Message(received) if received.delivery.receive_count > 4)
    }

    /// Goes on until the next call of a port, or whatever it waits for.
    pub fn poll(&mut self, system: &System) -> Option<End> {
        let mut context = Context::from_waker(Waker::noop());
        let polled = self.handling.as_mut().poll(&mut context);
        match (system.faults.died(), polled) {
            (true, _) => Some(End::Died),
            (false, Poll::Ready(said)) => Some(End::Said(said)),
            (false, Poll::Pending) => None,
        }
    }

    /// Goes on to its end; time passes when it sleeps.
    ///
    /// # Panics
    /// When it does not end.
    pub fn finish(&mut self, system: &System) -> End {
        for _ in 0..MAX_POLLS {
            if let Some(end) = self.poll(system) {
                return end;
            }
            system.wake(system.faults.yielded());
        }
        panic!("it does not end: {:?}", self.cargo);
    }
}

impl System {
    /// Lets time pass until a sleeper wakes, where nothing else holds a flight up.
    pub(super) fn wake(&self, yielded: bool) {
        let clock = self.memory.clock();
        if !yielded && let Some(wake) = clock.next_wake() {
            clock.advance_to(wake);
        }
    }
}
