//! A deployed stack as the command line sees it: found by its name, and what is no port.
//!
//! The template writes the variables of its functions into one parameter, `/<stack>/deployment`,
//! as a JSON object, so that no other service has to be asked for them.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_ssm::config::ProvideCredentials;
use aws_sdk_ssm::types::ParameterType;
use holdfast_engine::alert;
use holdfast_engine::name::{PackName, TenantName};
use holdfast_engine::port::{Definitions, PortError};

use crate::config::Config;
use crate::definitions::Live;
use crate::dynamo::Armed;
use crate::error::port;
use crate::ports::{AwsPorts, SetupError};
use crate::sdk::Sdk;
use crate::secrets::read;
use crate::sqs::{Depth, depths};

/// The name of the configuration below a stack's prefix.
const DEPLOYMENT: &str = "deployment";

impl AwsPorts {
    /// The ports of the stack of this name.
    ///
    /// # Errors
    /// [`SetupError`] when there is no such stack, or it cannot be read.
    pub async fn of_stack(stack: &str) -> Result<Arc<Self>, SetupError> {
        let account = Sdk::configuration().await?;
        signed_in(&account).await?;
        let sdk = Sdk::of(&account);
        let config = described(&sdk, stack).await?;
        Ok(Arc::new(Self::open(sdk, config).await?))
    }

    /// How full the queues are.
    ///
    /// # Errors
    /// [`PortError`] when a service fails.
    pub async fn depths(&self) -> Result<Vec<Depth>, PortError> {
        for tenant in &self.config.tenants {
            // Which steps have a queue is in the catalogs of what is live.
            if let Err(error) = self.definitions.live(tenant).await {
                tracing::warn!(%tenant, %error, "what is live cannot be had");
            }
        }
        depths(&self.queue, self.steps.queues()).await
    }

    /// The timers that wait in the table.
    ///
    /// # Errors
    /// [`PortError`] when it cannot be read.
    pub async fn armed(&self) -> Result<Armed, PortError> {
        self.timers.armed().await
    }

    /// What is live of each pack of a tenant.
    ///
    /// # Errors
    /// [`PortError`] when it cannot be read.
    pub async fn published(
        &self,
        tenant: &TenantName,
    ) -> Result<BTreeMap<PackName, Live>, PortError> {
        self.definitions.published(tenant).await
    }

    /// Sets a secret of a tenant, on a stack whose connections a sandbox answers; any other is left
    /// alone. Returns whether it was set.
    ///
    /// # Errors
    /// [`PortError`] when the parameter store fails.
    pub async fn keep_development_secret(
        &self,
        tenant: &TenantName,
        name: &str,
        value: &str,
    ) -> Result<bool, PortError> {
        if self.config.sandbox_url.is_none() {
            return Ok(false);
        }
        let prefix = &self.config.secrets_prefix;
        let put = self
            .sdk
            .ssm
            .put_parameter()
            .name(format!("{prefix}/{tenant}/{name}"));
        let put = put.r#type(ParameterType::SecureString).value(value);
        let kept = put.overwrite(true).send().await;
        kept.map(|_| true).map_err(|error| port(&error))
    }

    /// Watches a tenant's path of alerts from now on.
    ///
    /// # Errors
    /// [`PortError`] when the store fails.
    pub async fn begin_path(&self, tenant: &TenantName) -> Result<(), PortError> {
        let begun = alert::begin_path(self, tenant).await;
        begun.map_err(|trouble| PortError::Unavailable(trouble.to_string()))
    }
}

/// Whether there is a region and somebody who calls: the services only say that a call failed.
async fn signed_in(account: &SdkConfig) -> Result<(), SetupError> {
    let missing = |missing: String| SetupError::Account { missing };
    if account.region().is_none() {
        return Err(missing("there is no region".to_owned()));
    }
    let provider = account.credentials_provider();
    let provider = provider.ok_or_else(|| missing("there are no credentials".to_owned()))?;
    let found = provider.provide_credentials().await;
    found.map_err(|error| missing(format!("there are no credentials ({})", chain(&error))))?;
    Ok(())
}

/// An error with its causes.
fn chain(error: &dyn Error) -> String {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

async fn described(sdk: &Sdk, stack: &str) -> Result<Config, SetupError> {
    let name = format!("/{stack}/{DEPLOYMENT}");
    let missing = |reason: String| SetupError::Stack {
        stack: stack.to_owned(),
        reason,
    };
    let found = read(&sdk.ssm, vec![name.clone()])
        .await
        .map_err(|error| missing(error.to_string()))?;
    let text = found.get(&name).ok_or_else(|| {
        missing(format!(
            "there is no parameter {name}; is it deployed in this region?"
        ))
    })?;
    let variables: BTreeMap<String, String> = serde_json::from_str(text)
        .map_err(|error| missing(format!("{name} does not decode: {error}")))?;
    Ok(Config::from_variables(|name| variables.get(name).cloned())?)
}
