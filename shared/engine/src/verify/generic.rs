//! A keyed hash of the body under settings of the author's: for providers without a scheme of
//! their own here.
//!
//! The header holds one tag or several with commas between; each may begin with the prefix. With
//! a header for the time of signing, the signed text is `<seconds>.<body>`, else the body alone.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use http::{HeaderName, HeaderValue};
use jiff::Timestamp;

use super::freshness::{self, Future};
use super::headers::{every, own_header, single};
use super::mac::{self, HmacSha1, HmacSha256, HmacSha512};
use super::short::Short;
use super::{Rejection, Request, Secret};

/// How a provider signs with an HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Generic {
    /// The header that holds the tag, in lower case.
    pub header: Short,
    /// The hash.
    pub digest: Digest,
    /// How the tag is written.
    pub encoding: Encoding,
    /// What may stand before a tag: `sha256=`.
    pub prefix: Short,
    /// The header that holds the time of signing in Unix seconds, in lower case.
    pub timestamp: Option<Short>,
}

/// The hash of an HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Digest {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-512.
    Sha512,
}

/// How a tag is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Encoding {
    /// Hexadecimal, in either case.
    #[default]
    Hex,
    /// Base64 with padding.
    Base64,
    /// Base64 for URLs, without padding.
    Base64Url,
}

impl Generic {
    /// The scheme before its settings are read: a SHA-256 in hexadecimal, in no header.
    pub(super) const UNSET: Self = Self {
        header: Short::EMPTY,
        digest: Digest::Sha256,
        encoding: Encoding::Hex,
        prefix: Short::EMPTY,
        timestamp: None,
    };

    pub(super) fn verify(
        &self,
        secrets: &[Secret],
        request: &Request<'_>,
        tolerance: Duration,
        now: Timestamp,
    ) -> Result<(), Rejection> {
        let values = every(request.headers, self.header.as_str())?.into_iter();
        let texts = values.flat_map(|value| value.split(','));
        let tags: Vec<Vec<u8>> = texts.filter_map(|text| self.tag(text.trim())).collect();
        let Some(name) = self.timestamp else {
            return self.check(secrets, &[request.body], &tags);
        };
        let timestamp = single(request.headers, name.as_str())?;
        let signed_at = freshness::seconds(timestamp)?;
        freshness::check(signed_at, now, tolerance, Future::SameTolerance)?;
        self.check(secrets, &message(timestamp, request.body), &tags)
    }

    pub(super) fn sign(
        &self,
        secret: &Secret,
        body: &[u8],
        now: Timestamp,
    ) -> Vec<(HeaderName, HeaderValue)> {
        let seconds = now.as_second().to_string();
        let signature = |parts: &[&[u8]]| {
            let text = self.encoding.write(&self.digest.tag(secret, parts));
            own_header(self.header, &format!("{}{text}", self.prefix.as_str()))
        };
        let headers = match self.timestamp {
            None => [signature(&[body]), None],
            Some(name) => [
                signature(&message(&seconds, body)),
                own_header(name, &seconds),
            ],
        };
        headers.into_iter().flatten().collect()
    }

    /// Reads a tag; one that is not written as it should be fits nothing.
    fn tag(&self, text: &str) -> Option<Vec<u8>> {
        let bare = text.strip_prefix(self.prefix.as_str()).unwrap_or(text);
        self.encoding.read(bare)
    }

    fn check(
        &self,
        secrets: &[Secret],
        parts: &[&[u8]],
        tags: &[Vec<u8>],
    ) -> Result<(), Rejection> {
        match self.digest {
            Digest::Sha1 => mac::check::<HmacSha1>(secrets, parts, tags),
            Digest::Sha256 => mac::check::<HmacSha256>(secrets, parts, tags),
            Digest::Sha512 => mac::check::<HmacSha512>(secrets, parts, tags),
        }
    }
}

impl Digest {
    /// The names in definitions.
    pub const NAMES: &'static [&'static str] = &["sha1", "sha256", "sha512"];

    /// The hash of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "sha1" => Some(Self::Sha1),
            "sha256" => Some(Self::Sha256),
            "sha512" => Some(Self::Sha512),
            _ => None,
        }
    }

    fn tag(self, secret: &Secret, parts: &[&[u8]]) -> Vec<u8> {
        match self {
            Self::Sha1 => mac::tag::<HmacSha1>(secret.key(), parts),
            Self::Sha256 => mac::tag::<HmacSha256>(secret.key(), parts),
            Self::Sha512 => mac::tag::<HmacSha512>(secret.key(), parts),
        }
    }
}

impl Encoding {
    /// The names in definitions.
    pub const NAMES: &'static [&'static str] = &["hex", "base64", "base64url"];

    /// The encoding of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "hex" => Some(Self::Hex),
            "base64" => Some(Self::Base64),
            "base64url" => Some(Self::Base64Url),
            _ => None,
        }
    }

    fn read(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Hex => HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok(),
            Self::Base64 => STANDARD.decode(text).ok(),
            Self::Base64Url => URL_SAFE_NO_PAD.decode(text).ok(),
        }
    }

    fn write(self, bytes: &[u8]) -> String {
        match self {
            Self::Hex => HEXLOWER.encode(bytes),
            Self::Base64 => STANDARD.encode(bytes),
            Self::Base64Url => URL_SAFE_NO_PAD.encode(bytes),
        }
    }
}

fn message<'a>(timestamp: &'a str, body: &'a [u8]) -> [&'a [u8]; 3] {
    [timestamp.as_bytes(), b".", body]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_one_of_its_kind() {
        assert!(
            Digest::NAMES
                .iter()
                .all(|name| Digest::named(name).is_some())
        );
        assert!(
            Encoding::NAMES
                .iter()
                .all(|name| Encoding::named(name).is_some())
        );
        assert_eq!(Digest::named("md5"), None);
        assert_eq!(Encoding::named("HEX"), None);
    }
}
