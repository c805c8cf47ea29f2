//! The people on call: who was told of what, who should have been, and what they do about it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use holdfast_engine::alert::{Incident, acknowledge, destinations, fingerprint, is_own};
use holdfast_engine::definition::model::Severity;
use holdfast_engine::entry::{State, StepEntry};
use holdfast_engine::envelope::Envelope;
use holdfast_engine::key;
use holdfast_engine::operate::{ItemRef, Operate, OperateError, Operator};
use holdfast_engine::operation::{Mark, Operation};
use holdfast_engine::port::{Clock as _, Ports as _, QueueName, Table};
use holdfast_receive_webhook::WebhookDoor;
use serde_json::{Value as Json, json};

use super::names::decoded;
use super::outside::Arrived;
use super::system::System;
use crate::ready::ready;

/// Who acknowledges and redrives.
const ON_CALL: &str = "the engineer on call";

/// One message to one person or channel about what happens alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Told {
    /// What happens alike: workflow or function, step, code, and whether it is overdue.
    pub(super) of: String,
    /// The connection, and the phone.
    pub(super) who: String,
}

/// Who was told of what, and whom nobody told.
#[derive(Debug, Default)]
pub(super) struct People {
    /// What people were told, and whether there is an operation behind it.
    pub(super) told: BTreeMap<Told, bool>,
    /// What people should have been told and were not.
    pub(super) untold: BTreeSet<Told>,
    /// How often any alert arrived by any way, at most.
    pub(super) most: usize,
}

impl People {
    pub(super) fn of(system: &System) -> Self {
        let operations = system.operations();
        let published = system.memory.alerts().published();
        let alerts: BTreeMap<_, _> = published.iter().map(|one| (one.id.as_str(), one)).collect();
        let (mut people, mut times) = (Self::default(), BTreeMap::<String, usize>::new());
        for one in system.outside.arrived() {
            let Some(alert) = alert_of(&one).and_then(|id| alerts.get(id)) else {
                continue;
            };
            let operation = operations
                .iter()
                .find(|other| other.id() == alert.operation);
            let overdue = operation.is_some_and(|one| fingerprint(one) != alert.fingerprint);
            let of = operation.map_or(alert.title.clone(), |operation| named(operation, overdue));
            let told = Told { of, who: who(&one) };
            people.told.insert(told, operation.is_some());
            *times.entry(one.key).or_default() += 1;
        }
        people.most = times.into_values().max().unwrap_or_default();
        let needed = operations.iter().filter(|one| calls(one));
        let due = needed.flat_map(|operation| system.due(operation));
        people.untold = due.filter(|told| !people.told.contains_key(told)).collect();
        people
    }
}

/// The alert that arrived; `None`: it is the effect of a step.
pub(super) fn alert_of(arrived: &Arrived) -> Option<&str> {
    match arrived.key.split(':').collect::<Vec<_>>().as_slice() {
        [alert, _] => Some(alert),
        _ => None,
    }
}

/// The connection, and the phone.
fn who(arrived: &Arrived) -> String {
    let content: Json = decoded(&arrived.content);
    person(&arrived.connection, &content[0])
}

fn person(connection: &str, to: &Json) -> String {
    format!("{connection} {to}")
}

/// Whether people are to be called for an operation.
fn calls(operation: &Operation) -> bool {
    let handling = operation.handling();
    handling.needs_someone() && operation.severity() != Severity::P3 && !is_own(operation)
}

fn named(operation: &Operation, overdue: bool) -> String {
    let execution = operation.execution();
    let origin = execution.map_or(operation.function(), |one| one.workflow.as_str());
    let step = operation.step().map(ToString::to_string);
    let late = if overdue { " overdue" } else { "" };
    let code = operation.code();
    format!("{origin}/{} {code}{late}", step.unwrap_or_default())
}

impl System {
    fn operations(&self) -> Vec<Operation> {
        let items = self.memory.journal().items(Table::Operations, "");
        let decoded = items.iter().map(|(key, item)| {
            Operation::decode(&key.partition, &item.body)
                .unwrap_or_else(|error| panic!("{error}: {}", item.body))
        });
        decoded.collect()
    }

