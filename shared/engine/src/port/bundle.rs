//! The ports of a step function, as one type: its adapters are chosen once, at start.

use std::future::Future;

use super::{
    Alerts, Clock, CommitError, DeadLetters, Definitions, Entropy, Journal, OperationList,
    Outgoing, Queue, Secrets, Timers, Write,
};
use crate::quality::Tallies;

/// The ports that the step contract needs.
pub trait Ports: Send + Sync + 'static {
    /// Shared state.
    type Journal: Journal;
    /// Sending messages.
    type Queue: Queue;
    /// Sending messages later.
    type Timers: Timers;
    /// Dead letters.
    type DeadLetters: DeadLetters;
    /// Lists of what needs someone.
    type Operations: OperationList;
    /// Calling people.
    type Alerts: Alerts;
    /// Compiled definitions.
    type Definitions: Definitions;
    /// Secrets.
    type Secrets: Secrets;
    /// Time.
    type Clock: Clock;
    /// Randomness.
    type Entropy: Entropy;

    /// Shared state.
    fn journal(&self) -> &Self::Journal;
    /// Sending messages.
    fn queue(&self) -> &Self::Queue;
    /// Sending messages later.
    fn timers(&self) -> &Self::Timers;
    /// Dead letters.
    fn dead_letters(&self) -> &Self::DeadLetters;
    /// Lists of what needs someone.
    fn operations(&self) -> &Self::Operations;
    /// Calling people.
    fn alerts(&self) -> &Self::Alerts;
    /// Compiled definitions.
    fn definitions(&self) -> &Self::Definitions;
    /// Secrets.
    fn secrets(&self) -> &Self::Secrets;
    /// Time.
    fn clock(&self) -> &Self::Clock;
    /// Randomness.
    fn entropy(&self) -> &Self::Entropy;
    /// What is fixed for the deployment.
    fn deployment(&self) -> &Deployment;
    /// What this process counted of the data that came in, and did not add yet.
    fn quality(&self) -> &Tallies;

    /// Commits writes, then sends what follows them; nothing is sent unless the conditions hold.
    /// A crash between the two is mended by the redelivery of what led here, so an adapter whose
    /// journal and queues share a store may do both at once.
    ///
    /// # Errors
    /// [`CommitError`]; after [`CommitError::Port`] either may have happened.
    fn commit_and_send(
        &self,
        writes: Vec<Write>,
        messages: Vec<Outgoing>,
    ) -> impl Future<Output = Result<(), CommitError>> + Send {
        async move {
            self.journal().commit(writes).await?;
            if !messages.is_empty() {
                self.queue().send(messages).await?;
            }
            Ok(())
        }
    }
}

/// What is fixed for a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Deployment {
    /// The address under which providers reach the webhooks, without a slash at its end.
    pub public_url: Option<String>,
    /// Where one process at a time does all the work: the name of this start of it. Claims of
    /// another start have no living owner.
    pub boot: Option<String>,
}
