//! What a definition and an execution's context say of a step: its alternatives, what it reads,
//! and what is known after it.

use serde_json::Value as Json;

use crate::definition::model::{Action, StepDefinition, Target, Workflow};
use crate::envelope::Context;
use crate::expr::RefRead;
use crate::id::{RecordRef, StepKey};

impl Workflow {
    /// The definition of a step's alternative.
    #[must_use]
    pub fn step(&self, key: &StepKey) -> Option<&StepDefinition> {
        let primary = self.steps.iter().find(|step| step.id == key.step)?;
        primary.alternative(key.n)
    }
}

impl StepDefinition {
    /// The alternative with this number: 1 is the step itself, then its fallbacks; 0 undoes it.
    #[must_use]
    pub fn alternative(&self, n: u32) -> Option<&StepDefinition> {
        match n {
            0 => self.compensate.as_deref(),
            1 => Some(self),
            n => self.fallback.get(usize::try_from(n).ok()?.checked_sub(2)?),
        }
    }

    /// What is tried when this alternative has definitely failed; nothing after a compensation.
    #[must_use]
    pub fn alternative_after(&self, n: u32) -> Option<&StepDefinition> {
        self.alternative(n.checked_add(1)?).filter(|_| n > 0)
    }

    /// Calls `visit` with each strong read that rendering the step's message makes: of a step with
    /// `each`, its elements.
    pub fn visit_reads(&self, visit: &mut impl FnMut(&RefRead)) {
        match &self.each {
            Some(list) => list.reads().iter().for_each(visit),
            None => self.visit_input_reads(visit),
        }
    }

    /// Calls `visit` with each strong read that rendering the step's input makes.
    pub fn visit_input_reads(&self, visit: &mut impl FnMut(&RefRead)) {
        if let Some(once) = &self.once {
            once.key.reads().iter().for_each(&mut *visit);
        }
        if let Some(expires) = &self.expires {
            expires.visit_reads(visit);
        }
        match &self.action {
            Action::Call { with } => with.iter().for_each(|(_, value)| value.visit_reads(visit)),
            Action::UpdateRecord(update) => match &update.target {
                Target::Home => {}
                Target::Reference { reference, .. } => reference.reads().iter().for_each(visit),
                Target::Key { key, .. } => key.iter().for_each(|value| value.visit_reads(visit)),
            },
        }
    }
}

impl Context {
    /// What the execution knows after a step: its result, and its own change of the home record.
    /// A compensation leaves the result of what it undoes.
    #[must_use]
    pub fn after(
        &self,
        home: &RecordRef,
        step: &StepKey,
        definition: &StepDefinition,
        output: &Json,
    ) -> Self {
        let mut context = self.clone();
        if !step.undoes() {
            let id = definition.id.to_string();
            context.steps.insert(id, output.clone());
        }
        if let Some(record) = changed_home(home, &definition.action, output) {
            context.record = Some(record.clone());
        }
        context
    }
}

/// The home record as a step changed it.
fn changed_home<'o>(home: &RecordRef, action: &Action, output: &'o Json) -> Option<&'o Json> {
    let Action::UpdateRecord(update) = action else {
        return None;
    };
    let record_type = match &update.target {
        Target::Home => &home.record_type,
        Target::Reference { record, .. } | Target::Key { record, .. } => record,
    };
    let record = output.get("record")?;
    let id = record.get("id").and_then(Json::as_str);
    (*record_type == home.record_type && id == Some(home.record.as_str())).then_some(record)
}
