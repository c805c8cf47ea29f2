//! The connection that a step uses, with what its provider needs for one call.

use std::time::Duration;

use serde_json::Value as Json;

use crate::definition::model::{Connection, Pack, StepDefinition};
use crate::envelope::Envelope;
use crate::port::{Call, Deployment};
use crate::step::StepSpec;

/// A step's connection and what one call through it carries.
#[derive(Debug)]
pub(super) struct Connected<'a> {
    connection: Option<&'a Connection>,
    config: Json,
    callback: Option<String>,
    timeout: Duration,
}

impl<'a> Connected<'a> {
    pub(super) fn new(
        spec: &StepSpec,
        definition: &StepDefinition,
        pack: &'a Pack,
        envelope: &Envelope,
        deployment: &Deployment,
    ) -> Self {
        let connection = definition
            .via
            .as_ref()
            .and_then(|via| pack.connections.get(via))
            .map(AsRef::as_ref);
        let asked = definition
            .timeout
            .or_else(|| connection.and_then(|connection| connection.timeout));
        Self {
            connection,
            config: Json::Object(envelope.context.config.clone()),
            callback: connection.and_then(|connection| callback(connection, envelope, deployment)),
            timeout: asked.map_or(spec.timeout, |asked| asked.min(spec.timeout)),
        }
    }

    pub(super) fn connection(&self) -> Option<&'a Connection> {
        self.connection
    }

    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(super) fn call<'s>(&'s self, envelope: &'s Envelope, key: &'s str) -> Option<Call<'s>> {
        Some(Call {
            connection: self.connection?,
            config: &self.config,
            tenant: &envelope.execution.home.tenant,
            key,
            timeout: self.timeout,
            callback: self.callback.as_deref(),
        })
    }
}

/// Where the provider reports delivery: the receipts' source, with the step that sent as `ref`.
fn callback(
    connection: &Connection,
    envelope: &Envelope,
    deployment: &Deployment,
) -> Option<String> {
    let (source, url) = (
        connection.receipts.as_ref()?,
        deployment.public_url.as_ref()?,
    );
    let tenant = &envelope.execution.home.tenant;
    Some(format!(
        "{url}/hooks/{tenant}/{source}?ref={}/{}",
        envelope.execution, envelope.step
    ))
}
