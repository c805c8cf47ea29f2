//! What a timeline shows, and its JSON form.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::person::PersonPart;
use crate::entry::ErrorSummary;
use crate::event::Asked;
use crate::import::Progress;
use crate::operation::{ReviewKind, Status};
use crate::record::FieldChange;

/// A record's timeline.
///
/// Its JSON form is stable: members are only ever added. References are texts
/// (`tenant/type/record`, `tenant/type/record/workflow/execution`), times RFC 3339 in UTC. Each
/// line is an object with `at`, `kind`, and the members of its kind; an unset member is absent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Timeline {
    /// Whose: `tenant/type/record`.
    pub of: String,
    /// The record as it is now; absent for a source without a record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordPart>,
    /// The import, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub import: Option<Progress>,
    /// What happened: a cause before its effects, else in the order of time.
    pub lines: Vec<Line>,
}

/// A record as it is now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecordPart {
    /// The state.
    pub status: String,
    /// The version.
    pub version: u64,
    /// Whether it was deleted.
    pub deleted: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// The fields.
    pub fields: Map<String, Json>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum What {
    /// An event came in.
    Event(EventPart),
    /// An event waits for a person.
    Review(ReviewPart),
    /// The record was created by a source.
    Created(CreatedPart),
    /// A workflow was started, skipped or stopped.
    Decision(DecisionPart),
    /// A person decided.
    Person(PersonPart),
    /// An execution of another record changed this one, or somebody did past Holdfast.
    Changed(ChangedPart),
    /// An attempt of a step did not succeed.
    Attempt(AttemptPart),
    /// A step came to its present state.
    Step(Box<StepPart>),
    /// A step was left out.
    Skipped(SkippedPart),
    /// A step waits for its hours.
    Waiting(WaitingPart),
    /// An execution ended.
    End(EndPart),
    /// The outcome of an execution was looked for.
    Outcome(OutcomePart),
}

/// An event.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventPart {
    /// Its id.
    pub event: String,
    /// Its name.
    pub name: String,
    /// Its typed data.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Json>,
    /// The fields that changed, of a record's event.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
    /// The ids of the records that it speaks of, by `as` names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub records: BTreeMap<String, String>,
    /// What somebody asks for with it about being written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// Whether no workflow wants it.
    pub unmatched: bool,
}

/// An event that a person must look at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReviewPart {
    /// The review item.
    pub id: String,
    /// Why.
    pub reason: ReviewKind,
    /// What happened, in a sentence.
    pub title: String,
    /// Whether it still waits.
    pub status: Status,
    /// What the reviewer needs.
    pub report: Json,
}

/// The creation of a record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CreatedPart {
    /// The event that did it.
    pub event: String,
    /// Who: ``source `calendly` ``.
    pub by: String,
    /// Its first values.
    pub fields: Map<String, Json>,
}

/// A decision about a workflow.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DecisionPart {
    /// The event.
    pub event: String,
    /// The workflow.
    pub workflow: String,
    /// The version that was live, `pack@hash`.
    pub version: String,
    /// `started`, `skipped` or `stopped`.
    pub outcome: &'static str,
    /// The execution that was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
    /// Why it was skipped or stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A change by an execution whose home is another record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChangedPart {
    /// The event that started the execution; the one that the change is, if made past Holdfast.
    pub event: String,
    /// Who: ``workflow `booking` ``; `hand`, if made past Holdfast.
    pub by: String,
    /// The execution; unset for a change past Holdfast.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub execution: String,
    /// The step; unset for a change past Holdfast.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub step: String,
    /// Old and new values.
    pub changes: Vec<FieldChange>,
}

/// An attempt that did not succeed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AttemptPart {
    /// The execution.
    pub execution: String,
    /// The step.
    pub step: String,
    /// From 1.
    pub attempt: u32,
    /// Stable name of the failure.
    pub code: String,
    /// What happened.
    pub message: String,
}

/// A step in its present state.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepPart {
    /// The execution.
    pub execution: String,
    /// The workflow, where the event that started it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// 1; raised by an explicit re-run.
    pub generation: u32,
    /// The step, `id.n`: n is 1, and one higher for each fallback.
    pub step: String,
    /// What it uses, `send-sms via sms`, where the definition is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uses: Option<String>,
    /// `started`, `retrying`, `succeeded`, `failed`, `unknown`, `fell-back`, `skipped`,
    /// `waiting` or `resumed`.
    pub state: &'static str,
    /// The attempt that led here or is due next.
    pub attempt: u32,
    /// Whether an attempt that did not succeed may have taken effect.
    pub maybe: bool,
    /// Why it was left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When the next attempt is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// How many elements it is performed for, where it has `each`; each has a line of its own, whose
    /// step ends in `@` and its place in the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elements: Option<u32>,
    /// The record that it changed, when that is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Old and new values of what it changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<FieldChange>,
    /// How many pages it read, where it reads page by page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pages: Option<u32>,
    /// Its result, without the record that an update returns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Json>,
    /// The step that had already done this effect, by `once`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suppressed_by: Option<SuppressedPart>,
    /// The error that ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorSummary>,
}

/// The step that had already done an effect.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SuppressedPart {
    /// Its execution.
    pub execution: String,
    /// The step.
    pub step: String,
}

/// A step that was left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SkippedPart {
    /// The execution.
    pub execution: String,
    /// The step.
    pub step: String,
    /// Why.
    pub reason: String,
}

/// A step that was sent outside its hours and has not begun.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WaitingPart {
    /// The execution.
    pub execution: String,
    /// The step.
    pub step: String,
    /// The names of its hours.
    pub hours: Vec<String>,
    /// When they open.
    pub opens: Timestamp,
}

/// The end of an execution.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EndPart {
    /// The execution.
    pub execution: String,
    /// The workflow, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// `completed`, `stopped` or `compensated`.
    pub end: &'static str,
    /// Why it was stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What became of the outcome that an execution promised.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutcomePart {
    /// The execution.
    pub execution: String,
    /// What was expected.
    pub expect: String,
    /// `met`, `missed`, or `moot` where nothing is owed any more.
    pub verdict: &'static str,
    /// Why it was not met.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
