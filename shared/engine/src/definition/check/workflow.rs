//! Workflows: their triggers' scope, names, conditions, and steps in order.

use std::collections::{BTreeMap, BTreeSet};

use super::environment::{self, ROOTS, either};
use super::field::identifier;
use super::logic::{condition, logic};
use super::mapped::transposed;
use super::trigger::{self, Started};
use super::world::{World, name_span};
use super::{Place, outcome, step};
use crate::definition::document::{Document, Finding};
use crate::definition::folder::{Definition, Kind};
use crate::definition::model::{Bulk, RecordDefinition, Severity, Trigger, Workflow};
use crate::definition::yaml::{Member, Node};
use crate::expr::{Environment, Expression, Type};
use crate::name::{RecordType, WorkflowName};

/// A workflow while it is compiled: what its steps have in common.
#[derive(Clone, Copy)]
pub(super) struct Flow<'a> {
    pub(super) name: &'a str,
    /// The execution's record, where it is known.
    pub(super) home: Home<'a>,
}

/// The execution's record.
#[derive(Clone, Copy)]
pub(super) enum Home<'a> {
    Known(&'a RecordDefinition),
    /// The triggers have none.
    Absent,
    /// A mistake elsewhere hides it.
    Uncertain,
}

/// Why a workflow for many records at once reads none, and what it reads instead.
const NO_SINGLE_RECORD: &str = "with `bulk: batch` many records start it at once\n\
     `default(event.data.records, [event.after.id])` has the ids, of many records or of one";

/// Compiles every workflow.
pub(super) fn workflows(world: &World<'_>) -> BTreeMap<WorkflowName, Workflow> {
    let workflows = world.folder.of(Kind::Workflow);
    let compiled = workflows.filter_map(|definition| workflow(world, definition));
    compiled
        .map(|workflow| (workflow.name.clone(), workflow))
        .collect()
}

fn workflow(world: &World<'_>, definition: &Definition) -> Option<Workflow> {
    let tree = definition.readable()?;
    let document = &definition.document;
    let mut env = environment::base(world);
    let triggers = triggers(Place::new(world, document, &env), tree);
    let home = scope(world, &mut env, document, tree, &triggers);
    check_bulk(document, tree, &triggers);
    let lets = lets(world, document, &mut env, tree);
    let place = Place::new(world, document, &env);
    let when = conditions(place, tree);
    let while_ = transposed(tree.get("while").map(|node| condition(place, node)));
    let steps = step::steps(
        place,
        Flow {
            name: &definition.name,
            home,
        },
        tree,
    );
    let outcome = outcome::outcome(place, home, tree);
    outcome::remind(document, tree);
    let text = |key: &str| tree.get(key)?.text().map(str::to_owned);
    let workflow = Workflow {
        name: definition.name.parse().ok()?,
        description: text("description")?,
        owner: text("owner")?,
        severity: severity(tree)?,
        triggers: triggers
            .into_iter()
            .filter_map(|started| started.trigger)
            .collect(),
        lets,
        bulk: bulk(tree),
        deadline: tree.read("deadline"),
        outcome,
        when,
        while_: while_?,
        steps,
    };
    complete(tree, &workflow).then_some(workflow)
}

fn conditions(place: Place<'_>, tree: &Node) -> Vec<Expression> {
    let nodes = tree.get("when").map_or(&[][..], Node::elements).iter();
    let scalars = nodes.filter(|node| node.scalar().is_some());
    scalars.filter_map(|node| condition(place, node)).collect()
}

/// Whether every part was compiled: a workflow does not run without one of its conditions.
fn complete(tree: &Node, workflow: &Workflow) -> bool {
    let triggers = tree
        .get("trigger")
        .map_or(0, |trigger| trigger.elements().len());
    triggers == workflow.triggers.len()
        && tree.counts("let", workflow.lets.len())
        && tree.counts("when", workflow.when.len())
        && tree.counts("steps", workflow.steps.len())
        && tree.get("outcome").is_some() == workflow.outcome.is_some()
}

fn severity(tree: &Node) -> Option<Severity> {
    match tree.get("severity")?.text()? {
        "P1" => Some(Severity::P1),
        "P2" => Some(Severity::P2),
        "P3" => Some(Severity::P3),
        _ => None,
    }
}

fn bulk(tree: &Node) -> Bulk {
    match tree.get("bulk").and_then(Node::text) {
        Some("each") => Bulk::Each,
        Some("batch") => Bulk::Batch,
        _ => Bulk::Skip,
    }
}

/// Many records are changed at once by no event of a source.
fn check_bulk(document: &Document, tree: &Node, triggers: &[Started]) {
    let by_record = |started: &Started| {
        started.uncertain || matches!(started.trigger, Some(Trigger::Record(_)))
    };
    if let Some(member) = tree.member("bulk")
        && !triggers.iter().any(by_record)
    {
        let message = "`bulk` belongs to a workflow that the change of a record starts";
        let finding = Finding::error("MisplacedKey", member.key_span.clone(), message);
        document.report(finding.help("remove `bulk`, or add `trigger: { record: … }`"));
    }
}

