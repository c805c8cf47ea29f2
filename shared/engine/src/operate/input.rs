//! Decisions about input: it goes through the same door again, under the same identity.

use std::time::Duration;

use serde_json::{Map, Value as Json};

use super::decide::{Deciding, Plan};
use super::find::{changed, encoding};
use super::journaled::event_of;
use super::redrive::whole;
use super::{Door, Entered, Listed, OperateError, Operator, Outcome, Ruling, StoredRequest};
use crate::contract::Ruled;
use crate::definition::model::RecordMapping;
use crate::event::{EventMessage, MappedRecord, Origin, Resubmitted};
use crate::field::{Rule, Violation};
use crate::id::RecordRef;
use crate::name::{RecordId, RecordType};
use crate::operation::{Operation, ReviewItem, ReviewKind, Status};
use crate::port::{Clock, Definitions, Outgoing, Ports, QueueName};
use crate::record::find_record;

/// What goes through the door: an event, or what is wrong with it.
type Read<T> = Result<T, Vec<Violation>>;

impl<P: Ports, D: Door> Operator<P, D> {
    pub(super) async fn input_plan(
        &self,
        deciding: &Deciding<'_>,
    ) -> Result<Read<Plan>, OperateError> {
        let Operation::Review(item) = &deciding.found.operation else {
            return Ok(Ok(Plan::default()));
        };
        let mut message = match self.event(item, &deciding.request.ruling).await? {
            Ok(message) => message,
            Err(wrong) => return Ok(Err(wrong)),
        };
        let record = self.choose(item, &deciding.request.ruling).await?;
        let again = message.resubmitted.get_or_insert(Resubmitted {
            at: deciding.mark.at,
            records: std::collections::BTreeMap::new(),
        });
        again.at = deciding.mark.at;
        again.records.extend(record.clone());
        let outgoing = Outgoing {
            queue: QueueName::events(),
            body: serde_json::to_string(&message).map_err(encoding)?,
            delay: Duration::ZERO,
            tenant: message.tenant.clone(),
            created: self.ports.clock().now(),
        };
        Ok(Ok(Plan {
            ruled: Ruled {
                messages: vec![outgoing],
                ..Ruled::default()
            },
            note: Some(format!("event {} is routed", message.event.id)),
            record: record.map(|(_, id)| id),
        }))
    }

    /// The event that a stored input is now.
    async fn event(
        &self,
        item: &ReviewItem,
        ruling: &Ruling,
    ) -> Result<Read<EventMessage>, OperateError> {
        if item.subject.is_empty() {
            let rows = "the rows of a file are mended in the file, and imported again";
            return Err(OperateError::NotResubmittable(rows.to_owned()));
        }
        let lost = || OperateError::NotResubmittable("it was too large to be kept".to_owned());
        let subject = whole(&item.subject).ok_or_else(lost)?;
        if let Ok(message) = serde_json::from_str::<EventMessage>(subject) {
            return self.corrected(message, ruling).await;
        }
        let mut request: StoredRequest = serde_json::from_str(subject)
            .map_err(|error| OperateError::NotResubmittable(error.to_string()))?;
        if let Ruling::Edit { body } = ruling {
            request.body.clone_from(body);
        }
        let event = event_of(&Operation::Review(item.clone()))
            .ok_or_else(|| OperateError::NotResubmittable("it has no event".to_owned()))?;
        let door = &self.door;
        let entered = door.enter(self.ports.as_ref(), &item.tenant, &request, &event);
        match entered.await? {
            Entered::Event(message) => Ok(Ok(*message)),
            Entered::Invalid(fields) => Ok(Err(fields)),
            Entered::Ignored => Err(OperateError::NotResubmittable(
                "its source does not accept it any more".to_owned(),
            )),
        }
    }

    /// An event that could not be routed, with the values that a person set, by the definitions
    /// that are live now.
    async fn corrected(
        &self,
        mut message: EventMessage,
        ruling: &Ruling,
    ) -> Result<Read<EventMessage>, OperateError> {
        let live = self.ports.definitions().live(&message.tenant).await?;
        let packs = live.unwrap_or_default();
        let Origin::Source {
            source,
            manifest,
            records,
            ..
        } = &mut message.origin
        else {
            return Ok(Ok(message));
        };
        let mut own = packs.iter().filter(|it| it.manifest.pack == manifest.pack);
        let found = own.find_map(|pack| Some((pack, pack.sources.get(source)?)));
        let Some((pack, definition)) = found else {
            let gone = format!("no live version has the source `{source}`");
            return Err(OperateError::NotResubmittable(gone));
        };
        *manifest = pack.manifest.clone();
        let mappings = &definition.records;
        let wrong = match ruling {
            Ruling::Edit { body } => edit(body, mappings, records),
            _ => Vec::new(),
        };
        Ok(if wrong.is_empty() {
            Ok(message)
        } else {
            Err(wrong)
        })
    }

