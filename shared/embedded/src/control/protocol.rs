//! The lines that go over the control socket.

use std::time::Duration;

use holdfast_engine::breaker::{Changed, Refusal, State};
use holdfast_engine::import::{self, Batch, ImportError};
use holdfast_engine::name::{ConnectionName, PackName, TenantName, WorkflowName};
use holdfast_engine::operate::{Operate, OperateError, Outcome};
use holdfast_engine::port::{DefinitionsError, PortError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::store::{Depth, Setting};

/// What is asked of the process that holds a data folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Command {
    /// Does what people ask for, each on its own; what is long is asked for in parts.
    Operate {
        /// What they ask for.
        requests: Vec<Operate>,
    },
    /// Stops or starts a workflow, or all calls through a connection.
    Hold(Hold),
    /// Applies a part of an import.
    Import(Batch),
    /// Sets a tenant's setting.
    SetConfig(SetConfig),
    /// Tells how full the queues are: only the process itself knows what is in flight.
    Depths,
    /// Tells which faults are injected.
    Faults,
    /// Sets which faults are injected, in place of those that are; for development only.
    SetFaults {
        /// As they are written on the command line.
        faults: Vec<String>,
    },
}

/// Sets a tenant's setting for a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetConfig {
    /// The tenant.
    pub tenant: TenantName,
    /// The pack.
    pub pack: PackName,
    /// The setting.
    pub name: String,
    /// The value as it was typed; `None` takes it back.
    pub value: Option<String>,
    /// Who sets it.
    pub by: String,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    /// What came of each request, in their order.
    Operated {
        /// The answers.
        answers: Vec<Operated>,
    },
    /// What became of each row, in their order.
    Imported {
        /// The verdicts.
        outcomes: Vec<import::Outcome>,
    },
    /// The workflow's breaker as it is now.
    Held {
        /// What it guards: `workflow pack/name`.
        subject: String,
        /// Its state before.
        before: State,
        /// Its state.
        after: State,
    },
    /// The setting as it is now.
    Set(SettingChange),
    /// The queues.
    Depths {
        /// In the order of their names.
        queues: Vec<QueueDepth>,
    },
    /// The faults that are injected now.
    Faults(InjectedFaults),
    /// It was not done.
    Refused(Refused),
}

/// What came of one request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operated {
    /// It was done.
    Done(Box<Outcome>),
    /// It was not.
    Refused(Refused),
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Stable name of the reason.
    pub code: String,
    /// The reason.
    pub message: String,
    /// Whether the store failed: the same may succeed later, and may have been done in part.
    #[serde(default)]
    pub unavailable: bool,
}

/// Stops or starts a workflow of a tenant, or all calls through a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The tenant.
    pub tenant: TenantName,
    /// What is stopped or started.
    pub what: Held,
    /// What is to be done with it.
    pub word: Word,
}

/// What a person stops and starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Held {
    /// A workflow.
    Workflow(WorkflowName),
    /// A connection, whatever calls through it.
    Connection(ConnectionName),
}

/// What a person says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// It stops.
    Stop {
        /// Who says so.
        by: String,
        /// Why.
        reason: String,
    },
    /// It starts.
    Start {
        /// Who says so.
        by: String,
        /// Why, where it was said.
        reason: Option<String>,
    },
}

/// The faults that are injected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InjectedFaults {
    /// The seed by which they strike.
    pub seed: u64,
    /// As they are written on the command line.
    pub faults: Vec<String>,
    /// How many calls failed so far.
    pub struck: u64,
}

/// One change of a setting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SettingChange {
    /// The setting.
    pub name: String,
    /// From 1, one higher with every change.
    pub version: u64,
    /// Who set it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The value before; null: it was not set.
    pub old: Option<Json>,
    /// The value; null: it was taken back.
    pub new: Option<Json>,
}

/// How full a queue is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueDepth {
    /// The queue: the name of its function.
    pub queue: String,
    /// Messages that can be received now.
    pub visible: usize,
    /// Messages that are worked on.
    pub in_flight: usize,
    /// Messages that are hidden until later: delayed or retrying.
    pub delayed: usize,
    /// How long ago the oldest message was sent, in seconds.
    pub oldest_seconds: Option<u64>,
    /// Messages that were received too often.
    pub dead_letters: u64,
}

impl Refused {
    /// What is refused for good.
    pub(super) fn new(code: &str, message: String) -> Self {
        Self {
            code: code.to_owned(),
            message,
            unavailable: false,
        }
    }
}

impl From<Changed> for Answer {
    fn from(changed: Changed) -> Self {
        Self::Held {
            subject: changed.subject.to_string(),
            before: changed.before,
            after: changed.after,
        }
    }
}

impl From<OperateError> for Refused {
    fn from(error: OperateError) -> Self {
        Self {
            unavailable: matches!(error, OperateError::Port(_)),
            ..Self::new(error.code(), error.to_string())
        }
    }
}

impl From<ImportError> for Refused {
    fn from(error: ImportError) -> Self {
        Self {
            unavailable: error.is_transient(),
            ..Self::new(error.code(), error.to_string())
        }
    }
}

impl From<Refusal> for Refused {
    fn from(error: Refusal) -> Self {
        use Refusal::{Definitions, Port};
        Self {
            unavailable: matches!(error, Port(_) | Definitions(DefinitionsError::Port(_))),
            ..Self::new(error.code(), error.to_string())
        }
    }
}

impl From<PortError> for Refused {
    fn from(error: PortError) -> Self {
        Self {
            unavailable: true,
            ..Self::new(error.code(), error.to_string())
        }
    }
}

impl From<Setting> for SettingChange {
    fn from(setting: Setting) -> Self {
        Self {
            name: setting.name,
            version: setting.version,
            by: setting.by,
            at: setting.at,
            old: setting.old,
            new: setting.new,
        }
    }
}

impl From<Depth> for QueueDepth {
    fn from(depth: Depth) -> Self {
        Self {
            queue: depth.queue.to_string(),
            visible: depth.visible,
            in_flight: depth.in_flight,
            delayed: depth.delayed,
            oldest_seconds: depth.oldest.as_ref().map(Duration::as_secs),
            dead_letters: depth.dead_letters,
        }
    }
}
