//! What the template tells every function, read from the environment: the one place that reads it.

use std::env::var_os;

use holdfast_engine::name::{InvalidName, TenantName};
use holdfast_engine::port::{QueueName, Table};

/// Why the environment does not describe a stack.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A variable is not set.
    #[error("{0} is not set: it is the template's to set")]
    Missing(&'static str),
    /// A tenant's name is none.
    #[error(transparent)]
    Tenant(#[from] InvalidName),
}

/// A deployed stack: names of its tables, queues and topic, and what is fixed for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The name of the stack.
    pub stack: String,
    /// The names of its tables.
    pub tables: Tables,
    /// The topic of alerts.
    pub alerts_topic: String,
    /// What stands before a function's name in the URL of its queue.
    pub queue_url_prefix: String,
    /// What stands before a secret's name in the parameter store.
    pub secrets_prefix: String,
    /// The tenants, in the order of their names.
    pub tenants: Vec<TenantName>,
    /// The address under which providers reach the webhooks.
    pub public_url: Option<String>,
    /// The name of the secret that holds the Slack webhook of alerts, whatever packs say: of
    /// `notify-oncall` alone.
    pub alerts_slack_webhook: Option<String>,
    /// The sandbox that answers every connection: for development only.
    pub sandbox_url: Option<String>,
}

/// The names of a stack's tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tables {
    /// Records, entries, events.
    pub journal: String,
    /// `once` keys and breakers.
    pub claims: String,
    /// Error records and review items.
    pub operations: String,
    /// Published texts, live versions, settings.
    pub definitions: String,
    /// Timers.
    pub timers: String,
}

impl Tables {
    /// The name of a table of the journal port.
    #[must_use]
    pub fn name(&self, table: Table) -> &str {
        match table {
            Table::Journal => &self.journal,
            Table::Claims => &self.claims,
            Table::Operations => &self.operations,
        }
    }
}

impl Config {
    /// Reads the environment that the template sets.
    ///
    /// # Errors
    /// [`ConfigError`] when a variable is missing, or a tenant's name is none.
    pub fn from_environment() -> Result<Self, ConfigError> {
        Self::from_variables(variable)
    }

    /// Reads the same variables from wherever they are kept.
    pub(crate) fn from_variables(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let optional = |name| variable(name).filter(|value| !value.is_empty());
        let required = |name| optional(name).ok_or(ConfigError::Missing(name));
        Ok(Self {
            stack: required("STACK_NAME")?,
            tables: Tables {
                journal: required("JOURNAL_TABLE_NAME")?,
                claims: required("CLAIMS_TABLE_NAME")?,
                operations: required("OPERATIONS_TABLE_NAME")?,
                definitions: required("DEFINITIONS_TABLE_NAME")?,
                timers: required("TIMERS_TABLE_NAME")?,
            },
            alerts_topic: required("ALERTS_TOPIC_ARN")?,
            queue_url_prefix: required("QUEUE_URL_PREFIX")?,
            secrets_prefix: required("SECRETS_PREFIX")?,
            tenants: tenants(&required("TENANTS")?)?,
            public_url: optional("PUBLIC_URL").as_deref().map(without_slash),
            alerts_slack_webhook: optional("ALERTS_SLACK_WEBHOOK"),
            sandbox_url: optional("SANDBOX_URL").as_deref().map(without_slash),
        })
    }

    /// The URL of a function's queue.
    #[must_use]
    pub fn queue_url(&self, queue: &QueueName) -> String {
        format!("{}{queue}", self.queue_url_prefix)
    }

    /// The URL of its dead-letter queue.
    #[must_use]
    pub fn dead_letter_url(&self, queue: &QueueName) -> String {
        format!("{}{queue}-dlq", self.queue_url_prefix)
    }
}

/// What is logged, as `HOLDFAST_LOG` says it.
pub(crate) fn log_filter() -> String {
    variable("HOLDFAST_LOG").unwrap_or_else(|| "info".to_owned())
}

/// The region, as the platform says it.
pub(crate) fn region() -> Option<String> {
    variable("AWS_REGION")
}

/// Where the services are, if not where the region says.
pub(crate) fn endpoint() -> Option<String> {
    variable("AWS_ENDPOINT_URL").filter(|url| !url.is_empty())
}

fn variable(name: &str) -> Option<String> {
    var_os(name)?.into_string().ok()
}

fn without_slash(url: &str) -> String {
    url.trim_end_matches('/').to_owned()
}

fn tenants(text: &str) -> Result<Vec<TenantName>, InvalidName> {
    let names = text.split(',').map(str::trim);
    let names = names.filter(|name| !name.is_empty());
    let mut tenants: Vec<_> = names.map(TenantName::new).collect::<Result<_, _>>()?;
    tenants.sort();
    tenants.dedup();
    Ok(tenants)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_are_read_sorted_and_once() {
        let read = tenants("north, south,north,").unwrap();
        let names: Vec<_> = read.iter().map(TenantName::as_str).collect();
        assert_eq!(names, ["north", "south"]);
        assert!(tenants("a#b").is_err());
    }
}
