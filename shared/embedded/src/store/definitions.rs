//! Published packs: texts by their hash, manifests, and what is live.

use std::collections::BTreeMap;

use holdfast_engine::definition::model::ManifestId;
use holdfast_engine::hash;
use holdfast_engine::name::{PackName, TenantName};
use holdfast_engine::port::PortError;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Store;
use super::queue::millis;

/// A published version of a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The version.
    pub manifest: ManifestId,
    /// From 1, one higher with every publication of the pack to the tenant.
    pub seq: u64,
}

/// The published definitions of a store.
#[derive(Debug, Clone)]
pub struct SqliteDefinitions {
    store: Store,
}

/// Path → hash of its text.
type Files = BTreeMap<String, String>;

impl SqliteDefinitions {
    /// The definitions of a store.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// Makes a version live: its texts, its manifest and the pointer, in one transaction.
    /// Publishing what is live already changes nothing. Returns the publication's number.
    ///
    /// # Errors
    /// [`PortError`] when the store fails.
    pub async fn publish(
        &self,
        tenant: &TenantName,
        manifest: &ManifestId,
        texts: BTreeMap<String, String>,
        at: Timestamp,
    ) -> Result<u64, PortError> {
        let (tenant, manifest) = (tenant.clone(), manifest.clone());
        let write = move |connection: &Connection| {
            store_texts(connection, &manifest, &texts)?;
            go_live(connection, &tenant, &manifest, at)
        };
        self.store.write(write).await
    }

    /// The live version of each pack, in the order of their names.
    ///
    /// # Errors
    /// [`PortError`] when the store fails.
    pub fn live(&self, tenant: &TenantName) -> Result<Vec<Published>, PortError> {
        let sql = "SELECT live.pack, publications.hash, live.seq FROM live \
             JOIN publications USING (tenant, pack, seq) WHERE tenant = ?1 ORDER BY live.pack";
        self.store.read(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_map([tenant.as_str()], published)?.collect()
        })
    }

    /// The tenants that have a live pack, in the order of their names.
    ///
    /// # Errors
    /// [`PortError`] when the store fails.
    pub fn tenants(&self) -> Result<Vec<TenantName>, PortError> {
        let sql = "SELECT DISTINCT tenant FROM live ORDER BY tenant";
        self.store.read(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let name = |row: &Row<'_>| TenantName::new(&row.get::<_, String>(0)?).map_err(invalid);
            statement.query_map([], name)?.collect()
        })
    }

    /// A version's texts by their paths; `None`: it was never published here.
    ///
    /// # Errors
    /// [`PortError`] when the store fails.
    pub fn texts(&self, manifest: &ManifestId) -> Result<Option<Files>, PortError> {
        self.store.read(|connection| {
            let Some(files) = files(connection, manifest)? else {
                return Ok(None);
            };
            let read = |(path, hash): (String, String)| Ok((path, text(connection, &hash)?));
            files
                .into_iter()
                .map(read)
                .collect::<Result<_, _>>()
                .map(Some)
        })
    }
}

fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
}

fn store_texts(
    connection: &Connection,
    manifest: &ManifestId,
    texts: &BTreeMap<String, String>,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO texts (hash, text) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    let mut files = Files::new();
    for (path, text) in texts {
        let hash = hash::hex(&[text.as_bytes()]);
        connection.prepare_cached(sql)?.execute([&hash, text])?;
        files.insert(path.clone(), hash);
    }
    let files = serde_json::to_string(&files).map_err(invalid)?;
    let sql = "INSERT INTO manifests (pack, hash, files) VALUES (?1, ?2, ?3) \
         ON CONFLICT DO NOTHING";
    let mut statement = connection.prepare_cached(sql)?;
    let parameters = params![manifest.pack.as_str(), &*manifest.hash, files];
    statement.execute(parameters).map(drop)
}

