//! One state of the model: small, and equal to every other that behaves alike.

/// How often a message is received before it is dead-lettered.
pub(super) const MAX_RECEIVES: u8 = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Life {
    Started { owner: u8, lease: u8 },
    Retrying { due: u8 },
    Succeeded,
    Failed { message: u8, created: u8, at: u8 },
    Unknown,
    FellBack,
}

/// Which operation an entry names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Named {
    Failure,
    Crash,
    Review,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Entry {
    pub(super) revision: u8,
    pub(super) life: Life,
    pub(super) attempt: u8,
    pub(super) maybe: bool,
    pub(super) names: Option<Named>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Once {
    pub(super) holder: u8,
    pub(super) done: bool,
}

/// What a person sees of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct Seen {
    pub(super) failure: bool,
    pub(super) crash: bool,
    pub(super) review: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Message {
    pub(super) id: u8,
    pub(super) step: usize,
    pub(super) generation: u8,
    pub(super) created: u8,
    pub(super) sent: u8,
    pub(super) visible: u8,
    pub(super) receives: u8,
    pub(super) dead: bool,
    pub(super) redriven: bool,
}

/// What a worker does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Phase {
    Decide,
    Retire,
    OpenCrash,
    Perform,
    Settle(Outcome),
    Dispatch(Then),
    CloseCrash(Then),
    End(Then),
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Outcome {
    Success,
    Transient,
    Unknown,
    Permanent,
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Then {
    Acknowledge,
    Park(u8),
    Retry(u8),
    Fail,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Worker {
    pub(super) message: Message,
    pub(super) phase: Phase,
    pub(super) entry: Option<Entry>,
    pub(super) once: Option<Once>,
    pub(super) owner: Option<u8>,
    /// Whether its step had failed, and nothing was redriven, or its generation was over, when
    /// the message was received.
    pub(super) forbidden: Option<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) now: u8,
    pub(super) entries: [Option<Entry>; 3],
    pub(super) seen: [Seen; 3],
    pub(super) once: Option<Once>,
    pub(super) messages: Vec<Message>,
    pub(super) workers: [Option<Worker>; 2],
    pub(super) effects: [u8; 3],
    pub(super) commits: [u8; 3],
    pub(super) next_sent: [bool; 3],
    pub(super) generation: u8,
    pub(super) ids: u8,
    pub(super) failures: u8,
    pub(super) crashes: u8,
    pub(super) duplicates: u8,
    pub(super) redrives: u8,
    pub(super) reruns: u8,
    pub(super) parks: u8,
    pub(super) broken: Option<&'static str>,
}

impl State {
    pub(super) fn send(&mut self, step: usize, created: u8, visible: u8) {
        self.ids += 1;
        self.messages.push(Message {
            id: self.ids,
            step,
            generation: self.generation,
            created,
            sent: self.now,
            visible,
            receives: 0,
            dead: false,
            redriven: false,
        });
    }

    /// Whether nothing moves: no worker, and no message but dead letters.
    pub(super) fn is_quiet(&self) -> bool {
        self.workers.iter().all(Option::is_none) && self.messages.iter().all(|one| one.dead)
    }
}
