//! A tree against its grammar: every departure is reported, and broken, so that what is compiled
//! afterwards meets only what is well-formed.

use super::super::document::{Document, Finding};
use super::super::nearest::nearest;
use super::super::values;
use super::super::yaml::{Data, Member, Node, quoted};
use super::describe::{described, example, hint};
use super::{Grammar, Key, Need, Shape, field};
use crate::expr::duration::Span;
use crate::name::MAX_LEN;
use crate::rate::Rate;

/// Checks a node against a mapping's grammar.
pub(crate) fn validate(document: &Document, node: &mut Node, grammar: &Grammar) {
    if !expect_map(document, node, grammar.what) {
        return;
    }
    missing(document, node, grammar);
    if let Data::Map(members) = &mut node.data {
        for member in members {
            let key = grammar.key(&member.key);
            if key.is_some_and(|key| allowed(key.need)) && member.value.is_null() {
                empty(document, member.key_span.clone(), &member.key);
                member.value.data = Data::Broken;
                continue;
            }
            match key {
                Some(key) if allowed(key.need) => shape(document, &mut member.value, key.shape),
                Some(key) => refuse(document, member.key_span.clone(), key),
                None => unknown(document, member.key_span.clone(), &member.key, grammar),
            }
        }
    }
}

fn allowed(need: Need) -> bool {
    matches!(need, Need::Required | Need::Optional)
}

fn empty(document: &Document, span: std::ops::Range<usize>, key: &str) {
    let finding = Finding::error("MissingValue", span, format!("`{key}` has no value"));
    document.report(finding.help("write a value after the colon, or remove the key"));
}

fn refuse(document: &Document, span: std::ops::Range<usize>, key: &Key) {
    let finding = if let Need::Misplaced(why) = key.need {
        let message = format!("`{}` does not belong here", key.name);
        Finding::error("MisplacedKey", span, message).help(why)
    } else {
        let message = format!("`{}` is not supported yet", key.name);
        Finding::error("NotSupportedYet", span, message)
            .help("it is part of the language, but this version does not have it: remove it")
    };
    document.report(finding);
}