fn go_live(
    connection: &Connection,
    tenant: &TenantName,
    manifest: &ManifestId,
    at: Timestamp,
) -> rusqlite::Result<u64> {
    let (tenant, pack) = (tenant.as_str(), manifest.pack.as_str());
    let current = "SELECT seq, hash FROM live JOIN publications USING (tenant, pack, seq) \
         WHERE tenant = ?1 AND pack = ?2";
    let current: Option<(i64, String)> = connection
        .prepare_cached(current)?
        .query_row([tenant, pack], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let seq = match current {
        Some((seq, hash)) if *hash == *manifest.hash => return Ok(seq.unsigned_abs()),
        Some((seq, _)) => seq + 1,
        None => 1,
    };
    connection
        .prepare_cached("INSERT INTO publications VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![tenant, pack, seq, &*manifest.hash, millis(at)])?;
    connection
        .prepare_cached("INSERT OR REPLACE INTO live VALUES (?1, ?2, ?3)")?
        .execute(params![tenant, pack, seq])?;
    Ok(seq.unsigned_abs())
}

fn published(row: &Row<'_>) -> rusqlite::Result<Published> {
    Ok(Published {
        manifest: ManifestId {
            pack: PackName::new(&row.get::<_, String>(0)?).map_err(invalid)?,
            hash: row.get::<_, String>(1)?.into(),
        },
        seq: row.get::<_, i64>(2)?.unsigned_abs(),
    })
}

fn files(connection: &Connection, manifest: &ManifestId) -> rusqlite::Result<Option<Files>> {
    let sql = "SELECT files FROM manifests WHERE pack = ?1 AND hash = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let parameters = params![manifest.pack.as_str(), &*manifest.hash];
    let stored: Option<String> = statement
        .query_row(parameters, |row| row.get(0))
        .optional()?;
    stored
        .map(|files| serde_json::from_str(&files).map_err(invalid))
        .transpose()
}

fn text(connection: &Connection, hash: &str) -> rusqlite::Result<String> {
    let mut statement = connection.prepare_cached("SELECT text FROM texts WHERE hash = ?1")?;
    statement.query_row([hash], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(hash: &str) -> ManifestId {
        ManifestId {
            pack: PackName::new("dental").unwrap(),
            hash: hash.into(),
        }
    }

    fn texts(text: &str) -> BTreeMap<String, String> {
        BTreeMap::from([("pack.yaml", text), ("sms/booked.txt", "Hello")])
            .into_iter()
            .map(|(path, text)| (path.to_owned(), text.to_owned()))
            .collect()
    }

    #[tokio::test]
    async fn an_execution_keeps_its_version_after_a_later_one_went_live() {
        let folder = tempfile::tempdir().unwrap();
        let definitions = SqliteDefinitions::new(Store::open(folder.path()).unwrap());
        let (tenant, at) = (TenantName::new("demo").unwrap(), Timestamp::UNIX_EPOCH);
        for (hash, text, seq) in [("one", "1", 1), ("one", "1", 1), ("two", "2", 2)] {
            let manifest = manifest(hash);
            let publish = definitions.publish(&tenant, &manifest, texts(text), at);
            assert_eq!(publish.await.unwrap(), seq);
        }
        let live = definitions.live(&tenant).unwrap();
        assert_eq!(
            live,
            [Published {
                manifest: manifest("two"),
                seq: 2
            }]
        );
        assert_eq!(
            definitions.texts(&manifest("one")).unwrap(),
            Some(texts("1"))
        );
        assert_eq!(definitions.texts(&manifest("three")).unwrap(), None);
        assert_eq!(definitions.tenants().unwrap(), [tenant]);
    }

    #[tokio::test]
    async fn a_tenant_can_go_back_to_an_earlier_version() {
        let folder = tempfile::tempdir().unwrap();
        let definitions = SqliteDefinitions::new(Store::open(folder.path()).unwrap());
        let (tenant, at) = (TenantName::new("demo").unwrap(), Timestamp::UNIX_EPOCH);
        for (hash, seq) in [("one", 1), ("two", 2), ("one", 3)] {
            let manifest = manifest(hash);
            let publish = definitions.publish(&tenant, &manifest, texts(hash), at);
            assert_eq!(publish.await.unwrap(), seq);
        }
        let other = TenantName::new("other").unwrap();
        assert_eq!(definitions.live(&other).unwrap(), []);
    }
}
