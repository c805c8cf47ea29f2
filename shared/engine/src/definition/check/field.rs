//! Fields, of records, events, settings.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::World;
use crate::definition::document::{Document, Finding};
use crate::definition::yaml::{Member, Node};
use crate::field::{BadConstraint, Field, Kind};
use crate::name::RecordType;

/// Names and types of every readable field of a mapping.
pub(super) fn fields(
    document: &Document,
    node: Option<&Node>,
    records: &World<'_>,
) -> BTreeMap<String, Field> {
    let members = node.map_or(&[][..], Node::members).iter();
    members
        .filter(|member| identifier(document, member))
        .filter_map(|member| Some((member.key.clone(), field(document, &member.value, records)?)))
        .collect()
}

/// Whether expressions can read this name; reports it otherwise.
pub(super) fn identifier(document: &Document, member: &Member) -> bool {
    is_identifier(document, &member.key, member.key_span.clone())
}

pub(super) fn is_identifier(document: &Document, name: &str, span: Range<usize>) -> bool {
    let mut characters = name.chars();
    let first = characters
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let fits = first && characters.all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !fits {
        let message = format!("expressions cannot read the name `{name}`");
        let help = format!("use letters, digits and `_`: `{}`", suggested(name));
        document.report(Finding::error("InvalidName", span, message).help(help));
    }
    fits
}

fn suggested(name: &str) -> String {
    let mend = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '_'
        }
    };
    let mended: String = name.chars().map(mend).collect();
    if mended.starts_with(|c: char| c.is_ascii_digit()) {
        format!("_{mended}")
    } else {
        mended
    }
}

/// A field with its constraints checked; `None` when its kind cannot be read.
pub(super) fn field(document: &Document, node: &Node, records: &World<'_>) -> Option<Field> {
    let mut field = Field::of(kind(document, node, records)?);
    let number = |key: &str| match node.get(key)?.json() {
        serde_json::Value::Number(number) => Some(number),
        _ => None,
    };
    let text = |key: &str| node.get(key)?.text().map(str::to_owned);
    field.required = node.flag("required");
    field.default = node
        .get("default")
        .filter(|node| !node.is_broken())
        .map(Node::json);
    field.pii = node.flag("pii");
    field.min = number("min");
    field.max = number("max");
    field.pattern = text("pattern");
    field.region = text("region");
    field.scale = node.read("scale");
    field.values = node.get("values").map(Node::texts).unwrap_or_default();
    report(document, node, (records.costly.constraints)(&field));
    Some(field)
}

fn report(document: &Document, node: &Node, constraints: Vec<BadConstraint>) {
    let mut seen = BTreeSet::new();
    for bad in constraints {
        if !seen.insert((bad.path.clone(), bad.key)) {
            continue;
        }
        let mut at = node;
        for part in bad.path.split('.').filter(|part| !part.is_empty()) {
            at = at.get(part).unwrap_or(at);
        }
        let span = at.get(bad.key).unwrap_or(at).span.clone();
        let message = format!("`{}`: {}", bad.key, last_line(&bad.message));
        document.report(Finding::error("BadConstraint", span, message));
    }
}

/// Messages of regular expressions draw their own picture above what they say.
fn last_line(message: &str) -> &str {
    let line = message.trim_end().lines().next_back().unwrap_or(message);
    line.strip_prefix("error: ").unwrap_or(line)
}

fn kind(document: &Document, node: &Node, records: &World<'_>) -> Option<Kind> {
    Some(match node.get("type")?.text()? {
        "string" => Kind::String,
        "integer" => Kind::Integer,
        "decimal" => Kind::Decimal,
        "boolean" => Kind::Boolean,
        "date" => Kind::Date,
        "datetime" => Kind::Datetime,
        "duration" => Kind::Duration,
        "timezone" => Kind::Timezone,
        "phone" => Kind::Phone,
        "email" => Kind::Email,
        "url" => Kind::Url,
        "enum" => Kind::Enum,
        "list" => Kind::List(Box::new(element(document, node, records)?)),
        "object" => match node.get("of") {
            Some(of) => Kind::Object(fields(document, Some(of), records)),
            None => Kind::AnyObject,
        },
        "ref" => Kind::Ref(reference(document, node, records)?),
        _ => return None,
    })
}

fn element(document: &Document, node: &Node, records: &World<'_>) -> Option<Field> {
    match node.get("of") {
        Some(of) if of.get("type").is_some_and(|kind| kind.scalar().is_some()) => {
            field(document, of, records)
        }
        Some(of) => {
            if !of.is_broken() {
                let message = "the elements of a list are one field, not several";
                let finding = Finding::error("WrongType", of.span.clone(), message);
                document
                    .report(finding.help("of: { type: object, of: { name: { type: string } } }"));
            }
            None
        }
        None => {
            let message = "a list needs `of`, the field of its elements";
            let finding = Finding::error("MissingKey", node.span.clone(), message);
            document.report(finding.help("add `of: { type: string }`"));
            None
        }
    }
}

fn reference(document: &Document, node: &Node, records: &World<'_>) -> Option<RecordType> {
    let Some(to) = node.get("to") else {
        let message = "a ref needs `to`, the type of the record";
        let finding = Finding::error("MissingKey", node.span.clone(), message);
        document.report(finding.help("add `to: patient`"));
        return None;
    };
    records.expect_name(document, to)
}
