//! The breakers of a tenant that hold work back.

use super::{State, Subject};
use crate::key;
use crate::name::TenantName;
use crate::port::{Journal, PortError, Ports, Table};

/// How many breakers are read at a time.
const PAGE: usize = 100;

/// A breaker that is not closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What it guards.
    pub subject: Subject,
    /// Its state.
    pub state: State,
}

/// Lists the breakers of a tenant that are not closed: connections first, by name.
///
/// # Errors
/// [`PortError`] when the store fails.
pub async fn not_closed<P: Ports>(
    ports: &P,
    tenant: &TenantName,
) -> Result<Vec<Listed>, PortError> {
    let (partition, mut after, mut listed) = (key::breakers(tenant), None, Vec::new());
    loop {
        let journal = ports.journal();
        let page = journal.query(Table::Claims, &partition, "", after.as_deref(), PAGE);
        let page = page.await?;
        listed.extend(page.rows.iter().filter_map(|row| {
            let subject = Subject::of_sort(&row.sort)?;
            let state = serde_json::from_str(&row.item.body).ok()?;
            (!matches!(state, State::Closed { .. })).then_some(Listed { subject, state })
        }));
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(listed),
        }
    }
}
