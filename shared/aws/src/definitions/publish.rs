//! Publishing: texts by their hash, the version, the publication, and one conditional put of the
//! live pointer. Only the last of them changes what runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use holdfast_engine::definition::model::ManifestId;
use holdfast_engine::definition::{Catalog, Files};
use holdfast_engine::hash;
use holdfast_engine::name::{PackName, TenantName};
use holdfast_engine::port::{Clock, Expect, Item, PortError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::DynamoDefinitions;
use super::stored::{
    Canary, Live, Release, Version, decode, encode, live_partition, pack_partition,
    publication_sort, text_partition, version_partition,
};
use crate::dynamo::Slot;

/// Whom a publication is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rollout {
    /// Every record.
    All,
    /// This share of records, of 100; the rest keep the stable version.
    Canary(u8),
}

/// What a publication came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// What is live now.
    pub live: Live,
    /// What was live before; `None`: nothing.
    pub before: Option<Live>,
}

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// Somebody else published at the same moment.
    #[error(
        "pack `{0}` was published by somebody else at the same moment: look, and publish again"
    )]
    Raced(PackName),
    /// A canary needs a stable version beside it.
    #[error("pack `{0}` has no stable version yet: publish it without --canary first")]
    NothingStable(PackName),
    /// There is nothing to go back to.
    #[error("pack `{0}` has no earlier version to go back to")]
    NothingEarlier(PackName),
    /// The tenant has no such pack.
    #[error("the tenant has no pack `{0}`")]
    UnknownPack(PackName),
    /// The table failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

impl PublishError {
    /// The stable name of the failure.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Raced(_) => "PublishRaced",
            Self::NothingStable(_) => "NothingStable",
            Self::NothingEarlier(_) => "NothingEarlier",
            Self::UnknownPack(_) => "UnknownPack",
            Self::Port(error) => error.code(),
        }
    }
}

/// A publication as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Publication {
    hash: Arc<str>,
    at: Timestamp,
    by: String,
}

impl<C: Clock> DynamoDefinitions<C> {
    /// Makes a version live for a tenant. What is live already stays as it is.
    ///
    /// # Errors
    /// [`PublishError`]; what is live is as before.
    pub async fn publish(
        &self,
        tenant: &TenantName,
        (manifest, files, catalog): (&ManifestId, &Files, &Catalog),
        rollout: Rollout,
        (by, at): (&str, Timestamp),
    ) -> Result<Published, PublishError> {
        let pack = &manifest.pack;
        let found = self.found(tenant, pack).await?;
        let before: Option<Live> = found.as_ref().map(decode).transpose()?;
        if before
            .as_ref()
            .is_some_and(|live| is_so(live, &manifest.hash, rollout))
        {
            let live = before.clone();
            return live
                .map(|live| Published { live, before })
                .ok_or_else(|| PublishError::UnknownPack(pack.clone()));
        }
        self.store(manifest, files, catalog).await?;
        let seq = before.as_ref().map_or(0, |live| live.latest) + 1;
        let release = Release {
            hash: Arc::clone(&manifest.hash),
            seq,
        };
        let live = next(pack, before.as_ref(), release, rollout)?;
        self.record(tenant, pack, seq, &manifest.hash, (by, at))
            .await?;
        self.point(tenant, pack, found.as_ref(), &live).await?;
        Ok(Published { live, before })
    }

    /// Ends a canary, or goes back to the version that was stable before.
    ///
    /// # Errors
    /// [`PublishError`]; what is live is as before.
    pub async fn roll_back(
        &self,
        tenant: &TenantName,
        pack: &PackName,
        (by, at): (&str, Timestamp),
    ) -> Result<Published, PublishError> {
        let found = self.found(tenant, pack).await?;
        let item = found.ok_or_else(|| PublishError::UnknownPack(pack.clone()))?;
        let before: Live = decode(&item)?;
        let live = if before.canary.is_some() {
            Live {
                canary: None,
                ..before.clone()
            }
        } else {
            let hash = self.earlier(tenant, pack, &before.stable).await?;
            let seq = before.latest + 1;
            self.record(tenant, pack, seq, &hash, (by, at)).await?;
            Live {
                stable: Release { hash, seq },
                canary: None,
                latest: seq,
            }
        };
        self.point(tenant, pack, Some(&item), &live).await?;
        Ok(Published {
            live,
            before: Some(before),
        })
    }

    async fn found(&self, tenant: &TenantName, pack: &PackName) -> Result<Option<Item>, PortError> {
        let partition = live_partition(tenant);
        let slot = Slot {
            table: &self.table,
            partition: &partition,
            sort: pack.as_str(),
        };
        self.items.one(slot).await
    }

