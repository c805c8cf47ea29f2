//! Reading the figures of hours.

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use serde::Serialize;

use super::tallies::hour_of;
use super::{Counts, Slot};
use crate::key;
use crate::name::{SourceName, TenantName};
use crate::port::{Journal, PortError, Ports, Table};

/// How many hours are read at a time.
const PAGE: usize = 100;

/// The figures of a source in an hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HourOfSource {
    /// The beginning of the hour.
    pub hour: Timestamp,
    /// The source.
    pub source: SourceName,
    /// The figures.
    #[serde(flatten)]
    pub counts: Counts,
}

/// The sort key of an item: the hour, then the source.
pub(super) fn sort(slot: &Slot) -> String {
    format!("{}#{}", text(slot.hour), slot.source)
}

fn text(hour: Timestamp) -> String {
    DateTimePrinter::new().timestamp_to_string(&hour)
}

/// The figures of a tenant from the hour of a time on, oldest first.
///
/// # Errors
/// [`PortError`] when the store fails.
pub async fn since<P: Ports>(
    ports: &P,
    tenant: &TenantName,
    from: Timestamp,
) -> Result<Vec<HourOfSource>, PortError> {
    let (partition, mut hours) = (key::qualities(tenant), Vec::new());
    // Every sort key of that hour is longer, and so comes after it.
    let mut after = text(hour_of(from));
    loop {
        let journal = ports.journal();
        let page = journal.query(Table::Claims, &partition, "", Some(&after), PAGE);
        let page = page.await?;
        hours.extend(page.rows.iter().filter_map(|row| {
            let (hour, source) = row.sort.split_once('#')?;
            Some(HourOfSource {
                hour: hour.parse().ok()?,
                source: source.parse().ok()?,
                counts: serde_json::from_str(&row.item.body).ok()?,
            })
        }));
        match page.next {
            Some(next) => after = next,
            None => return Ok(hours),
        }
    }
}
