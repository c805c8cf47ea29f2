//! The states of a step.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::port::MessageId;

/// One invocation that holds a claim: never a message, which several invocations may see.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Owner(pub Arc<str>);

impl Owner {
    /// The owner that this invocation is: `<boot>/<random>`.
    #[must_use]
    pub fn new(boot: Option<&str>, bits: u128) -> Self {
        Self(format!("{}/{bits:032x}", boot.unwrap_or_default()).into())
    }

    /// Whether it may still be at work: where starts are named, only one of this start is.
    pub(crate) fn may_live(&self, boot: Option<&str>) -> bool {
        boot.is_none_or(|boot| {
            self.0
                .strip_prefix(boot)
                .is_some_and(|rest| rest.starts_with('/'))
        })
    }
}

/// The state of a step.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum State {
    /// An invocation holds the claim until its lease runs out.
    Started {
        /// Who.
        owner: Owner,
        /// Until when.
        lease: Timestamp,
    },
    /// An attempt failed and another is due.
    Retrying {
        /// When.
        due: Timestamp,
    },
    /// It is done; its result is the entry's output.
    Succeeded,
    /// It failed for good.
    Failed {
        /// The message that failed: another copy is stale or a redrive.
        message: MessageId,
        /// The stamp of that message: its redrive keeps it, and no other copy has it.
        created: Timestamp,
        /// When. An entry is written flat, and has an `at` of its own.
        #[serde(rename = "failed_at")]
        at: Timestamp,
    },
    /// It failed for good, and what succeeded before it is undone: it never runs again in this
    /// generation.
    GaveUp {
        /// The message that failed.
        message: MessageId,
        /// When.
        #[serde(rename = "failed_at")]
        at: Timestamp,
    },
    /// Its effect may have happened; a person decides.
    Unknown,
    /// It failed definitely, and its fallback, the next alternative, goes on.
    FellBack,
    /// It was left out.
    Skipped,
    /// It waits for time or an event; with `each`, for its elements.
    Waiting,
    /// What it waited for came.
    Resumed,
}

impl State {
    /// Whether nothing but a person, a redrive or a late success can change it.
    #[must_use]
    pub fn is_final(&self) -> bool {
        !matches!(
            self,
            Self::Started { .. } | Self::Retrying { .. } | Self::Waiting
        )
    }

    /// The state's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Started { .. } => "started",
            Self::Retrying { .. } => "retrying",
            Self::Succeeded => "succeeded",
            Self::Failed { .. } => "failed",
            Self::GaveUp { .. } => "gave-up",
            Self::Unknown => "unknown",
            Self::FellBack => "fell-back",
            Self::Skipped => "skipped",
            Self::Waiting => "waiting",
            Self::Resumed => "resumed",
        }
    }
}

/// What the attempts of a step have come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Progress {
    /// The attempt under way or due next, from 1.
    pub attempt: u32,
    /// Whether any attempt may have taken effect; never unset.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub maybe: bool,
}

impl Progress {
    /// Before the first attempt.
    pub const FIRST: Self = Self {
        attempt: 1,
        maybe: false,
    };

    pub(super) fn next(self, maybe: bool) -> Self {
        Self {
            attempt: self.attempt.saturating_add(1),
            maybe: self.maybe || maybe,
        }
    }

    /// Attempts start again; what may have happened stays so.
    pub(super) fn anew(self) -> Self {
        Self {
            attempt: 1,
            maybe: self.maybe,
        }
    }

    pub(super) fn marked(self, maybe: bool) -> Self {
        Self {
            attempt: self.attempt,
            maybe: self.maybe || maybe,
        }
    }
}
