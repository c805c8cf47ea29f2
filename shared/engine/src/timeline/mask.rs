//! Hiding personal values: where a definition says so, and wherever the same text appears again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::{Line, Timeline, What};
use crate::definition::model::Pack;
use crate::record::FieldChange;

/// What a hidden value shows instead.
const MASK: &str = "***";

/// Shorter texts are hidden in their fields, but not looked for elsewhere: they are in everything.
const SHORTEST_SOUGHT: usize = 4;

/// What is hidden: the `pii` fields of record types, sources and results.
#[derive(Debug, Clone)]
pub struct Masks {
    everything: bool,
    records: BTreeMap<String, BTreeSet<String>>,
    sources: BTreeMap<String, BTreeSet<String>>,
    results: BTreeSet<String>,
}

impl Default for Masks {
    /// Hides every value: what is right when nobody knows what is personal.
    fn default() -> Self {
        Self {
            everything: true,
            ..Self::nothing()
        }
    }
}

impl Masks {
    /// Hides nothing.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            everything: false,
            records: BTreeMap::new(),
            sources: BTreeMap::new(),
            results: BTreeSet::new(),
        }
    }

    /// Hides what these packs mark `pii`; without a pack, every value.
    #[must_use]
    pub fn of(packs: &[Arc<Pack>]) -> Self {
        if packs.is_empty() {
            return Self::default();
        }
        let mut masks = Self::nothing();
        for pack in packs {
            masks.add(pack);
        }
        masks
    }

    fn add(&mut self, pack: &Pack) {
        for (name, record) in &pack.records {
            let fields = record.fields.iter().filter(|(_, field)| field.field.pii);
            let names = fields.map(|(name, _)| name.clone());
            self.records
                .entry(name.to_string())
                .or_default()
                .extend(names);
        }
        for (name, source) in &pack.sources {
            let fields = source.data.iter().filter(|(_, field)| field.field.pii);
            let names = fields.map(|(name, _)| name.clone());
            self.sources
                .entry(name.to_string())
                .or_default()
                .extend(names);
        }
        let steps = pack.workflows.values().flat_map(|workflow| &workflow.steps);
        let returned = steps.filter_map(|step| step.returns.as_ref()).flatten();
        let personal = returned.filter(|(_, field)| field.field.pii);
        self.results.extend(personal.map(|(name, _)| name.clone()));
    }

    /// Hides personal values of a timeline of a record of this type.
    pub(super) fn apply(&self, record_type: &str, timeline: &mut Timeline) {
        let mut found = Found::default();
        let of_type = self.records.get(record_type);
        if let Some(record) = &mut timeline.record {
            self.hide(of_type, &mut record.fields, &mut found);
        }
        for line in &mut timeline.lines {
            self.hide_line(record_type, line, &mut found);
        }
        for line in &mut timeline.lines {
            found.sweep(line);
        }
    }

    fn hide_line(&self, record_type: &str, line: &mut Line, found: &mut Found) {
        let of_type = self.records.get(record_type);
        match &mut line.what {
            What::Event(event) => {
                let source = event.event.split(':').next().unwrap_or_default();
                self.hide(self.sources.get(source), &mut event.data, found);
            }
            What::Created(created) => self.hide(of_type, &mut created.fields, found),
            What::Changed(changed) => self.hide_changes(of_type, &mut changed.changes, found),
            What::Step(step) => {
                let target = step.target.as_deref().and_then(|of| of.split('/').nth(1));
                let target = target.unwrap_or(record_type);
                self.hide_changes(self.records.get(target), &mut step.changes, found);
                if let Some(Json::Object(output)) = &mut step.output {
                    self.hide(Some(&self.results), output, found);
                }
            }
            _ => {}
        }
    }

    fn hides(&self, fields: Option<&BTreeSet<String>>, name: &str) -> bool {
        self.everything && name != "status" || fields.is_some_and(|fields| fields.contains(name))
    }

    fn hide(
        &self,
        fields: Option<&BTreeSet<String>>,
        values: &mut Map<String, Json>,
        found: &mut Found,
    ) {
        for (name, value) in values.iter_mut() {
            if self.hides(fields, name) {
                found.hide(value);
            }
        }
    }

    fn hide_changes(
        &self,
        fields: Option<&BTreeSet<String>>,
        changes: &mut [FieldChange],
        found: &mut Found,
    ) {
        for change in changes.iter_mut() {
            if self.hides(fields, &change.field) {
                found.hide(&mut change.old);
                found.hide(&mut change.new);
            }
        }
    }
}

/// The personal texts that were found.
#[derive(Debug, Default)]
struct Found(BTreeSet<String>);

impl Found {
    fn hide(&mut self, value: &mut Json) {
        if value.is_null() {
            return;
        }
        self.keep(value);
        *value = Json::String(MASK.to_owned());
    }

    fn keep(&mut self, value: &Json) {
        match value {
            Json::String(text) if text.len() >= SHORTEST_SOUGHT => {
                self.0.insert(text.clone());
            }
            Json::Array(values) => values.iter().for_each(|value| self.keep(value)),
            Json::Object(members) => members.values().for_each(|value| self.keep(value)),
            _ => {}
        }
    }

    /// Hides the texts where a provider or a reason repeats them.
    fn sweep(&self, line: &mut Line) {
        match &mut line.what {
            What::Event(event) => event.data.values_mut().for_each(|value| self.json(value)),
            What::Review(review) => {
                self.text(&mut review.title);
                self.json(&mut review.report);
            }
            What::Decision(decision) => decision.reason.iter_mut().for_each(|r| self.text(r)),
            What::Person(person) => person.reason.iter_mut().for_each(|r| self.text(r)),
            What::Attempt(attempt) => self.text(&mut attempt.message),
            What::Skipped(skipped) => self.text(&mut skipped.reason),
            What::End(end) => end.reason.iter_mut().for_each(|reason| self.text(reason)),
            What::Outcome(outcome) => outcome.reason.iter_mut().for_each(|r| self.text(r)),
            What::Step(step) => {
                step.output.iter_mut().for_each(|output| self.json(output));
                step.reason.iter_mut().for_each(|reason| self.text(reason));
                let error = step.error.iter_mut();
                error.for_each(|error| self.text(&mut error.message));
            }
            What::Created(_) | What::Changed(_) | What::Waiting(_) => {}
        }
    }

    fn text(&self, text: &mut String) {
        for found in &self.0 {
            if text.contains(found.as_str()) {
                *text = text.replace(found.as_str(), MASK);
            }
        }
    }

    fn json(&self, value: &mut Json) {
        match value {
            Json::String(text) => self.text(text),
            Json::Array(values) => values.iter_mut().for_each(|value| self.json(value)),
            Json::Object(members) => members.values_mut().for_each(|value| self.json(value)),
            _ => {}
        }
    }
}
