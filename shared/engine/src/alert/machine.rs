//! What is said of an incident: one pure function of its state and of what happens.
//!
//! | state \ event | occurred | window due | escalation due | acknowledged | settled |
//! |---|---|---|---|---|---|
//! | calm | said at once; window opens | - | - | - | - |
//! | open, told | counted | ended | - | no repeats | no repeats |
//! | open, untold | counted | count said; window doubles | - | no repeats | no repeats |
//! | P1 unanswered, told | counted | said again; window doubles | next phone | no repeats | no repeats |
//! | P1 unanswered, untold | counted | count said; window doubles | next phone | no repeats | no repeats |
//!
//! While phones are still called in turn, an unanswered P1 is said again once, when its first
//! window closes: the calls that follow are enough.

use std::time::Duration;

use jiff::Timestamp;

use super::{Incident, Kind, Subject};
use crate::definition::model::Severity;
use crate::name::TenantName;
use crate::operation::Mark;
use crate::port::Occasion;

/// How long repeats are counted before they are said for the first time.
pub const FIRST_WINDOW: Duration = Duration::from_mins(5);

/// How long repeats are counted at most.
pub const LONGEST_WINDOW: Duration = Duration::from_hours(4);

/// How long a phone may stay unanswered before the next one is called.
pub const UNTIL_ESCALATED: Duration = Duration::from_mins(15);

/// What happens to an incident.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// It happened, for the first time or again.
    Occurred {
        /// When.
        at: Timestamp,
        /// What it is about.
        kind: Kind,
        /// Whose it is.
        tenant: Option<&'a TenantName>,
        /// What happens alike.
        fingerprint: &'a str,
        /// How urgent it is.
        severity: Severity,
        /// The operation.
        subject: &'a Subject,
    },
    /// The window closes.
    WindowDue(Timestamp),
    /// A phone stayed unanswered.
    EscalationDue {
        /// When.
        at: Timestamp,
        /// How many phones there are.
        phones: u32,
    },
    /// Somebody knows of it.
    Acknowledged(&'a Mark),
    /// Nothing of it needs anyone any more.
    Settled,
}

/// The incident as it is after an event; `None`: it is over. What is to be said is in it.
pub type Decision = Option<Incident>;

/// Decides what an event does to an incident. What does not apply changes nothing.
#[must_use]
pub fn decide(state: Option<&Incident>, event: &Event<'_>) -> Decision {
    match (state, event) {
        (None, Event::Occurred { .. }) => began(event),
        (None, _) => None,
        (
            Some(open),
            Event::Occurred {
                at,
                severity,
                subject,
                ..
            },
        ) => Some(occurred(open.clone(), *at, *severity, subject)),
        (Some(open), Event::WindowDue(at)) if *at >= open.due => closed(open.clone(), *at),
        (Some(open), Event::EscalationDue { at, phones })
            if open.escalates_at.is_some_and(|due| *at >= due) =>
        {
            Some(escalated(open.clone(), *at, *phones))
        }
        (Some(open), Event::Acknowledged(by)) if open.acknowledged.is_none() => Some(Incident {
            acknowledged: Some((*by).clone()),
            escalates_at: None,
            ..open.clone()
        }),
        (Some(open), Event::Settled) => Some(Incident {
            settled: true,
            escalates_at: None,
            ..open.clone()
        }),
        (Some(open), _) => Some(open.clone()),
    }
}

fn began(event: &Event<'_>) -> Decision {
    let Event::Occurred {
        at,
        kind,
        tenant,
        fingerprint,
        severity,
        subject,
    } = *event
    else {
        return None;
    };
    let mut incident = Incident {
        kind,
        tenant: tenant.cloned(),
        fingerprint: fingerprint.to_owned(),
        started_at: at,
        severity,
        subject: subject.clone(),
        operations: vec![subject.partition.clone()],
        last_at: at,
        count: 1,
        told: 0,
        messages: 0,
        window: FIRST_WINDOW,
        due: later(at, FIRST_WINDOW),
        tier: 0,
        escalates_at: None,
        acknowledged: None,
        settled: false,
        unpublished: None,
    };
    incident.call(at);
    incident.say(match kind {
        Kind::Failures => Occasion::First,
        Kind::Overdue => Occasion::Overdue,
        Kind::Canary => Occasion::Canary,
    });
    Some(incident)
}

/// Counted; said at once only where it is more urgent than all before.
fn occurred(mut open: Incident, at: Timestamp, severity: Severity, subject: &Subject) -> Incident {
    let unanswered = open.is_unanswered();
    let raised = severity < open.severity;
    open.severity = open.severity.min(severity);
    open.count = open.count.saturating_add(1);
    open.last_at = open.last_at.max(at);
    open.subject = subject.clone();
    open.remember(&subject.partition);
    open.settled = false;
    if !unanswered {
        open.call(at);
    }
    if raised && open.unpublished.is_none() {
        open.say(Occasion::First);
    }
    open
}

fn closed(mut open: Incident, at: Timestamp) -> Decision {
    let (untold, unanswered) = (open.count > open.told, open.is_unanswered());
    if !untold && !unanswered {
        return None;
    }
    let first = open.window == FIRST_WINDOW;
    open.window = open.window.saturating_mul(2).min(LONGEST_WINDOW);
    open.due = later(at, open.window);
    if untold {
        open.say(Occasion::Repeated);
    } else if first || open.escalates_at.is_none() {
        open.say(Occasion::Unacknowledged);
    }
    Some(open)
}

fn escalated(mut open: Incident, at: Timestamp, phones: u32) -> Incident {
    open.tier = open.tier.saturating_add(1);
    if open.tier < phones {
        open.escalates_at = Some(later(at, UNTIL_ESCALATED));
        open.say(Occasion::Escalated);
    } else {
        open.escalates_at = None;
    }
    open
}

impl Incident {
    /// Somebody has to answer from now on.
    fn call(&mut self, at: Timestamp) {
        if self.is_unanswered() {
            self.tier = 0;
            self.escalates_at = Some(later(at, UNTIL_ESCALATED));
        }
    }
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
