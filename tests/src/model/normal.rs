//! One form for all states that behave alike: what makes no difference any more is forgotten.
//!
//! Whatever is only ever compared is kept as the order that the comparisons see: the numbers of
//! ids, revisions, and moments that are over.

use super::state::{Entry, Life, MAX_RECEIVES, Message, Named, Phase, State, Then, Worker};

/// The revision of an entry as it is, and of one that has changed since it was read.
const CURRENT: u8 = 1;
const CHANGED: u8 = 0;

/// The stamp of a failure whose message is gone.
const NO_STAMP: u8 = u8::MAX;

impl State {
    /// Moves spent messages to the dead letters, and takes the form that all states have which
    /// behave like this one.
    pub(super) fn normal(mut self) -> Self {
        for message in &mut self.messages {
            message.dead |= message.receives >= MAX_RECEIVES && message.visible <= self.now;
            message.forget(self.now);
        }
        self.forget_revisions();
        for entry in self.entries.iter_mut().flatten() {
            entry.forget(self.now);
        }
        for worker in self.workers.iter_mut().flatten() {
            worker.forget(self.now);
        }
        for step in 0..self.entries.len() {
            self.forget_stamps(step);
            self.forget_moments(step);
        }
        self.forget_ids();
        self.messages.sort_unstable();
        self.workers.sort_unstable();
        self
    }

    /// A revision is only compared with the current one, which never comes back.
    fn forget_revisions(&mut self) {
        let current = self.entries.map(|entry| entry.map(|entry| entry.revision));
        for worker in self.workers.iter_mut().flatten() {
            let current = current[worker.message.step];
            if let Some(entry) = &mut worker.entry {
                let same = current == Some(entry.revision);
                entry.revision = if same { CURRENT } else { CHANGED };
            }
        }
        for entry in self.entries.iter_mut().flatten() {
            entry.revision = CURRENT;
        }
    }

    /// A stamp is only asked whether it is that of the message that failed: numbers without a gap
    /// are the same state, and one that no message has is like any other. What is sent now may
    /// share a stamp of now.
    fn forget_stamps(&mut self, step: usize) {
        let (used, now) = (self.stamps(step), self.now);
        let rank = |stamp: u8| {
            let index = used.binary_search(&stamp);
            let rank = index.map_or(NO_STAMP, |index| index as u8);
            if stamp == now { now } else { rank }
        };
        let messages = self.messages.iter_mut().filter(|one| one.step == step);
        messages.for_each(|one| one.created = rank(one.created));
        let mut entries: Vec<_> = self.entries[step].iter_mut().collect();
        let held = self.workers.iter_mut().flatten();
        for worker in held.filter(|worker| worker.message.step == step) {
            let looks = worker.may_look();
            let stamp = &mut worker.message.created;
            *stamp = if looks { rank(*stamp) } else { 0 };
            entries.extend(worker.entry.as_mut());
        }
        for entry in entries {
            if let Life::Failed { created, .. } = &mut entry.life {
                *created = rank(*created);
            }
        }
    }

    /// The stamps of a step's messages, in order.
    fn stamps(&self, step: usize) -> Vec<u8> {
        let held = self.workers.iter().flatten();
        let held = held.filter(|worker| worker.may_look());
        let held = held.map(|worker| &worker.message);
        let messages = held.chain(&self.messages).filter(|one| one.step == step);
        let mut stamps: Vec<u8> = messages.map(|one| one.created).collect();
        stamps.sort_unstable();
        stamps.dedup();
        stamps
    }

    /// When a message was sent is only compared with the failures of its step, and a later failure
    /// comes after it.
    fn forget_moments(&mut self, step: usize) {
        let now = self.now;
        let read = self.workers.iter().flatten();
        let read = read.filter(|worker| worker.message.step == step);
        let entries = read.filter_map(|worker| worker.entry);
        let failed = entries.chain(self.entries[step]).filter_map(failed_at);
        let mut failed: Vec<u8> = failed.collect();
        failed.sort_unstable();
        failed.dedup();
        let rank = |index: usize| {
            let earlier = failed.get(index).is_some_and(|at| *at < now);
            if earlier { index as u8 } else { now }
        };
        let held = self.workers.iter_mut().flatten();
        let held = held.map(|worker| &mut worker.message);
        for message in held.chain(&mut self.messages) {
            if message.step == step {
                let sent = message.sent;
                let before = failed.partition_point(|at| *at < sent);
                message.sent = before.checked_sub(1).map_or(0, |last| rank(last) + 1);
            }
        }
        let read = self.workers.iter_mut().flatten();
        let read = read.filter(|worker| worker.message.step == step);
        let entries = read.filter_map(|worker| worker.entry.as_mut());
        for entry in entries.chain(&mut self.entries[step]) {
            if let Life::Failed { at, .. } = &mut entry.life {
                *at = rank(failed.partition_point(|other| other < at));
            }
        }
    }

