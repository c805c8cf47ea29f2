//! Sending many failures again: batch by batch, at a rate, and with a count of what came of it.
//!
//! Killed at any moment, it can be repeated: the mark that a failure was sent again is on the
//! failure itself.

use std::collections::BTreeMap;
use std::io::IsTerminal;

use holdfast_embedded::control::Operated;
use holdfast_engine::operate::{Listed, NotRedriven, Operate, Outcome};
use holdfast_engine::port::Clock;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::age::short;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::output::{Output, counted};
use crate::pace::{Pace, Rate};

/// How often progress is said where there is no terminal.
const EVERY: SignedDuration = SignedDuration::from_secs(5);

/// Who sends again, why, and how fast; `again`: what was sent since it failed, too.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    pub(crate) by: String,
    pub(crate) reason: String,
    pub(crate) rate: Rate,
    pub(crate) again: bool,
}

/// What came of it, for programs: these members stay.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Summary {
    pub(crate) matched: usize,
    pub(crate) redriven: usize,
    pub(crate) already_redriven: usize,
    /// Settled since, or with nothing left to send.
    pub(crate) gone: usize,
    /// By the stable name of the reason.
    pub(crate) refused: BTreeMap<String, Refusals>,
    /// Whether what was sent waits until a process serves.
    pub(crate) waits: bool,
}

/// What was refused for one reason.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Refusals {
    pub(crate) count: usize,
    /// The first of them.
    pub(crate) id: String,
    pub(crate) message: String,
}

impl Summary {
    fn count(&mut self, id: &str, answer: Operated) {
        match answer {
            Operated::Done(outcome) => self.count_done(id, &outcome),
            Operated::Refused(refused) if refused.code == "MessageGone" => self.gone += 1,
            Operated::Refused(refused) => self.refuse(id, refused.code, refused.message),
        }
    }

    fn count_done(&mut self, id: &str, outcome: &Outcome) {
        match outcome {
            Outcome::Redriven { .. } => self.redriven += 1,
            Outcome::NotRedriven { reason, .. } => match reason {
                NotRedriven::AlreadyRedriven { .. } => self.already_redriven += 1,
                NotRedriven::Settled => self.gone += 1,
            },
            _ => {
                let message = "the answer is to something else";
                self.refuse(id, "ControlVersion".to_owned(), message.to_owned());
            }
        }
    }

    fn refuse(&mut self, id: &str, code: String, message: String) {
        let refusals = self.refused.entry(code).or_default();
        refusals.count += 1;
        if refusals.id.is_empty() {
            (refusals.id, refusals.message) = (id.to_owned(), message);
        }
    }

    fn done(&self) -> usize {
        let refused: usize = self.refused.values().map(|refusals| refusals.count).sum();
        self.redriven + self.already_redriven + self.gone + refused
    }
}

/// Sends these again.
///
/// # Errors
/// [`Failure::Unreachable`] when nobody answers any more: what was sent is said, and the same
/// command once more goes on.
pub(crate) async fn redrive<C: Clock + Clone>(
    desk: &mut Desk<'_>,
    found: &[Listed],
    terms: &Terms,
    clock: C,
    output: Output,
) -> Result<Summary, Failure> {
    let mut summary = Summary {
        matched: found.len(),
        ..Summary::default()
    };
    let mut pace = Pace::new(clock.clone(), terms.rate);
    let mut progress = Progress::begin(found.len(), clock.now(), output);
    for batch in found.chunks(terms.rate.batch()) {
        pace.admit(batch.len()).await;
        let requests = batch.iter().map(|listed| request(listed, terms)).collect();
        let answers = desk.all(requests).await;
        let answers = answers.map_err(|failure| stopped(&failure, &summary))?;
        for (listed, answer) in batch.iter().zip(answers) {
            summary.count(&listed.item.id, answer);
        }
        progress.at(summary.done(), clock.now());
    }
    progress.end();
    summary.waits = desk.waits().is_some() && summary.redriven > 0;
    Ok(summary)
}

fn request(listed: &Listed, terms: &Terms) -> Operate {
    Operate::Redrive {
        item: listed.item.clone(),
        by: terms.by.clone(),
        reason: terms.reason.clone(),
        dry_run: false,
        again: terms.again,
    }
}

fn stopped(failure: &Failure, summary: &Summary) -> Failure {
    let so_far = counted(summary.redriven, "failure");
    let message =
        format!("{failure}\n{so_far} redriven so far; the same command goes on from there");
    Failure::Unreachable {
        code: failure.code().to_owned(),
        message,
    }
}

/// A bar on a terminal; else a line every few seconds.
struct Progress {
    bar: ProgressBar,
    total: usize,
    begin: Timestamp,
    said: Timestamp,
    output: Output,
}

impl Progress {
    fn begin(total: usize, now: Timestamp, output: Output) -> Self {
        let shows = !output.is_json() && std::io::stderr().is_terminal();
        let target = if shows {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let length = u64::try_from(total).unwrap_or(u64::MAX);
        let bar = ProgressBar::with_draw_target(Some(length), target);
        let style = "{bar:30} {pos}/{len}  {per_sec}  {eta} left";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        Self {
            bar,
            total,
            begin: now,
            said: now,
            output,
        }
    }

    fn at(&mut self, done: usize, now: Timestamp) {
        self.bar
            .set_position(u64::try_from(done).unwrap_or(u64::MAX));
        if self.bar.is_hidden() && now.duration_since(self.said) >= EVERY {
            self.said = now;
            self.output
                .note(line(done, self.total, now.duration_since(self.begin)));
        }
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// How far it is, how fast, and how long it still takes.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn line(done: usize, total: usize, taken: SignedDuration) -> String {
    let rate = done as f64 / taken.as_secs_f64().max(0.001);
    let left = total.saturating_sub(done) as f64 / rate.max(0.001);
    let left = SignedDuration::try_from_secs_f64(left).unwrap_or(SignedDuration::MAX);
    format!("{done} of {total}, {rate:.0}/s, {} left", short(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_says_how_fast_it_is_and_how_long_it_takes() {
        let text = line(100, 400, SignedDuration::from_secs(10));
        assert_eq!(text, "100 of 400, 10/s, 30s left");
        assert!(line(0, 10, SignedDuration::ZERO).starts_with("0 of 10"));
    }

    #[test]
    fn refusals_are_counted_by_their_reason_with_the_first_of_them() {
        let mut summary = Summary::default();
        for id in ["a", "b"] {
            summary.refuse(id, "NotRedrivable".to_owned(), format!("not {id}"));
        }
        let refusals = &summary.refused["NotRedrivable"];
        assert_eq!((refusals.count, refusals.id.as_str()), (2, "a"));
        assert_eq!(refusals.message, "not a");
        assert_eq!(summary.done(), 2);
    }
}