    /// The errors that are open although their steps succeeded.
    pub(super) fn open_on_success(&self) -> Vec<String> {
        let journal = self.memory.journal();
        let succeeded = |operation: &Operation| {
            let envelope: Envelope = serde_json::from_str(operation.subject()).ok()?;
            let Envelope {
                execution,
                generation,
                step,
                ..
            } = &envelope;
            let item = journal.item(&key::step(execution, *generation, step))?;
            let entry: StepEntry = decoded(&item.body);
            (entry.state == State::Succeeded).then(|| envelope.key())
        };
        let open = self.operations().into_iter().filter(|operation| {
            matches!(operation, Operation::Error(_)) && operation.handling().needs_someone()
        });
        open.filter_map(|operation| {
            let step = succeeded(&operation)?;
            Some(format!("{} is open on {step}", operation.code()))
        })
        .collect()
    }

    /// Whom an operation that nobody settled is told to: chat, by a P1 every phone in turn, and
    /// chat again when its time is over.
    fn due(&self, operation: &Operation) -> Vec<Told> {
        let pack = self.pack.manifest.pack.as_str();
        let found = destinations(self.memory.as_ref(), operation.tenant(), Some(pack));
        let mut due = Vec::new();
        for to in ready(found).expect("definitions") {
            let mut tell = |who: String, overdue| {
                let of = named(operation, overdue);
                due.push(Told { of, who });
            };
            if let Some(chat) = to.chat() {
                tell(person(chat.name.as_str(), &Json::Null), false);
                tell(person(chat.name.as_str(), &Json::Null), true);
            }
            let phones = to.phones();
            let phones = phones
                .iter()
                .filter(|_| operation.severity() == Severity::P1);
            for (phone, sms) in phones.zip(to.sms().into_iter().cycle()) {
                tell(person(sms.name.as_str(), &json!(phone)), false);
            }
        }
        due
    }

    /// Somebody acknowledges everything that people were told of, once every phone has rung: else
    /// it would be repeated for good.
    pub(super) fn acknowledge(&self) {
        let next = self.memory.timers().armed().into_iter();
        let route = QueueName::of("handle-error");
        let next = next.min_by_key(|timer| timer.due);
        if next.is_none_or(|timer| timer.message.queue != route) {
            return;
        }
        let (by, at) = (ON_CALL.to_owned(), self.memory.clock().now());
        let by = Mark {
            by,
            at,
            reason: None,
        };
        for operation in self.operations().iter().filter(|one| self.has_rung(one)) {
            let key = operation.key();
            ready(acknowledge(self.memory.as_ref(), &key, &by)).expect("an acknowledgement");
        }
    }

    /// Somebody redrives what failed for good, by its error record: its dead letter may be gone.
    pub(super) fn redrive(&self) {
        let operator = Operator::new(Arc::clone(&self.memory), WebhookDoor);
        for operation in self.operations().iter().filter(|one| calls(one)) {
            let item = ItemRef {
                tenant: operation.tenant().cloned(),
                id: operation.id().to_owned(),
            };
            let request = Operate::Redrive {
                item,
                by: ON_CALL.to_owned(),
                reason: "it is mended".to_owned(),
                dry_run: false,
                again: true,
            };
            // What was undone, or waits for a decision, is not to be redriven.
            if let Err(OperateError::Port(error)) = ready(operator.operate(request)) {
                panic!("{error}");
            }
        }
    }

    fn has_rung(&self, operation: &Operation) -> bool {
        let handling = operation.handling();
        let key = key::alert(operation.tenant(), &fingerprint(operation));
        let incidents = self.memory.journal().items(Table::Claims, &key.partition);
        let rings = incidents.iter().any(|(_, item)| {
            let incident: Incident = decoded(&item.body);
            incident.escalates_at.is_some() || incident.unpublished.is_some()
        });
        calls(operation)
            && handling.alerted_at.is_some()
            && handling.acknowledged.is_none()
            && !rings
    }
}
