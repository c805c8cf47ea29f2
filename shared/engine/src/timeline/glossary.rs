//! What definitions add to a timeline: what a step uses, and which fields are personal.

use std::sync::Arc;

use super::Masks;
use crate::definition::model::{Action, Pack, Workflow};
use crate::hours::Hours;
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
        let (_, workflow) = self.workflow(version, workflow)?;
        let definition = workflow.step(step)?;
        Some(match (&definition.via, &definition.action) {
            (Some(via), Action::Call { .. }) => format!("{} via {via}", definition.uses),
            _ => definition.uses.to_string(),
        })
    }

    /// The hours that a step keeps, its own and its connection's.
    pub(super) fn hours(&self, version: &str, workflow: &str, step: &StepKey) -> Vec<Arc<Hours>> {
        let Some((pack, workflow)) = self.workflow(version, workflow) else {
            return Vec::new();
        };
        let Some(definition) = workflow.step(step) else {
            return Vec::new();
        };
        let via = definition.via.as_ref();
        let connection = via.and_then(|via| pack.connections.get(via));
        let connected = connection.and_then(|connection| connection.hours.clone());
        definition
            .hours
            .clone()
            .into_iter()
            .chain(connected)
            .collect()
    }

    /// A workflow and its pack, of this version, else as it is known.
    fn workflow(&self, version: &str, workflow: &str) -> Option<(&Pack, &Workflow)> {
        let packs = || self.packs.iter().map(AsRef::<Pack>::as_ref);
        let mut of_version = packs().filter(|pack| pack.manifest.to_string() == version);
        let mut found = of_version.next().into_iter().chain(packs());
        found.find_map(|pack| Some((pack, pack.workflows.get(workflow)?.as_ref())))
    }
}
