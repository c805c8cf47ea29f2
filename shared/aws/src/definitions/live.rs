//! Compiled definitions: what is live is looked up again after a while, each version is compiled
//! once.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures_util::future::join_all;
use holdfast_engine::definition::Catalog;
use holdfast_engine::definition::model::{ManifestId, Pack};
use holdfast_engine::name::{PackName, TenantName};
use holdfast_engine::port::{Canary, Clock, Definitions, DefinitionsError, PortError};
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::stored::{Canary as Trial, Live, decode, live_partition};
use crate::dynamo::{Items, Slot};
use crate::sqs::Steps;

/// How long what is live is not looked up again: within half a minute everybody sees a new
/// version.
const KEPT: Duration = Duration::from_secs(20);

/// Packs of a tenant, at most.
const PACKS: usize = 200;

/// Compiled definitions of a stack.
#[derive(Debug)]
pub struct DynamoDefinitions<C> {
    pub(super) items: Items,
    pub(super) table: Arc<str>,
    pub(super) clock: C,
    pub(super) steps: Steps,
    pub(super) tenants: Vec<TenantName>,
    state: RwLock<State>,
}

/// What is live of a tenant, compiled, in the order of the packs' names.
#[derive(Debug, Clone)]
struct Compiled {
    stable: Arc<[Arc<Pack>]>,
    canaries: Arc<[Canary]>,
}

/// What is set of a pack, over its defaults.
type Settings = Arc<Map<String, Json>>;

#[derive(Debug, Default)]
pub(super) struct State {
    live: BTreeMap<TenantName, Kept<Compiled>>,
    versions: BTreeMap<ManifestId, Arc<Pack>>,
    pub(super) catalogs: BTreeMap<String, Arc<Catalog>>,
    config: BTreeMap<(TenantName, PackName), Kept<Settings>>,
}

#[derive(Debug, Clone)]
struct Kept<T> {
    value: T,
    until: Timestamp,
}

impl<C: Clock> DynamoDefinitions<C> {
    pub(crate) fn new(
        items: Items,
        table: &str,
        tenants: &[TenantName],
        steps: Steps,
        clock: C,
    ) -> Self {
        Self {
            items,
            table: table.into(),
            clock,
            steps,
            tenants: tenants.to_vec(),
            state: RwLock::default(),
        }
    }

    /// What is live of each pack of a tenant.
    ///
    /// # Errors
    /// [`PortError`] when the table cannot be read.
    pub async fn published(
        &self,
        tenant: &TenantName,
    ) -> Result<BTreeMap<PackName, Live>, PortError> {
        let partition = live_partition(tenant);
        let page = self.items.query(&self.table, &partition, "", None, PACKS);
        let live = |row: holdfast_engine::port::Row| {
            let pack = PackName::new(&row.sort)
                .map_err(|error| PortError::Unavailable(error.to_string()))?;
            Ok((pack, decode(&row.item)?))
        };
        page.await?.rows.into_iter().map(live).collect()
    }

    fn until(&self) -> Timestamp {
        let now = self.clock.now();
        now.saturating_add(KEPT).unwrap_or(Timestamp::MAX)
    }

