//! One attempt in the model: every way in which it can end, what is written of it and sent after
//! it, and what becomes of its message.

use holdfast_engine::contract::{Ending, after_attempt};
use holdfast_engine::entry::Occurred;
use holdfast_engine::step::StepError;

use super::bridge::{at, message, owner, progress, transition};
use super::scenario::Mutation;
use super::state::{Life, Message, Named, Once, Outcome, Phase, State, Then};
use super::work::At;

impl At<'_> {
    /// Every way in which an attempt can end.
    pub(super) fn perform(&mut self, next: &mut Vec<State>) {
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
        let many = if self.scenario.counts_effects() { 2 } else { 1 };
        for (acts, outcome) in endings {
            let mut after = At {
                state: self.state.clone(),
                ..*self
            };
            after.state.failures -= u8::from(outcome != Outcome::Success);
            let effects = &mut after.state.effects[self.step()];
            *effects = (*effects + u8::from(acts)).min(many);
            after.go(Phase::Settle(outcome));
            next.push(after.state);
        }
    }

    pub(super) fn settle(&mut self, outcome: Outcome) {
        let Some(error) = error(outcome) else {
            return self.succeed();
        };
        let terms = self.scenario.terms(self.step());
        let mut ending = after_attempt(&error, progress(self.worker.entry.as_ref()), &terms);
        let uncertain = ending == Ending::LeaveUnknown;
        if uncertain && terms.has_fallback && self.has(Mutation::FallBackOnUncertain) {
            ending = Ending::FallBack { maybe: true };
        }
        let (occurred, names, then) = self.occurred(&ending);
        let entry = transition(self.worker.entry.as_ref(), &occurred, names);
        if self.commit(entry) {
            self.ended(uncertain, then);
        } else {
            self.look_again();
        }
    }

    /// What an ending is to the entry, which operation it names, and what becomes of the message.
    fn occurred(&self, ending: &Ending) -> (Occurred, Option<Named>, Then) {
        let by = self.worker.owner.map(owner);
        let now = self.state.now;
        match *ending {
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
                let failed = Occurred::Failed {
                    by,
                    message: message(self.worker.message.id),
                    created: at(self.worker.message.created),
                    at: at(now),
                    maybe,
                };
                (failed, Some(Named::Failure), Then::Fail)
            }
            Ending::LeaveUnknown => {
                let unknown = Occurred::LeftUnknown { by };
                (unknown, Some(Named::Review), Then::Acknowledge)
            }
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
    pub(super) fn dispatch(&mut self, then: Then) {
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

    pub(super) fn end(&mut self, then: Then) {
        let (id, receives) = (self.worker.message.id, self.worker.message.receives);
        let now = self.state.now;
        self.state.workers[self.index] = None;
        let own = |one: &Message| one.id == id && one.receives == receives;
        match then {
            Then::Acknowledge => self.state.messages.retain(|one| !own(one)),
            Then::Park(due) => {
                self.send_later(due);
                self.go(Phase::End(Then::Acknowledge));
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

    /// Sends a copy of the message that shows at a time.
    fn send_later(&mut self, due: u8) {
        let Message {
            step,
            generation,
            redriven,
            ..
        } = self.worker.message;
        let now = self.state.now;
        self.state.send(step, now, due.max(now + 1));
        if let Some(copy) = self.state.messages.last_mut() {
            (copy.generation, copy.redriven) = (generation, redriven);
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