fn unknown(document: &Document, span: std::ops::Range<usize>, name: &str, grammar: &Grammar) {
    let usable = grammar
        .each()
        .filter(|key| allowed(key.need))
        .map(|key| key.name);
    let help = match nearest(name, grammar.each().map(|key| key.name)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("{} has {}", grammar.what, listed(usable)),
    };
    let message = format!("{} has no key `{name}`", grammar.what);
    document.report(Finding::error("UnknownKey", span, message).help(help));
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Reports the keys that must be there; with a key of a later version nobody knows which.
fn missing(document: &Document, node: &Node, grammar: &Grammar) {
    let slip = |member: &Member, name: &str| {
        grammar.key(&member.key).is_none() && nearest(&member.key, [name]).is_some()
    };
    let has = |name: &str| {
        let mut members = node.members().iter();
        members.any(|member| member.key == name || slip(member, name))
    };
    if grammar
        .each()
        .any(|key| key.need == Need::Later && has(key.name))
    {
        return;
    }
    let span = head(document, node);
    for key in grammar
        .each()
        .filter(|key| key.need == Need::Required && !has(key.name))
    {
        let message = format!("{} needs `{}`", grammar.what, key.name);
        let help = format!("add `{}: {}`", key.name, example(key.shape));
        document.report(Finding::error("MissingKey", span.clone(), message).help(help));
    }
    let given = grammar.one_of.iter().filter(|name| has(name)).count();
    if given != 1 && !grammar.one_of.is_empty() {
        let message = format!(
            "{} needs exactly one of {}",
            grammar.what,
            listed(grammar.one_of.iter().copied())
        );
        let help = if given == 0 {
            "add one of them"
        } else {
            "keep one of them"
        };
        document.report(Finding::error("AmbiguousKeys", span, message).help(help));
    }
}

/// The first line of a mapping stands for the whole in a message.
fn head(document: &Document, node: &Node) -> std::ops::Range<usize> {
    let text = document.text.get(node.span.clone()).unwrap_or("");
    node.span.start..node.span.start + text.lines().next().unwrap_or("").trim_end().len()
}

static FIELD: Shape = Shape::Object(&field::PLAIN);
static FIELDS: Shape = Shape::Map(&FIELD);

fn shape(document: &Document, node: &mut Node, expected: Shape) {
    if node.is_broken() {
        return;
    }
    match expected {
        Shape::Any | Shape::Value => {}
        Shape::List(inner) => list(document, node, *inner),
        Shape::OneOrList(inner) if matches!(node.data, Data::List(_)) => {
            list(document, node, *inner);
        }
        Shape::OneOrList(inner) => shape(document, node, *inner),
        Shape::Map(inner) => map(document, node, *inner),
        Shape::Object(grammar) => validate(document, node, grammar),
        Shape::ScalarOr(scalar, other) => {
            let chosen = if node.scalar().is_some() {
                scalar
            } else {
                other
            };
            shape(document, node, *chosen);
        }
        Shape::FieldOrFields => {
            let one = node.get("type").is_some_and(|kind| kind.scalar().is_some());
            shape(document, node, if one { FIELD } else { FIELDS });
        }
        scalar => check_scalar(document, node, scalar),
    }
}

fn list(document: &Document, node: &mut Node, inner: Shape) {
    let Data::List(nodes) = &mut node.data else {
        return wrong(
            document,
            node,
            "a list",
            "write `[a, b]`, or one line per element with `- `",
        );
    };
    for node in nodes {
        shape(document, node, inner);
    }
}

fn map(document: &Document, node: &mut Node, inner: Shape) {
    if !expect_map(document, node, "a mapping of names") {
        return;
    }
    if let Data::Map(members) = &mut node.data {
        for member in members {
            let free = matches!(inner, Shape::Any | Shape::Value);
            if member.value.is_null() && !free {
                empty(document, member.key_span.clone(), &member.key);
                member.value.data = Data::Broken;
            }
            shape(document, &mut member.value, inner);
        }
    }
}

fn expect_map(document: &Document, node: &mut Node, what: &str) -> bool {
    match node.data {
        Data::Map(_) => true,
        Data::Broken => false,
        _ => {
            wrong(
                document,
                node,
                what,
                "write `key: value` lines, or `{ key: value }`",
            );
            false
        }
    }
}

fn check_scalar(document: &Document, node: &mut Node, expected: Shape) {
    let Some(scalar) = node.scalar() else {
        return wrong(document, node, described(expected), hint(expected));
    };
    let (text, plain) = (scalar.text.clone(), scalar.plain);
    let literal = values::literal(scalar);
    let fits = match expected {
        Shape::Name => {
            (1..=MAX_LEN).contains(&text.len()) && text.parse::<crate::name::StepId>().is_ok()
        }
        Shape::Text => literal.is_string(),
        Shape::Boolean => literal.is_boolean(),
        Shape::Integer => literal.is_i64() || literal.is_u64(),
        Shape::Number => literal.is_number(),
        Shape::Duration => text
            .parse::<Span>()
            .is_ok_and(|span| span.exact().is_some()),
        Shape::Span => text.parse::<Span>().is_ok(),
        Shape::Ahead => text.parse::<Span>().is_ok_and(Span::is_positive),
        Shape::Rate => text.parse::<Rate>().is_ok(),
        Shape::Word(words, later) => return word(document, node, words, later),
        _ => !node.is_null(),
    };
    if !fits {
        let help = if matches!(expected, Shape::Text) && plain {
            format!("quote it: {}", quoted(&text))
        } else {
            hint(expected).to_owned()
        };
        wrong(document, node, described(expected), &help);
    }
}

fn word(document: &Document, node: &mut Node, words: &[&str], later: &[&str]) {
    let text = node.text().unwrap_or("").to_owned();
    if words.contains(&text.as_str()) {
        return;
    }
    let finding = if later.contains(&text.as_str()) {
        let message = format!("`{text}` is not supported yet");
        Finding::error("NotSupportedYet", node.span.clone(), message).help(format!(
            "this version has {}",
            listed(words.iter().copied())
        ))
    } else {
        let help = match nearest(&text, words.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write one of {}", listed(words.iter().copied())),
        };
        Finding::error(
            "UnknownWord",
            node.span.clone(),
            format!("`{text}` is not a choice here"),
        )
        .help(help)
    };
    document.report(finding);
    node.data = Data::Broken;
}

fn wrong(document: &Document, node: &mut Node, expected: &str, help: &str) {
    let message = format!("expected {expected}, found {}", node.described());
    document.report(Finding::error("WrongType", node.span.clone(), message).help(help));
    node.data = Data::Broken;
}