    /// The record that a person chose, with the name that it is chosen for: one of those that
    /// match, and still there.
    async fn choose(
        &self,
        item: &ReviewItem,
        ruling: &Ruling,
    ) -> Result<Option<(String, RecordId)>, OperateError> {
        let Ruling::Approve { record } = ruling else {
            return Ok(None);
        };
        if item.kind != ReviewKind::AmbiguousRecord {
            return Ok(None);
        }
        let Question {
            name,
            record_type,
            candidates,
        } = Question::of(item)?;
        let not_one = || OperateError::NotACandidate {
            candidates: candidates.iter().map(ToString::to_string).collect(),
        };
        let record = record.as_ref().ok_or_else(not_one)?;
        if !candidates.contains(record) {
            return Err(not_one());
        }
        let reference = RecordRef {
            tenant: item.tenant.clone(),
            record_type,
            record: record.clone(),
        };
        let found = find_record(self.ports.journal(), &reference).await?;
        match found.filter(|(record, _)| !record.deleted) {
            Some(_) => Ok(Some((name, record.clone()))),
            None => Err(not_one()),
        }
    }

    /// The answer to input that is still wrong: the operation stays open, with the new report.
    pub(super) async fn still_invalid(
        &self,
        deciding: &Deciding<'_>,
        fields: Vec<Violation>,
    ) -> Result<Option<Outcome>, OperateError> {
        let mut operation = deciding.found.operation.clone();
        if let Operation::Review(item) = &mut operation
            && let Some(report) = item.report.as_object_mut()
        {
            let listed = serde_json::to_value(&fields).map_err(encoding)?;
            report.insert("fields".to_owned(), listed);
            item.handling.decision = None;
        }
        let handling = operation.handling_mut();
        if handling.claimed.is_none() {
            handling.status = Status::Open;
        }
        let item = Listed::from(&operation);
        let write = changed(&deciding.found.item, &operation)?;
        let written = self.commit(vec![write]).await?;
        Ok(written.then_some(Outcome::StillInvalid { item, fields }))
    }
}

/// What an ambiguous event asks.
struct Question {
    name: String,
    record_type: RecordType,
    candidates: Vec<RecordId>,
}

impl Question {
    fn of(item: &ReviewItem) -> Result<Self, OperateError> {
        let member = |name: &str| item.report.get(name).cloned().unwrap_or_default();
        let unreadable = |error: serde_json::Error| {
            OperateError::NotResubmittable(format!("its question does not decode: {error}"))
        };
        Ok(Self {
            name: serde_json::from_value(member("as")).map_err(unreadable)?,
            record_type: serde_json::from_value(member("type")).map_err(unreadable)?,
            candidates: serde_json::from_value(member("candidates")).map_err(unreadable)?,
        })
    }
}

/// Sets what a person set; returns what is wrong with it.
fn edit(body: &str, mappings: &[RecordMapping], records: &mut [MappedRecord]) -> Vec<Violation> {
    let edited = match edits(body) {
        Ok(edited) => edited,
        Err(wrong) => return vec![wrong],
    };
    let mut wrong = Vec::new();
    for (name, edit) in &edited {
        let record = records.iter_mut().find(|record| record.name == *name);
        let (Some(record), Json::Object(edit)) = (record, edit) else {
            wrong.push(violation(name, Rule::Unknown, "a record of the event"));
            continue;
        };
        let mapping = mappings.iter().find(|mapping| mapping.name == *name);
        match edited_values(mapping, &record.values, edit) {
            Ok(values) => record.values = values,
            Err(found) => wrong.extend(found.into_iter().map(|one| one.within(name))),
        }
    }
    wrong
}

/// The values of a record with what a person set; null unsets.
fn edited_values(
    mapping: Option<&RecordMapping>,
    values: &Map<String, Json>,
    edit: &Map<String, Json>,
) -> Read<Map<String, Json>> {
    let mut values = values.clone();
    let mut wrong = Vec::new();
    for (field, value) in edit {
        if mapping.is_none_or(|mapping| !mapping.fields.contains_key(field)) {
            wrong.push(violation(field, Rule::Unknown, "a mapped field"));
        }
        match value {
            Json::Null => drop(values.shift_remove(field)),
            value => drop(values.insert(field.clone(), value.clone())),
        }
    }
    match mapping {
        Some(mapping) if wrong.is_empty() => mapping.accept(&values),
        _ if wrong.is_empty() => Ok(values),
        _ => Err(wrong),
    }
}

fn edits(body: &str) -> Result<Map<String, Json>, Violation> {
    serde_json::from_str(body).map_err(|error| Violation {
        actual: error.to_string(),
        ..violation("", Rule::Type, "JSON: values by record and field")
    })
}

fn violation(path: &str, rule: Rule, expected: &str) -> Violation {
    Violation {
        path: path.to_owned(),
        rule,
        expected: expected.to_owned(),
        actual: path.to_owned(),
        hint: None,
    }
}
