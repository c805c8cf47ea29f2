//! Metrics as log lines in the Embedded Metric Format, from which `CloudWatch` makes metrics:
//! nothing is called for them.

use std::io::Write as _;
use std::iter::Sum;

use holdfast_engine::port::{Clock, Verdict};
use holdfast_providers::machine::SystemClock;
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::batch::Ended;

/// The namespace of every metric.
const NAMESPACE: &str = "Holdfast";

/// What became of the messages of an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    handled: u32,
    retried: u32,
    failed: u32,
    panicked: u32,
}

impl Counts {
    pub(super) fn of(ended: &Ended) -> Self {
        let mut counts = Self::default();
        match ended {
            Ended::Verdict(Verdict::Acknowledge) => counts.handled = 1,
            Ended::Verdict(Verdict::RetryAfter(_)) => counts.retried = 1,
            Ended::Verdict(Verdict::Fail) => counts.failed = 1,
            Ended::Panicked | Ended::Cut => counts.panicked = 1,
        }
        counts
    }
}

impl Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |sum, one| Self {
            handled: sum.handled + one.handled,
            retried: sum.retried + one.retried,
            failed: sum.failed + one.failed,
            panicked: sum.panicked + one.panicked,
        })
    }
}

/// The measurement of one invocation.
pub(super) struct Measure<'a> {
    stack: &'a str,
    function: &'a str,
    begin: Timestamp,
}

impl<'a> Measure<'a> {
    pub(super) fn begin(stack: &'a str, function: &'a str) -> Self {
        let begin = SystemClock.now();
        Self {
            stack,
            function,
            begin,
        }
    }

    pub(super) fn end(self, counts: Counts) {
        let now = SystemClock.now();
        let taken = now.duration_since(self.begin).as_millis();
        let values = [
            ("Handled", "Count", json!(counts.handled)),
            ("Retried", "Count", json!(counts.retried)),
            ("Failed", "Count", json!(counts.failed)),
            ("Panicked", "Count", json!(counts.panicked)),
            (
                "DurationMs",
                "Milliseconds",
                json!(i64::try_from(taken).unwrap_or(i64::MAX)),
            ),
        ];
        emit(&line((self.stack, self.function), now, &values));
    }
}

/// Tells values that are looked at once a minute.
pub(super) fn gauges((stack, function): (&str, &str), values: &[(&str, u64)]) {
    let values: Vec<_> = values
        .iter()
        .map(|(name, value)| (*name, "Count", json!(value)))
        .collect();
    emit(&line((stack, function), SystemClock.now(), &values));
}

/// One line of the format.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
fn line((stack, function): (&str, &str), now: Timestamp, values: &[(&str, &str, Json)]) -> String {
    let metrics: Vec<_> = values
        .iter()
        .map(|(name, unit, _)| json!({ "Name": name, "Unit": unit }))
        .collect();
    let mut line = Map::from_iter([
        ("Stack".to_owned(), json!(stack)),
        ("Function".to_owned(), json!(function)),
        (
            "_aws".to_owned(),
            json!({
                "Timestamp": now.as_millisecond(),
                "CloudWatchMetrics": [{
                    "Namespace": NAMESPACE,
                    "Dimensions": [["Stack", "Function"]],
                    "Metrics": metrics,
                }],
            }),
        ),
    ]);
    for (name, _, value) in values {
        line.insert((*name).to_owned(), value.clone());
    }
    Json::Object(line).to_string()
}

fn emit(line: &str) {
    // Metrics are lost rather than an invocation failed.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_each_metric_and_holds_its_value() {
        let values = [("Handled", "Count", json!(3))];
        let line = line(("holdfast-dev", "send-sms"), Timestamp::UNIX_EPOCH, &values);
        let line: Json = serde_json::from_str(&line).unwrap();
        assert_eq!(line["Handled"], 3);
        assert_eq!(line["Function"], "send-sms");
        let metrics = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(
            metrics["Metrics"][0],
            json!({ "Name": "Handled", "Unit": "Count" })
        );
        assert_eq!(metrics["Namespace"], NAMESPACE);
    }

    #[test]
    fn what_became_of_messages_is_counted() {
        let ended = [Ended::Verdict(Verdict::Acknowledge), Ended::Panicked];
        let counts: Counts = ended.iter().map(Counts::of).sum();
        assert_eq!((counts.handled, counts.panicked, counts.failed), (1, 1, 0));
    }
}
