//! Why a request is not to be trusted.

/// Why a request is not to be trusted; answered as 401 with [`Rejection::code`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// A header of the scheme is absent or empty.
    #[error("the header `{0}` is missing")]
    MissingHeader(String),
    /// A header that says what was signed came more than once, so it is unclear which counts.
    #[error("the header `{0}` came more than once")]
    RepeatedHeader(String),
    /// The signature header has another shape than the scheme's.
    #[error("the signature header is malformed")]
    MalformedSignature,
    /// The time of signing is not a whole number of seconds.
    #[error("the time of signing is malformed")]
    BadTimestamp,
    /// Signed longer ago than the tolerance.
    #[error("the request was signed too long ago")]
    Stale,
    /// Signed further in the future than the tolerance.
    #[error("the request was signed in the future")]
    Early,
    /// The body is not a form and the URL carries no hash of it, so nothing vouches for it.
    #[error("nothing signs the body: the URL has no `bodySHA256`")]
    MissingBodyHash,
    /// No signature fits the bytes and any of the secrets.
    #[error("the signature does not match")]
    Mismatch,
    /// A configured secret cannot be used by the scheme: our mistake, not the sender's.
    #[error("a configured secret does not fit the scheme")]
    BadSecret,
}

impl Rejection {
    /// The stable code shown to the sender, in metrics and in logs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::MissingHeader(_) => "MissingHeader",
            Self::RepeatedHeader(_) => "RepeatedHeader",
            Self::MalformedSignature => "MalformedSignature",
            Self::BadTimestamp => "BadTimestamp",
            Self::Stale => "Stale",
            Self::Early => "Early",
            Self::MissingBodyHash => "MissingBodyHash",
            Self::Mismatch => "Mismatch",
            Self::BadSecret => "BadSecret",
        }
    }
}
