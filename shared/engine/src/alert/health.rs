//! How a deployment is, as a load balancer or a person asks for it.

use serde::Serialize;

use super::silences;
use crate::port::{Definitions, PortError, Ports};

/// How a deployment is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    status: Status,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Status {
    Ok,
    Degraded,
    Failing,
}

impl Health {
    /// Whether it cannot work. A silent path of alerts is no such case: taking the deployment out
    /// would make it worse.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.status == Status::Failing
    }
}

/// Reads the store, and tells whether it works and whether people are reached.
pub async fn health<P: Ports>(ports: &P) -> Health {
    let health = |status, reasons| Health { status, reasons };
    match silent(ports).await {
        Ok(reasons) if reasons.is_empty() => health(Status::Ok, reasons),
        Ok(reasons) => health(Status::Degraded, reasons),
        Err(error) => health(Status::Failing, vec![error.to_string()]),
    }
}

async fn silent<P: Ports>(ports: &P) -> Result<Vec<String>, PortError> {
    let tenants = ports.definitions().tenants().await?;
    let silences = silences(ports, &tenants).await?;
    Ok(silences.iter().map(ToString::to_string).collect())
}
