//! Why what a person asked for is not done.

use jiff::Timestamp;

use crate::field::{Violation, describe};
use crate::id::{ExecutionRef, StepKey};
use crate::name::StepId;
use crate::operation::{Choice, ReviewKind};
use crate::port::{CommitError, DefinitionsError, PortError};
use crate::suppression::Channel;

/// Why what a person asked for is not done. Nothing of it was, unless it says so.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OperateError {
    /// There is no such operation.
    #[error("there is no error record or review item `{0}`")]
    UnknownItem(String),
    /// Somebody was first.
    #[error("{by} decided `{}` at {at}", choice.name())]
    AlreadyDecided {
        /// Who.
        by: String,
        /// When.
        at: Timestamp,
        /// What.
        choice: Choice,
    },
    /// It settled itself.
    #[error("it was settled at {0}, by nobody's decision")]
    AlreadySettled(Timestamp),
    /// Another person took it.
    #[error("{by} took it at {at}")]
    NotClaimable {
        /// Who.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// Nothing of that kind can be decided so.
    #[error("`{}` is no decision about {}", choice.name(), kind.name())]
    ChoiceNotPossible {
        /// What was decided.
        choice: Choice,
        /// About what.
        kind: ReviewKind,
    },
    /// The reason is missing.
    #[error("a reason is missing")]
    ReasonMissing,
    /// The name of who asks is missing.
    #[error("the name of who decides is missing")]
    PersonMissing,
    /// An ambiguous event was approved without a record, or with another than the candidates.
    #[error("name one of the candidates: {}", candidates.join(", "))]
    NotACandidate {
        /// The records that match.
        candidates: Vec<String>,
    },
    /// What is kept of the input cannot go through the door.
    #[error("the input cannot be sent through its door again: {0}")]
    NotResubmittable(String),
    /// The result that was given is not what the step declares.
    #[error("the result is not what the step returns: {}", describe(.0))]
    InvalidOutput(Vec<Violation>),
    /// The step went on since.
    #[error("the step is `{state}` by now, not as the item says")]
    StepMovedOn {
        /// The state of the step.
        state: String,
    },
    /// The message was too large to be kept, and is in no dead-letter queue.
    #[error("the message is in no dead-letter queue, and was too large to be kept")]
    MessageGone,
    /// The failure is none that another try would mend.
    #[error("sending it again would do nothing: {0}")]
    NotRedrivable(String),
    /// There is no such execution.
    #[error("there is no execution {0}")]
    UnknownExecution(ExecutionRef),
    /// The version has no such step.
    #[error("version {version} has no step `{step}`")]
    UnknownStep {
        /// The step.
        step: StepId,
        /// The version.
        version: String,
    },
    /// There is no such version.
    #[error("there is no version `{0}`")]
    UnknownVersion(String),
    /// Effects would be repeated.
    #[error("these steps may have had their effect: {}", named(steps))]
    EffectsRepeat {
        /// Which steps.
        steps: Vec<StepKey>,
    },
    /// Somebody else ran it anew at the same time.
    #[error("{by} ran it anew at {at}, as generation {generation}")]
    AlreadyRerun {
        /// Who.
        by: String,
        /// When.
        at: Timestamp,
        /// The generation.
        generation: u32,
    },
    /// An address is none of its channel.
    #[error("that is no {} with which the list could know somebody", expected(*.0))]
    InvalidAddress(Channel),
    /// No step of the tenant looks at the list for a channel.
    #[error("no source has an `opt_out` for {}, so no step would look", .0.word())]
    NobodyLooks(Channel),
    /// What was seen kept changing.
    #[error("what was decided on kept changing")]
    Contended,
    /// A definition cannot be had.
    #[error(transparent)]
    Definitions(DefinitionsError),
    /// The store failed. It may or may not have been done: ask again.
    #[error(transparent)]
    Port(#[from] PortError),
}

fn expected(channel: Channel) -> &'static str {
    match channel {
        Channel::Sms => "phone number with its country code",
        Channel::Email => "e-mail address",
    }
}

fn named(steps: &[StepKey]) -> String {
    let names = steps.iter().map(ToString::to_string);
    names.collect::<Vec<_>>().join(", ")
}

impl OperateError {
    /// The stable name of the reason.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownItem(_) => "UnknownItem",
            Self::AlreadyDecided { .. } => "AlreadyDecided",
            Self::AlreadySettled(_) => "AlreadySettled",
            Self::NotClaimable { .. } => "NotClaimable",
            Self::ChoiceNotPossible { .. } => "ChoiceNotPossible",
            Self::ReasonMissing => "ReasonMissing",
            Self::PersonMissing => "PersonMissing",
            Self::NotACandidate { .. } => "NotACandidate",
            Self::NotResubmittable(_) => "NotResubmittable",
            Self::InvalidOutput(_) => "InvalidOutput",
            Self::StepMovedOn { .. } => "StepMovedOn",
            Self::MessageGone => "MessageGone",
            Self::NotRedrivable(_) => "NotRedrivable",
            Self::UnknownExecution(_) => "UnknownExecution",
            Self::UnknownStep { .. } => "UnknownStep",
            Self::UnknownVersion(_) => "UnknownVersion",
            Self::EffectsRepeat { .. } => "EffectsRepeat",
            Self::AlreadyRerun { .. } => "AlreadyRerun",
            Self::InvalidAddress(_) => "InvalidAddress",
            Self::NobodyLooks(_) => "NobodyLooks",
            Self::Contended => "Contended",
            Self::Definitions(error) => error.code(),
            Self::Port(error) => error.code(),
        }
    }
}

impl From<DefinitionsError> for OperateError {
    fn from(error: DefinitionsError) -> Self {
        match error {
            DefinitionsError::Port(error) => Self::Port(error),
            error => Self::Definitions(error),
        }
    }
}

impl From<CommitError> for OperateError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict(_) => Self::Contended,
            CommitError::Port(error) => Self::Port(error),
        }
    }
}
