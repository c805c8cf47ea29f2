//! Whether an end is the same as the calm one, with the one difference that is allowed.

use std::collections::BTreeSet;

use holdfast_engine::definition::model::Pack;
use holdfast_engine::name::WorkflowName;
use holdfast_engine::step::Effect;

use super::projection::Projection;

/// A step of an execution, as lines name it: `workflow[event]/step`, without its number.
type StepName = String;

impl Projection {
    /// What of another end is not as in this calm one.
    ///
    /// The one allowed difference: where the effect of a step may not be repeated, or certainty is
    /// needed before a `once` key is freed or a fallback follows, an interrupted attempt may leave
    /// the step's outcome unknown. Then a review item says so, and the effect arrived at most
    /// once, by the step or its fallback. Nothing else of that step is compared.
    ///
    /// And people may be told of more: of what opened and closed again on the way. Never of less,
    /// unless the step is one whose outcome is unknown, which they are told instead.
    ///
    /// And a dead letter is only a copy where the step's error record, which holds the message, is
    /// open, or where the step has succeeded since, by a redrive of that record: another delivery
    /// of that message may have taken it away, or left it twice.
    #[must_use]
    pub fn differences(&self, pack: &Pack, other: &Self) -> Vec<String> {
        let unknown = other.unknown();
        let mut wrong = other.unlawful();
        wrong.extend(unknown.iter().filter_map(|step| other.lawful(pack, step)));
        let about = |line: &str| {
            unknown.iter().any(|step| is_about(line, step))
                || other.is_copy(line)
                || (line.starts_with("alert ") && !self.lines.contains_key(line))
        };
        let all: BTreeSet<_> = self.lines.keys().chain(other.lines.keys()).collect();
        for line in all.into_iter().filter(|line| !about(line)) {
            let (calm, seen) = (self.lines.get(line), other.lines.get(line));
            if calm != seen {
                let shown = |side: Option<&String>| side.cloned().unwrap_or("nothing".to_owned());
                wrong.push(format!(
                    "{line}\n  calm: {}\n  seen: {}",
                    shown(calm),
                    shown(seen)
                ));
            }
        }
        wrong
    }

    /// What must not be at any end: somebody who was not told, or was told of what there is not, and
    /// an error that is still open although its step succeeded.
    #[must_use]
    pub fn unlawful(&self) -> Vec<String> {
        let wrong = self
            .lines
            .iter()
            .filter(|(line, what)| match line.split_once(' ') {
                Some(("silence", _)) => true,
                Some(("alert", _)) => *what != "told",
                Some(("operation", about)) => {
                    what.contains(r#""error""#) && self.has_succeeded(about)
                }
                _ => false,
            });
        wrong
            .map(|(line, what)| format!("{line} is {what}"))
            .collect()
    }

    fn has_succeeded(&self, operation: &str) -> bool {
        let step = operation.split(' ').next().unwrap_or_default();
        let entry = format!("step {step} g");
        let mut entries = self.lines.range(entry.clone()..);
        entries.next().is_some_and(|(line, what)| {
            line.starts_with(&entry) && what.contains(r#""state":"succeeded""#)
        })
    }

    /// Whether a line is a dead letter whose step has an open error record, or has succeeded.
    fn is_copy(&self, line: &str) -> bool {
        let Some(step) = line
            .strip_prefix("dead ")
            .and_then(|line| line.split(' ').nth(1))
        else {
            return false;
        };
        let operation = format!("operation {step} ");
        if self.has_succeeded(step) {
            return true;
        }
        self.lines
            .range(operation.clone()..)
            .next()
            .is_some_and(|(line, _)| line.starts_with(&operation))
    }

    /// The steps whose outcome is unknown.
    #[must_use]
    pub fn unknown(&self) -> BTreeSet<StepName> {
        let steps = self.lines.iter().filter_map(|(line, what)| {
            let step = line.strip_prefix("step ")?;
            what.contains(r#""state":"unknown""#).then_some(step)
        });
        steps
            .filter_map(|step| Some(step.rsplit_once('.')?.0.to_owned()))
            .collect()
    }

    /// What is wrong with an unknown outcome.
    fn lawful(&self, pack: &Pack, step: &str) -> Option<String> {
        let lines = || self.lines.iter().filter(|(line, _)| is_about(line, step));
        let asked = lines().filter(|(line, _)| {
            line.starts_with("operation ") && line.ends_with(" unknown-outcome")
        });
        let effects = lines().filter(|(line, _)| line.starts_with("effect "));
        let times = effects.filter_map(|(_, what)| what.split(' ').next()?.parse::<usize>().ok());
        let (asked, times) = (asked.count(), times.sum::<usize>());
        let lawful = asked == 1 && times <= 1 && may_be_unknown(pack, step);
        (!lawful).then(|| format!("{step} is unknown: asked {asked} times, arrived {times} times"))
    }
}

/// Whether a line speaks of a step, whichever its number: of it, its effect, message or report.
fn is_about(line: &str, step: &str) -> bool {
    let Some((execution, id)) = step.rsplit_once('/') else {
        return false;
    };
    let report = |rest: &str| {
        rest.split_once('-').is_some_and(|(step, of)| {
            step.split('.').next() == Some(id) && of.starts_with(execution)
        })
    };
    let workflow = execution.split('[').next().unwrap_or_default();
    line.contains(&format!("{step}."))
        || line.starts_with(&format!("alert {workflow}/{id}."))
        || line
            .split_once(":SM-")
            .is_some_and(|(_, rest)| report(rest))
}

/// Whether the contract may ask a person about a step's effect.
fn may_be_unknown(pack: &Pack, step: &str) -> bool {
    let workflow = step.split('[').next().unwrap_or_default();
    let workflow = WorkflowName::new(workflow).ok();
    let workflow = workflow.and_then(|name| pack.workflows.get(&name));
    let id = step.rsplit('/').next().unwrap_or_default();
    let mut steps = workflow.into_iter().flat_map(|workflow| &workflow.steps);
    let Some(step) = steps.find(|step| step.id.as_str() == id) else {
        return false;
    };
    let connection = step.via.as_ref().and_then(|via| pack.connections.get(via));
    let effect = connection.map(|connection| Effect::Keyed.through(connection));
    step.once.is_some() || !step.fallback.is_empty() || effect == Some(Effect::AtMostOnce)
}
