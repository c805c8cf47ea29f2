//! Setting a tenant's settings, held against the pack's fields.

use std::sync::Arc;

use holdfast_engine::definition::model::Pack;
use holdfast_engine::field::{self, Field, Kind};
use holdfast_engine::port::{DefinitionsError, PortError};
use jiff::Timestamp;
use serde_json::Value as Json;

use super::{SetConfig, SettingChange};
use crate::store::{SqliteSettings, Store};

/// Why a setting is not set.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The tenant has no such pack.
    #[error("tenant `{tenant}` has no pack `{pack}`; it has {known}")]
    UnknownPack {
        /// The tenant.
        tenant: String,
        /// The pack.
        pack: String,
        /// The packs that it has.
        known: String,
    },
    /// The pack has no such setting.
    #[error("pack `{pack}` has no setting `{name}`; it has {known}")]
    UnknownSetting {
        /// The pack.
        pack: String,
        /// The setting.
        name: String,
        /// The settings that it has.
        known: String,
    },
    /// The value is not one.
    #[error("`{name}` does not take this value: {report}")]
    InvalidValue {
        /// The setting.
        name: String,
        /// What is wrong.
        report: String,
    },
    /// The definitions cannot be had.
    #[error(transparent)]
    Definitions(#[from] DefinitionsError),
    /// The store failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

impl ConfigError {
    /// The stable name of the failure.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownPack { .. } => "UnknownPack",
            Self::UnknownSetting { .. } => "UnknownSetting",
            Self::InvalidValue { .. } => "InvalidValue",
            Self::Definitions(error) => error.code(),
            Self::Port(error) => error.code(),
        }
    }
}

/// Sets a setting of one of the tenant's packs, and keeps who did so and what was there.
///
/// # Errors
/// [`ConfigError`] when there is no such setting, the value is wrong, or the store fails.
pub async fn set_config(
    store: &Store,
    packs: &[Arc<Pack>],
    request: &SetConfig,
    now: Timestamp,
) -> Result<SettingChange, ConfigError> {
    let value = setting_value(packs, request)?;
    let names = (&request.tenant, &request.pack);
    let set = SqliteSettings::new(store.clone())
        .set(names, &request.name, value, &request.by, now)
        .await?;
    Ok(set.into())
}

/// The value that a setting of one of the tenant's packs gets; `None`: it is taken back.
///
/// # Errors
/// [`ConfigError`] when there is no such setting, or the value is wrong.
pub fn setting_value(
    packs: &[Arc<Pack>],
    request: &SetConfig,
) -> Result<Option<Json>, ConfigError> {
    let found = packs.iter().find(|p| p.manifest.pack == request.pack);
    let pack = found.ok_or_else(|| ConfigError::UnknownPack {
        tenant: request.tenant.to_string(),
        pack: request.pack.to_string(),
        known: listed(packs.iter().map(|pack| pack.manifest.pack.as_str())),
    })?;
    let field = setting(pack, &request.name).ok_or_else(|| ConfigError::UnknownSetting {
        pack: request.pack.to_string(),
        name: request.name.clone(),
        known: listed(pack.config.keys().map(String::as_str)),
    })?;
    let typed = request.value.as_deref();
    let value = typed.map(|typed| read(&field, typed)).transpose();
    value.map_err(|report| ConfigError::InvalidValue {
        name: request.name.clone(),
        report,
    })
}

/// The field of a setting; every pack has `tz`.
fn setting(pack: &Pack, name: &str) -> Option<Field> {
    let declared = pack.config.get(name).cloned();
    declared.or_else(|| (name == "tz").then(|| Field::of(Kind::Timezone)))
}

/// Reads a value as a person types it: JSON for what has parts, else the text itself.
fn read(field: &Field, typed: &str) -> Result<Json, String> {
    let value = match field.kind {
        Kind::List(_) | Kind::Object(_) | Kind::AnyObject => serde_json::from_str(typed)
            .map_err(|error| format!("expected JSON, such as '[\"a\", \"b\"]': {error}"))?,
        _ => Json::String(typed.to_owned()),
    };
    field::accept(field, &value).map_err(|violations| field::describe(&violations))
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_by_its_fields_type() {
        let read = |kind, typed| read(&Field::of(kind), typed);
        assert_eq!(read(Kind::Integer, "12"), Ok(Json::from(12)));
        assert_eq!(read(Kind::Boolean, "true"), Ok(Json::from(true)));
        assert_eq!(read(Kind::String, "12"), Ok(Json::from("12")));
        let list = Kind::List(Box::new(Field::of(Kind::Integer)));
        assert_eq!(read(list.clone(), "[1, 2]"), Ok(serde_json::json!([1, 2])));
        assert!(read(list, "1, 2").unwrap_err().contains("JSON"));
        assert!(read(Kind::Integer, "twelve").is_err());
    }
}
