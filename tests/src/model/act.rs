//! What can happen in a state: every action of a worker, a queue, time or a person.

use super::scenario::{Mutation, Scenario};
use super::state::{Life, MAX_RECEIVES, Message, Phase, Seen, State, Worker};
use super::work;

/// How long a received message stays hidden.
const VISIBILITY: u8 = 2;

pub(super) fn first(scenario: &Scenario) -> State {
    let mut state = State {
        now: 0,
        entries: [None; 3],
        seen: [Seen::default(); 3],
        once: None,
        messages: Vec::new(),
        workers: [None; 2],
        effects: [0; 3],
        commits: [0; 3],
        next_sent: [false; 3],
        generation: 1,
        ids: 0,
        failures: scenario.failures,
        crashes: scenario.crashes,
        duplicates: scenario.duplicates,
        redrives: scenario.redrives,
        reruns: scenario.reruns,
        parks: scenario.parks,
        broken: None,
    };
    state.send(0, 0, 0);
    if scenario.once {
        state.send(2, 0, 0);
    }
    state.normal()
}

/// Adds every state that may follow, in no particular form.
pub(super) fn following(state: &State, scenario: &Scenario, next: &mut Vec<State>) {
    receive(state, scenario, next);
    for index in 0..state.workers.len() {
        if let Some(worker) = state.workers[index] {
            work::steps(state, index, &worker, scenario, next);
            crash(state, index, next);
            duplicate(state, &worker, next);
        }
    }
    pass_time(state, scenario, next);
    redrive(state, next);
    rerun(state, next);
}

fn receive(state: &State, scenario: &Scenario, next: &mut Vec<State>) {
    let Some(idle) = state.workers.iter().position(Option::is_none) else {
        return;
    };
    for (index, message) in state.messages.iter().enumerate() {
        if message.dead || message.visible > state.now {
            continue;
        }
        let mut after = state.clone();
        let received = &mut after.messages[index];
        received.receives += 1;
        received.visible = state.now + VISIBILITY;
        after.workers[idle] = Some(begun(state, *received, scenario));
        next.push(after);
    }
}

fn begun(state: &State, message: Message, scenario: &Scenario) -> Worker {
    let entry = state.entries[message.step];
    let failed = entry.is_some_and(|entry| matches!(entry.life, Life::Failed { .. }));
    let old = message.generation < state.generation;
    let forbidden = if old {
        Some("P9: an old generation ran")
    } else if failed && !message.redriven {
        Some("P3: a failed step ran again without a redrive")
    } else {
        None
    };
    let retired = old && !scenario.has(Mutation::RunOldGeneration);
    Worker {
        message,
        phase: if retired {
            Phase::Retire
        } else {
            Phase::Decide
        },
        entry,
        once: state.once,
        owner: None,
        forbidden,
    }
}

fn crash(state: &State, index: usize, next: &mut Vec<State>) {
    if state.crashes > 0 {
        let mut after = state.clone();
        after.crashes -= 1;
        after.workers[index] = None;
        next.push(after);
    }
}

fn duplicate(state: &State, worker: &Worker, next: &mut Vec<State>) {
    if state.duplicates == 0 {
        return;
    }
    let mut shown = state.clone();
    shown.duplicates -= 1;
    let found = shown
        .messages
        .iter_mut()
        .find(|one| one.id == worker.message.id);
    if let Some(message) = found.filter(|one| one.receives < MAX_RECEIVES) {
        message.visible = state.now;
        next.push(shown);
    }
    let mut copied = state.clone();
    copied.duplicates -= 1;
    copied.send(worker.message.step, state.now, state.now);
    next.push(copied);
}

fn pass_time(state: &State, scenario: &Scenario, next: &mut Vec<State>) {
    if state.now < scenario.horizon && !state.is_quiet() {
        let mut after = state.clone();
        after.now += 1;
        next.push(after);
    }
}

/// A redrive takes a moment: it is sent after the failure.
fn redrive(state: &State, next: &mut Vec<State>) {
    if state.redrives == 0 || !state.messages.iter().any(|message| message.dead) {
        return;
    }
    let mut after = state.clone();
    after.redrives -= 1;
    after.now += 1;
    let now = after.now;
    for message in after.messages.iter_mut().filter(|message| message.dead) {
        after.ids += 1;
        message.id = after.ids;
        (message.sent, message.visible, message.receives) = (now, now, 0);
        (message.dead, message.redriven) = (false, true);
    }
    next.push(after);
}

/// The step of the new generation takes the place of the fallback, which such a scenario lacks.
fn rerun(state: &State, next: &mut Vec<State>) {
    if state.reruns > 0 {
        let mut after = state.clone();
        after.reruns -= 1;
        after.generation += 1;
        after.send(1, state.now, state.now);
        next.push(after);
    }
}
