//! The lines of a record's creation and of its changes by anybody but its own executions.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::draft::{Drafts, event_anchor, rank};
use super::line::{ChangedPart, CreatedPart, What};
use crate::id::EventId;
use crate::record::{Author, FieldChange};

/// An item under `change#`: the creation of a record, or a change by another record's execution
/// or past Holdfast.
#[derive(Debug, Deserialize)]
pub(super) struct ChangeItem {
    pub(super) event: EventId,
    by: Author,
    at: Timestamp,
    #[serde(default)]
    fields: Option<Map<String, Json>>,
    #[serde(default)]
    changes: Vec<FieldChange>,
    /// The version that a row of an import made.
    #[serde(default)]
    version: Option<u64>,
}

impl Drafts {
    /// The creation of the record, or its change by another record's execution or past Holdfast.
    pub(super) fn change(&mut self, rest: &str, item: ChangeItem) {
        if item.by == Author::External {
            return self.external(item);
        }
        if rest.ends_with("#row") {
            return self.row(item);
        }
        let by = item.by.to_string();
        let event = item.event.to_string();
        if let Some(fields) = item.fields {
            let anchor = format!("created {event}");
            let part = CreatedPart { event, by, fields };
            self.push(rank::CHANGE, anchor.clone(), item.at, What::Created(part));
            self.link(&event_anchor(&item.event), anchor.clone());
            self.link(&anchor, self.version_anchor(1));
            return;
        }
        let (execution, _) = rest.split_once('#').unwrap_or((rest, ""));
        let (_, step) = rest.rsplit_once('#').unwrap_or((rest, ""));
        let part = ChangedPart {
            event,
            by,
            execution: execution.to_owned(),
            step: step.to_owned(),
            changes: item.changes,
        };
        let anchor = format!("change {rest}");
        self.push(rank::CHANGE, anchor, item.at, What::Changed(part));
    }

    /// What a row of an import did; one that changed nothing is not told.
    fn row(&mut self, item: ChangeItem) {
        let Some(version) = item.version else { return };
        let by = format!("{}, {}", item.by, item.event);
        // Rows that are applied together have one time.
        let of_version = |version: u64| format!("row of version {version}");
        let anchor = of_version(version);
        let at = item.at;
        self.push(rank::CHANGE, anchor.clone(), at, without_step(item, by));
        self.link(&of_version(version.saturating_sub(1)), anchor.clone());
        self.link(&anchor, self.version_anchor(version));
    }

    /// A change past Holdfast, which is the cause of its event.
    fn external(&mut self, item: ChangeItem) {
        let anchor = format!("external {}", item.event);
        let (at, cause, by) = (item.at, event_anchor(&item.event), item.by.to_string());
        self.push(rank::CHANGE, anchor.clone(), at, without_step(item, by));
        self.link(&anchor, cause);
    }
}

/// What changed a record and is no step of an execution.
fn without_step(item: ChangeItem, by: String) -> What {
    let event = item.event.to_string();
    match item.fields {
        Some(fields) => What::Created(CreatedPart { event, by, fields }),
        None => What::Changed(ChangedPart {
            event,
            by,
            execution: String::new(),
            step: String::new(),
            changes: item.changes,
        }),
    }
}
