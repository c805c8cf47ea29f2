//! A message on its last receive: what is written down before it can be lost.
//!
//! The step's entry names the error record that says so, so that whatever settles the step later,
//! this delivery or another, closes it too.

use jiff::Timestamp;

use super::failure::{self, Failure};
use super::runner::{MAX_LOOKS, Runner, Trouble};
use super::view::View;
use super::work::Work;
use crate::entry::{ErrorSummary, Occurred, State, StepEntry, transition};
use crate::operation::ErrorRecord;
use crate::port::{Clock, Journal, Key, PortError, Ports, Write};

impl<P: Ports> Runner<P> {
    /// Opens an error record and names it in the entry, in one transaction, unless that is so
    /// already: two deliveries that each touch the entry would never let each other settle it.
    /// `false`: the entry is not as it was seen.
    pub(super) async fn open_error(
        &self,
        work: &Work<'_>,
        view: &mut View,
        code: &str,
        message: &str,
        quiet_until: Option<Timestamp>,
    ) -> Result<bool, Trouble> {
        for _ in 0..MAX_LOOKS {
            let id = ErrorRecord::id_of(&work.envelope.key(), code);
            let named = self.see_error(work, view).await?;
            if named.is_some_and(|key| key == work.error_key(&id) && failure::is_open(view, &key)) {
                return Ok(true);
            }
            let Some(writes) = self.opening(work, view, code, message, quiet_until)? else {
                return Ok(false);
            };
            match self.commit(view, &writes).await? {
                None => return Ok(true),
                Some(changed) if changed.contains(&work.entry_key) => return Ok(false),
                Some(_) => {}
            }
        }
        Err(Trouble::Contended)
    }

    /// A step without an entry spent its receives and came to nothing: that is an attempt.
    fn opening(
        &self,
        work: &Work<'_>,
        view: &View,
        code: &str,
        message: &str,
        quiet_until: Option<Timestamp>,
    ) -> Result<Option<Vec<Write>>, PortError> {
        let failure = Failure {
            quiet_until,
            ..self.failure(work, view, code, message)?
        };
        let before = view.body::<StepEntry>(&work.entry_key)?;
        let entry = before.or_else(|| {
            let (by, due, maybe) = (None, self.ports.clock().now(), false);
            let (state, progress) = transition(None, &Occurred::Retried { by, due, maybe }).ok()?;
            Some(work.entry(state, progress, None, due))
        });
        let Some(mut entry) = entry else {
            return Ok(None);
        };
        let earlier = entry.error.replace(failure.summary(failure.error_id()));
        let mut writes = vec![
            view.put(&work.entry_key, &entry)?,
            failure.error_write(view)?,
        ];
        writes.extend(work.replaced_error(view, earlier.as_ref(), &entry)?);
        Ok(Some(writes))
    }

    /// Closes the error record that a settled step still names: the delivery that wrote it, or
    /// one that came after it, has dispatched what follows.
    pub(super) async fn close_error(
        &self,
        work: &Work<'_>,
        view: &mut View,
    ) -> Result<(), Trouble> {
        if let Some(key) = self.see_error(work, view).await? {
            self.close(view, &key).await?;
        }
        Ok(())
    }

    pub(super) async fn close(&self, view: &mut View, key: &Key) -> Result<(), Trouble> {
        let now = self.ports.clock().now();
        let closed = |view: &View| Ok(failure::close(view, key, now)?.into_iter().collect());
        self.commit_settled(view, closed).await
    }

    /// Records that the queue is about to dead-letter a message because something around the
    /// step failed. A store that fails here too leaves it to the dead-letter queue alone.
    pub(super) async fn record_lost(
        &self,
        work: &Work<'_>,
        code: &str,
        message: &str,
    ) -> Result<(), Trouble> {
        for _ in 0..MAX_LOOKS {
            let mut view = View::default();
            let keys = [work.entry_key.clone()];
            view.saw(&keys, self.ports.journal().read(&keys).await?);
            let known = self.see_error(work, &mut view).await?;
            if known.is_some_and(|key| failure::is_open(&view, &key)) {
                return Ok(());
            }
            if self
                .open_error(work, &mut view, code, message, None)
                .await?
            {
                return Ok(());
            }
        }
        Err(Trouble::Contended)
    }
}

impl Work<'_> {
    /// Closes the error record that an entry named before, where it names another one now. What
    /// this delivery wrote down in case that it crashes waits until the fallback is dispatched.
    pub(super) fn replaced_error(
        &self,
        view: &View,
        before: Option<&ErrorSummary>,
        after: &StepEntry,
    ) -> Result<Option<Write>, PortError> {
        let now = after.error.as_ref().map(|error| &error.id);
        let Some(error) = before.filter(|error| Some(&error.id) != now) else {
            return Ok(None);
        };
        if after.state == State::FellBack && self.crash_id().as_ref() == Some(&error.id) {
            return Ok(None);
        }
        failure::close(view, &self.error_key(&error.id), after.at)
    }

    /// The error record that this delivery wrote before it performed.
    pub(super) fn crash_id(&self) -> Option<String> {
        let crashed = self.delivery.last_receive;
        crashed.then(|| ErrorRecord::id_of(&self.envelope.key(), CRASHED))
    }
}

/// The error of a function that ends without an outcome.
pub(super) const CRASHED: &str = "Crashed";
