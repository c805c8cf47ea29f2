//! One workflow under test, told delivery by delivery, with everything that it left behind.

use std::sync::Arc;

use holdfast_engine::definition::model::Pack;
use holdfast_engine::entry::StepEntry;
use holdfast_engine::id::ExecutionRef;
use holdfast_engine::operation::{ReviewItem, Status};
use holdfast_engine::port::{Ports as _, Verdict};

use super::{Behaviour, End, Flight, Witness, World, compiled};
use crate::memory::MAX_RECEIVES;

/// A world with the first execution of its workflow.
pub struct Story {
    /// The world.
    pub world: World,
    /// The execution.
    pub execution: ExecutionRef,
}

/// Everything that a workflow left behind, so that one comparison shows what is too much.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Rest {
    /// Messages in queues.
    pub queued: usize,
    /// Dead letters.
    pub dead: usize,
    /// Codes of open error records, sorted.
    pub open: Vec<String>,
    /// Codes of closed error records, sorted.
    pub closed: Vec<String>,
    /// Open review items, `step.n code`, sorted.
    pub reviews: Vec<String>,
    /// Steps whose effects arrived at their receivers, in order.
    pub arrived: Vec<String>,
}

impl Story {
    /// A workflow of these steps, as [`compiled`] takes them, started once.
    #[must_use]
    pub fn of(steps: &str) -> Self {
        Self::with(&compiled(steps))
    }

    /// The workflow `w` of a pack, started once.
    #[must_use]
    pub fn with(pack: &Arc<Pack>) -> Self {
        let world = World::scripted(1, pack);
        let execution = world.start("sent:1");
        Self { world, execution }
    }

    /// Adds what the next attempts of a step (`id.n`) do.
    #[must_use]
    pub fn plays(self, step: &str, behaviours: impl IntoIterator<Item = Behaviour>) -> Self {
        self.world.script.add(step, behaviours);
        self
    }

    /// Works on one visible message to its end.
    ///
    /// # Panics
    /// When there is none, or its process dies.
    pub fn deliver(&self) -> Verdict {
        match self.world.deliver() {
            Some(End::Settled(verdict)) => verdict,
            other => panic!("a delivery ended so: {other:?}"),
        }
    }

    /// Delivers until nothing moves.
    ///
    /// # Panics
    /// When something moves without end.
    pub fn run(&self) -> Rest {
        assert!(self.world.run(), "it never became quiet");
        self.rest()
    }

    /// Starts to work on a visible message, until it sleeps.
    ///
    /// # Panics
    /// When there is none, or it ends.
    pub fn begin(&self) -> Flight {
        let mut flight = self.world.take(0).expect("a visible message");
        assert_eq!(flight.poll(&self.world), None, "the delivery ended");
        flight
    }

    /// Receives a visible message and lets it go, as often as leaves it one receive.
    ///
    /// # Panics
    /// When there is none.
    pub fn spend_receives(&self) {
        for _ in 1..MAX_RECEIVES {
            let flight = self.world.take(0).expect("a visible message");
            self.world.memory.queue().reappear(flight.receipt());
        }
    }

    /// What is in the journal.
    #[must_use]
    pub fn seen(&self) -> Witness {
        Witness::of(&self.world)
    }

    /// The name of a step's state; `none` without an entry.
    #[must_use]
    pub fn state(&self, step: &str) -> &'static str {
        self.seen().state(&self.execution, step)
    }

    /// A step's entry.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn entry(&self, step: &str) -> StepEntry {
        let seen = self.seen();
        seen.entry(&self.execution, step).expect("an entry").clone()
    }

    /// The attempts of a step that did not succeed, with their codes.
    #[must_use]
    pub fn attempts(&self, step: &str) -> Vec<(u32, String)> {
        let lines = self.entry(step).attempts.into_iter();
        lines.map(|line| (line.attempt, line.code)).collect()
    }

    /// What was left behind.
    #[must_use]
    pub fn rest(&self) -> Rest {
        let seen = self.seen();
        let codes = |status: Status| {
            let errors = seen
                .errors
                .iter()
                .filter(|error| error.handling.status == status);
            sorted(errors.map(|error| error.code.clone()))
        };
        let reviews = seen.reviews.iter();
        let reviews = reviews.filter(|review| review.handling.status == Status::Open);
        let arrived = self.world.effects.all().into_iter();
        Rest {
            queued: self.world.memory.queue().len(),
            dead: self.world.memory.queue().dead().len(),
            open: codes(Status::Open),
            closed: codes(Status::Closed),
            reviews: sorted(reviews.map(line)),
            arrived: arrived.map(|one| last_part(&one.key)).collect(),
        }
    }
}

impl Rest {
    /// Nothing but these arrivals.
    #[must_use]
    pub fn after(arrived: &[&str]) -> Self {
        Self {
            arrived: texts(arrived),
            ..Self::default()
        }
    }

    /// With these open error records.
    #[must_use]
    pub fn open(self, codes: &[&str]) -> Self {
        Self {
            open: texts(codes),
            ..self
        }
    }

    /// With these closed error records.
    #[must_use]
    pub fn closed(self, codes: &[&str]) -> Self {
        Self {
            closed: texts(codes),
            ..self
        }
    }

    /// With these open review items.
    #[must_use]
    pub fn reviews(self, lines: &[&str]) -> Self {
        Self {
            reviews: texts(lines),
            ..self
        }
    }

    /// With so many dead letters.
    #[must_use]
    pub fn dead(self, dead: usize) -> Self {
        Self { dead, ..self }
    }

    /// With so many messages.
    #[must_use]
    pub fn queued(self, queued: usize) -> Self {
        Self { queued, ..self }
    }
}

fn line(review: &ReviewItem) -> String {
    let step = review.step.as_ref().map(ToString::to_string);
    let code = review.report.pointer("/error/type");
    let code = code.and_then(serde_json::Value::as_str);
    format!("{} {}", step.unwrap_or_default(), code.unwrap_or_default())
}

fn last_part(key: &str) -> String {
    key.rsplit(':').next().unwrap_or_default().to_owned()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

fn sorted(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut texts: Vec<String> = texts.collect();
    texts.sort_unstable();
    texts
}
