//! The token of one client, and who fetches the next one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use holdfast_engine::port::{CallError, Secrets};
use holdfast_engine::verify::Secret;
use http::HeaderValue;
use jiff::Timestamp;
use tokio::sync::{Mutex, MutexGuard};

use super::answer::Granted;
use super::endpoint::Endpoint;
use crate::client::Client;

/// Where a client's token lies. Whoever fetches one holds it, so that others wait.
#[derive(Debug, Default)]
pub(super) struct Slot {
    held: Mutex<Held>,
    ended: AtomicU64,
}

/// What is known of a client.
#[derive(Debug, Default)]
pub(super) struct Held {
    token: Option<Arc<Token>>,
    failure: Option<CallError>,
    rotated: Option<Rotated>,
}

/// A token as calls send it.
#[derive(Debug)]
pub(crate) struct Token {
    /// `Bearer <token>`.
    pub(crate) header: HeaderValue,
    until: Timestamp,
    is_refused: AtomicBool,
}

impl Token {
    pub(super) fn kept(header: HeaderValue, until: Timestamp) -> Self {
        Self {
            header,
            until,
            is_refused: AtomicBool::new(false),
        }
    }

    /// Says that a receiver does not know it.
    pub(crate) fn refuse(&self) {
        self.is_refused.store(true, Ordering::Release);
    }

    fn is_usable(&self, now: Timestamp) -> bool {
        now < self.until && !self.is_refused.load(Ordering::Acquire)
    }
}

/// A refresh token that the server gave in place of the one that is configured.
#[derive(Debug, Clone)]
struct Rotated {
    configured: Secret,
    current: Secret,
}

impl Slot {
    /// How many fetches have ended: one that ends while a call waits is an answer to it, too.
    pub(super) fn ended(&self) -> u64 {
        self.ended.load(Ordering::Acquire)
    }

    pub(super) fn end(&self) {
        self.ended.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) async fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().await
    }
}

impl Held {
    /// The token, unless it is at its end or was refused.
    pub(super) fn usable(&self, now: Timestamp) -> Option<Arc<Token>> {
        let token = self.token.as_ref();
        token.filter(|token| token.is_usable(now)).map(Arc::clone)
    }

    /// Why the last fetch brought none.
    pub(super) fn failure(&self) -> Option<CallError> {
        self.failure.clone()
    }

    /// Fetches a token, and keeps it or why there is none.
    pub(super) async fn fetch<S: Secrets>(
        &mut self,
        (client, secrets): (&Client, &S),
        endpoint: &Endpoint<'_>,
        timeout: Duration,
    ) -> Result<Arc<Token>, CallError> {
        let asked = self.ask((client, secrets), endpoint, timeout).await;
        asked.map_err(|error| {
            self.rotated = self.rotated.take().filter(|_| !is_refusal(&error));
            let error = endpoint.failed(error);
            self.failure = Some(error.clone());
            error
        })
    }

    async fn ask<S: Secrets>(
        &mut self,
        (client, secrets): (&Client, &S),
        endpoint: &Endpoint<'_>,
        timeout: Duration,
    ) -> Result<Arc<Token>, CallError> {
        let configured = endpoint.refresh_token(secrets).await?;
        let current = self.current(configured.as_ref());
        let asked = endpoint.ask((client, secrets), current.as_ref(), timeout);
        let granted = asked.await?;
        self.rotate(endpoint, configured, current.as_ref(), &granted);
        Ok(self.keep(endpoint, &granted))
    }

    fn keep(&mut self, endpoint: &Endpoint<'_>, granted: &Granted) -> Arc<Token> {
        self.failure = None;
        let token = Token::kept(granted.header.clone(), granted.until(endpoint.now()));
        Arc::clone(self.token.insert(Arc::new(token)))
    }

    /// The refresh token to send: the configured one, or what the server gave in its place.
    fn current(&self, configured: Option<&Secret>) -> Option<Secret> {
        let rotated = self.rotated.as_ref();
        let rotated = rotated.filter(|rotated| Some(&rotated.configured) == configured);
        rotated
            .map(|rotated| &rotated.current)
            .or(configured)
            .cloned()
    }

    /// Keeps a new refresh token. It is lost with the process, and no other one knows it.
    fn rotate(
        &mut self,
        endpoint: &Endpoint<'_>,
        configured: Option<Secret>,
        current: Option<&Secret>,
        granted: &Granted,
    ) {
        let (Some(configured), Some(next)) = (configured, &granted.refresh) else {
            return;
        };
        if Some(next) != current {
            tracing::warn!(
                connection = endpoint.connection(),
                "the server gave a new refresh token, which only this process knows: \
                 a provider that rotates them needs client credentials"
            );
            let current = next.clone();
            self.rotated = Some(Rotated {
                configured,
                current,
            });
        }
    }
}

fn is_refusal(error: &CallError) -> bool {
    matches!(error, CallError::Refused { .. })
}