    /// The version that was published last before this one and is another.
    async fn earlier(
        &self,
        tenant: &TenantName,
        pack: &PackName,
        stable: &Release,
    ) -> Result<Arc<str>, PublishError> {
        let partition = pack_partition(tenant, pack);
        for seq in (1..stable.seq).rev() {
            let sort = publication_sort(seq);
            let slot = Slot {
                table: &self.table,
                partition: &partition,
                sort: &sort,
            };
            if let Some(item) = self.items.one(slot).await? {
                let publication: Publication = decode(&item)?;
                if publication.hash != stable.hash {
                    return Ok(publication.hash);
                }
            }
        }
        Err(PublishError::NothingEarlier(pack.clone()))
    }

    /// Texts are immutable: what is there under its hash is that text.
    async fn store(
        &self,
        manifest: &ManifestId,
        files: &Files,
        catalog: &Catalog,
    ) -> Result<(), PortError> {
        let catalog = encode(catalog)?;
        let mut hashes = BTreeMap::new();
        for (path, text) in files {
            hashes.insert(path.clone(), self.store_text(text).await?);
        }
        let version = Version {
            files: hashes,
            catalog: self.store_text(&catalog).await?,
        };
        let partition = version_partition(manifest);
        self.put(&partition, "", &encode(&version)?).await
    }

    async fn store_text(&self, text: &str) -> Result<String, PortError> {
        let hash = hash::hex(&[text.as_bytes()]);
        self.put(&text_partition(&hash), "", text).await?;
        Ok(hash)
    }

    async fn record(
        &self,
        tenant: &TenantName,
        pack: &PackName,
        seq: u64,
        hash: &Arc<str>,
        (by, at): (&str, Timestamp),
    ) -> Result<(), PortError> {
        let publication = Publication {
            hash: Arc::clone(hash),
            at,
            by: by.to_owned(),
        };
        let partition = pack_partition(tenant, pack);
        let sort = publication_sort(seq);
        self.put(&partition, &sort, &encode(&publication)?).await
    }

    /// Puts what is the same whoever puts it, or what the live pointer alone makes count.
    async fn put(&self, partition: &str, sort: &str, body: &str) -> Result<(), PortError> {
        let slot = Slot {
            table: &self.table,
            partition,
            sort,
        };
        self.items.put_on(slot, body, None).await.map(drop)
    }

    /// The one write that changes what runs, on condition that nobody else did.
    async fn point(
        &self,
        tenant: &TenantName,
        pack: &PackName,
        found: Option<&Item>,
        live: &Live,
    ) -> Result<(), PublishError> {
        let partition = live_partition(tenant);
        let slot = Slot {
            table: &self.table,
            partition: &partition,
            sort: pack.as_str(),
        };
        let seen = found.map_or(Expect::Absent, |item| Expect::Revision(item.revision));
        let put = self.items.put_on(slot, &encode(live)?, Some(seen)).await;
        self.forget();
        if put? {
            return Ok(());
        }
        Err(PublishError::Raced(pack.clone()))
    }
}

/// Whether this is live already.
fn is_so(live: &Live, hash: &str, rollout: Rollout) -> bool {
    match rollout {
        Rollout::All => *live.stable.hash == *hash && live.canary.is_none(),
        Rollout::Canary(percent) => live
            .canary
            .as_ref()
            .is_some_and(|one| *one.release.hash == *hash && one.percent == percent),
    }
}

fn next(
    pack: &PackName,
    before: Option<&Live>,
    release: Release,
    rollout: Rollout,
) -> Result<Live, PublishError> {
    let latest = release.seq;
    Ok(match rollout {
        Rollout::All => Live {
            stable: release,
            canary: None,
            latest,
        },
        Rollout::Canary(percent) => Live {
            stable: before
                .map(|live| live.stable.clone())
                .ok_or_else(|| PublishError::NothingStable(pack.clone()))?,
            canary: Some(Canary { release, percent }),
            latest,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(hash: &str, seq: u64) -> Release {
        Release {
            hash: hash.into(),
            seq,
        }
    }

    fn pack() -> PackName {
        PackName::new("dental").unwrap()
    }

    #[test]
    fn a_canary_leaves_what_is_stable() {
        let first = next(&pack(), None, release("one", 1), Rollout::All).unwrap();
        let trial = next(
            &pack(),
            Some(&first),
            release("two", 2),
            Rollout::Canary(10),
        )
        .unwrap();
        assert_eq!((&trial.stable, trial.latest), (&first.stable, 2));
        assert!(is_so(&trial, "two", Rollout::Canary(10)));
        assert!(!is_so(&trial, "one", Rollout::All));
        let all = next(&pack(), Some(&trial), release("two", 3), Rollout::All).unwrap();
        assert!(is_so(&all, "two", Rollout::All));
    }

    #[test]
    fn a_canary_without_anything_stable_is_refused() {
        let refused = next(&pack(), None, release("one", 1), Rollout::Canary(10));
        assert_eq!(refused.unwrap_err().code(), "NothingStable");
    }
}
