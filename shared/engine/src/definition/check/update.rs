//! The `with` of `update-record`: a target, its new status and fields, and what must hold.

use super::Place;
use super::expected::Expected;
use super::logic::closed_condition;
use super::mapped::transposed;
use super::step::updated;
use super::target::{self, Found};
use super::value::value;
use super::workflow::Flow;
use crate::definition::document::Finding;
use crate::definition::grammar::{UPDATE_RECORD, validate};
use crate::definition::model::{
    Action, Actor, RecordDefinition, Target, Transition, UpdateRecord, ValueExpression,
};
use crate::definition::yaml::{Member, Node};
use crate::expr::{Expression, Type};

/// Compiles the change, and gives the type of the step's result.
pub(super) fn update(place: Place<'_>, flow: Flow<'_>, node: &Node) -> (Option<Action>, Type) {
    let Some(with) = node.get("with") else {
        let span = node.get("uses").map_or(0..0, |uses| uses.span.clone());
        let finding = Finding::error("MissingKey", span, "`update-record` needs `with`");
        place
            .document
            .report(finding.help("add `with: { status: … }` or `with: { set: { field: … } }`"));
        return (None, updated(Type::Dynamic));
    };
    let mut with = with.clone();
    validate(place.document, &mut with, &UPDATE_RECORD);
    if with.is_broken() {
        return (None, updated(Type::Dynamic));
    }
    let found = target::target(place, flow, &with);
    let snapshot = found
        .record
        .map_or(Type::Dynamic, |record| record.snapshot.clone());
    let result = updated(snapshot);
    check_effect(place, &with);
    (
        change(place, flow, &with, found).map(Action::UpdateRecord),
        result,
    )
}

fn change(place: Place<'_>, flow: Flow<'_>, with: &Node, found: Found<'_>) -> Option<UpdateRecord> {
    let status = transposed(
        with.get("status")
            .map(|node| status(place, flow, node, &found)),
    );
    let set = set(place, with, found.record);
    let guard = transposed(
        with.get("guard")
            .map(|node| guard(place, node, found.record)),
    );
    Some(UpdateRecord {
        target: found.target?,
        status: status?,
        set: set?,
        guard: guard?,
        delete: with.flag("delete"),
    })
}

fn status(
    place: Place<'_>,
    flow: Flow<'_>,
    node: &Node,
    found: &Found<'_>,
) -> Option<ValueExpression> {
    let Some(record) = found.record else {
        return value(place, node, Expected::Text);
    };
    let value = value(place, node, Expected::State(record))?;
    if let ValueExpression::Literal(literal) = &value {
        let state = literal.as_str().unwrap_or_default();
        let created = matches!(found.target, Some(Target::Key { create: true, .. }));
        if !(created && state == record.initial) {
            check_transition(place, flow, node, record, state);
        }
    }
    Some(value)
}

/// A workflow reaches a state by a transition that names it.
fn check_transition(
    place: Place<'_>,
    flow: Flow<'_>,
    node: &Node,
    record: &RecordDefinition,
    state: &str,
) {
    let mine = |actor: &Actor| match actor {
        Actor::Workflow(name) => name.as_str() == flow.name,
        Actor::Anyone => true,
        Actor::Person => false,
    };
    let to_state = |to: &str| to == state;
    let mut transitions = record.transitions.iter();
    if transitions
        .any(|one| allows(record, one, state) && (one.by.is_empty() || one.by.iter().any(mine)))
    {
        return;
    }
    let from = record
        .transitions
        .iter()
        .find(|one| to_state(&one.to))
        .map_or_else(|| record.initial.clone(), |one| one.from.join(", "));
    let message = format!(
        "no transition lets `{}` move `{}` to `{state}`",
        flow.name, record.name
    );
    let line = format!("- {{ from: [{from}], to: {state}, by: {} }}", flow.name);
    let finding = Finding::error("MissingTransition", node.span.clone(), message);
    place.document.report(finding.help(format!(
        "add to `transitions:` of `{}.record.yaml`: {line}",
        record.name
    )));
}

/// Whether a transition leads to the state; one with a mistake gets the benefit of the doubt.
fn allows(record: &RecordDefinition, transition: &Transition, state: &str) -> bool {
    transition.to == state || !record.states.contains(&transition.to)
}

fn set(
    place: Place<'_>,
    with: &Node,
    record: Option<&RecordDefinition>,
) -> Option<Vec<(String, ValueExpression)>> {
    let members = with.get("set").map_or(&[][..], Node::members);
    let values: Vec<_> = members
        .iter()
        .map(|member| assign(place, member, record))
        .collect();
    values.into_iter().collect()
}

fn assign(
    place: Place<'_>,
    member: &Member,
    record: Option<&RecordDefinition>,
) -> Option<(String, ValueExpression)> {
    if member.key == "status" {
        let finding = Finding::error(
            "MisplacedKey",
            member.key_span.clone(),
            "`status` is not a field",
        );
        place
            .document
            .report(finding.help("write `status:` beside `set:`, so that transitions are checked"));
        return None;
    }
    let field = record.map(|record| {
        place
            .world
            .expect_field(place.document, record, &member.key, member.key_span.clone())
    });
    let expected = match field {
        Some(field) => Expected::Field(field?),
        None => Expected::Any,
    };
    Some((member.key.clone(), value(place, &member.value, expected)?))
}

fn guard(place: Place<'_>, node: &Node, record: Option<&RecordDefinition>) -> Option<Expression> {
    let mut env = place.env.clone();
    let ty = record.map_or(Type::Dynamic, |record| record.snapshot.clone());
    env.roots.insert("target".to_owned(), ty);
    closed_condition(place.with_env(&env), node, "guard")
}

/// A change changes something, and does not delete what it sets.
fn check_effect(place: Place<'_>, with: &Node) {
    let has = |key: &str| with.get(key).is_some();
    let creates = with
        .get("record")
        .is_some_and(|record| record.flag("create"));
    let (code, message, help) = if with.flag("delete") && (has("set") || has("status")) {
        let message = "a deleted record keeps neither status nor fields";
        (
            "AmbiguousKeys",
            message,
            "keep `delete`, or `set` and `status`",
        )
    } else if !(has("status") || has("set") || with.flag("delete") || creates) {
        let message = "this update-record changes nothing";
        (
            "MissingKey",
            message,
            "add `status: …`, `set: { field: … }` or `delete: true`",
        )
    } else {
        return;
    };
    place
        .document
        .report(Finding::error(code, with.span.clone(), message).help(help));
}
