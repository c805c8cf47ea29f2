//! From a verified request to an event, as its source declares.

use holdfast_engine::definition::model::{
    EventIdRule, ManifestId, MappedField, MappedValue, RecordMapping, Source,
};
use holdfast_engine::event::{Asked, Event, EventMessage, Lineage, MappedRecord, Origin};
use holdfast_engine::expr::{EvaluationError, Expression, Scope};
use holdfast_engine::field::{self, Rule, Violation};
use holdfast_engine::id::EventId;
use holdfast_engine::name::TenantName;
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use crate::reading::Reading;
use crate::review::{self, Report, unreadable};

/// What a request is.
#[derive(Debug)]
pub(crate) enum Mapped {
    /// Nothing that the source accepts.
    Ignored,
    /// A valid event.
    Event(Box<EventMessage>),
    /// An event whose data a person must look at.
    Review {
        /// Its identity, as far as it could be read.
        event: EventId,
        /// What is wrong, field by field.
        report: Report,
    },
}

/// Where a request came in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Endpoint<'a> {
    /// The source.
    pub(crate) source: &'a Source,
    /// The version that declares it.
    pub(crate) manifest: &'a ManifestId,
    /// The tenant.
    pub(crate) tenant: &'a TenantName,
    /// The tenant's settings.
    pub(crate) config: &'a Map<String, Json>,
    /// The identity of an event that was here before: whatever the request says now.
    pub(crate) known: Option<&'a EventId>,
}

/// What is mapped: a body, or one element of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input<'a> {
    /// As JSON.
    pub(crate) body: &'a Json,
    /// As bytes: they identify what has no id of its own.
    pub(crate) bytes: &'a [u8],
}

/// Maps a request, or one element of it.
pub(crate) fn map(
    endpoint: Endpoint<'_>,
    reading: &Reading,
    input: Input<'_>,
    asked: Option<Asked>,
) -> Mapped {
    let Endpoint {
        source,
        manifest,
        tenant,
        known,
        ..
    } = endpoint;
    reading.with(input.body, |scope| {
        let now = scope.now;
        let reader = Reader {
            source,
            body: input.body,
            bytes: input.bytes,
            known,
            asked,
            scope,
        };
        reader.mapped(tenant, manifest, now)
    })
}

/// What an event is called, as far as it can be read.
pub(crate) fn identity(endpoint: Endpoint<'_>, reading: &Reading, input: Input<'_>) -> EventId {
    reading.with(input.body, |scope| {
        let reader = Reader {
            source: endpoint.source,
            body: input.body,
            bytes: input.bytes,
            known: endpoint.known,
            asked: None,
            scope,
        };
        reader.id().unwrap_or_else(|_| reader.body_id())
    })
}

struct Reader<'a> {
    source: &'a Source,
    body: &'a Json,
    bytes: &'a [u8],
    known: Option<&'a EventId>,
    asked: Option<Asked>,
    scope: Scope<'a>,
}

