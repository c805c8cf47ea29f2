//! Secrets by name: resolved at use, never stored, logged or journaled.

use std::future::Future;

use super::PortError;
use crate::name::TenantName;
use crate::verify::Secret;

/// Secrets by name.
pub trait Secrets: Send + Sync {
    /// The active values of a secret, the tenant's own before the deployment's; empty: none is
    /// set.
    ///
    /// # Errors
    /// [`PortError`] when the store of secrets fails.
    fn secret(
        &self,
        tenant: &TenantName,
        name: &str,
    ) -> impl Future<Output = Result<Vec<Secret>, PortError>> + Send;

    /// The key that hides natural keys and `once` keys: one per deployment, never rotated.
    fn identity_key(&self) -> &[u8; 32];
}
