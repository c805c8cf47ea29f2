//! From the journal's items to lines, with what caused what.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::Glossary;
use super::line::{
    AttemptPart, DecisionPart, EndPart, EventPart, Line, OutcomePart, ReviewPart, SkippedPart, What,
};
use super::order::ordered;
use super::step::{StepPlace, first_attempt, made_version, step_anchor, step_part};
use crate::entry::{Dispatch, End, State, StepEntry};
use crate::id::{EventId, ExecutionRef, RecordRef};
use crate::operation::ReviewItem;
use crate::promise::OutcomeEntry;
use crate::route::{Decision, EventEntry, Outcome};

/// A line before it has its place: what it is called, and its rank among lines of one time.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) anchor: String,
    pub(super) rank: u8,
    pub(super) line: Line,
}

/// Among lines of one time, what was begun is finished before something new begins.
pub(super) mod rank {
    pub(super) const AFTERMATH: u8 = 0;
    pub(in crate::timeline) const CHANGE: u8 = 1;
    pub(in crate::timeline) const STEP: u8 = 3;
    pub(in crate::timeline) const DECISION: u8 = 2;
    pub(super) const EVENT: u8 = 4;
}

/// The lines so far, and what caused what.
#[derive(Debug, Default)]
pub(super) struct Drafts {
    pub(super) lines: Vec<Draft>,
    pub(super) links: Vec<(String, String)>,
    /// Lines of elements, with the line of their step, and whether that waits for them.
    elements: Vec<(String, String)>,
    waiting: BTreeSet<String>,
    /// The home, `type/record`.
    record: String,
    /// The executions that events started, by id.
    executions: BTreeMap<String, ExecutionRef>,
}

pub(super) fn event_anchor(event: &EventId) -> String {
    format!("event {event}")
}

impl Drafts {
    /// The lines of this record's timeline, none so far.
    pub(super) fn of(home: &RecordRef) -> Self {
        Self {
            record: format!("{}/{}", home.record_type, home.record),
            ..Self::default()
        }
    }

    pub(super) fn push(&mut self, rank: u8, anchor: String, at: Timestamp, what: What) {
        let line = Line { at, what };
        self.lines.push(Draft { anchor, rank, line });
    }

    pub(super) fn link(&mut self, cause: &str, effect: String) {
        self.links.push((cause.to_owned(), effect));
    }

    /// The event that this version of the home record is.
    pub(super) fn version_anchor(&self, version: u64) -> String {
        format!("event {}@{version}", self.record)
    }

    /// The full reference of an execution, where the event that started it is known.
    fn reference(&self, execution: &str) -> String {
        let known = self.executions.get(execution);
        known.map_or_else(|| execution.to_owned(), ToString::to_string)
    }

    fn workflow(&self, execution: &str) -> Option<String> {
        let known = self.executions.get(execution)?;
        Some(known.workflow.to_string())
    }

    /// An event with its decisions. Events come before everything else: they name executions.
    pub(super) fn event(&mut self, entry: &EventEntry) {
        let anchor = event_anchor(&entry.event.id);
        let part = EventPart {
            event: entry.event.id.to_string(),
            name: entry.event.name.clone(),
            data: entry.event.data.clone(),
            changed: entry.event.changed.clone(),
            asked: entry.event.asked,
            records: entry
                .records
                .iter()
                .map(|(name, id)| (name.clone(), id.to_string()))
                .collect(),
            unmatched: entry.decisions.is_empty(),
        };
        self.push(
            rank::EVENT,
            anchor.clone(),
            entry.event.at,
            What::Event(part),
        );
        for decision in &entry.decisions {
            self.decision(entry, decision, &anchor);
        }
    }

    fn decision(&mut self, entry: &EventEntry, decision: &Decision, event_anchor: &str) {
        let anchor = format!("decision {} {}", entry.event.id, decision.workflow);
        let execution = EventEntry::execution(decision);
        let (outcome, reason) = match &decision.outcome {
            Outcome::Started { .. } => ("started", None),
            Outcome::Skipped { reason } => ("skipped", Some(reason.clone())),
            Outcome::Stopped { reason } => ("stopped", Some(reason.clone())),
        };
        let part = DecisionPart {
            event: entry.event.id.to_string(),
            workflow: decision.workflow.to_string(),
            version: decision.manifest.to_string(),
            outcome,
            execution: execution.as_ref().map(ToString::to_string),
            reason,
        };
        self.push(
            rank::DECISION,
            anchor.clone(),
            entry.decided_at,
            What::Decision(part),
        );
        self.link(event_anchor, anchor.clone());
        self.link(&format!("created {}", entry.event.id), anchor.clone());
        if let (Some(execution), Outcome::Started { dispatch, .. }) = (execution, &decision.outcome)
        {
            let id = execution.execution.to_string();
            self.executions.insert(id.clone(), execution);
            self.dispatch(&anchor, &id, 1, dispatch);
        }
    }

