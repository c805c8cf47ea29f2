//! Faults on purpose: the outside world fails as services do, the same way for the same seed.
//!
//! Whether a call fails is decided by the seed, the connection, the side-effect key and how often
//! the key was called before: calls at once do not change each other's luck.

mod answer;
mod chance;
mod fault;
mod plan;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use holdfast_engine::definition::model::Pack;
use holdfast_engine::name::ConnectionName;
use holdfast_engine::port::{Call, CallError, Clock};

pub(crate) use self::answer::Answer;
pub(crate) use self::chance::draw;
pub use self::chance::{InvalidRate, Rate};
pub use self::fault::{Fault, InvalidFault, Kind};
use self::plan::{Plan, Strike};

/// Faults and the seed by which they strike.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Faults {
    /// The seed.
    pub seed: u64,
    /// The faults; of those that strike a call, the first does.
    pub list: Vec<Fault>,
}

impl Faults {
    /// Refuses a fault of a connection that no pack has: it would never strike, and so seem
    /// survived.
    ///
    /// # Errors
    /// [`UnknownConnection`], which names those that there are.
    pub fn check<'p>(
        &self,
        packs: impl IntoIterator<Item = &'p Arc<Pack>>,
    ) -> Result<(), UnknownConnection> {
        let known = packs.into_iter().flat_map(|pack| pack.connections.keys());
        let known: BTreeSet<&ConnectionName> = known.collect();
        let mut named = self.list.iter().map(|fault| &fault.connection);
        match named.find(|name| !known.contains(name)) {
            None => Ok(()),
            Some(name) => Err(UnknownConnection {
                name: name.to_string(),
                known: known.iter().map(ToString::to_string).collect(),
            }),
        }
    }
}

/// A fault names a connection that no pack has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no connection `{name}`: there is {}", .known.join(", "))]
pub struct UnknownConnection {
    /// What the fault names.
    pub name: String,
    /// The connections that there are.
    pub known: Vec<String>,
}

impl UnknownConnection {
    /// The stable name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "UnknownConnection"
    }
}

/// Lets calls fail.
#[derive(Debug)]
pub struct Injector<C> {
    clock: C,
    plan: Mutex<Plan>,
}

impl<C: Clock> Injector<C> {
    /// An injector of these faults.
    #[must_use]
    pub fn new(clock: C, faults: Faults) -> Self {
        Self {
            clock,
            plan: Mutex::new(Plan::new(faults)),
        }
    }

    /// The faults as they are now.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.plan().faults.clone()
    }

    /// Sets the faults from now on; what struck before is not forgotten.
    pub fn set(&self, list: Vec<Fault>) {
        self.plan().faults.list = list;
    }

    /// How many calls failed so far.
    #[must_use]
    pub fn struck(&self) -> u64 {
        self.plan().struck
    }

    /// Makes a call, or fails as the faults say.
    pub(crate) async fn around<T: Answer>(
        &self,
        call: &Call<'_>,
        calling: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        let Some(strike) = self.strike(call) else {
            return calling.await;
        };
        match strike.kind {
            Kind::Unauthorized => T::refusal(call, 401),
            Kind::TooManyRequests => T::refusal(call, 429),
            Kind::Unavailable => T::refusal(call, 503),
            Kind::Timeout => {
                self.clock.sleep(call.timeout).await;
                Err(maybe("the receiver did not answer in time"))
            }
            Kind::Slow => {
                self.clock.sleep(call.timeout / 2).await;
                calling.await
            }
            Kind::Reset if strike.before => Err(maybe("the connection broke")),
            Kind::Reset | Kind::DropAnswer => {
                calling.await?;
                Err(maybe("the connection broke before the answer"))
            }
            Kind::Garbage => calling.await?.spoilt(),
        }
    }

    fn strike(&self, call: &Call<'_>) -> Option<Strike> {
        let mut plan = self.plan();
        if plan.faults.list.is_empty() {
            return None;
        }
        let strike = plan.next(&call.connection.name, call.key, self.clock.now())?;
        tracing::info!(
            seed = plan.faults.seed,
            connection = %call.connection.name,
            fault = strike.kind.word(),
            key = call.key,
            call = strike.nth,
            "a fault is injected"
        );
        Some(strike)
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a receiver that is too busy asks to be left alone.
const RETRY_AFTER: Duration = Duration::from_secs(30);

fn maybe(message: &str) -> CallError {
    CallError::Maybe {
        message: format!("{message} (an injected fault)"),
        retry_after: None,
    }
}
