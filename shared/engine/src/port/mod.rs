//! Ports: the narrow async traits through which rules reach the world.
//!
//! Each has one adapter per mode; dispatch is static. A port says what happened in terms that a
//! caller can act on and hides the rest.

mod alerts;
mod bundle;
mod clock;
mod dead_letters;
mod definitions;
mod entropy;
mod error;
mod journal;
mod operations;
mod provider;
mod queue;
mod secrets;
mod timers;

pub use alerts::{Alert, Alerts, Occasion};
pub use bundle::{Deployment, Ports};
pub use clock::Clock;
pub use dead_letters::{DeadLetter, DeadLetters, Redrive};
pub use definitions::{Canary, Definitions, DefinitionsError};
pub use entropy::Entropy;
pub use error::PortError;
pub use journal::{
    Change, CommitError, Conflict, Expect, Item, Journal, Key, Page, Row, Table, Write,
};
pub use operations::{OperationList, Operations, Which};
pub use provider::{
    Call, CallError, Chat, ChatMessage, Email, EmailMessage, Http, HttpRequest, HttpResponse,
    Receipt, Sms, SmsMessage,
};
pub use queue::{Delivery, MAX_DELAY, MessageId, Outgoing, Queue, QueueName, Verdict};
pub use secrets::Secrets;
pub use timers::{Timer, Timers};
