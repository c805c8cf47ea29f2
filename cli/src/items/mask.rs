//! Hiding personal values in what is shown of an item: what definitions mark `pii`, wherever its
//! text appears again, and what looks personal in any text.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_engine::definition::model::Pack;
use holdfast_engine::name::TenantName;
use holdfast_engine::operation::Operation;
use holdfast_engine::port::{Definitions, Ports};
use serde_json::Value as Json;

use super::free_text::{MASK, hidden};
use crate::data::packs;

/// Shorter texts are not looked for: they are in everything.
const SHORTEST_SOUGHT: usize = 4;

/// What is shown instead of a message that was received.
const WITHHELD: &str = "*** (--show-pii)";

/// The members of a report that hold what is ours: names, and what would be right.
const OURS: [&str; 8] = [
    "candidates",
    "code",
    "event",
    "expected",
    "hint",
    "path",
    "rule",
    "version",
];

/// What is hidden.
#[derive(Debug)]
pub(crate) struct Mask {
    open: bool,
    /// The names of personal fields, by tenant.
    names: BTreeMap<TenantName, BTreeSet<String>>,
}

impl Mask {
    /// Hides what the packs of each tenant mark, unless all is to be shown. Packs that do not
    /// compile with this program mark nothing.
    pub(crate) async fn of(ports: &impl Ports, show_pii: bool) -> Self {
        let mut names = BTreeMap::new();
        if !show_pii {
            let tenants = ports.definitions().tenants().await;
            for tenant in tenants.unwrap_or_default() {
                let packs = packs(ports, &tenant).await.unwrap_or_default();
                names.insert(
                    tenant,
                    packs.iter().flat_map(|pack| personal(pack)).collect(),
                );
            }
        }
        Self {
            open: show_pii,
            names,
        }
    }

    /// What happened, in a sentence.
    pub(crate) fn message(&self, operation: &Operation) -> String {
        self.text(operation, operation.message())
    }

    /// A text about an item.
    pub(crate) fn text(&self, operation: &Operation, text: &str) -> String {
        if self.open {
            return text.to_owned();
        }
        covered(&self.sought(operation), operation, text)
    }

    /// The report of a review item.
    pub(crate) fn report(&self, operation: &Operation) -> Json {
        let Operation::Review(item) = operation else {
            return Json::Null;
        };
        let mut report = item.report.clone();
        if !self.open {
            covered_json(&self.sought(operation), operation, &mut report);
        }
        report
    }

    /// The message or request: personal as a whole.
    pub(crate) fn subject(&self, operation: &Operation) -> String {
        if self.open {
            operation.subject().to_owned()
        } else {
            WITHHELD.to_owned()
        }
    }

    /// The personal texts of the message or request.
    fn sought(&self, operation: &Operation) -> BTreeSet<String> {
        let mut sought = BTreeSet::new();
        let names = operation.tenant().and_then(|tenant| self.names.get(tenant));
        if let (Some(names), Ok(subject)) = (names, serde_json::from_str(operation.subject())) {
            seek(names, &subject, &mut sought);
        }
        sought
    }
}

fn covered_json(sought: &BTreeSet<String>, operation: &Operation, value: &mut Json) {
    match value {
        Json::String(text) => *text = covered(sought, operation, text),
        Json::Array(values) => {
            for value in values {
                covered_json(sought, operation, value);
            }
        }
        Json::Object(members) => {
            let members = members.iter_mut();
            let theirs = members.filter(|(name, _)| !OURS.contains(&name.as_str()));
            theirs.for_each(|(_, value)| covered_json(sought, operation, value));
        }
        _ => {}
    }
}

/// The event's id is no secret: commands find the event by it.
fn covered(sought: &BTreeSet<String>, operation: &Operation, text: &str) -> String {
    let event = match operation {
        Operation::Review(item) => item.report.get("event").and_then(Json::as_str),
        Operation::Error(_) => None,
    };
    let cover = |text: &str| {
        let mut text = text.to_owned();
        for value in sought {
            text = text.replace(value.as_str(), MASK);
        }
        hidden(&text)
    };
    match event.and_then(|event| Some((event, text.split_once(event)?))) {
        Some((event, (before, after))) => format!("{}{event}{}", cover(before), cover(after)),
        None => cover(text),
    }
}

fn seek(names: &BTreeSet<String>, value: &Json, sought: &mut BTreeSet<String>) {
    match value {
        Json::Array(values) => values.iter().for_each(|value| seek(names, value, sought)),
        Json::Object(members) => {
            for (name, value) in members {
                match value {
                    Json::String(text) if names.contains(name) => {
                        if text.len() >= SHORTEST_SOUGHT {
                            sought.insert(text.clone());
                        }
                    }
                    // A request's body is JSON within JSON.
                    Json::String(text) if name == "body" => {
                        if let Ok(body) = serde_json::from_str(text) {
                            seek(names, &body, sought);
                        }
                    }
                    other => seek(names, other, sought),
                }
            }
        }
        _ => {}
    }
}

/// The names of the fields that a pack marks `pii`.
fn personal(pack: &Pack) -> impl Iterator<Item = String> + '_ {
    let records = pack.records.values();
    let records = records.flat_map(|record| record.fields.iter().map(|(name, f)| (name, &f.field)));
    let sources = pack.sources.values();
    let sources = sources.flat_map(|source| source.data.iter().map(|(name, f)| (name, &f.field)));
    let all = records.chain(sources).filter(|(_, field)| field.pii);
    all.map(|(name, _)| name.clone())
}

#[cfg(test)]
mod tests {
    use holdfast_engine::definition::model::Severity;
    use holdfast_engine::operation::{Handling, ReviewItem, ReviewKind};
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;

    fn mask(open: bool) -> Mask {
        let tenant = TenantName::new("demo").unwrap();
        let names = BTreeSet::from(["name".to_owned()]);
        Mask {
            open,
            names: BTreeMap::from([(tenant, names)]),
        }
    }

    fn item() -> Operation {
        let body = json!({ "payload": { "name": "Rosa Martin", "other": "kept" } }).to_string();
        Operation::Review(ReviewItem {
            id: "i".to_owned(),
            kind: ReviewKind::InvalidInput,
            title: "event shop:5551234567 of Rosa Martin, kept, at +1 202 555 0173".to_owned(),
            severity: Severity::P2,
            handling: Handling::opened(Timestamp::UNIX_EPOCH, Severity::P2),
            tenant: TenantName::new("demo").unwrap(),
            at: Timestamp::UNIX_EPOCH,
            function: "receive-webhook".to_owned(),
            execution: None,
            step: None,
            report: json!({ "event": "shop:5551234567", "fields": [{ "actual": "Rosa Martin" }] }),
            subject: json!({ "rawPath": "/", "body": body }).to_string(),
        })
    }

    #[test]
    fn personal_fields_are_hidden_wherever_their_text_appears_again() {
        let (mask, item) = (mask(false), item());
        assert_eq!(
            mask.message(&item),
            "event shop:5551234567 of ***, kept, at ***"
        );
        assert_eq!(
            mask.report(&item),
            json!({ "event": "shop:5551234567", "fields": [{ "actual": "***" }] })
        );
        assert_eq!(mask.subject(&item), WITHHELD);
    }

    #[test]
    fn nothing_is_hidden_from_whoever_asks_for_it() {
        let (mask, item) = (mask(true), item());
        assert_eq!(mask.message(&item), item.message());
        assert_eq!(mask.subject(&item), item.subject());
    }
}
