//! What follows a settled step, sent again.

use super::each::Settled;
use super::render::messages;
use super::runner::{Runner, Trouble};
use super::view::View;
use super::work::Work;
use crate::entry::{State, StepEntry};
use crate::port::{Clock, Outgoing, PortError, Ports, Queue, Verdict};

impl<P: Ports> Runner<P> {
    /// Sends what follows a settled step again, byte for byte.
    pub(super) async fn replay(
        &self,
        work: &Work<'_>,
        view: &mut View,
    ) -> Result<Verdict, Trouble> {
        if let Some(entry) = view.body::<StepEntry>(&work.entry_key)? {
            let messages = self.following(work, &entry)?;
            if !messages.is_empty() {
                self.ports.queue().send(messages).await?;
            }
            match entry.state {
                State::Waiting => self.fan_out_again(work, &entry).await?,
                State::Succeeded | State::Skipped => {
                    self.join_after(work, &entry, Settled::Before).await?;
                    self.close_error(work, view).await?;
                }
                _ => {}
            }
        }
        Ok(Verdict::Acknowledge)
    }

    /// Lets a message that failed already be dead-lettered. The compensation that its failure
    /// began is sent again, in case that it was not.
    pub(super) async fn fail_again(
        &self,
        work: &Work<'_>,
        view: &View,
    ) -> Result<Verdict, Trouble> {
        if let Some(entry) = view.body::<StepEntry>(&work.entry_key)? {
            let messages = self.following(work, &entry)?;
            if !messages.is_empty() {
                self.ports.queue().send(messages).await?;
            }
        }
        Ok(Verdict::Fail)
    }

    /// The messages that an entry says follow it.
    pub(super) fn following(
        &self,
        work: &Work<'_>,
        entry: &StepEntry,
    ) -> Result<Vec<Outgoing>, PortError> {
        let Some(dispatch) = &entry.dispatch else {
            return Ok(Vec::new());
        };
        let envelope = work.envelope;
        let context = match (&entry.state, &entry.output) {
            (State::Succeeded, Some(output)) => work.context_after(output),
            _ => envelope.context.clone(),
        };
        messages(
            work.pack,
            &envelope.execution,
            envelope.generation,
            &context,
            dispatch,
            self.ports.clock().now(),
        )
    }
}
