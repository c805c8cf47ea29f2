//! Tokens of connections with `oauth2`: fetched at use, kept in memory until shortly before they
//! expire, and fetched by one call at a time, for all that wait.

mod answer;
mod endpoint;
mod slot;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use holdfast_engine::definition::model::OAuth2;
use holdfast_engine::name::{ConnectionName, TenantName};
use holdfast_engine::port::{Call, CallError, Secrets};
use tokio::time::Instant;

use self::endpoint::Endpoint;
use self::slot::{Slot, Token};
use crate::client::Client;
use crate::failure::not_sent;

/// The tokens that a process holds.
#[derive(Debug, Default)]
pub(crate) struct Tokens(Mutex<HashMap<Holder, Arc<Slot>>>);

/// Whose tokens they are: a definition that changes has others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Holder {
    tenant: TenantName,
    connection: ConnectionName,
    token_url: String,
    client_id: String,
    secret: String,
    refresh: Option<String>,
    scope: String,
}

/// A token for a call.
#[derive(Debug)]
pub(crate) struct Had {
    pub(crate) token: Arc<Token>,
    /// Whether it was fetched for this call.
    pub(crate) is_fresh: bool,
}

impl Tokens {
    /// A token for a call, which takes at most half of the time that is left.
    ///
    /// # Errors
    /// [`CallError`]; never that the call may have happened, for it was not made.
    pub(crate) async fn get<S: Secrets>(
        &self,
        (client, secrets): (&Client, &S),
        (call, oauth2): (&Call<'_>, &OAuth2),
        deadline: Instant,
    ) -> Result<Had, CallError> {
        let endpoint = Endpoint::of(call, oauth2)?;
        let slot = self.slot(&endpoint);
        let arrived = slot.ended();
        let left = deadline.saturating_duration_since(Instant::now()) / 2;
        let until = Instant::now() + left;
        let Ok(mut held) = tokio::time::timeout_at(until, slot.held()).await else {
            return Err(endpoint.failed(not_sent("it did not answer in time")));
        };
        if let Some(token) = held.usable(call.now) {
            let is_fresh = false;
            return Ok(Had { token, is_fresh });
        }
        if slot.ended() != arrived
            && let Some(failure) = held.failure()
        {
            return Err(failure);
        }
        let left = until.saturating_duration_since(Instant::now());
        let fetched = held.fetch((client, secrets), &endpoint, left).await;
        slot.end();
        let is_fresh = true;
        fetched.map(|token| Had { token, is_fresh })
    }

    fn slot(&self, endpoint: &Endpoint<'_>) -> Arc<Slot> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(endpoint.holder()).or_default())
    }
}