fn triggers(place: Place<'_>, tree: &Node) -> Vec<Started> {
    let nodes = tree.get("trigger").map_or(&[][..], Node::elements).iter();
    nodes.map(|node| trigger::trigger(place, node)).collect()
}

/// Puts `event` and `record` in scope, and says what the record is.
fn scope<'w>(
    world: &'w World<'_>,
    env: &mut Environment,
    document: &Document,
    tree: &Node,
    triggers: &[Started],
) -> Home<'w> {
    event(env, document, tree, triggers);
    let broken = tree.get("trigger").is_some_and(Node::is_broken);
    let home = if broken {
        Home::Uncertain
    } else {
        home(world, document, tree, triggers)
    };
    if bulk(tree) == Bulk::Batch && !matches!(home, Home::Absent) {
        refuse(env, "record", NO_SINGLE_RECORD);
        return Home::Absent;
    }
    match home {
        Home::Known(record) => {
            env.roots
                .insert("record".to_owned(), record.snapshot.clone());
        }
        Home::Uncertain => {
            env.roots.insert("record".to_owned(), Type::Dynamic);
        }
        Home::Absent if triggers.is_empty() => {
            refuse(env, "record", "nothing triggers this workflow");
        }
        Home::Absent => refuse(
            env,
            "record",
            "the trigger's event has no record of its own",
        ),
    }
    home
}

fn event(env: &mut Environment, document: &Document, tree: &Node, triggers: &[Started]) {
    if let Some(event) = triggers
        .iter()
        .map(|started| started.event.clone())
        .reduce(either)
    {
        let event = match bulk(tree) {
            Bulk::Batch => either(event, environment::batch()),
            Bulk::Each | Bulk::Skip => event,
        };
        env.roots.insert("event".to_owned(), event);
    } else if tree.get("trigger").is_some_and(Node::is_broken) {
        env.roots.insert("event".to_owned(), Type::Dynamic);
    } else {
        untriggered(document, tree);
        refuse(env, "event", "nothing triggers this workflow");
    }
}

/// Only `start-workflow` could start it, and that is not built yet.
fn untriggered(document: &Document, tree: &Node) {
    if tree
        .get("trigger")
        .is_none_or(|trigger| !trigger.is_broken())
    {
        let span = name_span(tree, Kind::Workflow);
        let finding = Finding::warning("NoTrigger", span, "nothing starts this workflow");
        document.report(finding.help("add `trigger: { event: … }` or `trigger: { record: … }`"));
    }
}

fn refuse(env: &mut Environment, name: &str, reason: &str) {
    env.refused.insert(name.to_owned(), reason.to_owned());
}

fn home<'w>(
    world: &'w World<'_>,
    document: &Document,
    tree: &Node,
    triggers: &[Started],
) -> Home<'w> {
    let homes: BTreeSet<_> = triggers
        .iter()
        .filter_map(|started| started.home.as_ref())
        .collect();
    if homes.len() > 1 {
        several(document, tree, &homes);
        return Home::Uncertain;
    }
    let record = homes.first().and_then(|name| world.records.get(*name));
    match record {
        Some(record) => Home::Known(record),
        None if !homes.is_empty() || triggers.iter().any(|started| started.uncertain) => {
            Home::Uncertain
        }
        None => Home::Absent,
    }
}

fn several(document: &Document, tree: &Node, homes: &BTreeSet<&RecordType>) {
    let names: Vec<_> = homes.iter().map(|name| format!("`{name}`")).collect();
    let message = format!(
        "the triggers disagree about the record: {}",
        names.join(", ")
    );
    let span = tree
        .member("trigger")
        .map_or(0..0, |member| member.key_span.clone());
    let finding = Finding::error("SeveralHomes", span, message);
    document.report(finding.help("write one workflow for each record type"));
}

/// Compiles `let`, each name in scope of the ones after it.
fn lets(
    world: &World<'_>,
    document: &Document,
    env: &mut Environment,
    tree: &Node,
) -> Vec<(String, Expression)> {
    let mut compiled = Vec::new();
    for member in tree.get("let").map_or(&[][..], Node::members) {
        if !free(document, member) {
            continue;
        }
        let expression = logic(Place::new(world, document, env), &member.value, None);
        let ty = expression
            .as_ref()
            .map_or(Type::Dynamic, |found| found.ty().clone());
        env.roots.insert(member.key.clone(), ty);
        compiled.extend(expression.map(|expression| (member.key.clone(), expression)));
    }
    compiled
}

fn free(document: &Document, member: &Member) -> bool {
    let taken = ROOTS.contains(&member.key.as_str());
    if taken {
        let message = format!("`{}` has a meaning of its own in expressions", member.key);
        let finding = Finding::error("ReservedName", member.key_span.clone(), message);
        document.report(finding.help("give the value another name"));
    }
    !taken && identifier(document, member)
}
