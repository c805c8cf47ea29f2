//! Tests of a pack: what is there before, what happens, what is expected.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use crate::expr::duration::Span;
use crate::name::{ConnectionName, RecordType, WorkflowName};

/// A test of a pack.
#[derive(Debug, Clone, PartialEq)]
pub struct TestDefinition {
    /// The name of the file without `.test.yaml`.
    pub name: String,
    /// What is tested, as a sentence.
    pub sentence: String,
    /// The time at which the test begins; `None`: the harness chooses.
    pub now: Option<Timestamp>,
    /// The tenant's settings.
    pub config: Map<String, Json>,
    /// Records that exist before, in order.
    pub given: Vec<GivenRecord>,
    /// What each connection's provider answers, in order; then the sandbox's own reply.
    pub replies: BTreeMap<ConnectionName, Vec<Reply>>,
    /// What happens, in order.
    pub actions: Vec<TestAction>,
    /// What must be true at the end.
    pub expect: Vec<Expectation>,
}

/// A record that exists before a test.
#[derive(Debug, Clone, PartialEq)]
pub struct GivenRecord {
    /// Its type.
    pub record: RecordType,
    /// Its status; `None`: the initial one.
    pub status: Option<String>,
    /// Its fields in normal form; a ref holds the natural key of the record it names, as text or
    /// as a list.
    pub fields: Map<String, Json>,
}

/// What a provider answers.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// An HTTP answer.
    Answer {
        /// The status.
        status: u16,
        /// The headers.
        headers: BTreeMap<String, String>,
        /// The body.
        body: Json,
    },
    /// No answer in time.
    Timeout,
    /// The connection breaks.
    Reset,
    /// The call is accepted, its answer lost.
    Drop,
}

/// What happens in a test.
#[derive(Debug, Clone, PartialEq)]
pub enum TestAction {
    /// The webhook of this event file arrives.
    Event {
        /// The file's path as written.
        file: String,
    },
    /// Time passes.
    Advance(Span),
}

/// What must be true at the end of a test.
#[derive(Debug, Clone, PartialEq)]
pub enum Expectation {
    /// This many deliveries went through a connection.
    Sent {
        /// The connection.
        connection: ConnectionName,
        /// How many.
        count: u64,
        /// Text that each of them holds.
        body: Option<String>,
    },
    /// The only record of a type has these values, `status` among them.
    Record {
        /// The type.
        record: RecordType,
        /// The values.
        values: Map<String, Json>,
    },
    /// A workflow was skipped this often.
    Skipped {
        /// The workflow.
        workflow: WorkflowName,
        /// How often.
        count: u64,
    },
    /// An error of this code happened.
    Error {
        /// The code.
        code: String,
    },
}
