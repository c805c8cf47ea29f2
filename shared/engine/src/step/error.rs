//! How a step fails, by what may have happened and what should happen next.
//!
//! A step says what it saw; whether an uncertain outcome is retried, reviewed or sent to a
//! fallback is the engine's decision, from the effect and the definition's policy.

use std::time::Duration;

use crate::port::{CallError, PortError};

/// The code of a call that may have taken effect.
pub const OUTCOME_UNKNOWN: &str = "OutcomeUnknown";

/// The code of the same where sending it again does no harm, so that nobody has to find out.
pub const RECEIVER_FAILED: &str = "ReceiverFailed";

/// The code of a call that was not made since no token was issued for it.
pub const TOKEN_REFUSED: &str = "TokenRefused";

/// How one attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// Nothing happened, and it may work later.
    #[error("{message}")]
    Transient {
        /// Stable PascalCase name.
        code: String,
        /// What happened.
        message: String,
        /// When the receiver asks to be called again.
        retry_after: Option<Duration>,
    },
    /// The effect may have happened: a timeout, a reset or a 5xx after the first byte.
    #[error("{message}")]
    Unknown {
        /// Stable PascalCase name.
        code: String,
        /// What happened.
        message: String,
        /// When the receiver asks to be called again.
        retry_after: Option<Duration>,
    },
    /// Nothing happened, and it never will without a change.
    #[error("{message}")]
    Permanent {
        /// Stable PascalCase name.
        code: String,
        /// What happened.
        message: String,
    },
    /// Nothing happened; a person must decide.
    #[error("{message}")]
    NeedsReview {
        /// Stable PascalCase name.
        code: String,
        /// What happened.
        message: String,
    },
}

impl StepError {
    /// A failure that may work later.
    #[must_use]
    pub fn transient(code: &str, message: impl Into<String>) -> Self {
        Self::Transient {
            code: code.to_owned(),
            message: message.into(),
            retry_after: None,
        }
    }

    /// A failure that stays one without a change.
    #[must_use]
    pub fn permanent(code: &str, message: impl Into<String>) -> Self {
        Self::Permanent {
            code: code.to_owned(),
            message: message.into(),
        }
    }

    /// The same where repeating the effect is harmless: what may have happened decides nothing, and
    /// its name does not ask for a decision.
    #[must_use]
    pub(crate) fn repeatable(self) -> Self {
        match self {
            Self::Unknown {
                code,
                message,
                retry_after,
            } if code == OUTCOME_UNKNOWN => Self::Unknown {
                code: RECEIVER_FAILED.to_owned(),
                message,
                retry_after,
            },
            other => other,
        }
    }

    /// The stable PascalCase name: a metric's dimension, a heading of `docs/errors.md`.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Transient { code, .. }
            | Self::Unknown { code, .. }
            | Self::Permanent { code, .. }
            | Self::NeedsReview { code, .. } => code,
        }
    }

    /// When the receiver asks to be called again.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Transient { retry_after, .. } | Self::Unknown { retry_after, .. } => *retry_after,
            Self::Permanent { .. } | Self::NeedsReview { .. } => None,
        }
    }
}

impl From<CallError> for StepError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::NotSent {
                message,
                retry_after,
            } => Self::Transient {
                code: "NotSent".to_owned(),
                message,
                retry_after,
            },
            CallError::Maybe {
                message,
                retry_after,
            } => Self::Unknown {
                code: OUTCOME_UNKNOWN.to_owned(),
                message,
                retry_after,
            },
            CallError::Refused { code, message } => Self::Permanent { code, message },
        }
    }
}

impl From<PortError> for StepError {
    fn from(error: PortError) -> Self {
        let (code, message) = (error.code(), error.to_string());
        if error.is_transient() {
            Self::transient(code, message)
        } else {
            Self::permanent(code, message)
        }
    }
}
