//! Secrets of one machine: given at start, or the well-known ones of development.

use std::collections::BTreeMap;
use std::sync::Arc;

use holdfast_engine::name::TenantName;
use holdfast_engine::port::{PortError, Secrets};
use holdfast_engine::verify::Secret;

use crate::definitions::LoadedPack;

/// The secret that every name has in development: also a valid key of Standard Webhooks.
pub const DEVELOPMENT_SECRET: &str = "whsec_aG9sZGZhc3QtZGV2ZWxvcG1lbnQtc2VjcmV0";

/// The variable that holds a secret: `HOLDFAST_SECRET_<NAME>`, or the tenant's own,
/// `HOLDFAST_SECRET_<TENANT>__<NAME>`; upper case, every other character than a letter or a
/// digit as `_`.
#[must_use]
pub fn variable(tenant: Option<&TenantName>, name: &str) -> String {
    let spelled = |text: &str| {
        let letter = |c: char| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        };
        text.chars().map(letter).collect::<String>()
    };
    match tenant {
        Some(tenant) => format!(
            "HOLDFAST_SECRET_{}__{}",
            spelled(tenant.as_str()),
            spelled(name)
        ),
        None => format!("HOLDFAST_SECRET_{}", spelled(name)),
    }
}

/// Secrets that do not change while the process lives. Clones share them.
#[derive(Debug, Clone)]
pub struct LocalSecrets(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    values: BTreeMap<String, Vec<Secret>>,
    development: Option<Secret>,
    identity_key: IdentityKey,
}

/// The key that hides natural keys.
#[derive(Clone)]
pub struct IdentityKey(pub [u8; 32]);

impl std::fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdentityKey(…)")
    }
}

impl LocalSecrets {
    /// The secrets of these variables; one variable may hold several, one per line.
    #[must_use]
    pub fn of(variables: &BTreeMap<String, String>, identity_key: IdentityKey) -> Self {
        Self::with(variables, None, identity_key)
    }

    /// The secrets of these variables, and the well-known one under every other name: for
    /// development only.
    #[must_use]
    pub fn development(variables: &BTreeMap<String, String>, identity_key: IdentityKey) -> Self {
        Self::with(
            variables,
            Secret::new(DEVELOPMENT_SECRET).ok(),
            identity_key,
        )
    }

    fn with(
        variables: &BTreeMap<String, String>,
        development: Option<Secret>,
        identity_key: IdentityKey,
    ) -> Self {
        let secrets = |text: &String| {
            text.lines()
                .filter_map(|line| Secret::new(line).ok())
                .collect()
        };
        let values = variables
            .iter()
            .map(|(name, text)| (name.clone(), secrets(text)))
            .collect();
        Self(Arc::new(Inner {
            values,
            development,
            identity_key,
        }))
    }

    /// The secrets that definitions name and that are not set, with the variables that would hold
    /// them.
    #[must_use]
    pub fn missing(&self, tenants: &[TenantName], packs: &[LoadedPack]) -> Vec<String> {
        let mut missing = Vec::new();
        for tenant in tenants {
            for name in packs.iter().flat_map(|loaded| loaded.pack.secret_names()) {
                if self.active(tenant, name).is_empty() {
                    let (own, shared) = (variable(Some(tenant), name), variable(None, name));
                    missing.push(format!(
                        "`{name}`: set {shared} (or {own} for tenant `{tenant}` alone)"
                    ));
                }
            }
        }
        missing.sort();
        missing.dedup();
        missing
    }

    /// The active values of a secret.
    #[must_use]
    pub fn active(&self, tenant: &TenantName, name: &str) -> Vec<Secret> {
        let own = self.0.values.get(&variable(Some(tenant), name));
        let shared = || self.0.values.get(&variable(None, name));
        match own.or_else(shared) {
            Some(secrets) => secrets.clone(),
            None => self.0.development.iter().cloned().collect(),
        }
    }
}

impl Secrets for LocalSecrets {
    async fn secret(&self, tenant: &TenantName, name: &str) -> Result<Vec<Secret>, PortError> {
        Ok(self.active(tenant, name))
    }

    fn identity_key(&self) -> &[u8; 32] {
        &self.0.identity_key.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_development_every_secret_that_is_not_given_is_the_well_known_one() {
        let tenant = TenantName::new("north").unwrap();
        let given = ("HOLDFAST_SECRET_CALENDLY_KEY".to_owned(), "a\nb".to_owned());
        let secrets = LocalSecrets::development(&[given].into(), IdentityKey([0; 32]));
        let text = |name| secrets.active(&tenant, name);
        let known = |text| Secret::new(text).unwrap();
        assert_eq!(text("calendly-key"), [known("a"), known("b")]);
        assert_eq!(text("stripe-key"), [known(DEVELOPMENT_SECRET)]);
    }

    #[test]
    fn a_tenants_own_secret_comes_before_the_shared_one() {
        let (north, south) = (
            TenantName::new("north").unwrap(),
            TenantName::new("south").unwrap(),
        );
        let pairs = [
            ("HOLDFAST_SECRET_CALENDLY_KEY", "a\nb"),
            ("HOLDFAST_SECRET_NORTH__CALENDLY_KEY", "c"),
        ];
        let variables = pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let secrets = LocalSecrets::of(&variables, IdentityKey([0; 32]));
        assert_eq!(secrets.active(&north, "calendly-key").len(), 1);
        assert_eq!(secrets.active(&south, "calendly-key").len(), 2);
        assert!(secrets.active(&south, "other").is_empty());
    }
}
