//! Fields with where they come from: an event's `data`, a step's `returns`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Place;
use super::field::{field, identifier};
use super::logic::{condition, logic};
use crate::definition::model::MappedField;
use crate::definition::yaml::Node;
use crate::expr::Type;

/// Compiles mapped fields; those with mistakes are left out.
pub(super) fn mapped(place: Place<'_>, node: Option<&Node>) -> BTreeMap<String, MappedField> {
    let members = node.map_or(&[][..], Node::members).iter();
    members
        .filter(|member| identifier(place.document, member))
        .filter_map(|member| Some((member.key.clone(), one(place, &member.value)?)))
        .collect()
}

fn one(place: Place<'_>, node: &Node) -> Option<MappedField> {
    let field = field(place.document, node, place.world);
    let from = node.get("from").and_then(|node| logic(place, node, None));
    let condition_node = node.get("if");
    let condition = condition_node.map(|node| condition(place, node));
    Some(MappedField {
        field: field?,
        from: from?,
        condition: transposed(condition)?,
    })
}

/// An optional part: absent is fine, broken is not.
#[expect(clippy::option_option, reason = "absent and broken are different")]
pub(super) fn transposed<T>(part: Option<Option<T>>) -> Option<Option<T>> {
    match part {
        Some(None) => None,
        Some(some) => Some(some),
        None => Some(None),
    }
}

/// The type of an object of mapped fields; a field that cannot be read has any type.
pub(super) fn ty(place: Place<'_>, node: &Node) -> Type {
    let types = node.members().iter().map(|member| {
        let field = field(place.document, &member.value, place.world);
        (
            member.key.clone(),
            field.map_or(Type::Dynamic, |field| field.ty()),
        )
    });
    Type::Object(Arc::new(types.collect()))
}
