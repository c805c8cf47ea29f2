//! The connection that a step uses, with what its provider needs for one call.

use std::time::Duration;

use jiff::Timestamp;
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

    pub(super) fn call<'s>(
        &'s self,
        envelope: &'s Envelope,
        key: &'s str,
        now: Timestamp,
    ) -> Option<Call<'s>> {
        Some(Call {
            connection: self.connection?,
            config: &self.config,
            tenant: &envelope.execution.home.tenant,
            key,
            now,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::model::ConnectionKind;
    use crate::name::ConnectionName;
    use crate::step::{Effect, Keeps, Sample};

    const EVENT: &str = include_str!("../../../../events/call-http.json");

    const SPEC: StepSpec = StepSpec {
        name: "call-http",
        description: "Calls.",
        effect: Effect::Keyed,
        timeout: Duration::from_secs(30),
        concurrency: 1,
        connections: &[ConnectionKind::Http],
        keeps: Keeps::All,
    };

    /// The time of a call, in seconds, by what the step and its connection say.
    fn timeout(step: Option<u64>, connected: Option<u64>) -> u64 {
        let connection = || Connection {
            timeout: connected.map(Duration::from_secs),
            ..Connection::new(
                ConnectionName::new("insurer").unwrap(),
                ConnectionKind::Http,
            )
        };
        let mut sample = Sample::read(EVENT, "call-http", connection()).unwrap();
        sample.definition.timeout = step.map(Duration::from_secs);
        let name = connection().name;
        sample.pack.connections.insert(name, connection().into());
        let deployment = Deployment::default();
        let (definition, pack, ctx) = (&sample.definition, &sample.pack, sample.context());
        let connected = Connected::new(&SPEC, definition, pack, ctx.envelope, &deployment);
        let call = connected.call(ctx.envelope, "k", ctx.now).unwrap();
        assert_eq!(call.timeout, connected.timeout());
        call.timeout.as_secs()
    }

    #[test]
    fn a_call_has_the_steps_time_else_its_connections_and_never_more_than_the_function() {
        assert_eq!(timeout(None, None), 30);
        assert_eq!(timeout(None, Some(10)), 10);
        assert_eq!(timeout(Some(5), Some(10)), 5);
        assert_eq!(timeout(Some(20), Some(10)), 20);
        assert_eq!(timeout(Some(60), None), 30);
        assert_eq!(timeout(None, Some(60)), 30);
    }
}
