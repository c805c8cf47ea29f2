//! The properties of the step contract, asked when nothing moves.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_engine::entry::{End, State, StepEntry};
use holdfast_engine::envelope::Envelope;
use holdfast_engine::id::StepKey;
use holdfast_engine::key;
use holdfast_engine::operation::Status;
use holdfast_engine::port::Ports as _;

use super::elements::fallback_of;
use super::schedule::Chaos;
use super::{Policy, Witness};

/// What a run came to, and what of it a person can see.
pub(super) struct Rest<'a> {
    pub(super) chaos: &'a Chaos,
    pub(super) seen: Witness,
    /// Keys of envelopes that lie in a dead-letter queue.
    dead: BTreeSet<String>,
    /// Keys of envelopes that an open error record or review item holds.
    asked: BTreeSet<String>,
    /// Keys of envelopes that still wait in a queue.
    queued: BTreeSet<String>,
}

/// The properties that do not hold.
pub(super) fn broken(chaos: &Chaos, policy: Policy) -> Vec<String> {
    let rest = Rest::of(chaos);
    let mut wrong = rest.effects(policy);
    wrong.extend(rest.nothing_vanished());
    wrong.extend(rest.undone());
    wrong.extend(rest.elements());
    wrong.extend(rest.changes());
    wrong.extend(rest.errors());
    wrong.extend(rest.parking());
    wrong
}

fn envelope_key(body: &str) -> Option<String> {
    let envelope: Envelope = serde_json::from_str(body).ok()?;
    Some(envelope.key())
}

impl<'a> Rest<'a> {
    fn of(chaos: &'a Chaos) -> Self {
        let seen = Witness::of(&chaos.world);
        let dead = chaos.world.memory.queue().dead().into_iter();
        let dead = dead.filter_map(|(_, letter)| envelope_key(&letter.body));
        let errors = seen.open().map(|error| &error.envelope);
        let reviews = seen.reviews.iter();
        let reviews = reviews.filter(|review| review.handling.status == Status::Open);
        let asked = errors.chain(reviews.map(|review| &review.subject));
        let queued = ["keyed-effect", "raw-effect", "update-record"];
        let queued = queued.map(|queue| chaos.world.memory.queue().bodies(queue));
        Self {
            chaos,
            dead: dead.collect(),
            asked: asked.filter_map(|body| envelope_key(body)).collect(),
            queued: queued
                .iter()
                .flatten()
                .filter_map(|body| envelope_key(body))
                .collect(),
            seen,
        }
    }

    /// P1, P6, P7: what reached the receivers.
    fn effects(&self, policy: Policy) -> Vec<String> {
        let mut arrivals = BTreeMap::<(String, String), usize>::new();
        let mut once = BTreeMap::<String, BTreeSet<String>>::new();
        for arrived in self.chaos.world.effects.all() {
            once.entry(arrived.once.unwrap_or_default())
                .or_default()
                .insert(arrived.key.clone());
            *arrivals.entry((arrived.function, arrived.key)).or_default() += 1;
        }
        let mut wrong = Vec::new();
        for ((function, key), times) in &arrivals {
            if function == "raw-effect" && *times > 1 && policy != Policy::Retry {
                wrong.push(format!("P1: {times} effects of {key}"));
            }
            let fell_back = fallback_of(key);
            let both =
                fell_back.is_some_and(|other| arrivals.contains_key(&(function.clone(), other)));
            let accepted = policy == Policy::Fallback && key.ends_with(":tell.1");
            if both && !accepted {
                wrong.push(format!("P6: {key} took effect, and so did its fallback"));
            }
        }
        for (key, effects) in once.iter().filter(|(key, _)| !key.is_empty()) {
            if effects.len() > 1 {
                wrong.push(format!("P7: {effects:?} under the key `{key}`"));
            }
        }
        wrong
    }

    /// P2: each step of each execution has succeeded, been skipped, or can be seen.
    fn nothing_vanished(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for execution in &self.chaos.executions {
            let rerun = self.chaos.generation > 1 && *execution == self.chaos.executions[0];
            let generation = if rerun { self.chaos.generation } else { 1 };
            let prefix = format!("{}:{generation}:", execution.execution);
            let mut open: Vec<String> = vec!["call.1".to_owned()];
            while let Some(step) = open.pop() {
                let key = format!("{prefix}{step}");
                let entry = self.entry(&key);
                match entry.map(|entry| &entry.state) {
                    Some(State::Succeeded | State::FellBack) => {
                        let dispatch = entry.and_then(|entry| entry.dispatch.as_ref());
                        let lost = self.is_seen(&key);
                        let following = dispatch.map(|dispatch| dispatch.steps.iter());
                        let following = following.into_iter().flatten().map(StepKey::to_string);
                        open.extend(following.filter(|_| !lost));
                    }
                    Some(State::GaveUp { .. }) if self.is_seen(&key) => {
                        let dispatch = entry.and_then(|entry| entry.dispatch.as_ref());
                        let following = dispatch.map(|dispatch| dispatch.steps.iter());
                        open.extend(following.into_iter().flatten().map(StepKey::to_string));
                    }
                    Some(State::Skipped) => {}
                    Some(State::Waiting) => {
                        let each = entry.and_then(|entry| entry.each.as_ref());
                        let step: StepKey = step.parse().expect("a step's key");
                        let elements = each.into_iter().flat_map(|each| each.keys(&step));
                        open.extend(elements.map(|element| element.to_string()));
                    }
                    _ if self.is_seen(&key) || self.waits_for_once(&key) => {}
                    state => wrong.push(format!("P2: nobody sees {key}, which is {state:?}")),
                }
            }
        }
        wrong
    }

