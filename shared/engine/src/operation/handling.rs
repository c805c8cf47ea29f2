//! What people and the error route did about an operation: seen, claimed, decided, closed.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::definition::model::Severity;

/// Whether an operation still needs someone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It does, and nobody has taken it.
    Open,
    /// It does, and someone has taken it.
    Claimed,
    /// It is settled.
    Closed,
}

/// Who did something, when, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The person.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why, where it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a person may decide about an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// The input is good as it is: it goes through the same door again.
    Approve,
    /// The input was corrected, and goes through the same door again.
    Edit,
    /// It is not to be done.
    Reject,
    /// The step is to be tried again.
    Retry,
    /// It was done, by whatever means: what follows goes on.
    Done,
    /// It needs nobody any more.
    Resolve,
}

impl Choice {
    /// The name, as commands say it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Edit => "edit",
            Self::Reject => "reject",
            Self::Retry => "retry",
            Self::Done => "done",
            Self::Resolve => "resolve",
        }
    }
}

/// A decision about an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What was decided.
    pub choice: Choice,
    /// By whom, when and why.
    #[serde(flatten)]
    pub mark: Mark,
}

/// The life of an operation, from its latest opening on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handling {
    /// Whether it still needs someone.
    pub status: Status,
    /// When it last began to need someone.
    pub opened_at: Timestamp,
    /// When somebody should have decided at the latest.
    pub due: Timestamp,
    /// Until when it may still mend itself, and nobody is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_until: Option<Timestamp>,
    /// When the error route had it: people were told, or the log was enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alerted_at: Option<Timestamp>,
    /// When people were told that nobody decided in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overdue_at: Option<Timestamp>,
    /// Who said that they know of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Mark>,
    /// Who took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed: Option<Mark>,
    /// Who sent the message again, and when last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redriven: Option<Mark>,
    /// What was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// When it was settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
}

impl Handling {
    /// An operation that needs someone from now on: the more severe, the sooner.
    #[must_use]
    pub fn opened(at: Timestamp, severity: Severity) -> Self {
        Self {
            status: Status::Open,
            opened_at: at,
            due: at.saturating_add(patience(severity)).unwrap_or(at),
            quiet_until: None,
            alerted_at: None,
            overdue_at: None,
            acknowledged: None,
            claimed: None,
            redriven: None,
            decision: None,
            closed_at: None,
        }
    }

    /// Whether it still needs someone.
    #[must_use]
    pub fn needs_someone(&self) -> bool {
        self.status != Status::Closed
    }

    /// The same, settled; a settled one stays as it is.
    #[must_use]
    pub fn closed(self, at: Timestamp) -> Self {
        if !self.needs_someone() {
            return self;
        }
        Self {
            status: Status::Closed,
            closed_at: Some(at),
            ..self
        }
    }

    /// How it goes on when the same thing happens again: one that still needs someone stays as
    /// it is, a settled one is open anew, and so is one that somebody has decided and not
    /// ended: what happened again is not what they decided.
    #[must_use]
    pub fn again(self, earlier: &Self) -> Self {
        if earlier.needs_someone() && earlier.decision.is_none() {
            Self {
                quiet_until: self.quiet_until,
                ..earlier.clone()
            }
        } else {
            self
        }
    }
}

/// How long a person may take: an hour where clients, patients or money wait, a day where a
/// team does, a week for what mends itself.
fn patience(severity: Severity) -> SignedDuration {
    SignedDuration::from_hours(match severity {
        Severity::P1 => 1,
        Severity::P2 => 24,
        Severity::P3 => 7 * 24,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn what_happens_again_keeps_its_handling_until_it_was_settled() {
        let first = Handling {
            alerted_at: Some(at(2)),
            ..Handling::opened(at(1), Severity::P1)
        };
        let second = Handling::opened(at(9), Severity::P1);
        assert_eq!(second.clone().again(&first), first);
        assert_eq!(second.clone().again(&first.closed(at(5))), second);
    }

    #[test]
    fn what_happens_again_while_a_decision_is_carried_out_is_open_anew() {
        let mark = Mark {
            by: "ann".to_owned(),
            at: at(5),
            reason: None,
        };
        let choice = Choice::Retry;
        let decided = Handling {
            decision: Some(Decision { choice, mark }),
            ..Handling::opened(at(1), Severity::P1)
        };
        let second = Handling::opened(at(9), Severity::P1);
        assert_eq!(second.clone().again(&decided), second);
    }

    #[test]
    fn what_is_settled_is_settled_once() {
        let open = Handling::opened(at(1), Severity::P2);
        assert_eq!(open.due, at(1 + 24 * 3600));
        let closed = open.closed(at(5));
        assert!(!closed.needs_someone());
        assert_eq!(closed.clone().closed(at(7)), closed);
    }
}
