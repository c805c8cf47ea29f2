//! The breakers of a tenant that hold work back, or that a person started.

use super::{State, Subject};
use crate::key;
use crate::name::TenantName;
use crate::operation::Mark;
use crate::port::{Journal, PortError, Ports, Table};

/// How many breakers are read at a time.
const PAGE: usize = 100;

/// A breaker that is not closed, or that a person closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What it guards.
    pub subject: Subject,
    /// Its state.
    pub state: State,
}

impl Listed {
    /// Who started it; `None` where it holds work back.
    #[must_use]
    pub fn started(&self) -> Option<&Mark> {
        match &self.state {
            State::Closed { started, .. } => started.as_ref(),
            State::Open { .. } | State::HalfOpen { .. } | State::Stopped { .. } => None,
        }
    }
}

/// Lists the breakers of a tenant that are not closed: connections first, by name.
///
/// # Errors
/// [`PortError`] when the store fails.
pub async fn not_closed<P: Ports>(
    ports: &P,
    tenant: &TenantName,
) -> Result<Vec<Listed>, PortError> {
    let all = touched(ports, tenant).await?.into_iter();
    let held = all.filter(|listed| !matches!(listed.state, State::Closed { .. }));
    Ok(held.collect())
}

/// Lists the breakers of a tenant that are not closed, and those that a person started and that
/// did not open since.
///
/// # Errors
/// [`PortError`] when the store fails.
pub async fn touched<P: Ports>(ports: &P, tenant: &TenantName) -> Result<Vec<Listed>, PortError> {
    let (partition, mut after, mut listed) = (key::breakers(tenant), None, Vec::new());
    loop {
        let journal = ports.journal();
        let page = journal.query(Table::Claims, &partition, "", after.as_deref(), PAGE);
        let page = page.await?;
        listed.extend(page.rows.iter().filter_map(|row| {
            let subject = Subject::of_sort(&row.sort)?;
            let state = serde_json::from_str(&row.item.body).ok()?;
            let listed = Listed { subject, state };
            let closed = matches!(listed.state, State::Closed { .. });
            (!closed || listed.started().is_some()).then_some(listed)
        }));
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(listed),
        }
    }
}
