//! A tenant's settings for a pack: values, and who set them when.

use holdfast_engine::name::{PackName, TenantName};
use holdfast_engine::port::PortError;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Map, Value as Json};

use super::Store;
use super::queue::{at, millis};

const CURRENT: &str = "SELECT name, new_value, max(version) FROM settings \
     WHERE tenant = ?1 AND pack = ?2 GROUP BY name ORDER BY name";
const LATEST: &str = "SELECT version, new_value FROM settings \
     WHERE tenant = ?1 AND pack = ?2 AND name = ?3 ORDER BY version DESC LIMIT 1";
const HISTORY: &str = "SELECT name, version, set_by, at, old_value, new_value FROM settings \
     WHERE tenant = ?1 AND pack = ?2 ORDER BY at, name, version";
const INSERT: &str = "INSERT INTO settings \
     (tenant, pack, name, version, set_by, at, old_value, new_value) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

/// One change of a setting.
#[derive(Debug, Clone, PartialEq)]
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

/// The settings of a store.
#[derive(Debug, Clone)]
pub struct SqliteSettings {
    store: Store,
}

impl SqliteSettings {
    /// The settings of a store.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// Sets a value, or takes it back, and keeps who did so and what was there.
    ///
    /// # Errors
    /// [`PortError`] when the store fails.
    pub async fn set(
        &self,
        (tenant, pack): (&TenantName, &PackName),
        name: &str,
        value: Option<Json>,
        by: &str,
        at: Timestamp,
    ) -> Result<Setting, PortError> {
        let (tenant, pack) = (tenant.clone(), pack.clone());
        let change = Setting {
            name: name.to_owned(),
            version: 1,
            by: by.to_owned(),
            at,
            old: None,
            new: value,
        };
        let write = move |connection: &Connection| {
            let change = succeed(connection, &tenant, &pack, change.clone())?;
            insert(connection, &tenant, &pack, &change)?;
            Ok(change)
        };
        self.store.write(write).await
    }

    /// What is set, by name.
    ///
    /// # Errors
    /// [`PortError`] when the store fails.
    pub fn current(
        &self,
        tenant: &TenantName,
        pack: &PackName,
    ) -> Result<Map<String, Json>, PortError> {
        self.store.read(|connection| {
            let mut statement = connection.prepare_cached(CURRENT)?;
            let pair = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, json(row, 1)?));
            let pairs = statement.query_map([tenant.as_str(), pack.as_str()], pair)?;
            let set = |(name, value): (String, Option<Json>)| value.map(|value| (name, value));
            pairs.filter_map(|pair| pair.map(set).transpose()).collect()
        })
    }

    /// Every change, oldest first.
    ///
    /// # Errors
    /// [`PortError`] when the store fails.
    pub fn history(&self, tenant: &TenantName, pack: &PackName) -> Result<Vec<Setting>, PortError> {
        self.store.read(|connection| {
            let mut statement = connection.prepare_cached(HISTORY)?;
            let rows = statement.query_map([tenant.as_str(), pack.as_str()], setting)?;
            rows.collect()
        })
    }
}

/// The change as the successor of what is there.
fn succeed(
    connection: &Connection,
    tenant: &TenantName,
    pack: &PackName,
    change: Setting,
) -> rusqlite::Result<Setting> {
    let mut statement = connection.prepare_cached(LATEST)?;
    let latest = statement
        .query_row([tenant.as_str(), pack.as_str(), &change.name], |row| {
            Ok((row.get::<_, i64>(0)?.unsigned_abs(), json(row, 1)?))
        })
        .optional()?;
    let (version, old) = latest.unwrap_or_default();
    let version = version + 1;
    Ok(Setting {
        version,
        old,
        ..change
    })
}

fn insert(
    connection: &Connection,
    tenant: &TenantName,
    pack: &PackName,
    change: &Setting,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(INSERT)?;
    let parameters = params![
        tenant.as_str(),
        pack.as_str(),
        change.name,
        i64::try_from(change.version).unwrap_or(i64::MAX),
        change.by,
        millis(change.at),
        change.old.as_ref().map(Json::to_string),
        change.new.as_ref().map(Json::to_string),
    ];
    statement.execute(parameters).map(drop)
}

fn setting(row: &Row<'_>) -> rusqlite::Result<Setting> {
    Ok(Setting {
        name: row.get(0)?,
        version: row.get::<_, i64>(1)?.unsigned_abs(),
        by: row.get(2)?,
        at: at(row, 3)?,
        old: json(row, 4)?,
        new: json(row, 5)?,
    })
}

fn json(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Json>> {
    let text: Option<String> = row.get(column)?;
    let parse = |text: String| {
        serde_json::from_str(&text).map_err(|error| {
            let kind = rusqlite::types::Type::Text;
            rusqlite::Error::FromSqlConversionFailure(column, kind, Box::new(error))
        })
    };
    text.map(parse).transpose()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn each_set_keeps_who_and_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let settings = SqliteSettings::new(Store::open(folder.path()).unwrap());
        let names = (
            TenantName::new("demo").unwrap(),
            PackName::new("dental").unwrap(),
        );
        let names = (&names.0, &names.1);
        let at = Timestamp::UNIX_EPOCH;
        settings
            .set(names, "tz", Some(json!("UTC")), "ada", at)
            .await
            .unwrap();
        settings
            .set(names, "fee", Some(json!(5)), "ada", at)
            .await
            .unwrap();
        let last = settings
            .set(names, "tz", Some(json!("CET")), "bob", at)
            .await
            .unwrap();
        assert_eq!((last.version, last.old.as_ref()), (2, Some(&json!("UTC"))));
        let current = settings.current(names.0, names.1).unwrap();
        assert_eq!(Json::from(current), json!({"fee": 5, "tz": "CET"}));
        settings.set(names, "tz", None, "bob", at).await.unwrap();
        let current = settings.current(names.0, names.1).unwrap();
        assert_eq!(Json::from(current), json!({"fee": 5}));
        let history = settings.history(names.0, names.1).unwrap();
        assert_eq!(history.len(), 4);
        assert!(history.contains(&last));
    }
}
