//! What a step function is: its description, its input and output, and how it performs.

mod batching;
mod context;
mod error;
mod paging;
mod sample;
mod spec;

use std::future::Future;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::definition::model::Connection;
use crate::suppression::Addressed;

pub use batching::Batching;
pub use context::{Audit, Staged, StepContext};
pub use error::{OUTCOME_UNKNOWN, RECEIVER_FAILED, StepError, TOKEN_REFUSED};
pub use paging::Paging;
pub use sample::{InvalidSample, Sample};
pub use spec::{Effect, Keeps, StepSpec};

/// A step function: does one thing, and says what came of it.
///
/// Claims, retries, fallbacks, the journal and dispatch are the engine's; a step knows its input
/// and its ports. `perform` may be called more than once with the same `ctx.key`, as its effect
/// allows.
pub trait Step: Send + Sync + 'static {
    /// The static description.
    const SPEC: StepSpec;
    /// How it performs many inputs by one call; `None`: it cannot.
    const BATCHING: Option<Batching> = None;
    /// Whom it writes to, where people may opt out of that.
    const ADDRESSED: Option<Addressed> = None;
    /// How it reads what its receiver gives page by page; `None`: it does not.
    const PAGING: Option<Paging> = None;
    /// What `with:` gives; its JSON Schema is what `holdfast check` holds definitions against.
    type Input: DeserializeOwned + JsonSchema + Send;
    /// What `steps.<id>` reads.
    type Output: Serialize + JsonSchema + Send;

    /// The effect of this call: the static best case, lowered by the connection.
    #[must_use]
    fn effect(_input: &Json, connection: Option<&Connection>) -> Effect {
        let best = Self::SPEC.effect;
        connection.map_or(best, |connection| best.through(connection))
    }

    /// Performs one attempt.
    ///
    /// # Errors
    /// [`StepError`] by what may have happened.
    fn perform(
        &self,
        ctx: &StepContext<'_>,
        input: Self::Input,
    ) -> impl Future<Output = Result<Self::Output, StepError>> + Send;
}
