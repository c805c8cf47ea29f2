//! What reached the outside world.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One arrival at a receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// The function that called.
    pub function: String,
    /// The side-effect key.
    pub key: String,
    /// The `once` key of the step, where it has one.
    pub once: Option<String>,
}

/// Every arrival, in order. A receiver that honours keys sees each key once; one that does not
/// sees every arrival.
#[derive(Debug, Default)]
pub struct Effects(Mutex<Vec<Arrived>>);

impl Effects {
    /// Notes an arrival.
    pub fn arrive(&self, function: &str, key: &str, once: Option<&str>) {
        self.arrived().push(Arrived {
            function: function.to_owned(),
            key: key.to_owned(),
            once: once.map(str::to_owned),
        });
    }

    /// Every arrival.
    #[must_use]
    pub fn all(&self) -> Vec<Arrived> {
        self.arrived().clone()
    }

    /// Arrivals of a function: what a receiver that honours no key has done.
    #[must_use]
    pub fn raw(&self, function: &str) -> usize {
        let arrived = self.arrived();
        arrived
            .iter()
            .filter(|one| one.function == function)
            .count()
    }

    /// Arrivals under keys that end so, as `:step.n`.
    #[must_use]
    pub fn of_step(&self, step: &str) -> usize {
        let end = format!(":{step}");
        let arrived = self.arrived();
        arrived.iter().filter(|one| one.key.ends_with(&end)).count()
    }

    /// Different keys of a function: what a receiver that honours keys has done.
    #[must_use]
    pub fn distinct(&self, function: &str) -> usize {
        let arrived = self.arrived();
        let of_function = arrived.iter().filter(|one| one.function == function);
        of_function
            .map(|one| &one.key)
            .collect::<BTreeSet<_>>()
            .len()
    }

    fn arrived(&self) -> MutexGuard<'_, Vec<Arrived>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
