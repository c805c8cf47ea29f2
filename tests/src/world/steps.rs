//! Scripted step functions, one for each kind of effect.

use std::future::{Ready, ready};
use std::time::Duration;

use holdfast_engine::key;
use holdfast_engine::port::{Change, Expect, Journal as _, Ports as _, Write};
use holdfast_engine::step::{Audit, Effect, Keeps, Step, StepContext, StepError, StepSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::script::unknown;
use super::sentences::Probe;
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
    /// What the receiver answered.
    #[serde(skip_serializing_if = "Json::is_null")]
    pub body: Json,
}

/// A step that changes nothing but through its receiver.
fn nothing_staged(_: &Probe, _: &StepContext<'_>) -> Ready<Result<(), StepError>> {
    ready(Ok(()))
}

/// Adds one to a counter that lies where the home record does, in the transaction of the outcome.
async fn count(probe: &Probe, ctx: &StepContext<'_>) -> Result<(), StepError> {
    let key = key::record(&ctx.envelope.execution.home);
    let found = probe
        .ports
        .journal()
        .read(std::slice::from_ref(&key))
        .await?;
    let found = found.into_iter().next().flatten();
    let counted = found
        .as_ref()
        .and_then(|item| item.body.parse::<u64>().ok());
    let write = Write {
        key,
        expect: Expect::unchanged(found.as_ref()),
        change: Change::Put((counted.unwrap_or_default() + 1).to_string()),
    };
    ctx.staged.add([write], Audit::default());
    Ok(())
}

macro_rules! scripted {
    ($(#[$doc:meta] $name:ident($function:literal, $effect:expr, $input:ty, $stage:ident))*) => {$(
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
                let outcome = act(&self.0, Self::SPEC.name, ctx).await?;
                $stage(&self.0, ctx).await?;
                Ok(outcome)
            }
        }
    )*};
}

scripted! {
    /// An effect whose receiver honours keys.
    KeyedEffect("keyed-effect", Effect::Keyed, Message, nothing_staged)
    /// An effect whose receiver counts every arrival.
    RawEffect("raw-effect", Effect::AtMostOnce, Message, nothing_staged)
    /// A change of a record, a counter in this world, that may be refused.
    UpdateEffect("update-record", Effect::Keyed, Json, count)
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
        body: output.get("body").cloned().unwrap_or_default(),
    })
}
