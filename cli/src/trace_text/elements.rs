//! The names of steps, and the elements of one with `each`: many that came to the same are one line.

use std::collections::BTreeMap;

use holdfast_engine::timeline::{Line, StepPart, What};

use super::workflow;
use crate::output::style::{GREEN, PLAIN};

/// So many elements of one step that succeeded have a line each.
const SHOWN: usize = 5;

/// Which elements are one line: execution, generation, and the step without its element.
type Group<'t> = (&'t str, u32, &'t str);

/// The lines that are shown, each with how many elements it stands for, where that is more than
/// itself: of many that succeeded, the last one.
pub(super) fn collapsed(lines: &[Line]) -> Vec<(&Line, Option<usize>)> {
    let mut sizes = BTreeMap::<Group<'_>, usize>::new();
    for group in lines.iter().filter_map(group_of) {
        *sizes.entry(group).or_default() += 1;
    }
    sizes.retain(|_, size| *size > SHOWN);
    let mut left = sizes.clone();
    let shown = |line| {
        let Some((group, left)) = group_of(line).and_then(|group| {
            let left = left.get_mut(&group)?;
            Some((group, left))
        }) else {
            return Some((line, None));
        };
        *left -= 1;
        (*left == 0).then(|| (line, sizes.get(&group).copied()))
    };
    lines.iter().filter_map(shown).collect()
}

/// Elements of a step that all succeeded.
pub(super) fn many(step: &StepPart, count: usize) -> String {
    let (workflow, (name, _)) = (workflow(&step.execution), parts_of(&step.step));
    let name = step_name(name);
    format!("{workflow} · {name}  {count} elements  {GREEN}succeeded{PLAIN}")
}

/// A step by its id; its elements by their place, its fallbacks by their number, its compensation
/// by name.
pub(super) fn step_name(key: &str) -> String {
    let (key, element) = parts_of(key);
    let element = element.map_or_else(String::new, |element| format!("@{element}"));
    match key.rsplit_once('.') {
        Some((step, "1")) => format!("{step}{element}"),
        Some((_, "undo")) | None => key.to_owned(),
        Some((step, n)) => format!("{step}{element} (fallback {n})"),
    }
}

/// A step's id with its alternative, and the place of its element in the list.
fn parts_of(step: &str) -> (&str, Option<&str>) {
    match step.split_once('@') {
        Some((step, element)) => (step, Some(element)),
        None => (step, None),
    }
}

fn group_of(line: &Line) -> Option<Group<'_>> {
    match &line.what {
        What::Step(step) if has_succeeded(step) => {
            let (of, element) = parts_of(&step.step);
            element.map(|_| (step.execution.as_str(), step.generation, of))
        }
        _ => None,
    }
}

fn has_succeeded(step: &StepPart) -> bool {
    step.state == "succeeded" && step.error.is_none() && step.suppressed_by.is_none()
}
