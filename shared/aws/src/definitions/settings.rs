//! A tenant's settings for a pack: values, and who set them when. Each change is an item of its
//! own; the last of a name holds.

use std::collections::BTreeMap;

use holdfast_engine::name::{PackName, TenantName};
use holdfast_engine::port::{Clock, Expect, PortError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::DynamoDefinitions;
use super::stored::{decode, encode, pack_partition};
use crate::dynamo::Slot;

const PREFIX: &str = "set#";

/// Changes read at once.
const PAGE: usize = 500;

/// How often a change is tried again because another was first.
const ATTEMPTS: u32 = 5;

/// One change of a setting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// The setting.
    pub name: String,
    /// From 1, one higher with every change.
    pub version: u64,
    /// Who set it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The value before; `None`: it was not set.
    pub old: Option<Json>,
    /// The value; `None`: it was taken back.
    pub new: Option<Json>,
}

impl<C: Clock> DynamoDefinitions<C> {
    /// What is set, by name.
    ///
    /// # Errors
    /// [`PortError`] when the table cannot be read.
    pub(super) async fn settings(
        &self,
        tenant: &TenantName,
        pack: &PackName,
    ) -> Result<Map<String, Json>, PortError> {
        let latest = self.latest(tenant, pack).await?.into_iter();
        Ok(latest
            .filter_map(|(name, setting)| Some((name, setting.new?)))
            .collect())
    }

    /// The last change of each setting.
    async fn latest(
        &self,
        tenant: &TenantName,
        pack: &PackName,
    ) -> Result<BTreeMap<String, Setting>, PortError> {
        let all = self.history(tenant, pack).await?.into_iter();
        let mut latest = BTreeMap::<String, Setting>::new();
        for setting in all {
            let known = latest.get(&setting.name).map_or(0, |known| known.version);
            if setting.version > known {
                latest.insert(setting.name.clone(), setting);
            }
        }
        Ok(latest)
    }

    /// Every change, oldest first.
    ///
    /// # Errors
    /// [`PortError`] when the table cannot be read.
    pub async fn history(
        &self,
        tenant: &TenantName,
        pack: &PackName,
    ) -> Result<Vec<Setting>, PortError> {
        let partition = pack_partition(tenant, pack);
        let (mut all, mut after) = (Vec::<Setting>::new(), None::<String>);
        loop {
            let page = self
                .items
                .query(&self.table, &partition, PREFIX, after.as_deref(), PAGE)
                .await?;
            for row in &page.rows {
                all.push(decode(&row.item)?);
            }
            after = page.next;
            if after.is_none() {
                all.sort_by(|a, b| (a.at, &a.name, a.version).cmp(&(b.at, &b.name, b.version)));
                return Ok(all);
            }
        }
    }

    /// Sets a value, or takes it back, and keeps who did so and what was there.
    ///
    /// # Errors
    /// [`PortError`] when the table cannot be written.
    pub async fn set(
        &self,
        (tenant, pack): (&TenantName, &PackName),
        name: &str,
        value: Option<Json>,
        by: &str,
        at: Timestamp,
    ) -> Result<Setting, PortError> {
        for _ in 0..ATTEMPTS {
            let before = self.latest(tenant, pack).await?.remove(name);
            let (version, old) = before.map_or((0, None), |one| (one.version, one.new));
            let setting = Setting {
                name: name.to_owned(),
                version: version + 1,
                by: by.to_owned(),
                at,
                old,
                new: value.clone(),
            };
            if self.add(&pack_partition(tenant, pack), &setting).await? {
                self.forget();
                return Ok(setting);
            }
        }
        Err(PortError::Throttled)
    }

    /// Adds a change; `false`: another of that version was first.
    async fn add(&self, partition: &str, setting: &Setting) -> Result<bool, PortError> {
        let sort = format!("{PREFIX}{}#{:010}", setting.name, setting.version);
        let slot = Slot {
            table: &self.table,
            partition,
            sort: &sort,
        };
        let body = encode(setting)?;
        self.items.put_on(slot, &body, Some(Expect::Absent)).await
    }
}
