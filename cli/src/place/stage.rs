//! A stage on AWS: everything is done on the stack's own tables and queues, which any number of
//! processes may do at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use holdfast_aws::definitions::{PublishError, Release, Rollout, Setting};
use holdfast_aws::sqs::Depth;
use holdfast_aws::{AwsPorts, SetupError, definitions};
use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::control::{
    Desk, Hold, Operated, QueueDepth, Refused, SetConfig, SettingChange, TimerCount, setting_value,
};
use holdfast_embedded::registry::catalog;
use holdfast_embedded::secrets::DEVELOPMENT_SECRET;
use holdfast_engine::definition::Files;
use holdfast_engine::definition::model::ManifestId;
use holdfast_engine::import::{self, Batch};
use holdfast_engine::name::{PackName, TenantName};
use holdfast_engine::operate::Operate;
use holdfast_engine::port::{Clock as _, Definitions as _, Ports as _};

use super::{Breaker, Live, Overview, Place, Process, Share, Stack, StackName, Texting, Webhook};
use crate::environment;
use crate::failure::{Failure, with_causes};
use crate::packs::FolderPack;

/// A stage.
pub(crate) struct Stage {
    stack: StackName,
    ports: Arc<AwsPorts>,
    desk: Desk<AwsPorts>,
}

impl Stage {
    /// Opens the stack of a stage, with the region and credentials of the environment.
    ///
    /// # Errors
    /// [`Failure::Unreachable`] when there is none, or it cannot be read.
    pub(crate) async fn open(stack: &StackName) -> Result<Self, Failure> {
        let ports = AwsPorts::of_stack(&stack.to_string()).await?;
        Ok(Self {
            stack: stack.clone(),
            desk: Desk::of(&ports),
            ports,
        })
    }
}

impl Place for Stage {
    type Ports = AwsPorts;

    fn desk(&self) -> &Desk<AwsPorts> {
        &self.desk
    }

    async fn overview(&self) -> Result<Overview, Failure> {
        let mut packs = BTreeMap::new();
        for tenant in self.tenants() {
            let live = self.live(&tenant).await?;
            packs.insert(
                tenant.to_string(),
                live.iter().map(Live::to_string).collect(),
            );
        }
        let (armed, texting) = (self.ports.armed().await?, self.ports.texting().await);
        Ok(Overview {
            process: Process::from(&self.stack),
            queues: self.ports.depths().await?.iter().map(depth).collect(),
            packs,
            timers: TimerCount {
                armed: armed.count,
                next: armed.next,
            },
            texting: Some(Texting {
                sandbox: texting.sandbox,
                monthly_limit: texting.monthly_limit,
                origination: texting.origination,
            }),
        })
    }

    async fn all(&mut self, requests: Vec<Operate>) -> Result<Vec<Operated>, Failure> {
        Ok(self.desk.operate(requests).await)
    }

    async fn import(&mut self, batch: Batch) -> Result<Vec<import::Outcome>, Failure> {
        Ok(self.desk.import(&batch).await.map_err(Refused::from)?)
    }

    async fn hold(&mut self, request: &Hold) -> Result<Breaker, Failure> {
        let changed = self.desk.hold(request).await.map_err(Refused::from)?;
        Ok(Breaker {
            subject: changed.subject.to_string(),
            before: changed.before,
            after: changed.after,
        })
    }

    async fn set(&mut self, request: &SetConfig) -> Result<SettingChange, Failure> {
        let definitions = self.ports.definitions();
        let packs = definitions.live(&request.tenant).await?.unwrap_or_default();
        let value = setting_value(&packs, request)?;
        let names = (&request.tenant, &request.pack);
        let now = SystemClock.now();
        let set = definitions.set(names, &request.name, value, &request.by, now);
        Ok(change(set.await?))
    }

    async fn history(
        &self,
        tenant: &TenantName,
        pack: &PackName,
    ) -> Result<Vec<SettingChange>, Failure> {
        let history = self.ports.definitions().history(tenant, pack).await?;
        Ok(history.into_iter().map(change).collect())
    }

    fn waits(&self) -> Option<&'static str> {
        None
    }
}

impl Stack for Stage {
    fn tenants(&self) -> Vec<TenantName> {
        self.ports.config().tenants.clone()
    }

    async fn live(&self, tenant: &TenantName) -> Result<Vec<Live>, Failure> {
        let published = self.ports.published(tenant).await?;
        Ok(published
            .into_iter()
            .map(|(pack, it)| live(&pack, it))
            .collect())
    }

    async fn texts(&self, version: &ManifestId) -> Result<Files, Failure> {
        Ok(self.ports.definitions().texts(version).await?)
    }

