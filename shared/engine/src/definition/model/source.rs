//! Sources: how a webhook is verified, read, and tied to records.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value as Json};

use super::PayloadSchema;
use crate::expr::Expression;
use crate::field::{self, Field, Violation};
use crate::name::{RecordType, SourceName};
use crate::suppression::Channel;
use crate::verify::Scheme;

/// A webhook endpoint.
#[derive(Debug)]
pub struct Source {
    /// The name, the last segment of the endpoint's path.
    pub name: SourceName,
    /// How requests prove their origin.
    pub verify: Verification,
    /// When false, the event is answered 202, counted and not stored.
    pub accept: Option<Expression>,
    /// Where a body holds several events: a list, whose elements are bodies of their own.
    pub split: Option<Expression>,
    /// What the whole body, or each element of it, has to be.
    pub schema: Option<PayloadSchema>,
    /// How a handshake of the provider is answered.
    pub challenge: Option<Challenge>,
    /// The event's name: `calendly.invitee.created`.
    pub event: Expression,
    /// The event's identity within the source.
    pub id: EventIdRule,
    /// The typed data of the event.
    pub data: BTreeMap<String, MappedField>,
    /// The records that the event speaks of, in the order in which they are resolved.
    pub records: Vec<RecordMapping>,
    /// The step reference that our own send passed to the provider: `query.ref`.
    pub receipt: Option<Expression>,
    /// Who asks not to be written to any more, or to be written to again.
    pub opt_out: Option<OptOut>,
    /// Whether this source also reports our own writes back.
    pub echoes: bool,
}

/// How a source's requests are verified.
#[derive(Debug, Clone)]
pub struct Verification {
    /// The scheme.
    pub scheme: Scheme,
    /// Names of the active secrets; a request valid under any is accepted.
    pub secrets: Vec<String>,
    /// How far a request's timestamp may lie from now; `None`: the scheme's own rule.
    pub tolerance: Option<Duration>,
}

/// A handshake: a request that is answered in text and stores nothing. A posted one is verified
/// before; a `GET` is not signed, and the condition compares what it carries.
#[derive(Debug, Clone)]
pub struct Challenge {
    /// Whether a request is one.
    pub condition: Expression,
    /// The answer.
    pub reply: Expression,
}

/// How a request says that somebody is not to be written to any more, or again.
#[derive(Debug, Clone)]
pub struct OptOut {
    /// The way of writing that it is about.
    pub channel: Channel,
    /// Who says so.
    pub address: Expression,
    /// Whether they ask not to be written to.
    pub stop: Expression,
    /// Whether they ask to be written to again.
    pub start: Expression,
    /// When they said so; `None`: when it came in.
    pub at: Option<Expression>,
}

/// Where an event's identity comes from.
#[derive(Debug, Clone)]
pub enum EventIdRule {
    /// An expression over the request.
    Logic(Expression),
    /// The SHA-256 of the body.
    BodyHash,
}

/// A field of an event, or of what a step returns, with where it comes from.
#[derive(Debug, Clone)]
pub struct MappedField {
    /// Type and constraints.
    pub field: Field,
    /// Where the value comes from.
    pub from: Expression,
    /// When false, the field is unset.
    pub condition: Option<Expression>,
}

/// A record that an event speaks of.
#[derive(Debug)]
pub struct RecordMapping {
    /// The name that later mappings and the scope use (`as`).
    pub name: String,
    /// The record's type.
    pub record: RecordType,
    /// When false, the event has no such record.
    pub condition: Option<Expression>,
    /// How the record is found.
    pub by: Lookup,
    /// Whether it is created when it is not found.
    pub create: bool,
    /// Whether the event lies in this record's timeline.
    pub owns: bool,
    /// Fields and where their values come from.
    pub map: Vec<(String, MappedValue)>,
    /// The mapped fields of the record type that values of the request are held against.
    pub fields: BTreeMap<String, Field>,
}

impl RecordMapping {
    /// Verifies and normalises the values that a request gives. A mapped field that
    /// its record type requires must be given.
    ///
    /// # Errors
    /// Every mistake.
    pub fn accept(&self, values: &Map<String, Json>) -> Result<Map<String, Json>, Vec<Violation>> {
        field::accept_all(&self.fields, values, field::Unknown::Dropped)
    }
}

/// How an event's record is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lookup {
    /// By the natural key alone.
    #[default]
    Key,
    /// By the key, and by the `also` fields where it is unset or finds none.
    Also,
}

/// Where a mapped field's value comes from.
#[derive(Debug, Clone)]
pub enum MappedValue {
    /// An expression over the request.
    Request(Expression),
    /// The record of an earlier mapping, by its `as` name.
    Record(String),
}
