//! One worker's next action: what the runner does with a message, one port call at a time.

use holdfast_engine::contract::{OnceVerdict, Reaction};
use holdfast_engine::entry::Occurred;

use super::bridge::{asked, at, due, owner, reaction, transition};
use super::scenario::{Mutation, Scenario};
use super::state::{Entry, Life, MAX_RECEIVES, Named, Once, Phase, State, Then, Worker};

/// How long a claim lives.
const LEASE: u8 = 1;

/// There is nothing to do but to acknowledge.
const RETIRED: Phase = Phase::End(Then::Acknowledge);

/// Pushes every state that a worker's next action may lead to.
pub(super) fn steps(
    state: &State,
    index: usize,
    worker: &Worker,
    scenario: &Scenario,
    next: &mut Vec<State>,
) {
    let mut work = At {
        state: state.clone(),
        index,
        worker: *worker,
        scenario,
    };
    match worker.phase {
        Phase::Decide => {
            if work.may_park() {
                let mut parked = work.clone();
                parked.park();
                next.push(parked.state);
            }
            work.decide();
        }
        Phase::Retire => work.retire(),
        Phase::OpenCrash => work.open_crash(),
        Phase::Perform => return work.perform(next),
        Phase::Settle(outcome) => work.settle(outcome),
        Phase::Dispatch(then) => work.dispatch(then),
        Phase::CloseCrash(then) => {
            work.state.seen[worker.message.step].crash = false;
            work.go(Phase::End(then));
        }
        Phase::End(then) => work.end(then),
    }
    next.push(work.state);
}

/// A worker in its state.
#[derive(Clone)]
pub(super) struct At<'a> {
    pub(super) state: State,
    pub(super) index: usize,
    pub(super) worker: Worker,
    pub(super) scenario: &'a Scenario,
}

