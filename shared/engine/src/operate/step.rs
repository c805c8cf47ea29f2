//! Decisions about steps: the envelope that an operation keeps, and a person's word about it.

use super::decide::{Deciding, Plan};
use super::redrive::whole;
use super::{Door, OperateError, Operator, Ruling};
use crate::contract::{Runner, Trouble, Unruled, Word};
use crate::envelope::Envelope;
use crate::operation::{Operation, ReviewKind};
use crate::port::{DeadLetters, MessageId, PortError, Ports, QueueName};

/// Dead letters read at once.
const PAGE: usize = 100;

const TWICE: &str = "the effect may have happened: it may now happen twice";

impl<P: Ports, D: Door> Operator<P, D> {
    pub(super) async fn step_plan(&self, deciding: &Deciding<'_>) -> Result<Plan, OperateError> {
        let operation = &deciding.found.operation;
        let envelope = self.envelope(operation).await?;
        let (word, note) = match &deciding.request.ruling {
            Ruling::Done { output } => (Word::Done(output.as_ref()), None),
            Ruling::Reject => (Word::Reject, None),
            _ => (Word::Retry, Some(TWICE)),
        };
        let runner = Runner::new(std::sync::Arc::clone(&self.ports));
        let ruled = runner
            .rule(&envelope, word, deciding.begun, &operation.key())
            .await?;
        let note = note.filter(|_| operation.kind() == ReviewKind::UnknownOutcome);
        Ok(Plan {
            ruled,
            note: note.map(str::to_owned),
            record: None,
        })
    }

    /// The envelope that an operation keeps; one that was too large is in the dead-letter queue.
    async fn envelope(&self, operation: &Operation) -> Result<Envelope, OperateError> {
        let dead = match (whole(operation.subject()), operation) {
            (Some(subject), _) => return read(subject),
            (None, Operation::Error(record)) => record.message_id.as_ref(),
            (None, Operation::Review(_)) => None,
        };
        let id = dead.ok_or(OperateError::MessageGone)?;
        let queue = QueueName::of(operation.function());
        let body = self.dead_letter(&queue, id).await?;
        read(&body.ok_or(OperateError::MessageGone)?)
    }

    async fn dead_letter(
        &self,
        queue: &QueueName,
        id: &MessageId,
    ) -> Result<Option<String>, PortError> {
        let mut after = None;
        loop {
            let letters = self.ports.dead_letters();
            let page = letters.list(queue, after.as_ref(), PAGE).await?;
            after = page.last().map(|letter| letter.id.clone());
            let mut page = page.into_iter();
            if let Some(letter) = page.find(|letter| letter.id == *id) {
                return Ok(Some(letter.body));
            }
            if after.is_none() {
                return Ok(None);
            }
        }
    }
}

fn read(body: &str) -> Result<Envelope, OperateError> {
    serde_json::from_str(body)
        .map_err(|error| OperateError::NotRedrivable(format!("it is no step's message: {error}")))
}

impl From<Unruled> for OperateError {
    fn from(unruled: Unruled) -> Self {
        match unruled {
            Unruled::MovedOn(state) => Self::StepMovedOn {
                state: state.to_owned(),
            },
            Unruled::InvalidOutput(violations) => Self::InvalidOutput(violations),
            Unruled::Trouble(Trouble::Port(error)) => Self::Port(error),
            Unruled::Trouble(Trouble::Definitions(error)) => error.into(),
            Unruled::Trouble(Trouble::Contended) => Self::Contended,
        }
    }
}
