//! Why a promise cannot be looked at now.

use crate::port::{DefinitionsError, PortError};
use crate::timeline::TimelineError;

/// Why a promise cannot be looked at now.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The store failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The version that the execution keeps cannot be had.
    #[error(transparent)]
    Definitions(#[from] DefinitionsError),
    /// The journal holds something else.
    #[error(transparent)]
    Journal(#[from] TimelineError),
    /// What was read kept changing.
    #[error("what this delivery saw kept changing")]
    Contended,
}

impl Trouble {
    /// The stable name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Port(error) | Self::Journal(TimelineError::Port(error)) => error.code(),
            Self::Definitions(error) => error.code(),
            Self::Journal(TimelineError::Undecodable(..)) => "JournalUndecodable",
            Self::Contended => "Contended",
        }
    }
}
