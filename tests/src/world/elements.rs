//! What is asked of steps that are performed for each element of a list, when nothing moves.

use holdfast_engine::entry::State;
use holdfast_engine::id::StepKey;

use super::properties::Rest;

impl Rest<'_> {
    /// P12: a step is done for all of its elements before it is done, and then it is, or a person
    /// sees of which message it is known.
    pub(super) fn elements(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (place, entry) in &self.seen.entries {
            let (key, Some(each)) = (place.replace('#', ":"), &entry.each) else {
                continue;
            };
            let count = each.count;
            let all_done = self.all_done(&key);
            if entry.state == State::Succeeded && !all_done {
                wrong.push(format!("P12: {key} is done, and not all of {count} are"));
            }
            let (_, step) = key.rsplit_once(':').unwrap_or_default();
            let is_old = self.chaos.generation > 1 && key.split(':').nth(1) == Some("1");
            let mut keys = step.parse::<StepKey>().into_iter().flat_map(|step| {
                let elements: Vec<_> = each.keys(&step).collect();
                elements.into_iter().map(|it| it.to_string())
            });
            let prefix = key.strip_suffix(step).unwrap_or_default();
            let seen = self.is_seen(&key)
                || keys.any(|it| {
                    let own = format!("{prefix}{it}");
                    let fallback = fallback_of(&own).unwrap_or_default();
                    self.is_seen(&own) || self.is_seen(&fallback)
                });
            if entry.state == State::Waiting && all_done && !seen && !is_old {
                wrong.push(format!("P12: {key} waits, and all of {count} are done"));
            }
        }
        wrong
    }

    /// Whether every element of a step has succeeded or was left out, or its fallback.
    pub(super) fn all_done(&self, whole: &str) -> bool {
        let each = self.entry(whole).and_then(|entry| entry.each.as_ref());
        let (Some(each), Some((prefix, step))) = (each, whole.rsplit_once(':')) else {
            return true;
        };
        let Ok(step) = step.parse::<StepKey>() else {
            return false;
        };
        let done = |step: &StepKey| {
            let entry = self.entry(&format!("{prefix}:{step}"));
            entry.is_some_and(|entry| matches!(entry.state, State::Succeeded | State::Skipped))
        };
        each.keys(&step).all(|it| done(&it) || done(&it.fallback()))
    }
}

/// The side-effect key of a step's first fallback.
pub(super) fn fallback_of(key: &str) -> Option<String> {
    let (before, step) = key.rsplit_once(':')?;
    let step: StepKey = step.parse().ok()?;
    (step.n == 1).then(|| format!("{before}:{}", step.fallback()))
}
