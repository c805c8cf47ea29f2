//! How a command ends: its exit codes, and the failures that stop it.
//!
//! A command that did what it was asked and found something wrong (mistakes, failed tests, a
//! refused request) has shown it already and ends with [`Exit::Wrong`]. A [`Failure`] is what kept
//! it from its work, and is shown once, by the caller.

use holdfast_embedded::control::{AskError, ConfigError, Refused};
use holdfast_embedded::store::OpenError;
use holdfast_embedded::system::StartError;
use holdfast_engine::port::{DefinitionsError, PortError};
use holdfast_engine::timeline::TimelineError;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well.
    Done,
    /// What was asked for is wrong, and was shown.
    Wrong,
}

impl Exit {
    /// The exit code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Wrong => 1,
        }
    }
}

/// What keeps a command from its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// What was asked for is not there or not possible.
    #[error("{message}")]
    Wrong {
        /// Stable name.
        code: String,
        /// What happened and what to do.
        message: String,
    },
    /// The command was called wrongly.
    #[error("{0}")]
    Usage(String),
    /// A data folder, a port or an address cannot be reached or is held by another process.
    #[error("{message}")]
    Unreachable {
        /// Stable name.
        code: String,
        /// What happened and what to do.
        message: String,
    },
}

impl Failure {
    /// Something that is not there or not possible.
    pub(crate) fn wrong(code: &str, message: impl Into<String>) -> Self {
        let (code, message) = (code.to_owned(), message.into());
        Self::Wrong { code, message }
    }

    /// Something that cannot be reached.
    pub(crate) fn unreachable(code: &str, message: impl Into<String>) -> Self {
        let (code, message) = (code.to_owned(), message.into());
        Self::Unreachable { code, message }
    }

    /// The stable name.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::Wrong { code, .. } | Self::Unreachable { code, .. } => code,
            Self::Usage(_) => "Usage",
        }
    }

    /// The exit code.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Wrong { .. } => 1,
            Self::Usage(_) => 2,
            Self::Unreachable { .. } => 3,
        }
    }
}

/// A message with its causes.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let hint = match &error {
            OpenError::Missing { .. } => {
                "; name the folder of `holdfast serve` with --data, or start it first"
            }
            _ => "",
        };
        Self::unreachable(error.code(), format!("{}{hint}", with_causes(&error)))
    }
}

impl From<PortError> for Failure {
    fn from(error: PortError) -> Self {
        Self::unreachable(error.code(), error.to_string())
    }
}

impl From<DefinitionsError> for Failure {
    fn from(error: DefinitionsError) -> Self {
        match error {
            DefinitionsError::Port(error) => error.into(),
            other => Self::wrong("DefinitionMissing", other.to_string()),
        }
    }
}

impl From<TimelineError> for Failure {
    fn from(error: TimelineError) -> Self {
        match error {
            TimelineError::Port(error) => error.into(),
            other @ TimelineError::Undecodable(..) => {
                Self::wrong("JournalUndecodable", other.to_string())
            }
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::Port(error) => error.into(),
            other => Self::wrong(other.code(), other.to_string()),
        }
    }
}

impl From<AskError> for Failure {
    fn from(error: AskError) -> Self {
        let hint = match &error {
            AskError::Denied => "",
            AskError::Silent(_) => "; what was asked for may have been done: look, then ask again",
            AskError::OtherVersion(_) => "; use its program, or restart it with this one",
        };
        Self::unreachable(error.code(), format!("{error}{hint}"))
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let hint = match refused.code.as_str() {
            "NotClaimable" => "; --take-over does it all the same",
            "NotACandidate" => "; name one with --record",
            "EffectsRepeat" => "; --again repeats them",
            "StoreUnavailable" | "StoreFull" => {
                "; it may have been done in part: the same command once more ends it"
            }
            _ => "",
        };
        let Refused {
            code,
            message,
            unavailable,
        } = refused;
        let message = format!("{message}{hint}");
        if unavailable {
            Self::Unreachable { code, message }
        } else {
            Self::Wrong { code, message }
        }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Open(error) => error.into(),
            StartError::Port(error) => error.into(),
            StartError::Fault(error) => Self::wrong(error.code(), error.to_string()),
            StartError::MissingSecrets(missing) => Self::wrong(
                "SecretsMissing",
                format!(
                    "secrets are not set:\n  {}\nOr use --dev: well-known secrets, for development only.",
                    missing.join("\n  ")
                ),
            ),
            other => Self::unreachable("DataFolderUnusable", with_causes(&other)),
        }
    }
}
