//! Scripted step functions, one for each kind of effect.

use std::time::Duration;

use holdfast_engine::step::{Effect, Keeps, Step, StepContext, StepError, StepSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::sentences::Probe;
use super::script::unknown;
use crate::faulty::When;

/// The input of the scripted steps that call something.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// The recipient.
    pub to: String,
}

/// The result of a scripted step.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Outcome {
    /// What the receiver called it: the key.
    pub id: String,
    /// Whether a change was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<bool>,
}

macro_rules! scripted {
    ($(#[$doc:meta] $name:ident($function:literal, $effect:expr, $input:ty))*) => {$(
        #[$doc]
        #[derive(Debug)]
        pub struct $name(Probe);

        impl $name {
            /// The step in a world.
            #[must_use]
            pub fn new(probe: &Probe) -> Self {
                Self(probe.clone())
            }
        }

        impl Step for $name {
            const SPEC: StepSpec = StepSpec {
                name: $function,
                description: "Does what a script says.",
                effect: $effect,
                timeout: Duration::from_secs(10),
                concurrency: 1,
                connections: &[],
                keeps: Keeps::All,
            };
            type Input = $input;
            type Output = Outcome;

            async fn perform(
                &self,
                ctx: &StepContext<'_>,
                _: Self::Input,
            ) -> Result<Outcome, StepError> {
                act(&self.0, Self::SPEC.name, ctx).await
            }
        }
    )*};
}

scripted! {
    /// An effect whose receiver honours keys.
    KeyedEffect("keyed-effect", Effect::Keyed, Message)
    /// An effect whose receiver counts every arrival.
    RawEffect("raw-effect", Effect::AtMostOnce, Message)
    /// A change of a record that changes nothing, and may be refused.
    UpdateEffect("update-record", Effect::Keyed, Json)
}

async fn act(probe: &Probe, function: &str, ctx: &StepContext<'_>) -> Result<Outcome, StepError> {
    let behaviour = probe.script.next(&ctx.envelope.step.to_string());
    let acts = behaviour.acts();
    let call = async {
        if acts {
            let once = ctx.envelope.once.as_deref();
            probe.effects.arrive(function, ctx.key, once);
        }
    };
    if let Err(interrupted) = probe.faults.around(call).await {
        return Err(match interrupted.when {
            When::Before => StepError::transient("NotSent", "nothing was sent"),
            When::After => unknown(),
        });
    }
    let output = behaviour.outcome().await?;
    Ok(Outcome {
        id: ctx.key.to_owned(),
        refused: output.get("refused").and_then(Json::as_bool),
    })
}
