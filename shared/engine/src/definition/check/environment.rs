//! What is in scope where (LANGUAGE, "Scope").

use std::collections::BTreeMap;
use std::sync::Arc;

use super::World;
use crate::expr::{Environment, Type};

/// Roots whose names nothing else may take.
pub(super) const ROOTS: [&str; 15] = [
    "event", "record", "steps", "input", "item", "items", "config", "tenant", "now", "body",
    "headers", "query", "response", "target", "arrived",
];

/// What is in scope everywhere a value is rendered.
pub(super) fn base(world: &World<'_>) -> Environment {
    let roots = [("config", world.config.clone()), ("tenant", Type::String)];
    Environment {
        roots: named(roots),
        records: world.snapshots.clone(),
        refused: BTreeMap::new(),
    }
}

/// A source's expressions: the request as it came.
pub(super) fn request(world: &World<'_>) -> Environment {
    let mut env = base(world);
    env.roots.extend(named([
        ("body", Type::Dynamic),
        ("headers", Type::Dynamic),
        ("query", Type::Dynamic),
    ]));
    env
}

/// A step's `returns`: what the provider answered, with what was collected from all its pages.
pub(super) fn response(world: &World<'_>, collected: Option<&str>) -> Environment {
    let response = [
        ("status", Type::Int),
        ("headers", Type::Dynamic),
        ("body", Type::Dynamic),
    ];
    let mut response = named(response);
    response.extend(collected.map(|into| (into.to_owned(), list())));
    Environment {
        roots: named([("response", Type::Object(Arc::new(response)))]),
        records: world.snapshots.clone(),
        refused: BTreeMap::new(),
    }
}

/// A list of whatever a provider answered.
pub(super) fn list() -> Type {
    Type::List(Box::new(Type::Dynamic))
}

/// What an event of many records has: their ids.
pub(super) fn batch() -> Type {
    let records = Type::List(Box::new(Type::String));
    object([("data", object([("records", records)]))])
}

/// A record's invariants: its new snapshot.
pub(super) fn invariant(world: &World<'_>, snapshot: &Type) -> Environment {
    Environment {
        roots: named([("record", snapshot.clone())]),
        records: world.snapshots.clone(),
        refused: BTreeMap::new(),
    }
}

/// An object type of these members.
pub(super) fn object<const N: usize>(members: [(&str, Type); N]) -> Type {
    Type::Object(Arc::new(named(members)))
}

fn named<const N: usize>(members: [(&str, Type); N]) -> BTreeMap<String, Type> {
    members
        .into_iter()
        .map(|(name, ty)| (name.to_owned(), ty))
        .collect()
}

/// The type of a value that has one of two types.
pub(super) fn either(left: Type, right: Type) -> Type {
    match (left, right) {
        (left, right) if left == right => left,
        (Type::Object(left), Type::Object(right)) => {
            let mut members = (*left).clone();
            for (name, ty) in right.iter() {
                let merged = match members.remove(name) {
                    Some(other) => either(other, ty.clone()),
                    None => ty.clone(),
                };
                members.insert(name.clone(), merged);
            }
            Type::Object(Arc::new(members))
        }
        _ => Type::Dynamic,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_of_two_objects_has_the_members_of_both() {
        let left = object([("a", Type::Int), ("b", Type::Int)]);
        let right = object([("b", Type::String), ("c", Type::Bool)]);
        let both = object([("a", Type::Int), ("b", Type::Dynamic), ("c", Type::Bool)]);
        assert_eq!(either(left, right), both);
    }
}
