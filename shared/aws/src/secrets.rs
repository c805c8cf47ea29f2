//! Secrets in the parameter store: the tenant's own, then the stack's. What was read is kept for
//! five minutes, so that a rotated secret is seen within that time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_ssm::Client;
use aws_sdk_ssm::operation::put_parameter::PutParameterError;
use aws_sdk_ssm::types::ParameterType;
use data_encoding::HEXLOWER_PERMISSIVE;
use holdfast_engine::name::TenantName;
use holdfast_engine::port::{Clock, PortError, Secrets};
use holdfast_engine::verify::Secret;
use jiff::Timestamp;

use crate::error::port;

/// How long a value that was read is used.
const KEPT: Duration = Duration::from_mins(5);

/// The name of the identity key below the stack's prefix.
const IDENTITY_KEY: &str = "identity-key";

/// The secrets of a stack. Clones share what was read.
#[derive(Debug, Clone)]
pub struct SsmSecrets<C> {
    client: Client,
    prefix: Arc<str>,
    clock: C,
    identity_key: IdentityKey,
    kept: Arc<Mutex<BTreeMap<(TenantName, String), Kept>>>,
}

#[derive(Clone)]
struct Kept {
    values: Vec<Secret>,
    until: Timestamp,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept")
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct IdentityKey([u8; 32]);

impl std::fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdentityKey(…)")
    }
}

/// Why there is no identity key.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// What is there is none. It is never replaced: every natural key and `once` hangs on it.
    #[error("{0} does not hold 64 hexadecimal digits: restore it from a backup")]
    Damaged(String),
    /// The parameter store failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

impl<C: Clock> SsmSecrets<C> {
    /// The secrets below a prefix, with the identity key that lies there; whoever is first makes
    /// it.
    ///
    /// # Errors
    /// [`IdentityError`] when the key cannot be made or read.
    pub async fn open(client: Client, prefix: &str, clock: C) -> Result<Self, IdentityError> {
        let name = format!("{prefix}/{IDENTITY_KEY}");
        let mut found = read(&client, vec![name.clone()]).await?;
        if !found.contains_key(&name) {
            make(&client, &name).await?;
            found = read(&client, vec![name.clone()]).await?;
        }
        let text = found.get(&name).map_or("", String::as_str);
        let bytes = HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).ok();
        let key = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        Ok(Self {
            client,
            prefix: prefix.into(),
            clock,
            identity_key: IdentityKey(key.ok_or(IdentityError::Damaged(name))?),
            kept: Arc::default(),
        })
    }

    fn kept(&self, key: &(TenantName, String)) -> Option<Vec<Secret>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.get(key)?;
        (kept.until > self.clock.now()).then(|| kept.values.clone())
    }

    fn keep(&self, key: (TenantName, String), values: Vec<Secret>) {
        let until = self
            .clock
            .now()
            .saturating_add(KEPT)
            .unwrap_or(Timestamp::MAX);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(key, Kept { values, until });
    }
}

impl<C: Clock> Secrets for SsmSecrets<C> {
    async fn secret(&self, tenant: &TenantName, name: &str) -> Result<Vec<Secret>, PortError> {
        let key = (tenant.clone(), name.to_owned());
        if let Some(values) = self.kept(&key) {
            return Ok(values);
        }
        let own = format!("{}/{tenant}/{name}", self.prefix);
        let shared = format!("{}/{name}", self.prefix);
        let found = read(&self.client, vec![own.clone(), shared.clone()]).await?;
        let text = found.get(&own).or_else(|| found.get(&shared));
        let lines = text.into_iter().flat_map(|text| text.lines());
        let values: Vec<_> = lines.filter_map(|line| Secret::new(line).ok()).collect();
        // What is missing is looked for again: somebody may be about to set it.
        if !values.is_empty() {
            self.keep(key, values.clone());
        }
        Ok(values)
    }

    fn identity_key(&self) -> &[u8; 32] {
        &self.identity_key.0
    }
}

/// Makes the identity key; one that another process made meanwhile is left as it is.
async fn make(client: &Client, name: &str) -> Result<(), PortError> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| PortError::Unavailable(error.to_string()))?;
    let put = client
        .put_parameter()
        .name(name)
        .description("Hides natural keys; made once, never rotated, never replaced.")
        .r#type(ParameterType::SecureString)
        .value(HEXLOWER_PERMISSIVE.encode(&key))
        .overwrite(false);
    match put.send().await {
        Ok(_) => Ok(()),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(PutParameterError::is_parameter_already_exists) =>
        {
            Ok(())
        }
        Err(error) => Err(port(&error)),
    }
}

/// The values of those of these parameters that exist.
pub(crate) async fn read(
    client: &Client,
    names: Vec<String>,
) -> Result<BTreeMap<String, String>, PortError> {
    let answer = client
        .get_parameters()
        .set_names(Some(names))
        .with_decryption(true)
        .send()
        .await
        .map_err(|error| port(&error))?;
    let pairs = answer.parameters.unwrap_or_default().into_iter();
    Ok(pairs.filter_map(|one| one.name.zip(one.value)).collect())
}
