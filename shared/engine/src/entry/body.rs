//! What an entry holds besides its state: the result, the audit of a change, and what the next
//! dispatch read, so that a replay renders the same.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{Progress, State};
use crate::envelope::Envelope;
use crate::id::{Element, EventId, ExecutionRef, RecordRef, StepKey};
use crate::name::StepId;
use crate::record::FieldChange;

/// A step's entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepEntry {
    /// The state.
    #[serde(flatten)]
    pub state: State,
    /// The attempts.
    #[serde(flatten)]
    pub progress: Progress,
    /// When it was written.
    pub at: Timestamp,
    /// The event that started the execution.
    pub event: EventId,
    /// The version of the definitions, `pack@hash`.
    pub version: String,
    /// The result that later steps read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Json>,
    /// The record that it changed, when that is not the home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<RecordRef>,
    /// Old and new values of what it changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<FieldChange>,
    /// Why it was left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How many pages it read, where it reads page by page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<u32>,
    /// What it was performed for, where it has `each`: its elements have entries of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each: Option<Elements>,
    /// What followed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dispatch: Option<Dispatch>,
    /// Another step that had already done this effect, by `once`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<Suppressed>,
    /// Attempts that did not succeed, the latest few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<AttemptLine>,
    /// The error that ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorSummary>,
}

impl StepEntry {
    /// An entry of this envelope's step that says nothing but its state.
    #[must_use]
    pub fn of(envelope: &Envelope, state: State, progress: Progress, at: Timestamp) -> Self {
        Self {
            state,
            progress,
            at,
            event: envelope.context.event.id.clone(),
            version: envelope.manifest.to_string(),
            output: None,
            target: None,
            changes: Vec::new(),
            reason: None,
            pages: None,
            each: None,
            dispatch: None,
            suppressed: None,
            attempts: Vec::new(),
            error: None,
        }
    }
}

/// The elements that a step with `each` was sent for, with everything that rendering their inputs
/// read beyond the envelope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Elements {
    /// The time that expressions saw.
    pub now: Timestamp,
    /// How many.
    pub count: u32,
    /// The members that strong reads returned, by the path of the reference.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refs: BTreeMap<String, Json>,
    /// Those of paths that begin with the element, for each element.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own: Vec<BTreeMap<String, Json>>,
}

impl Elements {
    /// The same without what was read: nothing is rendered of it any more.
    #[must_use]
    pub fn done(&self) -> Self {
        Self {
            now: self.now,
            count: self.count,
            refs: BTreeMap::new(),
            own: Vec::new(),
        }
    }

    /// What strong reads returned for an element.
    #[must_use]
    pub fn refs_of(&self, element: usize) -> BTreeMap<String, Json> {
        let mut refs = self.refs.clone();
        refs.extend(self.own.get(element).cloned().unwrap_or_default());
        refs
    }

    /// The keys of the elements of a step.
    pub fn keys(&self, step: &StepKey) -> impl Iterator<Item = StepKey> {
        (0..self.count).map(|index| step.of_element(Element(index)))
    }
}

/// One attempt that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptLine {
    /// From 1.
    pub attempt: u32,
    /// When it ended.
    pub at: Timestamp,
    /// Stable name of the failure.
    pub code: String,
    /// What happened, shortened.
    pub message: String,
}

/// The error that ended a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorSummary {
    /// The id of the error record or review item.
    pub id: String,
    /// Stable name of the failure.
    pub code: String,
    /// What happened, shortened.
    pub message: String,
}

/// The step that had already done an effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppressed {
    /// Whose.
    pub execution: ExecutionRef,
    /// Which.
    pub step: StepKey,
}

/// What was dispatched after an entry, with everything that deciding it read beyond the envelope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dispatch {
    /// The time that expressions saw.
    pub now: Timestamp,
    /// The members that strong reads returned, by the path of the reference.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refs: BTreeMap<String, Json>,
    /// The home record, where it was read again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Json>,
    /// The steps that were sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepKey>,
    /// When a fallback is too late: what its step said, whenever it is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// The steps that were left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<Skipped>,
    /// Set when nothing that the execution waits for follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
}

/// A step that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// The step.
    pub step: StepId,
    /// Why.
    pub reason: String,
}

/// How an execution ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// Its last critical step is done.
    Completed,
    /// It was stopped, with the reason.
    Stopped(String),
    /// A step failed for good, and what succeeded before it is undone.
    Compensated,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Owner;
    use crate::port::MessageId;

    fn entry(state: State) -> StepEntry {
        StepEntry {
            state,
            progress: Progress::FIRST,
            at: Timestamp::UNIX_EPOCH,
            event: EventId::from_text("s:1"),
            version: "p@1".to_owned(),
            output: None,
            target: None,
            changes: Vec::new(),
            reason: None,
            pages: None,
            each: None,
            dispatch: None,
            suppressed: None,
            attempts: Vec::new(),
            error: None,
        }
    }

    #[test]
    fn an_entry_in_any_state_is_read_as_it_was_written() {
        let (owner, message) = (Owner("me".into()), MessageId("m".to_owned()));
        let at = Timestamp::MAX;
        for state in [
            State::Started { owner, lease: at },
            State::Retrying { due: at },
            State::Succeeded,
            State::Failed {
                message: message.clone(),
                created: Timestamp::MIN,
                at,
            },
            State::GaveUp { message, at },
            State::Unknown,
            State::FellBack,
            State::Skipped,
            State::Waiting,
            State::Resumed,
        ] {
            let entry = entry(state);
            let text = serde_json::to_string(&entry).unwrap();
            let read = serde_json::from_str::<StepEntry>(&text);
            assert_eq!(read.map_err(|error| error.to_string()), Ok(entry), "{text}");
        }
    }
}
