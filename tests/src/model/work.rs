//! One worker's next action: what the runner does with a message, one port call at a time.

use holdfast_engine::contract::{Ending, OnceVerdict, Reaction, after_attempt};
use holdfast_engine::entry::Occurred;
use holdfast_engine::step::StepError;

use super::bridge::{asked, at, due, message, owner, progress, reaction, transition};
use super::scenario::{Mutation, Scenario};
use super::state::{Entry, Life, MAX_RECEIVES, Named, Once, Outcome, Phase, State, Then, Worker};

/// As many effects as need telling apart.
const MANY: u8 = 2;

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
        Phase::Decide => work.decide(),
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

struct At<'a> {
    state: State,
    index: usize,
    worker: Worker,
    scenario: &'a Scenario,
}

impl At<'_> {
    fn step(&self) -> usize {
        self.worker.message.step
    }

    fn last(&self) -> bool {
        self.worker.message.receives >= MAX_RECEIVES
    }

    fn has(&self, mutation: Mutation) -> bool {
        self.scenario.has(mutation)
    }

    fn go(&mut self, phase: Phase) {
        self.worker.phase = phase;
        self.state.workers[self.index] = Some(self.worker);
    }

    /// Looks at what is there now, and decides again.
    fn look_again(&mut self) {
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
    fn commit(&mut self, entry: Option<Entry>) -> bool {
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

    fn names(&self) -> Option<Named> {
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

    /// Every way in which an attempt can end.
    fn perform(&mut self, next: &mut Vec<State>) {
        if let Some(broken) = self.worker.forbidden {
            self.state.broken = Some(broken);
        }
        let mut endings = vec![(true, Outcome::Success)];
        if self.state.failures > 0 {
            endings.extend([
                (false, Outcome::Transient),
                (false, Outcome::Unknown),
                (true, Outcome::Unknown),
                (false, Outcome::Permanent),
            ]);
        }
        for (acts, outcome) in endings {
            let mut after = At {
                state: self.state.clone(),
                ..*self
            };
            after.state.failures -= u8::from(outcome != Outcome::Success);
            let effects = &mut after.state.effects[self.step()];
            *effects = (*effects + u8::from(acts)).min(MANY);
            after.go(Phase::Settle(outcome));
            next.push(after.state);
        }
    }

    fn settle(&mut self, outcome: Outcome) {
        let Some(error) = error(outcome) else {
            return self.succeed();
        };
        let terms = self.scenario.terms(self.step());
        let mut ending = after_attempt(&error, progress(self.worker.entry.as_ref()), &terms);
        let uncertain = ending == Ending::LeaveUnknown;
        if uncertain && terms.has_fallback && self.has(Mutation::FallBackOnUncertain) {
            ending = Ending::FallBack { maybe: true };
        }
        let by = self.worker.owner.map(owner);
        let now = self.state.now;
        let (occurred, names, then) = match ending {
            Ending::Retry { maybe, .. } => {
                let due = at(now + 1);
                let retried = Occurred::Retried { by, due, maybe };
                (retried, self.names(), Then::Retry(now + 1))
            }
            Ending::FallBack { maybe } => {
                let fell_back = Occurred::FellBack { by, maybe };
                (fell_back, Some(Named::Failure), Then::Acknowledge)
            }
            Ending::Fail { maybe } => {
                let message = message(self.worker.message.id);
                let at = at(now);
                let failed = Occurred::Failed {
                    by,
                    message,
                    at,
                    maybe,
                };
                (failed, Some(Named::Failure), Then::Fail)
            }
            Ending::LeaveUnknown => {
                let unknown = Occurred::LeftUnknown { by };
                (unknown, Some(Named::Review), Then::Acknowledge)
            }
        };
        let entry = transition(self.worker.entry.as_ref(), &occurred, names);
        if self.commit(entry) {
            self.ended(uncertain, then);
        } else {
            self.look_again();
        }
    }

    /// What belongs to an outcome that is no success, in its transaction.
    fn ended(&mut self, uncertain: bool, then: Then) {
        let Some(entry) = self.worker.entry else {
            return;
        };
        let silent = self.has(Mutation::NoErrorRecord);
        let frees = !entry.maybe || (uncertain && self.has(Mutation::FreeOnUncertain));
        let own = self.scenario.terms(self.step()).once;
        let seen = &mut self.state.seen[self.worker.message.step];
        match entry.life {
            Life::Failed { .. } => (seen.failure, seen.crash) = (!silent, false),
            Life::Unknown => (seen.review, seen.crash) = (true, false),
            Life::FellBack => seen.review |= own && entry.maybe,
            _ => {}
        }
        if own && frees && !matches!(entry.life, Life::Retrying { .. }) {
            self.state.once = None;
        }
        self.go(Phase::Dispatch(then));
    }

    fn succeed(&mut self) {
        let own_crash = self.last() && self.names() == Some(Named::Crash);
        let names = own_crash.then_some(Named::Crash);
        let by = self.worker.owner.map(owner);
        let entry = transition(
            self.worker.entry.as_ref(),
            &Occurred::Succeeded { by },
            names,
        );
        if !self.commit(entry) {
            return self.look_again();
        }
        self.state.commits[self.worker.message.step] += 1;
        let leaves = self.has(Mutation::LeaveErrorOpen);
        let seen = &mut self.state.seen[self.worker.message.step];
        seen.failure &= leaves;
        seen.crash &= own_crash || leaves;
        if self.scenario.terms(self.step()).once {
            let holder = u8::from(self.step() == 2) * 2;
            self.state.once = Some(Once { holder, done: true });
        }
        self.go(Phase::Dispatch(Then::Acknowledge));
    }

    /// Sends what follows; the record of a possible crash is closed after that.
    fn dispatch(&mut self, then: Then) {
        let life = self.worker.entry.map(|entry| entry.life);
        let now = self.state.now;
        match life {
            Some(Life::FellBack) => self.state.send(1, now, now),
            Some(Life::Succeeded) => self.state.next_sent[self.worker.message.step] = true,
            _ => {}
        }
        let crash = self.names() == Some(Named::Crash);
        let closes = match life {
            Some(Life::Succeeded) => crash && !self.has(Mutation::LeaveErrorOpen),
            _ => self.last() && self.state.seen[self.step()].crash,
        };
        let retried = match then {
            Then::Retry(due) if self.last() => Then::Park(due),
            then => then,
        };
        if let (true, Then::Park(due)) = (then != retried, retried) {
            self.state.send(self.step(), now, due);
            return self.go(Phase::CloseCrash(Then::Acknowledge));
        }
        self.go(if closes {
            Phase::CloseCrash(then)
        } else {
            Phase::End(then)
        });
    }

    fn end(&mut self, then: Then) {
        let (id, receives) = (self.worker.message.id, self.worker.message.receives);
        let now = self.state.now;
        self.state.workers[self.index] = None;
        let own = |one: &super::state::Message| one.id == id && one.receives == receives;
        match then {
            Then::Acknowledge => self.state.messages.retain(|one| !own(one)),
            Then::Park(due) => {
                self.state
                    .send(self.worker.message.step, now, due.max(now + 1));
                if let Some(copy) = self.state.messages.last_mut() {
                    copy.generation = self.worker.message.generation;
                    copy.redriven = self.worker.message.redriven;
                }
                self.state.messages.retain(|one| !own(one));
            }
            Then::Retry(_) | Then::Fail => {
                let shown = if let Then::Retry(due) = then {
                    due
                } else {
                    now
                };
                for one in self.state.messages.iter_mut().filter(|one| own(one)) {
                    one.visible = shown.max(now);
                }
            }
        }
    }
}

fn error(outcome: Outcome) -> Option<StepError> {
    match outcome {
        Outcome::Success => None,
        Outcome::Transient => Some(StepError::transient("T", "t")),
        Outcome::Permanent => Some(StepError::permanent("P", "p")),
        Outcome::Unknown => Some(StepError::Unknown {
            code: "U".to_owned(),
            message: "u".to_owned(),
            retry_after: None,
        }),
    }
}
