//! A step that a person decides on, as it was seen, and what their word makes of it.

use jiff::Timestamp;

use super::once::OnceClaim;
use super::ruling::Unruled;
use super::view::View;
use super::work::Work;
use crate::entry::{Occurred, State, StepEntry, transition};
use crate::port::{PortError, Write};

/// A step that is decided on, as it was seen.
pub(super) struct Ruling<'a> {
    pub(super) work: &'a Work<'a>,
    pub(super) view: &'a View,
    pub(super) entry: Option<StepEntry>,
    /// Whether its generation is over: nothing of it runs any more.
    pub(super) old: bool,
}

impl Ruling<'_> {
    pub(super) fn state(&self) -> Option<&State> {
        self.entry.as_ref().map(|entry| &entry.state)
    }

    /// Whether its fallback went on although its effect may have happened, so that its `once`
    /// key waits for a person.
    pub(super) fn is_held_after_fallback(&self) -> bool {
        let held = self.work.pending_once(self.view).ok().flatten();
        held.is_some() && self.state() == Some(&State::FellBack)
    }

    /// Whether the `once` key is this step's, or nobody's.
    pub(super) fn may_take_once(&self) -> Result<bool, PortError> {
        let Some(key) = &self.work.once_key else {
            return Ok(false);
        };
        let free = self.view.body::<OnceClaim>(key)?.is_none();
        Ok(free || self.work.pending_once(self.view)?.is_some())
    }

    /// What a rejection is here: a step that was never tried, or is to be tried again, fails.
    pub(super) fn rejection(&self, undoes: bool, at: Timestamp) -> Occurred {
        let message = self.work.delivery.message_id.clone();
        let created = self.work.delivery.created;
        let (by, maybe) = (None, false);
        match self.state() {
            None | Some(State::Retrying { .. }) if undoes => Occurred::GaveUp {
                by,
                message,
                at,
                maybe,
            },
            None | Some(State::Retrying { .. }) => Occurred::Failed {
                by,
                message,
                created,
                at,
                maybe,
            },
            _ => Occurred::Rejected {
                message,
                created,
                at,
                undoes,
            },
        }
    }

    /// The entry in its next state.
    pub(super) fn next(&self, occurred: &Occurred, now: Timestamp) -> Result<StepEntry, Unruled> {
        let before = self.entry.as_ref();
        let from = before.map(|entry| (&entry.state, entry.progress));
        let (state, progress) =
            transition(from, occurred).map_err(|illegal| Unruled::MovedOn(illegal.state))?;
        Ok(self.work.entry(state, progress, before, now))
    }

    pub(super) fn changed(
        &self,
        occurred: &Occurred,
        now: Timestamp,
    ) -> Result<Vec<Write>, Unruled> {
        let entry = self.next(occurred, now)?;
        Ok(vec![self.view.put(&self.work.entry_key, &entry)?])
    }
}
