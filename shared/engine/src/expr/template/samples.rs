//! One rendering against values made from the types, so that a wrong filter is found at load.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use minijinja::{Error, ErrorKind};
use serde_json::{Map, Value as Json, json};

use super::failure::{described, innermost, meaning, place_of};
use super::{Inner, Template};
use crate::expr::resolve::did_you_mean;
use crate::expr::{EvaluationError, Mistake, Scope, Type, functions};

/// The mistakes that only rendering shows.
pub(super) fn mistakes(template: &Template) -> Vec<Mistake> {
    let mut world = World::default();
    let leaves = template.0.shape.leaves();
    for (path, ty) in &leaves {
        world.put(path, ty);
    }
    for read in &template.0.reads {
        world.put(&read.path, &Type::String);
    }
    let undeclared = leaves.iter().any(|(_, ty)| ty.is_dynamic());
    let rendered = world.with(&template.0.reads, |scope| {
        let context = template.0.shape.context(scope).ok()?;
        template.attempt(context).err()
    });
    rendered
        .and_then(|error| mistake(&template.0, &error, undeclared))
        .into_iter()
        .collect()
}

fn mistake(template: &Inner, error: &Error, undeclared: bool) -> Option<Mistake> {
    let inner = innermost(error);
    let unknown = matches!(
        inner.kind(),
        ErrorKind::UnknownFilter | ErrorKind::UnknownTest | ErrorKind::UnknownFunction
    );
    let excused = match meaning(inner) {
        EvaluationError::Domain(_) => inner.kind() != ErrorKind::OutOfFuel,
        EvaluationError::UnsetValue { path } => path.contains('['),
        EvaluationError::Type(_) => false,
    };
    if !unknown && (undeclared || excused) {
        return None;
    }
    let here = inner.name() == Some(template.name.as_str());
    let span = place_of(inner, &template.source)
        .filter(|_| here)
        .unwrap_or(0..template.source.len());
    Some(Mistake {
        span,
        message: message(inner),
        help: help(inner),
    })
}

fn message(error: &Error) -> String {
    match (meaning(error), error.kind()) {
        (EvaluationError::UnsetValue { path }, _) => format!("`{path}` is not known here"),
        (_, ErrorKind::UnknownFilter) => {
            format!("there is no filter `{}`", name(error))
        }
        _ => described(error),
    }
}

/// MiniJinja says "filter x is unknown".
fn name(error: &Error) -> &str {
    let detail = error.detail().unwrap_or_default();
    detail.split(' ').nth(1).unwrap_or(detail)
}

fn help(error: &Error) -> Option<String> {
    let unknown = error.kind() == ErrorKind::UnknownFilter;
    let names = functions::names().chain(["default", "length", "first", "last", "round", "title"]);
    unknown.then(|| did_you_mean(name(error), names)).flatten()
}

/// A scope made of samples.
#[derive(Default)]
struct World {
    roots: Map<String, Json>,
}

impl World {
    /// What a path leads to gets a sample, unless something was put there or below.
    fn put(&mut self, path: &str, ty: &Type) {
        let mut at = &mut self.roots;
        let mut names = path.split('.').peekable();
        while let Some(name) = names.next() {
            let last = names.peek().is_none();
            let value = at
                .entry(name)
                .or_insert_with(|| if last { sample(ty) } else { json!({}) });
            if !value.is_object() && !last {
                *value = json!({});
            }
            match value {
                Json::Object(members) => at = members,
                _ => return,
            }
        }
    }

    fn with<T>(&self, reads: &[crate::expr::RefRead], then: impl FnOnce(&Scope<'_>) -> T) -> T {
        let mut roots = self.roots.clone();
        let mut refs = BTreeMap::new();
        // A reference's own value is an id; its members are what the strong read returned.
        for read in reads.iter().rev() {
            if let Some(place) = roots.pointer_to(&read.path) {
                refs.insert(read.path.clone(), std::mem::replace(place, json!("id")));
            }
        }
        let roots: Vec<_> = roots
            .iter()
            .map(|(name, json)| (name.as_str(), json))
            .collect();
        let scope = Scope {
            roots: &roots,
            refs: &refs,
            now: Timestamp::UNIX_EPOCH,
            tz: &TimeZone::UTC,
        };
        then(&scope)
    }
}

/// Finds the value of a dotted path.
trait Place {
    fn pointer_to(&mut self, path: &str) -> Option<&mut Json>;
}

impl Place for Map<String, Json> {
    fn pointer_to(&mut self, path: &str) -> Option<&mut Json> {
        let (root, rest) = path.split_once('.').unwrap_or((path, ""));
        let rest = rest.split('.').filter(|name| !name.is_empty());
        rest.fold(self.get_mut(root), |at, name| at?.get_mut(name))
    }
}

fn sample(ty: &Type) -> Json {
    match ty {
        Type::Bool => json!(true),
        Type::Int => json!(1),
        Type::Double => json!(1.5),
        Type::Decimal => json!("1.50"),
        Type::Dynamic | Type::String | Type::Ref(_) => json!("1"),
        Type::Date => json!("2026-01-02"),
        Type::Time => json!("2026-01-02T10:00:00Z"),
        Type::Duration => json!("1h"),
        Type::List(of) => json!([sample(of)]),
        Type::Object(members) => members
            .iter()
            .map(|(name, ty)| (name.clone(), sample(ty)))
            .collect::<Map<_, _>>()
            .into(),
    }
}
