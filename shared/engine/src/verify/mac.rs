//! Keyed hashes over a message that comes in parts, compared in constant time.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq as _;

use super::{Rejection, Secret, any_secret};

pub(super) type HmacSha1 = Hmac<Sha1>;
pub(super) type HmacSha256 = Hmac<Sha256>;
pub(super) type HmacSha512 = Hmac<Sha512>;

/// The tag of the concatenated parts.
pub(super) fn tag<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    // HMAC takes a key of any length; the fallible constructor is the trait's.
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else {
        return Vec::new();
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

/// Whether one of `candidates` is the whole tag of the concatenated parts. The message is hashed
/// once, so that a request with many signatures costs no more than one with a single one.
pub(super) fn is_one_of<M: Mac + KeyInit>(
    key: &[u8],
    parts: &[&[u8]],
    candidates: &[Vec<u8>],
) -> bool {
    let tag = tag::<M>(key, parts);
    let equal = |candidate: &Vec<u8>| bool::from(tag.ct_eq(candidate));
    !tag.is_empty() && candidates.iter().any(equal)
}

/// Checks that one of `candidates` is the tag under one of the secrets, taken as text.
pub(super) fn check<M: Mac + KeyInit>(
    secrets: &[Secret],
    parts: &[&[u8]],
    candidates: &[Vec<u8>],
) -> Result<(), Rejection> {
    any_secret(secrets, |secret| {
        Ok(is_one_of::<M>(secret.key(), parts, candidates))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_one_message() {
        let whole = [tag::<HmacSha256>(b"key", &[b"ab"])];
        assert!(is_one_of::<HmacSha256>(b"key", &[b"a", b"b"], &whole));
        assert!(!is_one_of::<HmacSha256>(b"kez", &[b"ab"], &whole));
    }

    #[test]
    fn a_shortened_or_lengthened_tag_is_no_tag() {
        let whole = tag::<HmacSha1>(b"key", &[b"a"]);
        let mut candidates: Vec<Vec<u8>> =
            (0..whole.len()).map(|end| whole[..end].to_vec()).collect();
        candidates.push([&whole[..], b"x"].concat());
        assert!(!is_one_of::<HmacSha1>(b"key", &[b"a"], &candidates));
        candidates.push(whole);
        assert!(is_one_of::<HmacSha1>(b"key", &[b"a"], &candidates));
    }
}
