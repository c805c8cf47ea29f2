//! How soon failures were seen, answered and settled.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::definition::model::Severity;
use crate::operation::{Handling, Operation};

/// The figures, by severity and code in that order.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Stats {
    /// Those of each severity and code.
    pub groups: Vec<Group>,
    /// Those of all.
    pub total: Figures,
}

/// The figures of one severity and code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// The severity.
    pub severity: Severity,
    /// The stable name of what happened.
    pub code: String,
    /// The figures.
    #[serde(flatten)]
    pub figures: Figures,
}

/// Figures about operations.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Figures {
    /// How many.
    pub count: usize,
    /// How many of them still need someone.
    pub open: usize,
    /// From the opening until people were told (MTTD).
    pub to_detect: Times,
    /// From the opening until a person did something about it.
    pub to_human: Times,
    /// From the opening until it was settled (MTTR).
    pub to_resolve: Times,
    /// The share of the settled ones that no person touched, from 0 to 1; absent where none is
    /// settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_human: Option<f64>,
}

/// How long something took, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Times {
    /// Of how many operations.
    pub of: usize,
    /// The mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_seconds: Option<f64>,
    /// The time that 95 of 100 did not exceed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95_seconds: Option<f64>,
}

/// The figures of these operations.
pub fn stats<'a>(operations: impl IntoIterator<Item = &'a Operation>) -> Stats {
    let mut sorted = BTreeMap::<(Severity, String), Sample>::new();
    let mut all = Sample::default();
    for operation in operations {
        let group = (operation.severity(), operation.code().to_owned());
        sorted.entry(group).or_default().add(operation.handling());
        all.add(operation.handling());
    }
    let group = |((severity, code), sample): ((Severity, String), Sample)| Group {
        severity,
        code,
        figures: sample.figures(),
    };
    Stats {
        groups: sorted.into_iter().map(group).collect(),
        total: all.figures(),
    }
}

#[derive(Debug, Default)]
struct Sample {
    count: usize,
    open: usize,
    untouched: usize,
    detected: Vec<f64>,
    answered: Vec<f64>,
    resolved: Vec<f64>,
}

