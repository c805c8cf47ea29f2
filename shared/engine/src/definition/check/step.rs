//! Steps: the function, its connection and input, and what later steps may read of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::batch::batch;
use super::compensation;
use super::connection::ladder;
use super::each::{self, each};
use super::environment::{self, either, object};
use super::expected::Expected;
use super::hours;
use super::json_schema::Schema;
use super::logic::{condition, logic};
use super::mapped::{self, mapped, transposed};
use super::pages::{self, pages};
use super::value::members;
use super::via::via;
use super::workflow::Flow;
use super::{Place, update};
use crate::definition::catalog::Signature;
use crate::definition::document::Finding;
use crate::definition::model::{Action, Once, Refused, StepDefinition, Unknown};
use crate::definition::nearest::suggestion;
use crate::definition::yaml::Node;
use crate::expr::Type;
use crate::name::StepId;

/// The function that changes records; its `with` has a grammar of its own.
pub(super) const UPDATE_RECORD: &str = "update-record";

/// Functions of the language that are not built yet.
const LATER: [&str; 6] = [
    "find-records",
    "take-records",
    "start-workflow",
    "request-review",
    "ask-model",
    "render-document",
];

/// Compiles the steps in order, each in scope of those after it.
pub(super) fn steps(place: Place<'_>, flow: Flow<'_>, tree: &Node) -> Vec<StepDefinition> {
    let mut env = place.env.clone();
    let mut types = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut compiled = Vec::new();
    let nodes = tree.get("steps").map_or(&[][..], Node::elements);
    for node in nodes {
        env.roots
            .insert("steps".to_owned(), Type::Object(Arc::new(types.clone())));
        let here = place.with_env(&env);
        let id = node.get("id").and_then(|id| unique(here, id, &mut seen));
        let (step, ty) = match each(here, node, &compiled) {
            None => step_and_type(here, flow, node, id.as_ref()),
            Some(each) => each.step(here, flow, node, id.as_ref()),
        };
        let step = compensation::with(here, flow, node, step, &ty);
        compiled.extend(step);
        if let Some(id) = id {
            types.insert(id.to_string(), ty);
            if node.flag("async") {
                let reason = "it is asynchronous, and may not have happened yet";
                env.refused.insert(format!("steps.{id}"), reason.to_owned());
            }
        }
    }
    if nodes.is_empty() && tree.get("steps").is_some_and(|steps| !steps.is_broken()) {
        let span = tree
            .member("steps")
            .map_or(0..0, |member| member.key_span.clone());
        let finding = Finding::error("MissingValue", span, "a workflow needs at least one step");
        place
            .document
            .report(finding.help("- { id: book, uses: update-record, with: { status: … } }"));
    }
    compiled
}

fn unique(place: Place<'_>, node: &Node, seen: &mut BTreeSet<String>) -> Option<StepId> {
    let id = node.text()?;
    if seen.insert(id.to_owned()) {
        return id.parse().ok();
    }
    let message = format!("an earlier step has the id `{id}`");
    let finding = Finding::error("DuplicateName", node.span.clone(), message);
    place
        .document
        .report(finding.help("give this step another id"));
    None
}

/// A step with its fallbacks, and the type of its result.
pub(super) fn step_and_type(
    place: Place<'_>,
    flow: Flow<'_>,
    node: &Node,
    id: Option<&StepId>,
) -> (Option<StepDefinition>, Type) {
    let (step, mut ty) = one(place, flow, node, id);
    let mut fallbacks = Vec::new();
    for fallback in node.get("fallback").map_or(&[][..], Node::elements) {
        let (compiled, other) = one(place, flow, fallback, id);
        fallbacks.push(compiled);
        ty = either(ty, other);
    }
    let fallbacks = fallbacks.into_iter().collect::<Option<Vec<_>>>();
    let step = step
        .zip(fallbacks)
        .map(|(step, fallback)| StepDefinition { fallback, ..step });
    (step, ty)
}

pub(super) fn one(
    place: Place<'_>,
    flow: Flow<'_>,
    node: &Node,
    id: Option<&StepId>,
) -> (Option<StepDefinition>, Type) {
    let Some(uses) = node.get("uses") else {
        return (None, Type::Dynamic);
    };
    let function = uses.text().unwrap_or_default();
    let updates = function == UPDATE_RECORD;
    let signature = if updates {
        None
    } else {
        signature(place, uses, function)
    };
    misplaced(place, node, updates);
    let (action, result) = if updates {
        update::update(place, flow, node)
    } else {
        (
            call(place, node, signature),
            signature.map_or(Type::Dynamic, output),
        )
    };
    let ty = match node.get("returns") {
        Some(returns) => mapped::ty(place, returns),
        None => pages::with_collected(result, node),
    };
    (parts(place, node, id, signature, action), ty)
}

