//! Secrets and randomness.

use std::collections::BTreeMap;

use holdfast_engine::name::TenantName;
use holdfast_engine::port::{Entropy, PortError, Secrets};
use holdfast_engine::verify::Secret;

use super::Shared;
use crate::random::mixed;

/// Secrets by name, the same for every tenant.
#[derive(Debug, Default)]
pub struct MemorySecrets {
    named: BTreeMap<String, Vec<Secret>>,
    identity_key: [u8; 32],
}

impl MemorySecrets {
    /// One and the same secret under each of these names.
    #[must_use]
    pub fn shared(names: impl IntoIterator<Item = String>, secret: &Secret) -> Self {
        let secrets = names.into_iter().map(|name| (name, vec![secret.clone()]));
        Self {
            named: secrets.collect(),
            ..Self::default()
        }
    }
}

impl Secrets for MemorySecrets {
    async fn secret(&self, _: &TenantName, name: &str) -> Result<Vec<Secret>, PortError> {
        Ok(self.named.get(name).cloned().unwrap_or_default())
    }

    fn identity_key(&self) -> &[u8; 32] {
        &self.identity_key
    }
}

/// Randomness from the seed of the state, so that a run repeats.
#[derive(Debug)]
pub struct SeededEntropy(Shared);

impl SeededEntropy {
    pub(super) fn new(shared: Shared) -> Self {
        Self(shared)
    }
}

impl Entropy for SeededEntropy {
    fn bits(&self) -> u128 {
        self.0.change(|state| {
            let (high, low) = (mixed(&mut state.random), mixed(&mut state.random));
            u128::from(high) << 64 | u128::from(low)
        })
    }
}
