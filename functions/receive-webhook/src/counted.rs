//! What the door counts of the data that comes in.

use holdfast_engine::definition::model::{MappedValue, Source};
use holdfast_engine::event::{EventMessage, Origin};
use holdfast_engine::field::{Rule, Violation};
use holdfast_engine::port::{Clock, Ports};
use holdfast_engine::quality::{Counts, FieldCounts};
use serde_json::{Map, Value as Json};

use crate::map::Endpoint;

/// Counts what the source does not accept.
pub(crate) fn ignored<P: Ports>(ports: &P, endpoint: Endpoint<'_>) {
    count(ports, endpoint, |counts| counts.ignored += 1);
}

/// Counts an event that passed, and what is set of each field.
pub(crate) fn passed<P: Ports>(ports: &P, endpoint: Endpoint<'_>, message: &EventMessage) {
    let source = endpoint.source;
    count(ports, endpoint, |counts| {
        counts.passed += 1;
        for name in source.data.keys() {
            seen(counts, "data", name, &message.event.data);
        }
        let Origin::Source { records, .. } = &message.origin else {
            return;
        };
        for record in records {
            let mut mappings = source.records.iter();
            let mapping = mappings.find(|mapping| mapping.name == record.name);
            for (name, value) in mapping.iter().flat_map(|mapping| &mapping.map) {
                if matches!(value, MappedValue::Request(_)) {
                    seen(counts, &record.name, name, &record.values);
                }
            }
        }
    });
}

/// Counts an event that a person must look at, and what is wrong with its fields.
pub(crate) fn review<P: Ports>(ports: &P, endpoint: Endpoint<'_>, wrong: &[Violation]) {
    let source = endpoint.source;
    count(ports, endpoint, |counts| {
        counts.review += 1;
        for violation in wrong {
            let Some(name) = declared(source, &violation.path) else {
                continue;
            };
            let field = counts.fields.entry(name).or_default();
            match violation.rule {
                Rule::Required => field.unset += 1,
                _ => field.wrong += 1,
            }
        }
    });
}

fn count<P: Ports>(ports: &P, endpoint: Endpoint<'_>, count: impl FnOnce(&mut Counts)) {
    let (tenant, source) = (endpoint.tenant, &endpoint.source.name);
    let now = ports.clock().now();
    ports.quality().count(tenant, source, now, count);
}

fn seen(counts: &mut Counts, of: &str, name: &str, values: &Map<String, Json>) {
    let field: &mut FieldCounts = counts.fields.entry(format!("{of}.{name}")).or_default();
    match values.get(name) {
        None | Some(Json::Null) => field.unset += 1,
        Some(_) => field.set += 1,
    }
}

/// The field that a path leads into, where the source declares it: `data.lines` of
/// `data.lines[2].price`. What a request says must not become a name here.
fn declared(source: &Source, path: &str) -> Option<String> {
    let (of, rest) = path.split_once('.')?;
    let name = rest.split(['.', '[']).next()?;
    let is_declared = if of == "data" {
        source.data.contains_key(name)
    } else {
        let mut mappings = source.records.iter().filter(|mapping| mapping.name == of);
        mappings.any(|mapping| mapping.map.iter().any(|(field, _)| field == name))
    };
    is_declared.then(|| format!("{of}.{name}"))
}