    pub(super) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn write(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// The step functions that have a queue, as far as they are known.
    pub(crate) fn steps(&self) -> &Steps {
        &self.steps
    }

    /// Compiles what is live of all tenants, as far as it can be had.
    pub(crate) async fn warm(&self) {
        let asked = self.tenants.iter().map(|tenant| self.published(tenant));
        // One after the other: tenants share versions, which are compiled once.
        for (tenant, published) in self.tenants.iter().zip(join_all(asked).await) {
            let compiled = match published {
                Ok(published) => self.compiled_of(published).await,
                Err(error) => Err(error.into()),
            };
            match compiled {
                Ok(compiled) => self.keep(tenant, compiled),
                Err(error) => {
                    tracing::warn!(%tenant, code = error.code(), %error, "what is live is not compiled yet");
                }
            }
        }
    }

    fn keep(&self, tenant: &TenantName, value: Compiled) {
        let until = self.until();
        self.write(|state| {
            state.live.insert(tenant.clone(), Kept { value, until });
        });
    }

    async fn look_up(&self, tenant: &TenantName) -> Result<Compiled, DefinitionsError> {
        self.compiled_of(self.published(tenant).await?).await
    }

    async fn compiled_of(
        &self,
        published: BTreeMap<PackName, Live>,
    ) -> Result<Compiled, DefinitionsError> {
        let (mut stable, mut canaries) = (Vec::new(), Vec::new());
        for (pack, live) in published {
            if let Some(trial) = live.canary {
                canaries.extend(self.canary(pack.clone(), trial).await?);
            }
            let hash = live.stable.hash;
            stable.push(self.version(&ManifestId { pack, hash }).await?);
        }
        Ok(Compiled {
            stable: stable.into(),
            canaries: canaries.into(),
        })
    }

    /// A version on trial. Where it does not compile with this program its records keep the
    /// stable one: a trial must not stop what works.
    async fn canary(&self, pack: PackName, trial: Trial) -> Result<Option<Canary>, PortError> {
        let (hash, percent) = (trial.release.hash, trial.percent);
        match self.version(&ManifestId { pack, hash }).await {
            Ok(pack) => Ok(Some(Canary { pack, percent })),
            Err(DefinitionsError::Port(error)) => Err(error),
            Err(error) => {
                tracing::error!(code = error.code(), %error, "a canary cannot be used");
                Ok(None)
            }
        }
    }

    /// What is live; `None`: there is no such tenant. While the table cannot be read, what was
    /// live last goes on being so.
    async fn compiled(&self, tenant: &TenantName) -> Result<Option<Compiled>, DefinitionsError> {
        if !self.tenants.contains(tenant) {
            return Ok(None);
        }
        let known = self.read(|state| state.live.get(tenant).cloned());
        if let Some(kept) = known.as_ref().filter(|kept| kept.until > self.clock.now()) {
            return Ok(Some(kept.value.clone()));
        }
        match (self.look_up(tenant).await, known) {
            (Ok(value), _) => {
                self.keep(tenant, value.clone());
                Ok(Some(value))
            }
            (Err(error), Some(kept)) => {
                tracing::warn!(%tenant, code = error.code(), %error, "what is live cannot be looked up; the last known goes on");
                Ok(Some(kept.value))
            }
            (Err(error), None) => Err(error),
        }
    }

    pub(super) fn slot<'a>(&'a self, partition: &'a str) -> Slot<'a> {
        Slot {
            table: &self.table,
            partition,
            sort: "",
        }
    }

    /// Forgets what was looked up, since it was changed.
    pub(super) fn forget(&self) {
        self.write(|state| {
            state.live.clear();
            state.config.clear();
        });
    }
}

impl<C: Clock> Definitions for DynamoDefinitions<C> {
    async fn tenants(&self) -> Result<Vec<TenantName>, PortError> {
        Ok(self.tenants.clone())
    }

    async fn live(
        &self,
        tenant: &TenantName,
    ) -> Result<Option<Arc<[Arc<Pack>]>>, DefinitionsError> {
        let compiled = self.compiled(tenant).await?;
        Ok(compiled.map(|compiled| compiled.stable))
    }

    async fn canaries(&self, tenant: &TenantName) -> Result<Arc<[Canary]>, DefinitionsError> {
        let compiled = self.compiled(tenant).await?;
        Ok(compiled.map_or_else(Arc::default, |compiled| compiled.canaries))
    }

    async fn version(&self, manifest: &ManifestId) -> Result<Arc<Pack>, DefinitionsError> {
        if let Some(known) = self.read(|state| state.versions.get(manifest).cloned()) {
            return Ok(known);
        }
        let pack = Arc::new(self.compile(manifest).await?);
        self.write(|state| {
            state.versions.insert(manifest.clone(), Arc::clone(&pack));
        });
        Ok(pack)
    }

    async fn config(
        &self,
        tenant: &TenantName,
        pack: &PackName,
    ) -> Result<Arc<Map<String, Json>>, PortError> {
        let key = (tenant.clone(), pack.clone());
        let known = self.read(|state| state.config.get(&key).cloned());
        if let Some(kept) = known.filter(|kept| kept.until > self.clock.now()) {
            return Ok(kept.value);
        }
        let mut config = self.defaults(tenant, pack).await?;
        config.extend(self.settings(tenant, pack).await?);
        let kept = Kept {
            value: Arc::new(config),
            until: self.until(),
        };
        let value = Arc::clone(&kept.value);
        self.write(|state| {
            state.config.insert(key, kept);
        });
        Ok(value)
    }
}

impl<C: Clock> DynamoDefinitions<C> {
    /// The defaults that the live version declares.
    async fn defaults(
        &self,
        tenant: &TenantName,
        pack: &PackName,
    ) -> Result<Map<String, Json>, PortError> {
        let live = self.live(tenant).await.map_err(|error| match error {
            DefinitionsError::Port(error) => error,
            other => PortError::Unavailable(other.to_string()),
        })?;
        let packs = live.unwrap_or_default();
        let live = packs.iter().find(|live| live.manifest.pack == *pack);
        let fields = live.map(|pack| &pack.config).into_iter().flatten();
        Ok(fields
            .filter_map(|(name, field)| Some((name.clone(), field.default.clone()?)))
            .collect())
    }
}
