//! `batch:`: steps that are called once for many executions.

use std::time::Duration;

use super::Place;
use super::step::UPDATE_RECORD;
use crate::definition::catalog::Signature;
use crate::definition::document::Finding;
use crate::definition::model::Batch;
use crate::definition::yaml::Node;

/// The shortest and the longest window.
const WINDOW: [Duration; 2] = [Duration::from_secs(1), Duration::from_hours(24)];

/// The most inputs of a call: its answers are written in one transaction.
const MAX: u64 = 1000;

/// Reads how a step collects; `None` when there is a mistake, which is reported.
pub(super) fn batch(
    place: Place<'_>,
    step: &Node,
    node: &Node,
    signature: Option<&Signature>,
) -> Option<Batch> {
    let fits = fits(place, step, node, signature);
    let (window, max) = (window(place, node), max(place, node));
    fits.then_some(Batch {
        window: window?,
        max: max?,
    })
}

/// Whether the step can be called for many: its function takes a list, and nothing of it is each
/// execution's own but its input.
fn fits(place: Place<'_>, step: &Node, node: &Node, signature: Option<&Signature>) -> bool {
    let batches = signature.and_then(|signature| signature.batches.as_deref());
    let Some(list) = batches else {
        let function = step.get("uses").and_then(Node::text).unwrap_or_default();
        if signature.is_none() && function != UPDATE_RECORD {
            return false;
        }
        let message = format!("{function} cannot be called for many at once");
        let help = "only a call-http with `json` can: remove `batch`";
        return refuse(place, node, "MisplacedKey", message, help);
    };
    let with = step.get("with");
    if with.is_some_and(|with| with.get(list).is_none()) {
        let message = format!("a step with `batch` needs `{list}` in `with`");
        let help = "the call has a list of these values, one of each execution";
        return refuse(place, node, "MissingKey", message, help);
    }
    for (key, help) in [
        (
            "expires",
            "a batch is for everybody in it: remove `expires`",
        ),
        ("once", "a batch is for everybody in it: remove `once`"),
        (
            "fallback",
            "nobody else can be called for a whole batch: remove `fallback`",
        ),
    ] {
        if let Some(member) = step.member(key) {
            let message = format!("`{key}` does not go with `batch`");
            let finding = Finding::error("MisplacedKey", member.key_span.clone(), message);
            place.document.report(finding.help(help));
            return false;
        }
    }
    true
}

fn window(place: Place<'_>, node: &Node) -> Option<Duration> {
    let node = node.get("window")?;
    let (window, [shortest, longest]) = (node.duration()?, WINDOW);
    if (shortest..=longest).contains(&window) {
        return Some(window);
    }
    let message = "a window lasts from 1s to 24h".to_owned();
    refuse(place, node, "InvalidBatch", message, "write `window: 60s`");
    None
}

fn max(place: Place<'_>, node: &Node) -> Option<usize> {
    let node = node.get("max")?;
    let max = node.json().as_u64();
    if let Some(max) = max.filter(|max| (2..=MAX).contains(max)) {
        return usize::try_from(max).ok();
    }
    let message = format!("a call has from 2 to {MAX} inputs");
    refuse(place, node, "InvalidBatch", message, "write `max: 1000`");
    None
}

fn refuse(place: Place<'_>, node: &Node, code: &'static str, message: String, help: &str) -> bool {
    let finding = Finding::error(code, node.span.clone(), message);
    place.document.report(finding.help(help));
    false
}
