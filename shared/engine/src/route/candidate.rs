//! The workflows that an event concerns.

use std::sync::Arc;

use super::resolve::Resolved;
use super::trigger::matches;
use crate::definition::model::{Pack, Trigger, Workflow};
use crate::event::EventMessage;
use crate::id::RecordRef;

/// A workflow that an event concerns, with the record that its execution would belong to.
pub(super) struct Candidate<'p> {
    pub(super) pack: &'p Pack,
    pub(super) workflow: &'p Workflow,
    pub(super) home: Option<RecordRef>,
}

/// The workflows that an event concerns, in the order of packs and names.
pub(super) fn candidates<'p>(
    message: &EventMessage,
    packs: &'p [Arc<Pack>],
    resolved: &Resolved,
    home: &RecordRef,
) -> Vec<Candidate<'p>> {
    let of_pack = |pack: &'p Arc<Pack>| {
        pack.workflows.values().filter_map(|workflow| {
            let home = match matches(workflow, message)? {
                Trigger::Event { of: Some(of), .. } => resolved
                    .references
                    .iter()
                    .find(|record| record.record_type == *of)
                    .cloned(),
                Trigger::Event { of: None, .. } | Trigger::Record(_) => Some(home.clone()),
            };
            Some(Candidate {
                pack: pack.as_ref(),
                workflow,
                home,
            })
        })
    };
    packs.iter().flat_map(of_pack).collect()
}
