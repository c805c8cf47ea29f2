//! What became of an outcome: one pure decision, and the entry that says so.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::due::{first, is_first};
use crate::entry::End;
use crate::id::EventId;

/// What became of the outcome of an execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomeEntry {
    /// What was expected, in words.
    pub expect: String,
    /// What became of it.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// When it was looked for.
    pub at: Timestamp,
    /// The event that started the execution.
    pub event: EventId,
    /// The generation that it was looked for in.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub generation: u32,
    /// The version of the definitions, `pack@hash`.
    pub version: String,
}

/// What became of an outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "lowercase")]
pub enum Verdict {
    /// It followed.
    Met,
    /// It did not.
    Missed {
        /// Why not.
        reason: String,
    },
    /// Nothing is owed any more.
    Moot {
        /// Why.
        reason: String,
    },
}

/// What was seen of an execution and its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// How the execution ended, if it did.
    pub end: Option<End>,
    /// Whether its record was deleted.
    pub deleted: bool,
    /// Whether what was expected is there, or why not.
    pub found: Result<(), String>,
}

/// Decides what became of an outcome. What followed counts, however the execution ended; one that
/// was stopped or undone, and a record that is gone, owe nothing.
#[must_use]
pub fn judge(seen: &Seen) -> Verdict {
    let reason = match (&seen.found, &seen.end) {
        (Ok(()), _) => return Verdict::Met,
        (_, Some(End::Stopped(reason))) => format!("the execution was stopped: {reason}"),
        (_, Some(End::Compensated)) => "the execution was compensated".to_owned(),
        _ if seen.deleted => "the record was deleted".to_owned(),
        (Err(reason), _) => {
            let reason = reason.clone();
            return Verdict::Missed { reason };
        }
    };
    Verdict::Moot { reason }
}

impl Verdict {
    /// The name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed { .. } => "missed",
            Self::Moot { .. } => "moot",
        }
    }

    /// Why it was not met.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Met => None,
            Self::Missed { reason } | Self::Moot { reason } => Some(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(end: Option<End>, deleted: bool, found: bool) -> Seen {
        let found = if found {
            Ok(())
        } else {
            Err("it did not come".to_owned())
        };
        Seen {
            end,
            deleted,
            found,
        }
    }

    #[test]
    fn what_followed_counts_however_the_execution_ended() {
        let stopped = End::Stopped("while".to_owned());
        for end in [None, Some(End::Completed), Some(stopped)] {
            assert_eq!(judge(&seen(end, true, true)), Verdict::Met);
        }
    }

    #[test]
    fn only_an_execution_that_still_owes_its_outcome_can_miss_it() {
        let names = |end: Option<End>, deleted| judge(&seen(end, deleted, false)).name();
        assert_eq!(names(None, false), "missed");
        assert_eq!(names(Some(End::Completed), false), "missed");
        assert_eq!(names(Some(End::Completed), true), "moot");
        assert_eq!(names(Some(End::Compensated), false), "moot");
        assert_eq!(names(Some(End::Stopped("no".to_owned())), false), "moot");
    }
}