impl Reader<'_> {
    fn mapped(&self, tenant: &TenantName, manifest: &ManifestId, now: Timestamp) -> Mapped {
        match self.accepts() {
            Ok(true) => {}
            Ok(false) => return Mapped::Ignored,
            Err(report) => {
                let event = self.body_id();
                return Mapped::Review { event, report };
            }
        }
        match self.event(tenant, manifest, now) {
            Ok(message) => Mapped::Event(Box::new(message)),
            Err(report) => Mapped::Review {
                event: self.id().unwrap_or_else(|_| self.body_id()),
                report,
            },
        }
    }

    fn accepts(&self) -> Result<bool, Report> {
        match self
            .source
            .accept
            .as_ref()
            .map(|accept| accept.condition(&self.scope))
            .transpose()
        {
            Ok(accepts) => Ok(accepts.unwrap_or(true)),
            Err(EvaluationError::UnsetValue { .. }) => Ok(false),
            Err(error) => Err(unreadable("accept", &error)),
        }
    }

    fn event(
        &self,
        tenant: &TenantName,
        manifest: &ManifestId,
        now: Timestamp,
    ) -> Result<EventMessage, Report> {
        let (id, name) = (self.id()?, self.text("event", &self.source.event)?);
        let schema = self.source.schema.as_ref();
        let mut wrong = schema.map_or_else(Vec::new, |schema| schema.violations(self.body));
        let data = self.data().unwrap_or_else(|violations| {
            wrong.extend(violations);
            Map::new()
        });
        let records: Vec<MappedRecord> = self
            .source
            .records
            .iter()
            .filter_map(|mapping| self.record(mapping, &mut wrong))
            .collect();
        if !wrong.is_empty() {
            return Err(Report { fields: wrong });
        }
        let event = Event {
            id,
            name,
            at: now,
            data,
            before: None,
            after: None,
            asked: self.asked,
            changed: Vec::new(),
        };
        let receipt = self
            .source
            .receipt
            .as_ref()
            .and_then(|receipt| receipt.evaluate(&self.scope).ok().flatten());
        let receipt = receipt.and_then(|receipt| receipt.as_str().map(str::to_owned));
        let (source, manifest) = (self.source.name.clone(), manifest.clone());
        let origin = Origin::Source {
            source,
            manifest,
            records,
            receipt,
        };
        Ok(EventMessage {
            tenant: tenant.clone(),
            event,
            origin,
            lineage: Lineage::default(),
            resubmitted: None,
        })
    }

    fn id(&self) -> Result<EventId, Report> {
        if let Some(known) = self.known {
            return Ok(known.clone());
        }
        match &self.source.id {
            EventIdRule::BodyHash => Ok(self.body_id()),
            EventIdRule::Logic(rule) => self
                .text("id", rule)
                .map(|id| EventId::of_source(&self.source.name, &id)),
        }
    }

    fn body_id(&self) -> EventId {
        review::body_id(self.source, self.bytes)
    }

    /// A rule whose value must be text: empty text names nothing, and stores disagree about NUL.
    fn text(&self, key: &str, rule: &Expression) -> Result<String, Report> {
        match rule.evaluate(&self.scope) {
            Ok(Some(Json::String(text))) if text.is_empty() || text.contains('\0') => {
                Err(Report::of(key, Rule::Format, "text without NUL characters"))
            }
            Ok(Some(Json::String(text))) => Ok(text),
            Ok(Some(other)) => Ok(other.to_string()),
            Ok(None) => Err(unreadable(
                key,
                &EvaluationError::UnsetValue {
                    path: rule.source().to_owned(),
                },
            )),
            Err(error) => Err(unreadable(key, &error)),
        }
    }

    fn data(&self) -> Result<Map<String, Json>, Vec<Violation>> {
        let mut values = Map::new();
        let mut wrong = Vec::new();
        for (name, mapped) in &self.source.data {
            match self.value(mapped) {
                Ok(value) => values.extend(value.map(|value| (name.clone(), value))),
                Err(error) => wrong.extend(unreadable(&format!("data.{name}"), &error).fields),
            }
        }
        let fields = self
            .source
            .data
            .iter()
            .map(|(name, mapped)| (name.clone(), mapped.field.clone()))
            .collect();
        match field::accept_all(&fields, &values, field::Unknown::Dropped) {
            Ok(data) if wrong.is_empty() => Ok(data),
            Ok(_) => Err(wrong),
            Err(violations) => {
                wrong.extend(
                    violations
                        .into_iter()
                        .map(|violation| violation.within("data")),
                );
                Err(wrong)
            }
        }
    }

    fn value(&self, mapped: &MappedField) -> Result<Option<Json>, EvaluationError> {
        match &mapped.condition {
            Some(condition) if !condition.condition(&self.scope)? => Ok(None),
            _ => mapped.from.evaluate(&self.scope),
        }
    }

    /// The values of a record, in their normal form; `None`: the event has no such record.
    fn record(&self, mapping: &RecordMapping, wrong: &mut Vec<Violation>) -> Option<MappedRecord> {
        match self.has_record(mapping) {
            Ok(true) => {}
            Ok(false) => return None,
            Err(error) => {
                wrong.extend(unreadable(&format!("{}.if", mapping.name), &error).fields);
                return None;
            }
        }
        let values = self.record_values(mapping, wrong);
        match mapping.accept(&values) {
            Ok(values) => Some(MappedRecord {
                name: mapping.name.clone(),
                values,
            }),
            Err(violations) => {
                wrong.extend(
                    violations
                        .into_iter()
                        .map(|violation| violation.within(&mapping.name)),
                );
                None
            }
        }
    }

    /// Whether an event speaks of a record; a condition on what is unset does not hold.
    fn has_record(&self, mapping: &RecordMapping) -> Result<bool, EvaluationError> {
        let condition = mapping.condition.as_ref();
        match condition.map(|condition| condition.condition(&self.scope)) {
            None => Ok(true),
            Some(Err(EvaluationError::UnsetValue { .. })) => Ok(false),
            Some(answer) => answer,
        }
    }

    /// What the request says of a record's fields.
    fn record_values(
        &self,
        mapping: &RecordMapping,
        wrong: &mut Vec<Violation>,
    ) -> Map<String, Json> {
        let mut values = Map::new();
        for (name, value) in &mapping.map {
            let MappedValue::Request(rule) = value else {
                continue;
            };
            match rule.evaluate(&self.scope) {
                Ok(value) => values.extend(value.map(|value| (name.clone(), value))),
                Err(error) => {
                    wrong.extend(unreadable(&format!("{}.{name}", mapping.name), &error).fields);
                }
            }
        }
        values
    }
}
