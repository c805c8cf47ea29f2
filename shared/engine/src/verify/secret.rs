//! A signing secret as configured: text that never shows itself.

use std::fmt;

use subtle::ConstantTimeEq as _;

/// A signing secret, kept byte for byte as configured: nothing is trimmed and no prefix is
/// removed. A scheme that gives a prefix meaning (Standard Webhooks' `whsec_`) does so itself;
/// Stripe's `whsec_` is part of its key.
#[derive(Clone)]
pub struct Secret(String);

/// Why a text cannot be a signing secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSecret {
    /// With an empty key anybody can sign.
    #[error("the secret is empty")]
    Empty,
    /// The scheme's key is written in base64 and this is not.
    #[error("the secret is not base64, with or without the prefix `whsec_`")]
    NotBase64,
    /// The prefix announces an Ed25519 key and the bytes are none.
    #[error("the secret is not an Ed25519 key")]
    NotEd25519,
    /// A public key verifies but cannot sign.
    #[error("a public key (`whpk_`) cannot sign; use the private key (`whsk_`)")]
    CannotSign,
}

impl Secret {
    /// Takes a secret as it is.
    ///
    /// # Errors
    /// [`InvalidSecret::Empty`] when the text is empty or only white space.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidSecret> {
        let text = text.into();
        if text.trim().is_empty() {
            return Err(InvalidSecret::Empty);
        }
        Ok(Self(text))
    }

    /// The text itself, for the one place that signs or authenticates with it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The text's bytes, which most schemes take as their key.
    pub(super) fn key(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_shows_itself() {
        assert_eq!(
            format!("{:?}", Secret::new("hunter2").unwrap()),
            "Secret(…)"
        );
    }

    #[test]
    fn a_blank_secret_is_refused() {
        for text in ["", " ", "\n\t"] {
            assert_eq!(Secret::new(text), Err(InvalidSecret::Empty));
        }
    }
}
