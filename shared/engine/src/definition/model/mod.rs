//! The compiled model of a pack: what the engine executes.

mod auth;
mod connection;
mod outcome;
mod pack;
mod payload;
mod record;
mod source;
mod value;
mod workflow;

pub use auth::{Auth, Credentials, OAuth2};
pub use connection::{Connection, ConnectionKind, Idempotency, SandboxReply, Treatment};
pub use outcome::{Expectation, ExpectedOutcome};
pub use pack::{Alerts, ManifestId, Pack};
pub use payload::{BadSchema, PayloadSchema};
pub use record::{Actor, Conflict, Invariant, RecordDefinition, RecordField, Transition};
pub use source::{
    Challenge, EventIdRule, Lookup, MappedField, MappedValue, OptOut, RecordMapping, Source,
    Verification,
};
pub use value::{ValueExpression, evaluate_members};
pub use workflow::{
    Action, Batch, Bulk, Once, Pages, RecordChange, RecordTrigger, Refused, Severity,
    StepDefinition, Target, Trigger, Unknown, UpdateRecord, Workflow,
};
