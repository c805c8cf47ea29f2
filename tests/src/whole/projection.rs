//! What an end comes to, without what may differ between two ends that are the same: times,
//! attempts, owners, random ids, and what was mended on the way.

use std::collections::BTreeMap;
use std::fmt::Display;

use holdfast_engine::contract::OnceClaim;
use holdfast_engine::entry::{State, StepEntry};
use holdfast_engine::envelope::Envelope;
use holdfast_engine::key;
use holdfast_engine::operation::Operation;
use holdfast_engine::port::{Item, Key, Ports as _, Table};
use holdfast_engine::record::Record;
use holdfast_engine::route::{EventEntry, Outcome};
use serde_json::{Map, Value as Json, json};

use super::System;
use super::names::{Names, decoded, is_event};
use super::people::{People, Told, alert_of};
use super::scenario::Detail;

/// What an end comes to, line by line: what each line is about, and what is so.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Projection {
    /// The lines.
    pub lines: BTreeMap<String, String>,
    /// How often any alert arrived by any way, at most.
    pub most_told: usize,
}

impl Projection {
    /// What a system at rest has come to.
    #[must_use]
    pub fn of(system: &System, detail: Detail) -> Self {
        let journal = system.memory.journal();
        let mut items = journal.items(Table::Journal, "");
        let names = Names::of(&system.pack, &items);
        items.extend(journal.items(Table::Claims, ""));
        items.extend(journal.items(Table::Operations, ""));
        let mut projection = Self::default();
        for (key, item) in &items {
            if let Some((about, what)) = line(key, item, detail) {
                projection.add(&names, &about, &what);
            }
        }
        projection.outside(&names, system);
        projection.people(system);
        projection.left(&names, system);
        projection
    }

    fn add(&mut self, names: &Names, about: &str, what: &impl Display) {
        let about = names.rename(about);
        let what = names.rename(&what.to_string());
        let lines = self.lines.entry(about).or_default();
        if !lines.is_empty() {
            lines.push_str(" AND ");
        }
        lines.push_str(&what);
    }

    /// What reached the providers: one that takes repeats for what they are, once.
    fn outside(&mut self, names: &Names, system: &System) {
        let mut effects = BTreeMap::<String, (String, usize)>::new();
        let arrived = system.outside.arrived().into_iter();
        for one in arrived.filter(|one| alert_of(one).is_none()) {
            let step = step_of(&one.key);
            let about = format!("effect {step} via {}", one.connection);
            let (_, times) = effects.entry(about).or_insert((one.content, 0));
            *times = if one.repeatable { 1 } else { *times + 1 };
        }
        for (about, (content, times)) in effects {
            self.add(names, &about, &format!("{times} times {content}"));
        }
    }

    /// Who was told of what: not how often, nor when.
    fn people(&mut self, system: &System) {
        let people = People::of(system);
        self.most_told = people.most;
        for (Told { of, who }, founded) in people.told {
            let what = if founded { "told" } else { "told of nothing" };
            self.lines
                .insert(format!("alert {of} to {who}"), what.to_owned());
        }
        for Told { of, who } in people.untold {
            self.lines
                .insert(format!("silence {of} to {who}"), "not told".to_owned());
        }
    }

    /// Messages that are left: dead letters are, in the end, part of it.
    fn left(&mut self, names: &Names, system: &System) {
        for queue in system.functions() {
            for body in system.memory.queue().bodies(queue) {
                self.add(
                    names,
                    &format!("message {queue} {}", about(&body)),
                    &"is left",
                );
            }
        }
        for (queue, letter) in system.memory.queue().dead() {
            self.add(
                names,
                &format!("dead {queue} {}", about(&letter.body)),
                &"is dead",
            );
        }
    }
}

/// `execution/step.n` of a side-effect key.
fn step_of(key: &str) -> String {
    let parts: Vec<_> = key.split(':').collect();
    match parts.as_slice() {
        [execution, generation, step] => format!("{execution}/{step} g{generation}"),
        _ => key.to_owned(),
    }
}

/// What a message is about: its step, or itself.
fn about(body: &str) -> String {
    match serde_json::from_str::<Envelope>(body) {
        Ok(envelope) => step_of(&envelope.key()),
        Err(_) => body.to_owned(),
    }
}

