//! `each:`: steps that are performed for every element of a list.

use super::Place;
use super::environment::object;
use super::logic::expression;
use super::step::{UPDATE_RECORD, step_and_type};
use super::workflow::Flow;
use crate::definition::document::Finding;
use crate::definition::model::StepDefinition;
use crate::definition::yaml::Node;
use crate::expr::{Environment, Expression, Type};
use crate::name::StepId;

/// What an author writes.
const EXAMPLE: &str = "write `each: =event.data.guests`";

/// The list of a step, and the type of its elements.
pub(super) struct Each {
    /// `None`: there is a mistake, which is reported.
    list: Option<Expression>,
    item: Type,
}

/// Reads what a step is performed for, in the scope of the whole step.
pub(super) fn each(place: Place<'_>, node: &Node, earlier: &[StepDefinition]) -> Option<Each> {
    let given = node.get("each")?;
    let fits = fits(place, node, earlier);
    let list = list(place, given);
    let item = match list.as_ref().map(Expression::ty) {
        Some(Type::List(item)) => (**item).clone(),
        _ => Type::Dynamic,
    };
    Some(Each {
        list: list.filter(|_| fits),
        item,
    })
}

impl Each {
    /// The step, and the type of its result: a list of what an element comes to.
    pub(super) fn step(
        self,
        place: Place<'_>,
        flow: Flow<'_>,
        node: &Node,
        id: Option<&StepId>,
    ) -> (Option<StepDefinition>, Type) {
        let mut env = place.env.clone();
        env.roots.insert("item".to_owned(), self.item);
        let (step, ty) = step_and_type(place.with_env(&env), flow, node, id);
        let step = step.zip(self.list).map(|(step, list)| StepDefinition {
            each: Some(list),
            ..step
        });
        let updates = node.get("uses").and_then(Node::text) == Some(UPDATE_RECORD);
        let kept = if updates {
            object([("refused", Type::Bool)])
        } else {
            ty
        };
        (step, Type::List(Box::new(kept)))
    }
}

/// The scope of what is decided about the whole step.
pub(super) fn outside(env: &Environment, node: &Node) -> Environment {
    let mut env = env.clone();
    if node.get("each").is_some() && env.roots.remove("item").is_some() {
        let reason = "`if` is asked once, for all elements: leave some out with \
                      `each: =list.filter(it, …)`";
        env.refused.insert("item".to_owned(), reason.to_owned());
    }
    env
}

fn list(place: Place<'_>, node: &Node) -> Option<Expression> {
    if node.is_broken() || node.scalar().is_none() && !node.members().is_empty() {
        return None;
    }
    let text = node.text().unwrap_or_default();
    if !text.starts_with('=') || text.starts_with("==") {
        let message = "`each` is an expression that gives a list".to_owned();
        return refuse(place, node, "WrongType", message, EXAMPLE);
    }
    let list = expression(place, node, 1..text.len(), None)?;
    match list.ty() {
        Type::List(_) | Type::Dynamic => Some(list),
        _ => {
            let message = "this is not a list".to_owned();
            refuse(place, node, "WrongType", message, EXAMPLE)
        }
    }
}

fn refuse<T>(
    place: Place<'_>,
    node: &Node,
    code: &'static str,
    message: String,
    help: &str,
) -> Option<T> {
    let finding = Finding::error(code, node.span.clone(), message);
    place.document.report(finding.help(help));
    None
}

/// Whether what else the step and those before it say can be kept for every element.
fn fits(place: Place<'_>, node: &Node, earlier: &[StepDefinition]) -> bool {
    let mut fits = true;
    for (key, help) in [
        (
            "batch",
            "each element is called for by itself: remove `batch`",
        ),
        (
            "compensate",
            "an element that failed waits for a person, and the others stay done: remove `compensate`",
        ),
    ] {
        if let Some(member) = node.member(key) {
            fits = misplaced(place, member.key_span.clone(), key, help);
        }
    }
    let refused = node.member("refused");
    if let Some(refused) = refused.filter(|member| member.value.text() == Some("stop")) {
        let help = "one element does not stop the others: write `refused: continue`, and read \
                    `.refused` of each in the next step's `if`";
        fits = misplaced(place, refused.key_span.clone(), "refused: stop", help);
    }
    let undone = earlier.iter().find(|step| step.compensate.is_some());
    if let (Some(step), false, Some(each)) = (undone, node.flag("async"), node.member("each")) {
        let message = format!(
            "step `{}` would be undone while elements are under way",
            step.id
        );
        let finding = Finding::error("MisplacedKey", each.key_span.clone(), message);
        let help = "put the step with `each` before it, or into a workflow that the record starts";
        place.document.report(finding.help(help));
        fits = false;
    }
    fits && has_target(place, node)
}

fn misplaced(place: Place<'_>, span: std::ops::Range<usize>, what: &str, help: &str) -> bool {
    let message = format!("`{what}` does not go with `each`");
    let finding = Finding::error("MisplacedKey", span, message);
    place.document.report(finding.help(help));
    false
}

/// Elements that all change the execution's own record are a mistake: the last would win.
fn has_target(place: Place<'_>, node: &Node) -> bool {
    let updates = node.get("uses").and_then(Node::text) == Some(UPDATE_RECORD);
    let Some(with) = node.get("with").filter(|with| updates && !with.is_broken()) else {
        return true;
    };
    if with.get("record").is_some() {
        return true;
    }
    let message = "every element would change the execution's own record";
    let finding = Finding::error("MissingKey", with.span.clone(), message);
    let help = "say which: `record: =item`, or `record: { type: …, key: [=item] }`";
    place.document.report(finding.help(help));
    false
}