fn parts(
    place: Place<'_>,
    node: &Node,
    id: Option<&StepId>,
    signature: Option<&Signature>,
    action: Option<Action>,
) -> Option<StepDefinition> {
    let via = signature.map(|signature| via(place, node, signature));
    let whole = each::outside(place.env, node);
    let whole = place.with_env(&whole);
    let condition = transposed(node.get("if").map(|node| condition(whole, node)));
    let once = transposed(node.get("once").map(|node| once(place, node)));
    let retry = transposed(node.get("retry").map(|node| ladder(place, node)));
    let batch = transposed(
        node.get("batch")
            .filter(|_| node.get("id").is_some())
            .map(|given| batch(place, node, given, signature)),
    );
    let hours = hours::of_step(place, node, signature);
    let expires = hours::expiry(place, node);
    let pages = pages(place, node, signature);
    let response = environment::response(place.world, pages::into(node));
    let returns = node
        .get("returns")
        .map(|node| mapped(place.with_env(&response), Some(node)));
    let mapped = returns.as_ref().map_or(0, std::collections::BTreeMap::len);
    if !node.counts("returns", mapped) {
        return None;
    }
    Some(StepDefinition {
        id: id?.clone(),
        uses: node.read("uses")?,
        via: match via {
            Some(via) => via?,
            None => None,
        },
        action: action?,
        condition: condition?,
        each: None,
        once: once?,
        asynchronous: node.flag("async"),
        rate: node.read("rate"),
        hours: hours?,
        expires: expires?,
        batch: batch?,
        pages: pages?,
        timeout: node.get("timeout").and_then(Node::duration),
        returns,
        retry: retry?,
        fallback: Vec::new(),
        compensate: None,
        unknown: unknown(node),
        refused: refused(node),
    })
}

fn unknown(node: &Node) -> Unknown {
    match node.get("unknown").and_then(Node::text) {
        Some("retry") => Unknown::Retry,
        Some("fallback") => Unknown::Fallback,
        _ => Unknown::Review,
    }
}

fn refused(node: &Node) -> Refused {
    match node.get("refused").and_then(Node::text) {
        Some("continue") => Refused::Continue,
        Some("stop") => Refused::Stop,
        _ => Refused::Fail,
    }
}

/// Reports keys that the step's kind gives no meaning.
fn misplaced(place: Place<'_>, node: &Node, updates: bool) {
    let report = |key: &str, why: &str| {
        if let Some(member) = node.member(key) {
            let message = format!("`{key}` has no meaning here");
            let finding = Finding::error("MisplacedKey", member.key_span.clone(), message);
            place.document.report(finding.help(why));
        }
    };
    if updates {
        report("via", "update-record uses no connection: remove `via`");
        report(
            "returns",
            "the result of update-record is `.record` and `.refused`: remove `returns`",
        );
        report(
            "unknown",
            "a change of a record either happens or does not: remove `unknown`",
        );
        report("hours", "update-record calls nobody: remove `hours`");
    } else {
        report(
            "refused",
            "only update-record can be refused: remove `refused`",
        );
    }
    let falls_back = node.get("unknown").and_then(Node::text) == Some("fallback");
    let fallbacks = node.get("fallback").map_or(0, |node| node.elements().len());
    if falls_back && fallbacks == 0 {
        report("unknown", "`unknown: fallback` needs a `fallback:` list");
    }
}

fn signature<'w>(place: Place<'w>, node: &Node, function: &str) -> Option<&'w Signature> {
    let found = place.world.catalog.get(function);
    if found.is_some() || node.is_broken() {
        return found;
    }
    let finding = if LATER.contains(&function) {
        let message = format!("the step function `{function}` is not supported yet");
        Finding::error("NotSupportedYet", node.span.clone(), message)
            .help("it is part of the language, but this version does not have it")
    } else {
        let mut names: Vec<_> = place.world.catalog.names().collect();
        if !names.contains(&UPDATE_RECORD) {
            names.push(UPDATE_RECORD);
        }
        let message = format!("there is no step function `{function}`");
        Finding::error("UnknownFunction", node.span.clone(), message).help(suggestion(
            function,
            names.iter().copied(),
            "step function",
        ))
    };
    place.document.report(finding);
    None
}

fn call(place: Place<'_>, node: &Node, signature: Option<&Signature>) -> Option<Action> {
    let signature = signature?;
    let expected = Expected::Schema(Schema::new(&signature.input));
    let what = format!("`with` of {}", signature.name);
    let (at, given) = match node.get("with") {
        Some(with) if with.is_broken() => return None,
        Some(with) => (with, with.members()),
        None => (node.get("uses")?, &[][..]),
    };
    members(place, at, given, expected, &what).map(|with| Action::Call { with })
}

/// The type of a function's result without `returns`.
fn output(signature: &Signature) -> Type {
    let schema = Schema::new(&signature.output);
    match (schema.ty(), &signature.keeps) {
        (Type::Object(members), Some(kept)) => {
            let mut members = (*members).clone();
            members.retain(|name, _| kept.contains(name));
            Type::Object(Arc::new(members))
        }
        (ty, _) => ty,
    }
}

/// The result of `update-record`.
pub(super) fn updated(snapshot: Type) -> Type {
    object([("record", snapshot), ("refused", Type::Bool)])
}

fn once(place: Place<'_>, node: &Node) -> Option<Once> {
    let key = node.get("key").unwrap_or(node);
    Some(Once {
        key: logic(place, key, Some(&Type::String))?,
        duration: node.get("for").and_then(Node::duration),
    })
}
