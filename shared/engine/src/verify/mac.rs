//! Keyed hashes over a message that comes in parts, compared in constant time.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

pub(super) type HmacSha1 = Hmac<Sha1>;
pub(super) type HmacSha256 = Hmac<Sha256>;

fn keyed<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Option<M> {
    // HMAC takes a key of any length; the fallible constructor is the trait's.
    let mut mac = <M as KeyInit>::new_from_slice(key).ok()?;
    for part in parts {
        mac.update(part);
    }
    Some(mac)
}

/// The tag of the concatenated parts.
pub(super) fn tag<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    keyed::<M>(key, parts).map_or_else(Vec::new, |mac| mac.finalize().into_bytes().to_vec())
}

/// Whether `candidate` is the whole tag of the concatenated parts.
pub(super) fn is_tag<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]], candidate: &[u8]) -> bool {
    keyed::<M>(key, parts).is_some_and(|mac| mac.verify_slice(candidate).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_one_message() {
        let whole = tag::<HmacSha256>(b"key", &[b"ab"]);
        assert!(is_tag::<HmacSha256>(b"key", &[b"a", b"b"], &whole));
        assert!(!is_tag::<HmacSha256>(b"kez", &[b"ab"], &whole));
    }

    #[test]
    fn a_shortened_tag_is_no_tag() {
        let whole = tag::<HmacSha1>(b"key", &[b"a"]);
        for end in 0..whole.len() {
            assert!(!is_tag::<HmacSha1>(b"key", &[b"a"], &whole[..end]));
        }
    }
}
