//! How far something long is: how fast it goes, and how long it still takes.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::{SignedDuration, Timestamp};

use crate::age::short;
use crate::output::Output;

/// How often progress is said where there is no terminal.
const EVERY: SignedDuration = SignedDuration::from_secs(5);

/// A bar on a terminal; else a line every few seconds.
pub(crate) struct Progress {
    bar: ProgressBar,
    total: usize,
    begin: Timestamp,
    said: Timestamp,
    output: Output,
}

impl Progress {
    /// Begins now.
    pub(crate) fn begin(total: usize, now: Timestamp, output: Output) -> Self {
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

    /// So many are done.
    pub(crate) fn at(&mut self, done: usize, now: Timestamp) {
        self.bar
            .set_position(u64::try_from(done).unwrap_or(u64::MAX));
        if self.bar.is_hidden() && now.duration_since(self.said) >= EVERY {
            self.said = now;
            self.output
                .note(line(done, self.total, now.duration_since(self.begin)));
        }
    }

    /// It is over.
    pub(crate) fn end(&self) {
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
}