    /// Ids are only ever compared with each other: numbers without a gap are the same state, and
    /// an id that nobody else may have is like any other.
    fn forget_ids(&mut self) {
        let mut held = [false; 256];
        for worker in self.workers.iter().flatten() {
            held[usize::from(worker.message.id)] = true;
        }
        for message in &mut self.messages {
            let known = !message.dead || held[usize::from(message.id)];
            message.id = if known { message.id } else { 0 };
            held[usize::from(message.id)] |= known;
        }
        for entry in self.entries.iter_mut().flatten() {
            if let Life::Failed { message, .. } = &mut entry.life {
                let known = held[usize::from(*message)];
                *message = if known { *message } else { 0 };
            }
        }
        let mut used = [0; 256];
        self.visit_ids(|id| used[usize::from(*id)] = 1);
        let mut last = 0;
        for id in &mut used {
            last += *id;
            *id = last;
        }
        self.visit_ids(|id| *id = used[usize::from(*id)]);
        self.ids = last;
    }

    fn visit_ids(&mut self, mut visit: impl FnMut(&mut u8)) {
        for entry in self.entries.iter_mut().flatten() {
            entry.visit_ids(&mut visit);
        }
        for message in &mut self.messages {
            visit(&mut message.id);
        }
        for worker in self.workers.iter_mut().flatten() {
            visit(&mut worker.message.id);
            worker.owner.iter_mut().for_each(&mut visit);
            if let Some(entry) = &mut worker.entry {
                entry.visit_ids(&mut visit);
            }
        }
    }
}

fn failed_at(entry: Entry) -> Option<u8> {
    match entry.life {
        Life::Failed { at, .. } => Some(at),
        _ => None,
    }
}

/// A moment that is over is like any other.
fn forget_past(moment: &mut u8, now: u8) {
    if *moment <= now {
        *moment = 0;
    }
}

impl Message {
    fn forget(&mut self, now: u8) {
        forget_past(&mut self.visible, now);
        if self.dead {
            self.sent = 0;
        }
    }
}

impl Entry {
    fn visit_ids(&mut self, visit: &mut impl FnMut(&mut u8)) {
        match &mut self.life {
            Life::Started { owner, .. } => visit(owner),
            Life::Failed { message, .. } => visit(message),
            _ => {}
        }
    }

    fn forget(&mut self, now: u8) {
        match &mut self.life {
            Life::Started { lease: moment, .. } | Life::Retrying { due: moment } => {
                forget_past(moment, now);
            }
            Life::Failed { .. } => self.attempt = 0,
            Life::Succeeded | Life::Unknown | Life::FellBack => {
                (self.attempt, self.maybe) = (0, false);
            }
        }
    }

    /// What dispatch still asks for.
    fn as_dispatched(self) -> Option<Self> {
        let followed = matches!(self.life, Life::Succeeded | Life::FellBack);
        let crash = self.life == Life::Succeeded && self.names == Some(Named::Crash);
        followed.then_some(Self {
            revision: 0,
            names: crash.then_some(Named::Crash),
            ..self
        })
    }
}

impl Worker {
    /// Whether it may still look at its message's stamp, or write it down.
    fn may_look(&self) -> bool {
        !matches!(
            self.phase,
            Phase::Dispatch(_) | Phase::CloseCrash(_) | Phase::End(_)
        )
    }

    /// Forgets what its phase, and every phase that may follow, does not look at any more.
    fn forget(&mut self, now: u8) {
        (self.message.visible, self.message.dead) = (0, false);
        if let Some(entry) = &mut self.entry {
            entry.forget(now);
        }
        match &mut self.phase {
            Phase::Decide => return,
            Phase::Retire | Phase::OpenCrash | Phase::Perform | Phase::Settle(_) => {}
            Phase::Dispatch(then) | Phase::CloseCrash(then) | Phase::End(then) => {
                if let Then::Park(due) | Then::Retry(due) = then {
                    forget_past(due, now);
                }
                (self.message.sent, self.owner) = (0, None);
                self.entry = self.entry.and_then(Entry::as_dispatched);
            }
        }
        self.once = None;
        if !matches!(self.phase, Phase::OpenCrash | Phase::Perform) {
            self.forbidden = None;
        }
        if matches!(self.phase, Phase::CloseCrash(_) | Phase::End(_)) {
            self.entry = None;
        }
    }
}
