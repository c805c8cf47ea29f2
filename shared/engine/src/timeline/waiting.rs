//! Steps that were sent outside their hours and have not begun: they wait for the opening.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::Glossary;
use super::line::WaitingPart;
use super::step::{StepPlace, step_anchor};
use crate::entry::{Dispatch, StepEntry};
use crate::hours::opening;
use crate::id::{EventId, ExecutionRef, StepKey};
use crate::route::{Decision, EventEntry, Outcome};

/// A step that waits: its anchor, since when, and what is shown of it.
pub(super) type Waiting = (String, Timestamp, WaitingPart);

/// The steps that wait for their hours.
pub(super) fn waiting(
    events: &BTreeMap<EventId, EventEntry>,
    steps: &[(StepPlace, StepEntry)],
    glossary: &Glossary,
) -> Vec<Waiting> {
    let begun: BTreeSet<String> = steps.iter().map(|(place, _)| place.anchor()).collect();
    let decisions = events.values().flat_map(|event| {
        event
            .decisions
            .iter()
            .map(move |decision| (event, decision))
    });
    let mut waiting: Vec<_> = decisions
        .filter_map(|(event, decision)| {
            let started = Started::of(event, decision, glossary)?;
            let sent = started.sent(steps);
            Some(
                sent.into_iter()
                    .filter_map(move |sent| started.waits(&sent)),
            )
        })
        .flatten()
        .collect();
    waiting.retain(|(anchor, ..)| !begun.contains(anchor));
    waiting
}

/// An execution that a decision started.
struct Started<'a> {
    event: &'a EventEntry,
    decision: &'a Decision,
    first: &'a Dispatch,
    execution: ExecutionRef,
    glossary: &'a Glossary,
}

/// A step that was sent.
struct Sent<'a> {
    generation: u32,
    step: &'a StepKey,
    at: Timestamp,
}

impl<'a> Started<'a> {
    fn of(event: &'a EventEntry, decision: &'a Decision, glossary: &'a Glossary) -> Option<Self> {
        let Outcome::Started { dispatch, .. } = &decision.outcome else {
            return None;
        };
        Some(Self {
            event,
            decision,
            first: dispatch,
            execution: EventEntry::execution(decision)?,
            glossary,
        })
    }

    /// The steps that it has sent.
    fn sent(&self, steps: &'a [(StepPlace, StepEntry)]) -> Vec<Sent<'a>> {
        let id = self.execution.execution.to_string();
        let own = steps.iter().filter(|(place, _)| place.execution == id);
        let later =
            own.filter_map(|(place, entry)| Some((place.generation, entry.dispatch.as_ref()?)));
        let all = std::iter::once((1, self.first)).chain(later);
        all.flat_map(|(generation, dispatch)| {
            let at = dispatch.now;
            let steps = dispatch.steps.iter();
            steps.map(move |step| Sent {
                generation,
                step,
                at,
            })
        })
        .collect()
    }

    /// What is shown of a step, if it was sent outside its hours.
    fn waits(&self, sent: &Sent<'_>) -> Option<Waiting> {
        let (decision, step) = (self.decision, sent.step);
        let version = decision.manifest.to_string();
        let hours = self
            .glossary
            .hours(&version, decision.workflow.as_str(), step);
        let config = self.event.context(decision).config;
        let all: Vec<_> = hours.iter().map(AsRef::as_ref).collect();
        let opens = opening(&all, sent.at, &config).filter(|opens| *opens > sent.at)?;
        let part = WaitingPart {
            execution: self.execution.to_string(),
            step: step.to_string(),
            hours: hours.iter().map(|hours| hours.name.clone()).collect(),
            opens,
        };
        let execution = self.execution.execution.to_string();
        let anchor = step_anchor(&execution, sent.generation, step);
        Some((anchor, sent.at, part))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value as Json, json};

    use super::*;
    use crate::definition::model::ConnectionKind;
    use crate::definition::{Catalog, Signature, load};
    use crate::name::FunctionName;

    const AT: &str = "2026-11-20T20:00:00Z";

    /// A pack whose workflow `call` dials within hours in the tenant's zone.
    fn glossary() -> Glossary {
        let dial = Signature {
            name: "dial".to_owned(),
            connections: vec![ConnectionKind::Http],
            keeps: None,
            batches: None,
            pages: false,
            input: json!({ "type": "object" }),
            output: json!({ "type": "object" }),
        };
        let catalog = Catalog([(FunctionName::new("dial").unwrap(), dial)].into());
        let files = [
            (
                "pack.yaml",
                "pack: p\nhours: { day: { tz: =config.tz, open: { mon-fri: \"08:00-18:00\" } } }\n",
            ),
            (
                "line.connection.yaml",
                "connection: line\nkind: http\nurl: https://x.example\nhours: day\n",
            ),
            (
                "call.workflow.yaml",
                "workflow: call\ndescription: Calls.\nowner: me\nseverity: P3\nsteps:\n\
                 - { id: dial, uses: dial, via: line, hours: day }\n",
            ),
        ];
        let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let (pack, _) = load(&files.into(), &catalog).unwrap();
        Glossary::open(vec![Arc::new(pack)])
    }

    fn started(at: &str) -> BTreeMap<EventId, EventEntry> {
        let execution = "a".repeat(26);
        let entry: Json = json!({
            "event": { "id": "door:1", "name": "door.opened", "at": AT },
            "home": { "tenant": "t", "type": "visit", "record": "1" },
            "decided_at": AT,
            "config": { "p": { "tz": "America/New_York" } },
            "decisions": [{
                "workflow": "call", "manifest": { "pack": "p", "hash": "0123456789" },
                "home": { "tenant": "t", "type": "visit", "record": "1" },
                "outcome": "started", "execution": execution,
                "dispatch": { "now": at, "steps": ["dial.1"] },
            }],
        });
        let entry: EventEntry = serde_json::from_value(entry).unwrap();
        [(entry.event.id.clone(), entry)].into()
    }

    /// When each step opens that waits, where it was sent at a time.
    fn opens(at: &str, steps: &[(StepPlace, StepEntry)]) -> Vec<String> {
        let found = waiting(&started(at), steps, &glossary());
        found
            .into_iter()
            .map(|(_, _, part)| format!("{} {} {}", part.step, part.hours.join("+"), part.opens))
            .collect()
    }

    #[test]
    fn a_step_waits_that_was_sent_outside_its_hours_and_has_not_begun() {
        let opening = "dial.1 day+day 2026-11-23T13:00:00Z";
        assert_eq!(opens("2026-11-20T23:00:00Z", &[]), [opening]);
        assert_eq!(opens("2026-11-20T22:59:00Z", &[]), Vec::<String>::new());
        let place = StepPlace::read(&format!("{}#1#dial.1", "a".repeat(26))).unwrap();
        let begun = json!({
            "state": "succeeded", "attempt": 1, "at": AT, "event": "door:1", "version": "p@1",
        });
        let begun = [(place, serde_json::from_value(begun).unwrap())];
        assert_eq!(opens("2026-11-20T23:00:00Z", &begun), Vec::<String>::new());
    }
}
