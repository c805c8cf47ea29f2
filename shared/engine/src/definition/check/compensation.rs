//! `compensate:`: what undoes a step when a later one fails for good.

use std::sync::Arc;

use super::Place;
use super::step;
use super::workflow::Flow;
use crate::definition::document::Finding;
use crate::definition::model::StepDefinition;
use crate::definition::yaml::Node;
use crate::expr::Type;

/// Adds its compensation to a step; it reads the step's result, of type `ty`.
pub(super) fn with(
    place: Place<'_>,
    flow: Flow<'_>,
    node: &Node,
    step: Option<StepDefinition>,
    ty: &Type,
) -> Option<StepDefinition> {
    let Some(member) = node.member("compensate") else {
        return step;
    };
    if node.flag("async") {
        let message = "an asynchronous step is not undone";
        let finding = Finding::error("MisplacedKey", member.key_span.clone(), message);
        let help = "nobody waits for its outcome: remove `async` or `compensate`";
        place.document.report(finding.help(help));
    }
    let compensation = compensation(place, flow, node, &member.value, ty);
    let step = step?;
    Some(StepDefinition {
        compensate: Some(Box::new(compensation?)),
        ..step
    })
}

fn compensation(
    place: Place<'_>,
    flow: Flow<'_>,
    step: &Node,
    node: &Node,
    ty: &Type,
) -> Option<StepDefinition> {
    let id = step.read("id");
    let mut env = place.env.clone();
    if let (Some(Type::Object(steps)), Some(id)) = (env.roots.get("steps"), step.get("id")) {
        let mut steps = (**steps).clone();
        steps.insert(id.text().unwrap_or_default().to_owned(), ty.clone());
        env.roots
            .insert("steps".to_owned(), Type::Object(Arc::new(steps)));
    }
    stops(place, node);
    step::one(place.with_env(&env), flow, node, id.as_ref()).0
}

/// A compensation has no execution to stop.
fn stops(place: Place<'_>, node: &Node) {
    let refused = node.get("refused");
    if let Some(refused) = refused.filter(|node| node.text() == Some("stop")) {
        let message = "a compensation cannot stop the execution, which has failed already";
        let finding = Finding::error("MisplacedKey", refused.span.clone(), message);
        let help = "write `refused: continue` to go on with the next compensation";
        place.document.report(finding.help(help));
    }
}
