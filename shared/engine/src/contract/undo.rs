//! Compensation: what succeeded is undone, the last first, once a later step has failed for good.

use jiff::Timestamp;

use super::dispatch::Planner;
use super::shape::refusal;
use crate::definition::model::{StepDefinition, Workflow};
use crate::entry::{Dispatch, End, Skipped, State, StepEntry};
use crate::envelope::Context;
use crate::history::{Recorded, entries_of};
use crate::id::{ExecutionRef, StepKey};
use crate::name::StepId;
use crate::port::{Journal, PortError};

/// Decides which compensation follows this position: that of the last step before it that
/// succeeded and is not undone, or none, and then the end.
///
/// # Errors
/// [`PortError`] when the entries, or a referenced record, cannot be read.
pub async fn undo<J: Journal>(
    journal: &J,
    workflow: &Workflow,
    execution: &ExecutionRef,
    context: &Context,
    position: &StepId,
    now: Timestamp,
) -> Result<Dispatch, PortError> {
    let mut planner = Planner::new(journal, execution, context, now);
    let steps = undoable(workflow, position);
    let entries = match steps.as_slice() {
        [] => Vec::new(),
        _ => entries_of(journal, execution).await?,
    };
    for step in steps.iter().filter(|step| owes(&entries, &step.id)) {
        let Some(compensation) = &step.compensate else {
            continue;
        };
        let key = StepKey::undo(&step.id);
        if let Some(reason) = planner.skipped(compensation).await? {
            planner.dispatch.skipped.extend(left_out(&key, reason));
            continue;
        }
        planner.read_input(compensation).await?;
        planner.dispatch.steps.push(key);
        return Ok(planner.dispatch);
    }
    planner.dispatch.end = Some(End::Compensated);
    Ok(planner.dispatch)
}

/// The steps before a position that have a compensation, the last first.
fn undoable<'w>(workflow: &'w Workflow, position: &StepId) -> Vec<&'w StepDefinition> {
    let before = workflow
        .steps
        .iter()
        .take_while(|step| step.id != *position);
    let mut steps: Vec<_> = before.filter(|step| step.compensate.is_some()).collect();
    steps.reverse();
    steps
}

/// Whether a step took effect in some generation, and nothing was begun since to undo it.
fn owes(entries: &[Recorded], step: &StepId) -> bool {
    let latest = |wanted: &dyn Fn(&Recorded) -> bool| {
        let of_step = entries.iter().filter(|one| one.step.step == *step);
        of_step
            .filter(|one| wanted(one))
            .map(|one| one.generation)
            .max()
    };
    let done = latest(&|one| !one.step.undoes() && took_effect(&one.entry));
    let undone = latest(&|one| one.step.undoes());
    done.is_some_and(|done| undone.is_none_or(|undone| undone < done))
}

/// A step that was refused, or whose effect was another execution's, has nothing to undo.
fn took_effect(entry: &StepEntry) -> bool {
    let refused = entry.output.as_ref().and_then(refusal).is_some();
    entry.state == State::Succeeded && entry.suppressed.is_none() && !refused
}

fn left_out(key: &StepKey, reason: String) -> Option<Skipped> {
    let step = StepId::new(&key.to_string()).ok()?;
    Some(Skipped { step, reason })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::{Progress, Suppressed};
    use crate::id::EventId;

    fn entry(state: State) -> StepEntry {
        StepEntry {
            state,
            progress: Progress::FIRST,
            at: Timestamp::UNIX_EPOCH,
            event: EventId::from_text("s:1"),
            version: "p@1".to_owned(),
            output: None,
            target: None,
            changes: Vec::new(),
            reason: None,
            pages: None,
            each: None,
            dispatch: None,
            suppressed: None,
            attempts: Vec::new(),
            error: None,
        }
    }

    fn recorded(generation: u32, step: &str, entry: StepEntry) -> Recorded {
        Recorded {
            generation,
            step: step.parse().unwrap(),
            revision: 1,
            entry,
        }
    }

    fn owed(entries: &[Recorded]) -> bool {
        owes(entries, &StepId::new("pay").unwrap())
    }

    #[test]
    fn only_an_effect_of_its_own_is_undone() {
        let done = recorded(1, "pay.2", entry(State::Succeeded));
        assert!(
            owed(std::slice::from_ref(&done)),
            "by whichever alternative"
        );
        let mut refused = entry(State::Succeeded);
        refused.output = Some(serde_json::json!({ "refused": true }));
        let mut suppressed = entry(State::Succeeded);
        suppressed.suppressed = Some(Suppressed {
            execution: format!("t/deal/1/w/{}", "a".repeat(26)).parse().unwrap(),
            step: "pay.1".parse().unwrap(),
        });
        for other in [
            recorded(1, "pay.1", refused),
            recorded(1, "pay.1", suppressed),
            recorded(1, "pay.1", entry(State::FellBack)),
            recorded(1, "pay.1", entry(State::Unknown)),
            recorded(1, "other.1", entry(State::Succeeded)),
        ] {
            assert!(!owed(std::slice::from_ref(&other)), "{other:?}");
        }
    }

    #[test]
    fn what_was_begun_to_be_undone_is_undone_again_only_after_it_was_done_again() {
        let done = |generation| recorded(generation, "pay.1", entry(State::Succeeded));
        let undone = |generation| recorded(generation, "pay.undo", entry(State::Unknown));
        assert!(!owed(&[done(1), undone(1)]));
        assert!(!owed(&[done(1), undone(2)]));
        assert!(owed(&[done(1), undone(1), done(2)]));
    }
}