    async fn publish(
        &self,
        tenant: &TenantName,
        pack: &FolderPack,
        canary: Option<u8>,
        by: &str,
    ) -> Result<(), Failure> {
        let catalog = catalog::<SystemClock>();
        let version = (&pack.pack.manifest, &pack.files, &catalog);
        let rollout = canary.map_or(Rollout::All, Rollout::Canary);
        let definitions = self.ports.definitions();
        let published = definitions.publish(tenant, version, rollout, (by, SystemClock.now()));
        published.await.map(drop).map_err(Failure::from)
    }

    async fn rollback(
        &self,
        tenant: &TenantName,
        pack: &PackName,
        by: &str,
    ) -> Result<Live, Failure> {
        let definitions = self.ports.definitions();
        let back = definitions.roll_back(tenant, pack, (by, SystemClock.now()));
        Ok(live(pack, back.await?.live))
    }

    async fn keep_development_secret(
        &self,
        tenant: &TenantName,
        name: &str,
    ) -> Result<bool, Failure> {
        let value = DEVELOPMENT_SECRET;
        Ok(self
            .ports
            .keep_development_secret(tenant, name, value)
            .await?)
    }

    async fn webhook(&self) -> Result<Webhook, Failure> {
        let url = self.ports.config().public_url.as_deref();
        let url = url.ok_or_else(|| {
            let message = format!(
                "the stack {} does not say where its webhooks are",
                self.stack
            );
            Failure::wrong("NoWebhooks", message)
        })?;
        Ok(webhook(url, environment::aws_endpoint().as_deref()))
    }
}

/// Where a stack's webhooks are posted. An emulator answers for every API at its own address, and
/// tells them apart by the `Host` header.
fn webhook(url: &str, endpoint: Option<&str>) -> Webhook {
    let host = url.split_once("://").map_or(url, |(_, host)| host);
    let api = host.split_once(".execute-api.").map(|(api, _)| api);
    if let (Some(api), Some(endpoint)) = (api, endpoint) {
        let endpoint = endpoint.trim_end_matches('/');
        let port = endpoint.rsplit_once(':').map(|(_, port)| port);
        let port = port.filter(|port| port.parse::<u16>().is_ok());
        let port = port.map_or_else(String::new, |port| format!(":{port}"));
        return Webhook {
            url: endpoint.to_owned(),
            host: Some(format!("{api}.execute-api.localhost{port}")),
        };
    }
    Webhook {
        url: url.trim_end_matches('/').to_owned(),
        host: None,
    }
}

fn live(pack: &PackName, live: definitions::Live) -> Live {
    let version = |release: Release| ManifestId {
        pack: pack.clone(),
        hash: release.hash,
    };
    Live {
        stable: version(live.stable),
        canary: live.canary.map(|canary| Share {
            version: version(canary.release),
            percent: canary.percent,
        }),
    }
}

/// SQS does not say how old the oldest message is.
fn depth(depth: &Depth) -> QueueDepth {
    let count = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    QueueDepth {
        queue: depth.queue.to_string(),
        visible: count(depth.visible),
        in_flight: count(depth.in_flight),
        delayed: count(depth.delayed),
        oldest_seconds: None,
        dead_letters: depth.dead_letters,
    }
}

fn change(setting: Setting) -> SettingChange {
    SettingChange {
        name: setting.name,
        version: setting.version,
        by: setting.by,
        at: setting.at,
        old: setting.old,
        new: setting.new,
    }
}

impl From<SetupError> for Failure {
    fn from(error: SetupError) -> Self {
        Self::unreachable("StackUnreachable", with_causes(&error))
    }
}

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Port(error) => error.into(),
            other => Self::wrong(other.code(), other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const API: &str = "https://a1b2c3.execute-api.eu-central-1.amazonaws.com";

    #[test]
    fn an_emulator_is_asked_at_its_own_address_by_the_name_of_the_api() {
        let local = webhook(API, Some("http://127.0.0.1:4566"));
        assert_eq!(local.url, "http://127.0.0.1:4566");
        let host = local.host.unwrap();
        assert_eq!(host, "a1b2c3.execute-api.localhost:4566");
    }

    #[test]
    fn an_api_of_aws_or_an_address_of_ones_own_is_asked_as_it_is() {
        for (url, endpoint) in [
            (API, None),
            ("https://hooks.example.com", None),
            ("https://hooks.example.com", Some("http://127.0.0.1:4566")),
        ] {
            let there = webhook(url, endpoint);
            assert_eq!((there.url.as_str(), there.host), (url, None));
        }
    }
}