    /// P11: only what took effect is undone, and nothing of an execution that completed.
    fn undone(&self) -> Vec<String> {
        let arrivals: BTreeSet<String> = self
            .chaos
            .world
            .effects
            .all()
            .into_iter()
            .map(|arrived| arrived.key)
            .collect();
        let undone = arrivals.iter().filter_map(|key| key.strip_suffix(".undo"));
        let mut wrong = Vec::new();
        for step in undone {
            let acts = |n| arrivals.contains(&format!("{step}.{n}"));
            if !acts(1) && !acts(2) {
                wrong.push(format!("P11: {step} was undone and never done"));
            }
            let Some((generation, _)) = step.rsplit_once(':') else {
                continue;
            };
            let prefix = generation.replace(':', "#") + "#";
            let mut entries = self.seen.entries.iter();
            let completed = |entry: &StepEntry| {
                let dispatch = entry.dispatch.as_ref();
                dispatch.is_some_and(|dispatch| dispatch.end == Some(End::Completed))
            };
            if entries.any(|(key, entry)| key.starts_with(&prefix) && completed(entry)) {
                wrong.push(format!(
                    "P11: {step} was undone in an execution that completed"
                ));
            }
        }
        wrong
    }

    pub(super) fn entry(&self, key: &str) -> Option<&StepEntry> {
        self.seen.entries.get(&key.replace(':', "#"))
    }

    pub(super) fn is_seen(&self, key: &str) -> bool {
        self.asked.contains(key)
    }

    /// Whether a step waits in its queue for a `once` key whose holder a person decides on.
    fn waits_for_once(&self, key: &str) -> bool {
        let tells = |key: &str| {
            key.split('@')
                .next()
                .is_some_and(|it| it.ends_with(":tell.1"))
        };
        let held = |other: &&String| tells(other) && other.as_str() != key;
        tells(key) && self.queued.contains(key) && self.asked.iter().any(|other| held(&other))
    }

    /// P4: one change per `update-record` that succeeded.
    fn changes(&self) -> Option<String> {
        let changed =
            self.seen.entries.iter().filter(|(step, entry)| {
                step.ends_with("#mark.1") && entry.state == State::Succeeded
            });
        let changed = changed.count();
        let item = key::record(&self.chaos.executions[0].home);
        let item = self.chaos.world.memory.journal().item(&item);
        let counted = item.and_then(|item| item.body.parse().ok()).unwrap_or(0);
        (changed != counted).then(|| format!("P4: {changed} updates changed {counted} times"))
    }

    /// Whether a step succeeded and what follows it has arrived.
    fn has_succeeded(&self, key: &str) -> bool {
        let succeeded = |entry: &&StepEntry| entry.state == State::Succeeded;
        let Some(entry) = self.entry(key).filter(succeeded) else {
            return false;
        };
        let before = key.rsplit_once(':').map_or("", |(before, _)| before);
        if let Some((whole, _)) = key.split_once('@') {
            let whole = format!(
                "{}.1",
                whole.rsplit_once('.').map_or(whole, |(step, _)| step)
            );
            return !self.all_done(&whole) || self.has_succeeded(&whole);
        }
        let mut following = entry.dispatch.iter().flat_map(|dispatch| &dispatch.steps);
        following.all(|step| self.entry(&format!("{before}:{step}")).is_some())
    }

    /// P5 and P10: a failed step has an open error record; a success has none, once what follows
    /// it has arrived.
    fn errors(&self) -> Vec<String> {
        let mut wrong: Vec<String> = Vec::new();
        for (step, open) in self.seen.failed() {
            if !open {
                wrong.push(format!("P5: {step} failed and no error is open"));
            }
        }
        for error in self.seen.open() {
            let key = envelope_key(&error.envelope).unwrap_or_default();
            if self.has_succeeded(&key) {
                wrong.push(format!(
                    "P10: {} is open on the success of {key}",
                    error.code
                ));
            }
        }
        wrong
    }

    /// P8: where no port fails, only what failed is dead-lettered.
    fn parking(&self) -> Vec<String> {
        let parked = |key: &&String| {
            let state = self.entry(key).map(|entry| &entry.state);
            !matches!(state, Some(State::Failed { .. } | State::GaveUp { .. }))
        };
        let dead = self.dead.iter().filter(|_| self.chaos.calm);
        dead.filter(parked)
            .map(|key| format!("P8: {key} is dead-lettered and has not failed"))
            .collect()
    }
}
