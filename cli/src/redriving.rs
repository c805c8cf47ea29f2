//! Sending many failures again as people see it: the rate, and how far it is.

use std::io::IsTerminal;

use holdfast_embedded::control::{self, Summary, Terms};
use holdfast_engine::operate::Listed;
use holdfast_engine::port::Clock;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::{SignedDuration, Timestamp};

use crate::age::short;
use crate::failure::Failure;
use crate::output::{Output, counted};
use crate::place::Place;

/// How often progress is said where there is no terminal.
const EVERY: SignedDuration = SignedDuration::from_secs(5);

/// Sends these again.
///
/// # Errors
/// [`Failure::Unreachable`] when nobody answers any more: what was sent is said, and the same
/// command once more goes on.
pub(crate) async fn redrive<C: Clock + Clone>(
    place: &mut impl Place,
    found: &[Listed],
    terms: &Terms,
    clock: C,
    output: Output,
) -> Result<Summary, Failure> {
    let mut progress = Progress::begin(found.len(), clock.now(), output);
    let mut so_far = 0;
    let sent = control::redrive(
        found,
        terms,
        clock.clone(),
        async |requests| place.all(requests).await,
        |summary: &Summary| {
            so_far = summary.redriven;
            progress.at(summary.done(), clock.now());
        },
    )
    .await;
    let mut summary = sent.map_err(|failure| stopped(&failure, so_far))?;
    progress.end();
    summary.waits = place.waits().is_some() && summary.redriven > 0;
    Ok(summary)
}

fn stopped(failure: &Failure, redriven: usize) -> Failure {
    let so_far = counted(redriven, "failure");
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
}