fn line(key: &Key, item: &Item, detail: Detail) -> Option<(String, Json)> {
    let lies = format!("{} {}", key.partition, key.sort);
    match key.table {
        Table::Operations => operation(key, item),
        Table::Claims => claim(key, item),
        Table::Journal if key.sort == key::RECORD => Some((format!("record {lies}"), record(item))),
        Table::Journal if is_event(&key.sort) => Some((format!("event {lies}"), event(item))),
        Table::Journal => match key.sort.strip_prefix(key::EXECUTION_PREFIX) {
            Some(step) => Some((format!("step {}", step_at(step)), entry(item, detail))),
            None if key.sort.starts_with("change#") => Some((creation(&lies), change(item))),
            // What people decided about is what was left to them: it is not the same at each end.
            None if key.sort.starts_with("decision#") => None,
            None => Some((lies, change(item))),
        },
    }
}

/// `execution/step.n` of an entry's key.
fn step_at(sort: &str) -> String {
    step_of(&sort.replace('#', ":"))
}

/// A record's version counts its changes, so that it may not differ.
fn record(item: &Item) -> Json {
    let record: Record = decoded(&item.body);
    json!([record.status, record.version, record.fields, record.deleted])
}

fn event(item: &Item) -> Json {
    let entry: EventEntry = decoded(&item.body);
    let decisions = entry.decisions.iter().map(|decision| {
        let outcome = match &decision.outcome {
            Outcome::Started { lets, dispatch, .. } => {
                json!({ "lets": lets, "steps": dispatch.steps, "skipped": dispatch.skipped, "end": dispatch.end })
            }
            Outcome::Skipped { reason } => json!({ "skipped": reason }),
            Outcome::Stopped { reason } => json!({ "stopped": reason }),
        };
        json!([decision.workflow, decision.home, outcome])
    });
    json!({
        "name": entry.event.name, "data": entry.event.data, "changed": entry.event.changed,
        "home": entry.home, "records": entry.records, "lineage": entry.lineage,
        "decisions": decisions.collect::<Vec<_>>(),
    })
}

fn entry(item: &Item, detail: Detail) -> Json {
    let entry: StepEntry = decoded(&item.body);
    let failed = matches!(entry.state, State::Failed { .. });
    let code = entry
        .error
        .as_ref()
        .filter(|_| failed)
        .map(|error| &error.code);
    let (mut output, mut changes) = (entry.output, json!(entry.changes));
    if detail == Detail::NotSums {
        output
            .as_mut()
            .and_then(Json::as_object_mut)
            .map(|output| output.remove("record"));
        changes = entry
            .changes
            .iter()
            .map(|change| change.field.clone())
            .collect();
    }
    let dispatch = entry.dispatch.map(|dispatch| {
        json!({ "steps": dispatch.steps, "skipped": dispatch.skipped, "end": dispatch.end })
    });
    json!({
        "state": entry.state.name(), "event": entry.event, "output": output, "error": code,
        "target": entry.target, "changes": changes, "suppressed": entry.suppressed,
        "each": entry.each.map(|each| each.count), "dispatch": dispatch,
    })
}

/// Whose event creates a record that several speak of makes no difference.
fn creation(lies: &str) -> String {
    match lies.split_once("change#") {
        Some((partition, _)) if lies.ends_with("#create") => format!("creation {partition}"),
        _ => format!("change {lies}"),
    }
}

fn change(item: &Item) -> Json {
    let mut line: Map<String, Json> = decoded(&item.body);
    line.remove("at");
    line.remove("event");
    Json::Object(line)
}

/// Breakers and alerts follow the time that failures took.
fn claim(key: &Key, item: &Item) -> Option<(String, Json)> {
    if key.partition.split('#').nth(1) != Some("once") {
        return None;
    }
    let claim: OnceClaim = decoded(&item.body);
    let about = format!("once {}/{}", claim.execution.execution, claim.step);
    Some((about, json!([key.partition, claim.state])))
}

/// What needs someone; what was mended on the way may be there or not.
fn operation(key: &Key, item: &Item) -> Option<(String, Json)> {
    let operation = Operation::decode(&key.partition, &item.body);
    let operation = operation.unwrap_or_else(|error| panic!("{error}: {}", item.body));
    if !operation.handling().needs_someone() {
        return None;
    }
    let execution = operation.execution().map(|execution| &execution.execution);
    let step = execution.zip(operation.step());
    let step = step.map(|(execution, step)| format!("{execution}/{step}"));
    let about = format!(
        "operation {} {}",
        step.unwrap_or_default(),
        operation.code()
    );
    let what = json!([operation.kind(), operation.severity(), operation.function()]);
    Some((about, what))
}
