//! Sending many failures again as people see it.

use holdfast_embedded::control::{self, Summary, Terms};
use holdfast_engine::operate::Listed;
use holdfast_engine::port::Clock;

use crate::failure::Failure;
use crate::output::{Output, counted};
use crate::place::Place;
use crate::progress::Progress;

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
