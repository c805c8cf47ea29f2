//! One delivery under way: polled by hand, so that it can be left asleep, interleaved or dropped.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use holdfast_engine::contract::Runner;
use holdfast_engine::port::{Delivery, Verdict};
use holdfast_engine::step::Step;

use super::World;
use holdfast_engine::port::Ports as _;

use crate::faulty::Faulty;
use crate::memory::{Memory, Receipt, Received};

/// More polls than any delivery needs.
const MAX_POLLS: u32 = 100_000;

/// A delivery's future.
type Handling = Pin<Box<dyn Future<Output = Verdict> + Send>>;

/// A step function whose type is erased.
pub(super) trait Function: Send + Sync {
    fn handle(self: Arc<Self>, runner: Runner<Faulty<Memory>>, delivery: Delivery) -> Handling;
}

struct Erased<S>(S);

impl<S: Step> Function for Erased<S> {
    fn handle(self: Arc<Self>, runner: Runner<Faulty<Memory>>, delivery: Delivery) -> Handling {
        Box::pin(async move { runner.deliver(&self.0, &delivery).await })
    }
}

pub(super) fn function<S: Step>(step: S) -> Arc<dyn Function> {
    Arc::new(Erased(step))
}

struct Internal<F> {
    ports: Arc<Faulty<Memory>>,
    handle: F,
}

impl<F, R> Function for Internal<F>
where
    F: Fn(Arc<Faulty<Memory>>, Delivery) -> R + Send + Sync,
    R: Future<Output = Verdict> + Send + 'static,
{
    fn handle(self: Arc<Self>, _: Runner<Faulty<Memory>>, delivery: Delivery) -> Handling {
        Box::pin((self.handle)(Arc::clone(&self.ports), delivery))
    }
}

pub(super) fn internal<F, R>(ports: &Arc<Faulty<Memory>>, handle: F) -> Arc<dyn Function>
where
    F: Fn(Arc<Faulty<Memory>>, Delivery) -> R + Send + Sync + 'static,
    R: Future<Output = Verdict> + Send + 'static,
{
    let ports = Arc::clone(ports);
    Arc::new(Internal { ports, handle })
}

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With a verdict.
    Settled(Verdict),
    /// Its process died.
    Died,
}

/// A delivery under way.
pub struct Flight {
    handling: Handling,
    received: Received,
}

impl Flight {
    pub(super) fn new(
        function: Arc<dyn Function>,
        runner: Runner<Faulty<Memory>>,
        received: Received,
    ) -> Self {
        let handling = function.handle(runner, received.delivery.clone());
        Self { handling, received }
    }

    /// What settles the message.
    #[must_use]
    pub fn receipt(&self) -> &Receipt {
        &self.received.receipt
    }

    /// The message.
    #[must_use]
    pub fn received(&self) -> &Received {
        &self.received
    }

    /// Goes on until the next call of a port, or whatever it waits for.
    pub fn poll(&mut self, world: &World) -> Option<End> {
        let mut context = Context::from_waker(Waker::noop());
        let polled = self.handling.as_mut().poll(&mut context);
        match (world.faults.died(), polled) {
            (true, _) => Some(End::Died),
            (false, Poll::Ready(verdict)) => Some(End::Settled(verdict)),
            (false, Poll::Pending) => None,
        }
    }

    /// Goes on to its end; time passes when it sleeps.
    ///
    /// # Panics
    /// When it does not end.
    pub fn finish(&mut self, world: &World) -> End {
        for _ in 0..MAX_POLLS {
            if let Some(end) = self.poll(world) {
                return end;
            }
            if !world.faults.yielded()
                && let Some(wake) = world.memory.clock().next_wake()
            {
                world.memory.clock().advance_to(wake);
            }
        }
        panic!("a delivery does not end: {:?}", self.received);
    }
}