impl Sample {
    fn add(&mut self, handling: &Handling) {
        let since = |at: Timestamp| at.duration_since(handling.opened_at).as_secs_f64().max(0.0);
        self.count += 1;
        self.open += usize::from(handling.needs_someone());
        let human = human(handling);
        self.detected.extend(handling.alerted_at.map(since));
        self.answered.extend(human.map(since));
        if !handling.needs_someone() {
            self.resolved.extend(handling.closed_at.map(since));
            self.untouched += usize::from(human.is_none());
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    fn figures(self) -> Figures {
        let settled = self.count - self.open;
        Figures {
            count: self.count,
            open: self.open,
            to_detect: times(self.detected),
            to_human: times(self.answered),
            to_resolve: times(self.resolved),
            without_human: (settled > 0).then(|| self.untouched as f64 / settled as f64),
        }
    }
}

/// When a person first did something about it.
fn human(handling: &Handling) -> Option<Timestamp> {
    let marks = [
        handling.acknowledged.as_ref(),
        handling.claimed.as_ref(),
        handling.redriven.as_ref(),
        handling.decision.as_ref().map(|decision| &decision.mark),
    ];
    marks.into_iter().flatten().map(|mark| mark.at).min()
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn times(mut seconds: Vec<f64>) -> Times {
    seconds.sort_by(f64::total_cmp);
    let of = seconds.len();
    let rank = (of * 95).div_ceil(100).saturating_sub(1);
    Times {
        of,
        mean_seconds: (of > 0).then(|| seconds.iter().sum::<f64>() / of as f64),
        p95_seconds: seconds.get(rank).copied(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{Choice, Decision, Mark, ReviewItem, ReviewKind};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn mark(second: i64) -> Mark {
        Mark {
            by: "ann".to_owned(),
            at: at(second),
            reason: None,
        }
    }

    fn item(severity: Severity, kind: ReviewKind, handling: Handling) -> Operation {
        Operation::Review(ReviewItem {
            id: "x".to_owned(),
            kind,
            title: String::new(),
            severity,
            handling,
            tenant: "t".parse().unwrap(),
            at: at(0),
            function: "f".to_owned(),
            execution: None,
            step: None,
            report: serde_json::Value::Null,
            subject: String::new(),
        })
    }

    /// Opened at 100, told after `told` seconds, answered after `answered`, settled after `ended`.
    fn handled(told: i64, answered: Option<i64>, ended: Option<i64>) -> Handling {
        let open = Handling {
            alerted_at: Some(at(100 + told)),
            acknowledged: answered.map(|after| mark(100 + after)),
            ..Handling::opened(at(100), Severity::P1)
        };
        match ended {
            Some(after) => open.closed(at(100 + after)),
            None => open,
        }
    }

    fn times(of: usize, mean: f64, p95: f64) -> Times {
        let (mean_seconds, p95_seconds) = (Some(mean), Some(p95));
        Times {
            of,
            mean_seconds,
            p95_seconds,
        }
    }

    #[test]
    fn figures_are_exact() {
        let kind = ReviewKind::UnknownOutcome;
        let all = [
            item(Severity::P1, kind, handled(10, Some(60), Some(600))),
            item(Severity::P1, kind, handled(30, None, Some(200))),
            item(Severity::P1, kind, handled(20, None, None)),
        ];
        let figures = Figures {
            count: 3,
            open: 1,
            to_detect: times(3, 20.0, 30.0),
            to_human: times(1, 60.0, 60.0),
            to_resolve: times(2, 400.0, 600.0),
            without_human: Some(0.5),
        };
        let found = stats(&all);
        assert_eq!(found.total, figures);
        let code = kind.name().to_owned();
        let severity = Severity::P1;
        let group = Group {
            severity,
            code,
            figures,
        };
        assert_eq!(found.groups, [group]);
    }

    #[test]
    fn each_severity_and_code_has_its_own_figures_the_most_severe_first() {
        let open = || handled(1, None, None);
        let all = [
            item(Severity::P2, ReviewKind::InvalidInput, open()),
            item(Severity::P1, ReviewKind::UnknownOutcome, open()),
            item(Severity::P1, ReviewKind::AmbiguousRecord, open()),
            item(Severity::P2, ReviewKind::InvalidInput, open()),
        ];
        let groups = stats(&all).groups;
        let found = groups
            .iter()
            .map(|it| (it.severity, it.code.as_str(), it.figures.count));
        assert_eq!(
            found.collect::<Vec<_>>(),
            [
                (Severity::P1, "ambiguous-record", 1),
                (Severity::P1, "unknown-outcome", 1),
                (Severity::P2, "invalid-input", 2),
            ]
        );
    }

    #[test]
    fn the_first_thing_that_a_person_does_counts() {
        let mut handling = handled(1, None, None);
        let choice = Choice::Retry;
        handling.decision = Some(Decision {
            choice,
            mark: mark(190),
        });
        handling.claimed = Some(mark(140));
        handling.redriven = Some(mark(170));
        let all = [item(Severity::P1, ReviewKind::UnknownOutcome, handling)];
        assert_eq!(stats(&all).total.to_human, times(1, 40.0, 40.0));
    }

    #[test]
    fn five_of_a_hundred_may_take_longer_than_the_95th() {
        let of = |after| {
            item(
                Severity::P3,
                ReviewKind::InvalidInput,
                handled(after, None, None),
            )
        };
        let all: Vec<_> = (1..=100).map(of).collect();
        assert_eq!(stats(&all).total.to_detect, times(100, 50.5, 95.0));
    }

    #[test]
    fn nothing_has_no_figures() {
        assert_eq!(stats(&[]), Stats::default());
        assert_eq!(Stats::default().total.without_human, None);
    }
}
