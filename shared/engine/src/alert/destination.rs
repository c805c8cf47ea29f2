//! Where the alerts of a tenant go.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json};

use crate::definition::model::{Connection, Pack, ValueExpression};
use crate::expr::Scope;
use crate::name::{ConnectionName, TenantName};
use crate::port::{Definitions, DefinitionsError, Ports};

/// Where alerts of one pack go.
#[derive(Debug, Clone)]
pub struct Destination {
    /// Whose.
    pub tenant: TenantName,
    /// The pack, which has `alerts:`.
    pub pack: Arc<Pack>,
    /// The tenant's settings.
    pub config: Arc<Map<String, Json>>,
}

impl Destination {
    /// The chat connection.
    #[must_use]
    pub fn chat(&self) -> Option<&Connection> {
        self.connection(self.pack.alerts.as_ref()?.slack.as_ref())
    }

    /// The SMS connection.
    #[must_use]
    pub fn sms(&self) -> Option<&Connection> {
        self.connection(self.pack.alerts.as_ref()?.sms.as_ref())
    }

    fn connection(&self, name: Option<&ConnectionName>) -> Option<&Connection> {
        self.pack.connections.get(name?).map(AsRef::as_ref)
    }

    /// The phones, in the order in which they are called; one that has no value is left out.
    #[must_use]
    pub fn phones(&self) -> Vec<String> {
        let alerts = self.pack.alerts.as_ref();
        let config = Json::Object(self.config.as_ref().clone());
        let phones = alerts.map(|alerts| alerts.phones.as_slice());
        let phones = phones.unwrap_or_default().iter();
        phones.filter_map(|phone| text(phone, &config)).collect()
    }
}

/// Phones read settings only, so neither the time nor its zone can matter.
fn text(value: &ValueExpression, config: &Json) -> Option<String> {
    let scope = Scope {
        roots: &[("config", config)],
        refs: &BTreeMap::new(),
        now: Timestamp::UNIX_EPOCH,
        tz: &TimeZone::UTC,
    };
    match value.evaluate(&scope) {
        Ok(Some(Json::String(text))) if !text.is_empty() => Some(text),
        Ok(_) => None,
        Err(error) => {
            tracing::error!(error = %error, "a phone to alert has no value");
            None
        }
    }
}

/// Where alerts go: those of a pack where its `alerts:` say, others wherever any pack of the tenant
/// says. What belongs to no tenant goes to the first one that says anything.
///
/// # Errors
/// [`DefinitionsError`] when the definitions cannot be had.
pub async fn destinations<P: Ports>(
    ports: &P,
    tenant: Option<&TenantName>,
    pack: Option<&str>,
) -> Result<Vec<Destination>, DefinitionsError> {
    if let Some(tenant) = tenant {
        return of_tenant(ports, tenant, pack).await;
    }
    for tenant in ports.definitions().tenants().await? {
        let found = of_tenant(ports, &tenant, pack).await?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

async fn of_tenant<P: Ports>(
    ports: &P,
    tenant: &TenantName,
    pack: Option<&str>,
) -> Result<Vec<Destination>, DefinitionsError> {
    let live = ports.definitions().live(tenant).await?.unwrap_or_default();
    let name = |one: &Pack| Some(one.manifest.pack.as_str()) == pack;
    let named = live.iter().any(|one| name(one));
    let mut found = Vec::new();
    for one in live.iter().filter(|one| !named || name(one)) {
        if one.alerts.is_some() {
            let config = ports
                .definitions()
                .config(tenant, &one.manifest.pack)
                .await?;
            found.push(Destination {
                tenant: tenant.clone(),
                pack: Arc::clone(one),
                config,
            });
        }
    }
    Ok(found)
}

/// How many phones can be called one after the other.
pub(super) async fn phones<P: Ports>(
    ports: &P,
    tenant: Option<&TenantName>,
    pack: Option<&str>,
) -> Result<u32, DefinitionsError> {
    let found = destinations(ports, tenant, pack).await?;
    let counts = found.iter().map(|one| one.phones().len());
    Ok(u32::try_from(counts.max().unwrap_or_default()).unwrap_or(u32::MAX))
}