impl At<'_> {
    pub(super) fn step(&self) -> usize {
        self.worker.message.step
    }

    pub(super) fn last(&self) -> bool {
        self.worker.message.receives >= MAX_RECEIVES
    }

    pub(super) fn has(&self, mutation: Mutation) -> bool {
        self.scenario.has(mutation)
    }

    pub(super) fn go(&mut self, phase: Phase) {
        self.worker.phase = phase;
        self.state.workers[self.index] = Some(self.worker);
    }

    /// Looks at what is there now, and decides again.
    pub(super) fn look_again(&mut self) {
        self.worker.entry = self.state.entries[self.step()];
        self.worker.once = self.state.once;
        let retires = self.worker.phase == Phase::Retire;
        self.go(if retires {
            Phase::Retire
        } else {
            Phase::Decide
        });
    }

    /// Writes the entry where its condition holds.
    pub(super) fn commit(&mut self, entry: Option<Entry>) -> bool {
        let unchanged = self.state.entries[self.step()] == self.worker.entry;
        match entry.filter(|_| unchanged || self.has(Mutation::NoCondition)) {
            Some(entry) => {
                self.state.entries[self.step()] = Some(entry);
                self.worker.entry = Some(entry);
                true
            }
            None => false,
        }
    }

    /// Puts a message off before any claim, as a breaker or a rate does.
    fn park(&mut self) {
        self.state.parks -= 1;
        let due = self.state.now + 1;
        self.go(Phase::End(if self.has(Mutation::ParkByVisibility) {
            Then::Retry(due)
        } else {
            Then::Park(due)
        }));
    }

    fn may_park(&self) -> bool {
        let reaction = || reaction(&self.worker, self.state.now, self.scenario);
        self.state.parks > 0 && reaction().performs()
    }

    fn decide(&mut self) {
        let reaction = reaction(&self.worker, self.state.now, self.scenario);
        match reaction {
            Reaction::Perform => self.begin(None),
            Reaction::Claim => self.claim(false),
            Reaction::TakeOver => self.claim(true),
            Reaction::Abandon if self.has(Mutation::TakeOverAlways) => self.claim(true),
            Reaction::Abandon => self.abandon(),
            Reaction::FallBack => self.fall_back(),
            Reaction::AcceptRedrive => self.accept_redrive(),
            Reaction::Stale if self.has(Mutation::AcceptStale) => self.accept_redrive(),
            Reaction::Replay if self.has(Mutation::NoReplay) => self.go(RETIRED),
            Reaction::Replay => self.go(Phase::Dispatch(Then::Acknowledge)),
            Reaction::Wait(moment) => {
                let due = due(moment, &self.state);
                self.go(Phase::End(Then::Park(due)));
            }
            Reaction::FailAgain => self.go(Phase::End(Then::Fail)),
            Reaction::EnsureReview | Reaction::Stale => self.go(RETIRED),
        }
    }

    /// A message of an old generation does not run; a claim without an owner is left to a person.
    fn retire(&mut self) {
        let started = matches!(
            self.worker.entry.map(|entry| entry.life),
            Some(Life::Started { .. })
        );
        match reaction(&self.worker, self.state.now, self.scenario) {
            Reaction::Wait(moment) if started => {
                let due = due(moment, &self.state);
                self.go(Phase::End(Then::Park(due)));
            }
            _ if started => self.abandon(),
            _ => self.go(RETIRED),
        }
    }

    fn begin(&mut self, owner: Option<u8>) {
        self.worker.owner = owner;
        self.go(if self.last() {
            Phase::OpenCrash
        } else {
            Phase::Perform
        });
    }

    pub(super) fn names(&self) -> Option<Named> {
        self.worker.entry.and_then(|entry| entry.names)
    }

    fn claim(&mut self, takes_over: bool) {
        let once = self.scenario.terms(self.step()).once;
        if once {
            match asked(self.worker.once, self.step()) {
                OnceVerdict::Free => {}
                OnceVerdict::Held => {
                    return self.go(Phase::End(Then::Park(self.state.now + 1)));
                }
                OnceVerdict::Suppressed(..) => return self.suppressed(),
            }
        }
        self.state.ids += 1;
        let number = self.state.ids;
        let (who, lease) = (owner(number), at(self.state.now + LEASE));
        let occurred = if takes_over {
            Occurred::TakenOver { owner: who, lease }
        } else {
            Occurred::Claimed { owner: who, lease }
        };
        let entry = transition(self.worker.entry.as_ref(), &occurred, self.names());
        let known = !once || self.state.once == self.worker.once;
        if !known || !self.commit(entry) {
            return self.look_again();
        }
        if once {
            let holder = u8::from(self.step() == 2) * 2;
            let pending = Once {
                holder,
                done: false,
            };
            self.state.once = Some(pending);
            self.worker.once = Some(pending);
        }
        self.begin(Some(number));
    }

    fn suppressed(&mut self) {
        let occurred = Occurred::Succeeded { by: None };
        let entry = transition(self.worker.entry.as_ref(), &occurred, None);
        if self.commit(entry) {
            self.go(Phase::Dispatch(Then::Acknowledge));
        } else {
            self.look_again();
        }
    }

    fn abandon(&mut self) {
        let entry = transition(
            self.worker.entry.as_ref(),
            &Occurred::Abandoned,
            Some(Named::Review),
        );
        if self.commit(entry) {
            let seen = &mut self.state.seen[self.worker.message.step];
            (seen.review, seen.crash) = (true, false);
            self.go(RETIRED);
        } else {
            self.look_again();
        }
    }

    fn fall_back(&mut self) {
        let Some(Life::Started { owner: who, .. }) = self.worker.entry.map(|entry| entry.life)
        else {
            return self.look_again();
        };
        let (by, maybe) = (Some(owner(who)), true);
        let occurred = Occurred::FellBack { by, maybe };
        let entry = transition(self.worker.entry.as_ref(), &occurred, Some(Named::Failure));
        if self.commit(entry) {
            self.state.seen[self.worker.message.step].review |= self.scenario.once;
            self.go(Phase::Dispatch(Then::Acknowledge));
        } else {
            self.look_again();
        }
    }

    fn accept_redrive(&mut self) {
        let occurred = Occurred::Redriven {
            at: at(self.state.now),
        };
        let entry = transition(self.worker.entry.as_ref(), &occurred, self.names());
        if self.commit(entry) {
            let seen = &mut self.state.seen[self.worker.message.step];
            (seen.failure, seen.crash) = (false, false);
        }
        self.look_again();
    }

    fn open_crash(&mut self) {
        let before = self.worker.entry;
        let known = self.names() == Some(Named::Crash) && self.state.seen[self.step()].crash;
        if known {
            return self.go(Phase::Perform);
        }
        let (by, due, maybe) = (None, at(self.state.now), false);
        let entry = before.map_or_else(
            || transition(None, &Occurred::Retried { by, due, maybe }, None),
            |entry| {
                Some(Entry {
                    revision: entry.revision + 1,
                    ..entry
                })
            },
        );
        let entry = entry.map(|entry| Entry {
            names: Some(Named::Crash),
            ..entry
        });
        if self.commit(entry) {
            self.state.seen[self.worker.message.step].crash = true;
            self.go(Phase::Perform);
        } else {
            self.look_again();
        }
    }
}
