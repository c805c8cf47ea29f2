//! Keys of Standard Webhooks: a prefix names the kind, base64 holds the bytes.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use super::mac::{self, HmacSha256};
use super::secret::{InvalidSecret, Secret};

/// Providers show secrets with and without padding, and the scheme's own libraries pass over
/// bits that a last character carries beyond the last byte.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A key of Standard Webhooks.
pub(super) enum WebhookKey {
    /// `whsec_…`, or no prefix: signs and verifies `v1`.
    Shared(Vec<u8>),
    /// `whpk_…`: verifies `v1a`.
    Public(VerifyingKey),
    /// `whsk_…`: signs and verifies `v1a`.
    Private(SigningKey),
}

impl WebhookKey {
    pub(super) fn read(secret: &Secret) -> Result<Self, InvalidSecret> {
        let text = secret.expose();
        if let Some(key) = text.strip_prefix("whpk_") {
            return public(&decode(key)?);
        }
        if let Some(key) = text.strip_prefix("whsk_") {
            return private(&decode(key)?);
        }
        decode(text.strip_prefix("whsec_").unwrap_or(text)).map(Self::Shared)
    }

    /// Whether one of the signatures, each a version and a text, fits the message.
    pub(super) fn accepts(&self, parts: &[&[u8]], signatures: &[(&str, &str)]) -> bool {
        let wanted = match self {
            Self::Shared(_) => "v1",
            Self::Public(_) | Self::Private(_) => "v1a",
        };
        let texts = signatures.iter().filter(|(version, _)| *version == wanted);
        let candidates: Vec<Vec<u8>> = texts
            .filter_map(|(_, text)| BASE64.decode(text).ok())
            .collect();
        match self {
            Self::Shared(key) => mac::is_one_of::<HmacSha256>(key, parts, &candidates),
            Self::Public(key) => signed_by(key, parts, &candidates),
            Self::Private(key) => signed_by(&key.verifying_key(), parts, &candidates),
        }
    }

    /// The signature as it stands in the header.
    pub(super) fn sign(&self, parts: &[&[u8]]) -> Result<String, InvalidSecret> {
        let (version, bytes) = match self {
            Self::Shared(key) => ("v1", mac::tag::<HmacSha256>(key, parts)),
            Self::Private(key) => ("v1a", key.sign(&parts.concat()).to_vec()),
            Self::Public(_) => return Err(InvalidSecret::CannotSign),
        };
        Ok(format!("{version},{}", BASE64.encode(bytes)))
    }
}

fn decode(text: &str) -> Result<Vec<u8>, InvalidSecret> {
    let bytes = BASE64.decode(text).map_err(|_| InvalidSecret::NotBase64)?;
    if bytes.is_empty() {
        return Err(InvalidSecret::Empty);
    }
    Ok(bytes)
}

fn public(bytes: &[u8]) -> Result<WebhookKey, InvalidSecret> {
    let key = VerifyingKey::try_from(bytes).map_err(|_| InvalidSecret::NotEd25519)?;
    Ok(WebhookKey::Public(key))
}

/// A private key comes as its seed, alone or followed by its public half.
fn private(bytes: &[u8]) -> Result<WebhookKey, InvalidSecret> {
    let key = match <&[u8; 64]>::try_from(bytes) {
        Ok(pair) => SigningKey::from_keypair_bytes(pair),
        Err(_) => SigningKey::try_from(bytes),
    };
    key.map(WebhookKey::Private)
        .map_err(|_| InvalidSecret::NotEd25519)
}

fn signed_by(key: &VerifyingKey, parts: &[&[u8]], candidates: &[Vec<u8>]) -> bool {
    let message = parts.concat();
    let mut signatures = candidates
        .iter()
        .filter_map(|bytes| Signature::from_slice(bytes).ok());
    signatures.any(|signature| key.verify_strict(&message, &signature).is_ok())
}
