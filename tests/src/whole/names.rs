//! The names of what has a random id: records by their natural keys, executions by their
//! workflows and events.

use std::collections::BTreeMap;

use holdfast_engine::definition::model::Pack;
use holdfast_engine::key;
use holdfast_engine::port::{Item, Key};
use holdfast_engine::record::Record;
use holdfast_engine::route::{EventEntry, Outcome};

/// Names by random ids.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeMap<String, String>);

impl Names {
    /// The names of everything in the journal.
    pub(super) fn of(pack: &Pack, items: &[(Key, Item)]) -> Self {
        let mut names = Self::default();
        for (_, item) in items.iter().filter(|(key, _)| key.sort == key::RECORD) {
            let record: Record = decoded(&item.body);
            let fields = pack.records[&record.record_type].key.iter();
            let values = fields.map(|field| record.fields[field].to_string());
            let name = format!("<{}>", values.collect::<Vec<_>>().join(","));
            names.0.insert(record.id.to_string(), name);
        }
        let events = items.iter().filter(|(key, _)| is_event(&key.sort));
        let mut executions = BTreeMap::new();
        for (_, item) in events {
            let entry: EventEntry = decoded(&item.body);
            for decision in &entry.decisions {
                if let Outcome::Started { execution, .. } = &decision.outcome {
                    let event = names.rename(entry.event.id.as_str());
                    let name = format!("{}[{event}]", decision.workflow);
                    executions.insert(execution.to_string(), name);
                }
            }
        }
        names.0.extend(executions);
        names
    }

    /// The text with names in the place of ids.
    pub(super) fn rename(&self, text: &str) -> String {
        let mut renamed = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            let word = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
            let (id, after) = rest.split_at(word);
            renamed.push_str(self.0.get(id).map_or(id, String::as_str));
            let gap = after
                .bytes()
                .take_while(|byte| !byte.is_ascii_alphanumeric());
            let (gap, after) = after.split_at(gap.count());
            renamed.push_str(gap);
            rest = after;
        }
        renamed
    }
}

/// Whether a sort key is that of an event's entry.
pub(super) fn is_event(sort: &str) -> bool {
    sort == "event" || sort.starts_with("event#")
}

/// What the engine wrote.
pub(super) fn decoded<T: serde::de::DeserializeOwned>(body: &str) -> T {
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"))
}
