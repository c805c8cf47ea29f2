//! Sample events of step functions: what a test hands to a step without an engine around it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value as Json;

use super::{Staged, StepContext};
use crate::definition::model::{
    Action, Connection, ManifestId, Pack, Refused, StepDefinition, Unknown,
};
use crate::envelope::{Envelope, Input};
use crate::name::{FunctionName, InvalidName, TenantName};
use crate::port::Call;

/// An attempt of a step, read from a sample event: the first message of an SQS event.
#[derive(Debug)]
pub struct Sample {
    envelope: Envelope,
    key: String,
    config: Json,
    connection: Connection,
    pub(crate) definition: StepDefinition,
    pub(crate) pack: Pack,
    staged: Staged,
}

/// Why a text is not a sample event.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSample {
    /// It is not an SQS event whose messages are envelopes.
    #[error("not a queue's event of envelopes")]
    Json(#[from] serde_json::Error),
    /// It has no message, or one without a rendered input.
    #[error("no message with a rendered input")]
    Empty,
    /// The function's or the connection's name is not one.
    #[error(transparent)]
    Name(#[from] InvalidName),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueEvent {
    records: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    body: String,
}

impl Sample {
    /// Reads a sample event for this function; its calls go through `connection`.
    ///
    /// # Errors
    /// [`InvalidSample`] when the text is not an event, or has no message.
    pub fn read(text: &str, uses: &str, connection: Connection) -> Result<Self, InvalidSample> {
        let event: QueueEvent = serde_json::from_str(text)?;
        let message = event.records.first().ok_or(InvalidSample::Empty)?;
        let envelope: Envelope = serde_json::from_str(&message.body)?;
        Ok(Self {
            key: envelope.key(),
            config: Json::Object(envelope.context.config.clone()),
            definition: definition(&envelope, uses, &connection)?,
            pack: pack(envelope.manifest.clone()),
            staged: Staged::default(),
            envelope,
            connection,
        })
    }

    /// The rendered input.
    ///
    /// # Errors
    /// [`InvalidSample`] when it was not rendered, or is not the step's input.
    pub fn input<T: serde::de::DeserializeOwned>(&self) -> Result<T, InvalidSample> {
        match &self.envelope.input {
            Input::Rendered(input) => Ok(T::deserialize(input)?),
            Input::Each(_) | Input::Failed { .. } => Err(InvalidSample::Empty),
        }
    }

    /// The first attempt.
    #[must_use]
    pub fn context(&self) -> StepContext<'_> {
        StepContext {
            envelope: &self.envelope,
            key: &self.key,
            attempt: 1,
            now: self.envelope.due,
            call: Some(self.call()),
            definition: &self.definition,
            pack: &self.pack,
            staged: &self.staged,
        }
    }

    fn call(&self) -> Call<'_> {
        Call {
            connection: &self.connection,
            config: &self.config,
            tenant: self.tenant(),
            key: &self.key,
            now: self.envelope.due,
            timeout: Duration::from_secs(5),
            callback: None,
        }
    }

    fn tenant(&self) -> &TenantName {
        &self.envelope.execution.home.tenant
    }
}

fn definition(
    envelope: &Envelope,
    uses: &str,
    connection: &Connection,
) -> Result<StepDefinition, InvalidName> {
    Ok(StepDefinition {
        id: envelope.step.step.clone(),
        uses: FunctionName::new(uses)?,
        via: Some(connection.name.clone()),
        action: Action::Call { with: Vec::new() },
        condition: None,
        each: None,
        once: None,
        asynchronous: false,
        timeout: None,
        rate: None,
        hours: None,
        expires: None,
        batch: None,
        pages: None,
        returns: None,
        retry: None,
        fallback: Vec::new(),
        compensate: None,
        unknown: Unknown::default(),
        refused: Refused::default(),
    })
}

fn pack(manifest: ManifestId) -> Pack {
    Pack {
        manifest,
        config: BTreeMap::new(),
        records: BTreeMap::new(),
        sources: BTreeMap::new(),
        connections: BTreeMap::new(),
        workflows: BTreeMap::new(),
        alerts: None,
    }
}
