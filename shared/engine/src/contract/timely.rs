//! When a step may be performed at all: before it has expired, and within its hours.

use std::time::Duration;

use jiff::Timestamp;

use super::arrival::Reaction;
use super::connect::Connected;
use super::gate::Held;
use super::outcome::Ending;
use super::perform::Attempted;
use super::runner::{Runner, Trouble};
use super::view::View;
use super::work::Work;
use crate::entry::{Progress, StepEntry};
use crate::envelope::Input;
use crate::hours::{Hours, opening};
use crate::port::{Clock, Journal, Ports, Verdict};
use crate::step::StepError;

/// The code of a step that expired when an attempt at it may have taken effect.
pub(super) const EXPIRED: &str = "Expired";

/// Over how long what waits for the same opening comes back: shorter than any hours.
const SPREAD: Duration = Duration::from_secs(30);

/// When hours that do not open within a year are looked at again.
const NEVER: Duration = Duration::from_hours(24);

/// Why a step is left out.
#[derive(Debug)]
pub(super) struct LeftOut {
    /// What it is called where an attempt may have taken effect.
    pub(super) code: &'static str,
    /// The reason.
    pub(super) reason: String,
}

impl<P: Ports> Runner<P> {
    /// Skips what is too late and parks what comes outside its hours; `None`: it is time.
    pub(super) async fn untimely(
        &self,
        work: &Work<'_>,
        connected: &Connected<'_>,
        view: &mut View,
        reaction: Reaction,
    ) -> Result<Option<Held>, Trouble> {
        let now = self.ports.clock().now();
        let hours = work.hours(connected);
        let opens = opening(&hours, now, &work.envelope.context.config);
        let opens = opens.unwrap_or_else(|| now.saturating_add(NEVER).unwrap_or(now));
        if let Some(reason) = work.expired(now, opens) {
            let why = LeftOut {
                code: EXPIRED,
                reason,
            };
            return self.skip(work, view, reaction, why).await.map(Some);
        }
        if opens <= now {
            return Ok(None);
        }
        let spread = SPREAD.mul_f64(self.fraction());
        let due = opens.saturating_add(spread).unwrap_or(opens);
        tracing::debug!(step = %work.envelope.step, %due, "the step waits for its hours");
        self.wait(work, due).await.map(Held::Over).map(Some)
    }

    /// Leaves a step out that has not acted. One that may have is unknown where that matters: its
    /// `once` key is held, and a person decides.
    pub(super) async fn skip(
        &self,
        work: &Work<'_>,
        view: &mut View,
        reaction: Reaction,
        why: LeftOut,
    ) -> Result<Held, Trouble> {
        let verdict = if reaction == Reaction::TakeOver {
            self.abandon(work, view).await?
        } else {
            self.skip_unclaimed(work, view, why).await?
        };
        Ok(verdict.map_or(Held::LookAgain, Held::Over))
    }

    async fn skip_unclaimed(
        &self,
        work: &Work<'_>,
        view: &mut View,
        why: LeftOut,
    ) -> Result<Option<Verdict>, Trouble> {
        if let Some(key) = work.once_key.clone() {
            let keys = [key];
            view.saw(&keys, self.ports.journal().read(&keys).await?);
        }
        let entry = view.body::<StepEntry>(&work.entry_key)?;
        let progress = entry.map_or(Progress::FIRST, |entry| entry.progress);
        let attempted = if progress.maybe && work.terms.needs_certainty() {
            let message = format!("{}, after an attempt", why.reason);
            let error = StepError::permanent(why.code, message);
            Attempted::Ended(error, Ending::LeaveUnknown, None)
        } else {
            Attempted::LeftOut(why.reason)
        };
        let verdict = self.settle(work, view, None, &attempted).await?;
        if let (Some(crash), Some(_)) = (work.crash_id(), verdict) {
            self.close(view, &work.error_key(&crash)).await?;
        }
        Ok(verdict)
    }
}

impl<'a> Work<'a> {
    /// The hours that a step keeps: its own, and its connection's. One that calls nobody, since its
    /// input could not be rendered, keeps none.
    fn hours(&self, connected: &Connected<'a>) -> Vec<&'a Hours> {
        if matches!(self.envelope.input, Input::Failed { .. }) {
            return Vec::new();
        }
        let connection = connected.connection();
        let connected = connection.and_then(|connection| connection.hours.as_deref());
        let own = self.definition.hours.as_deref();
        own.into_iter().chain(connected).collect()
    }

    /// Why a step is too late, if it is: now, or when its hours open.
    fn expired(&self, now: Timestamp, opens: Timestamp) -> Option<String> {
        let expires = self.envelope.expires?;
        if expires <= now {
            return Some(format!("expired at {expires}"));
        }
        (expires <= opens).then(|| format!("expired: its hours open at {opens}, after {expires}"))
    }
}
