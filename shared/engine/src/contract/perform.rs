//! One attempt at a step's effect, and what it came to.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::connect::Connected;
use super::guarded::guarded;
use super::once::OnceClaim;
use super::outcome::{Ending, after_attempt, after_bad_output};
use super::runner::Runner;
use super::shape::{refusal, shaped};
use super::work::Work;
use crate::definition::model::Refused;
use crate::entry::Progress;
use crate::envelope::Input;
use crate::port::{Clock, Entropy, Ports, Write};
use crate::retry;
use crate::step::{Audit, Staged, Step, StepContext, StepError};

/// What an attempt came to, ready to be written.
#[derive(Debug)]
pub(super) enum Attempted {
    /// It succeeded.
    Succeeded {
        /// The result that later steps read.
        output: Json,
        /// The change that it made.
        audit: Audit,
        /// The writes that belong to it.
        staged: Vec<Write>,
    },
    /// Another step had already done it.
    Suppressed(Box<OnceClaim>, Json),
    /// It was not made, and is not to be, for this reason.
    LeftOut(String),
    /// It did not succeed.
    Ended(StepError, Ending, Option<Timestamp>),
}

impl<P: Ports> Runner<P> {
    /// Performs once, under guard.
    pub(super) async fn perform<S: Step>(
        &self,
        step: &S,
        work: &Work<'_>,
        connected: &Connected<'_>,
        progress: Progress,
    ) -> Attempted {
        let (key, staged) = (work.envelope.key(), Staged::default());
        let now = self.ports.clock().now();
        let ctx = StepContext {
            envelope: work.envelope,
            key: &key,
            attempt: progress.attempt,
            now,
            call: connected.call(work.envelope, &key, now),
            definition: work.definition,
            pack: work.pack,
            staged: &staged,
        };
        let effect = async {
            let input = rendered(work)?;
            match work.paging(S::PAGING) {
                None => Ok(encoded(step.perform(&ctx, decoded(input)?).await?)),
                // Few steps have pages: the future of all others does not hold them.
                Some(pages) => Box::pin(self.paged(step, &ctx, work, pages)).await.map(Ok),
            }
        };
        let deadline = self.ports.clock().sleep(connected.timeout());
        match guarded(effect, deadline).await {
            Ok(output) => self.succeeded::<S>(work, &staged, output, progress, now),
            Err(error) => self.ended(error, work, progress),
        }
    }

    fn succeeded<S: Step>(
        &self,
        work: &Work<'_>,
        staged: &Staged,
        output: Result<Json, StepError>,
        progress: Progress,
        now: Timestamp,
    ) -> Attempted {
        let output = output.and_then(|output| match &work.envelope.batch {
            None => shaped(work, S::SPEC.keeps, output, now),
            Some(batch) => {
                let answers = work.answers(batch, S::SPEC.keeps, S::BATCHING, output);
                let (output, pages) = answers?;
                staged.add(pages, Audit::default());
                Ok(output)
            }
        });
        self.came_to(work, staged, output, progress)
    }

    /// What an attempt came to whose result has its shape, or has none.
    pub(super) fn came_to(
        &self,
        work: &Work<'_>,
        staged: &Staged,
        output: Result<Json, StepError>,
        progress: Progress,
    ) -> Attempted {
        match output {
            Ok(output) => {
                if let (Some(reason), Refused::Fail) = (refusal(&output), work.terms.refused) {
                    self.ended(StepError::permanent("Refused", reason), work, progress)
                } else {
                    let (staged, audit) = staged.take();
                    Attempted::Succeeded {
                        output,
                        audit,
                        staged,
                    }
                }
            }
            Err(error) => Attempted::Ended(error, after_bad_output(&work.terms), None),
        }
    }

    /// What follows an attempt that did not succeed.
    pub(super) fn ended(&self, error: StepError, work: &Work<'_>, progress: Progress) -> Attempted {
        let error = if work.terms.needs_certainty() {
            error
        } else {
            error.repeatable()
        };
        let rungs = if self.is_probe(work) {
            Progress {
                attempt: Progress::FIRST.attempt,
                ..progress
            }
        } else {
            progress
        };
        let ending = after_attempt(&error, rungs, &work.terms);
        let due = match &ending {
            Ending::Retry { delay, .. } => self
                .ports
                .clock()
                .now()
                .saturating_add(self.jittered(*delay, error.retry_after()))
                .ok(),
            _ => None,
        };
        Attempted::Ended(error, ending, due)
    }

    /// The delay with the jitter that keeps apart what failed together.
    fn jittered(&self, delay: Duration, asked: Option<Duration>) -> Duration {
        retry::jittered(delay, asked, self.fraction())
    }

    /// A random number from 0 to 1.
    pub(super) fn fraction(&self) -> f64 {
        let bits = self.ports.entropy().bits() & 0xFFFF;
        f64::from(u32::try_from(bits).unwrap_or_default()) / 65_536.0
    }
}

pub(super) fn encoded(output: impl Serialize) -> Result<Json, StepError> {
    serde_json::to_value(output)
        .map_err(|error| StepError::permanent("InvalidResponse", error.to_string()))
}

pub(super) fn decoded<T: DeserializeOwned>(input: &Json) -> Result<T, StepError> {
    T::deserialize(input).map_err(|error| StepError::permanent("InvalidInput", error.to_string()))
}

fn rendered<'w>(work: &Work<'w>) -> Result<&'w Json, StepError> {
    match &work.envelope.input {
        Input::Rendered(input) => Ok(input),
        Input::Each(_) => Err(StepError::permanent("InvalidInput", "it is a list")),
        Input::Failed { code, message } => Err(StepError::permanent(code, message.clone())),
    }
}
