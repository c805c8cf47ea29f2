//! What scripted steps do, attempt by attempt.

use std::collections::{BTreeMap, VecDeque};
use std::future::pending;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use holdfast_engine::step::StepError;
use serde_json::Value as Json;

use crate::random::Random;

/// What one attempt does.
#[derive(Debug, Clone, PartialEq)]
pub enum Behaviour {
    /// It succeeds with the default result.
    Succeed,
    /// It succeeds with these members.
    Give(Json),
    /// It fails, may work later, and has done nothing; the receiver may ask for a wait.
    Transient(Option<Duration>),
    /// It ends in doubt, having acted or not.
    Unknown(bool),
    /// It fails for good, and has done nothing.
    Permanent,
    /// It asks for a person, and has done nothing.
    NeedsReview,
    /// It never ends, having acted or not.
    Hang(bool),
    /// It panics, having acted or not.
    Panic(bool),
}

impl Behaviour {
    pub(super) fn acts(&self) -> bool {
        match self {
            Self::Succeed | Self::Give(_) => true,
            Self::Transient(_) | Self::Permanent | Self::NeedsReview => false,
            Self::Unknown(acts) | Self::Hang(acts) | Self::Panic(acts) => *acts,
        }
    }

    pub(super) async fn outcome(self) -> Result<Json, StepError> {
        match self {
            Self::Succeed => Ok(Json::Object(serde_json::Map::new())),
            Self::Give(output) => Ok(output),
            Self::Transient(retry_after) => Err(StepError::Transient {
                code: "NotSent".to_owned(),
                message: "the receiver is busy".to_owned(),
                retry_after,
            }),
            Self::Unknown(_) => Err(unknown()),
            Self::Permanent => Err(StepError::permanent("Refused", "no such number")),
            Self::NeedsReview => Err(StepError::NeedsReview {
                code: "Ambiguous".to_owned(),
                message: "two of them".to_owned(),
            }),
            Self::Hang(_) => pending().await,
            Self::Panic(_) => std::panic::resume_unwind(Box::new("on purpose")),
        }
    }

    fn any(random: &mut Random) -> Self {
        match random.below(20) {
            0 | 1 => Self::Transient(None),
            2 => Self::Transient(Some(Duration::from_secs(90))),
            3 | 4 => Self::Unknown(random.percent(50)),
            5 | 6 => Self::Permanent,
            7 => Self::NeedsReview,
            8 => Self::Hang(random.percent(50)),
            9 => Self::Panic(random.percent(50)),
            _ => Self::Succeed,
        }
    }
}

pub(super) fn unknown() -> StepError {
    StepError::Unknown {
        code: "OutcomeUnknown".to_owned(),
        message: "no answer".to_owned(),
        retry_after: None,
    }
}

#[derive(Debug, Default)]
struct Lines {
    of_step: BTreeMap<String, VecDeque<Behaviour>>,
    random: Option<Random>,
    attempts: usize,
}

/// What the attempts of each step do, in order; then they succeed, or do anything.
#[derive(Debug, Default)]
pub struct Script(Mutex<Lines>);

impl Script {
    /// Adds what the next attempts of a step (`id.n`) do.
    pub fn add(&self, step: &str, behaviours: impl IntoIterator<Item = Behaviour>) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_step = lines.of_step.entry(step.to_owned()).or_default();
        of_step.extend(behaviours);
    }

    /// Attempts without a line do anything, from a seed.
    pub fn improvise(&self, random: Option<Random>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).random = random;
    }

    /// How many attempts were made.
    #[must_use]
    pub fn attempts(&self) -> usize {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .attempts
    }

    pub(super) fn next(&self, step: &str) -> Behaviour {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.attempts += 1;
        let line = lines.of_step.get_mut(step).and_then(VecDeque::pop_front);
        line.or_else(|| lines.random.as_mut().map(Behaviour::any))
            .unwrap_or(Behaviour::Succeed)
    }
}