    /// What followed: the steps that were sent are effects, those left out and the end are lines.
    pub(super) fn dispatch(
        &mut self,
        cause: &str,
        execution: &str,
        generation: u32,
        dispatch: &Dispatch,
    ) {
        for step in &dispatch.steps {
            self.link(cause, step_anchor(execution, generation, step));
            let first = first_attempt(&step_anchor(execution, generation, step));
            self.link(cause, first);
        }
        let reference = self.reference(execution);
        for skipped in &dispatch.skipped {
            let anchor = format!("skipped {execution} {generation} {}", skipped.step);
            let part = SkippedPart {
                execution: reference.clone(),
                step: skipped.step.to_string(),
                reason: skipped.reason.clone(),
            };
            self.push(
                rank::AFTERMATH,
                anchor.clone(),
                dispatch.now,
                What::Skipped(part),
            );
            self.link(cause, anchor);
        }
        if let Some(end) = &dispatch.end {
            self.end(cause, execution, generation, end, dispatch.now);
        }
    }

    fn end(&mut self, cause: &str, execution: &str, generation: u32, end: &End, at: Timestamp) {
        let (end, reason) = match end {
            End::Completed => ("completed", None),
            End::Stopped(reason) => ("stopped", Some(reason.clone())),
            End::Compensated => ("compensated", None),
        };
        let part = EndPart {
            execution: self.reference(execution),
            workflow: self.workflow(execution),
            end,
            reason,
        };
        let anchor = format!("end {execution} {generation}");
        self.push(rank::AFTERMATH, anchor.clone(), at, What::End(part));
        self.link(cause, anchor);
    }

    /// A step: its attempts that did not succeed, and the state that it is in.
    pub(super) fn step(&mut self, place: &StepPlace, entry: StepEntry, glossary: &Glossary) {
        let anchor = place.anchor();
        let execution = self.reference(&place.execution);
        for (index, line) in entry.attempts.iter().enumerate() {
            let name = if index == 0 {
                first_attempt(&anchor)
            } else {
                format!("{anchor} attempt {index}")
            };
            let part = AttemptPart {
                execution: execution.clone(),
                step: place.step.to_string(),
                attempt: line.attempt,
                code: line.code.clone(),
                message: line.message.clone(),
            };
            self.push(rank::STEP, name.clone(), line.at, What::Attempt(part));
            self.link(&name, anchor.clone());
        }
        if let Some(version) = made_version(&entry) {
            self.link(&anchor, self.version_anchor(version));
        }
        if let Some(whole) = place.whole_anchor() {
            self.elements.push((whole, anchor.clone()));
        }
        if entry.state == State::Waiting {
            self.waiting.insert(anchor.clone());
        }
        let workflow = self.workflow(&place.execution);
        let uses = workflow
            .as_deref()
            .and_then(|workflow| glossary.uses(&entry.version, workflow, &place.step));
        let (at, dispatch) = (entry.at, entry.dispatch.clone());
        let part = step_part(place, entry, execution, workflow, uses);
        self.push(rank::STEP, anchor.clone(), at, What::Step(Box::new(part)));
        if let Some(dispatch) = dispatch {
            self.dispatch(&anchor, &place.execution, place.generation, &dispatch);
        }
    }

    /// The lines, with what caused what: elements come after what led to their step, and before its
    /// end.
    pub(super) fn told(mut self) -> Vec<Line> {
        let mut causes = BTreeMap::<&str, Vec<&str>>::new();
        for (cause, effect) in &self.links {
            causes.entry(effect).or_default().push(cause);
        }
        let mut links = Vec::new();
        for (whole, element) in &self.elements {
            for cause in causes.get(whole.as_str()).into_iter().flatten() {
                links.push(((*cause).to_owned(), element.clone()));
                links.push(((*cause).to_owned(), first_attempt(element)));
            }
            links.push(if self.waiting.contains(whole) {
                (whole.clone(), element.clone())
            } else {
                (element.clone(), whole.clone())
            });
        }
        self.links.extend(links);
        ordered(self.lines, &self.links)
    }

    /// The outcome of an execution, after its end.
    pub(super) fn outcome(&mut self, execution: &str, entry: &OutcomeEntry) {
        let anchor = format!("outcome {execution}");
        let part = OutcomePart {
            execution: self.reference(execution),
            expect: entry.expect.clone(),
            verdict: entry.verdict.name(),
            reason: entry.verdict.reason().map(str::to_owned),
        };
        self.push(
            rank::AFTERMATH,
            anchor.clone(),
            entry.at,
            What::Outcome(part),
        );
        self.link(&event_anchor(&entry.event), anchor);
    }

    /// An event that waits for a person.
    pub(super) fn review(&mut self, event: &EventId, item: ReviewItem) {
        let anchor = format!("review {}", item.id);
        self.link(&event_anchor(event), anchor.clone());
        let part = ReviewPart {
            id: item.id,
            reason: item.kind,
            title: item.title,
            status: item.handling.status,
            report: item.report,
        };
        self.push(rank::DECISION, anchor, item.at, What::Review(part));
    }
}
