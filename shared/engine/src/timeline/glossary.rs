//! What definitions add to a timeline: what a step uses, and which fields are personal.

use std::sync::Arc;

use super::Masks;
use crate::definition::model::{Action, Pack, Workflow};
use crate::id::StepKey;

/// The definitions that a timeline is told with.
#[derive(Debug, Default)]
pub struct Glossary {
    packs: Vec<Arc<Pack>>,
    masks: Masks,
}

impl Glossary {
    /// Tells with these packs, and hides what they mark `pii`.
    #[must_use]
    pub fn masked(packs: Vec<Arc<Pack>>) -> Self {
        let masks = Masks::of(&packs);
        Self { packs, masks }
    }

    /// Tells with these packs, and hides nothing.
    #[must_use]
    pub fn open(packs: Vec<Arc<Pack>>) -> Self {
        let masks = Masks::nothing();
        Self { packs, masks }
    }

    /// What is hidden.
    #[must_use]
    pub fn masks(&self) -> &Masks {
        &self.masks
    }

    /// What a step uses; by the version that it ran with, else by the one that is known.
    pub(super) fn uses(&self, version: &str, workflow: &str, step: &StepKey) -> Option<String> {
        let named = |pack: &&Arc<Pack>| pack.manifest.to_string() == version;
        let workflow_of = |pack: &'_ Arc<Pack>| pack.workflows.get(workflow).cloned();
        let of_version = self.packs.iter().find(named).and_then(workflow_of);
        let workflow: Arc<Workflow> =
            of_version.or_else(|| self.packs.iter().find_map(workflow_of))?;
        let definition = workflow.step(step)?;
        Some(match (&definition.via, &definition.action) {
            (Some(via), Action::Call { .. }) => format!("{} via {via}", definition.uses),
            _ => definition.uses.to_string(),
        })
    }
}
