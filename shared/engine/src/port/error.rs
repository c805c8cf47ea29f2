//! How a port fails when the world does.

/// A failure of a store, queue or lookup. Nothing that the caller asked for may be assumed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// The service asks for fewer calls.
    #[error("the service throttles")]
    Throttled,
    /// The service did not answer, or answered with an error of its own.
    #[error("the service is unavailable: {0}")]
    Unavailable(String),
    /// There is no room: a full disk.
    #[error("the store is full")]
    Full,
    /// What was asked for is larger than the service allows.
    #[error("the item is too large")]
    TooLarge,
}

impl PortError {
    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        !matches!(self, Self::TooLarge)
    }

    /// The stable name of the failure.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Throttled => "StoreThrottled",
            Self::Unavailable(_) => "StoreUnavailable",
            Self::Full => "StoreFull",
            Self::TooLarge => "ItemTooLarge",
        }
    }
}
