//! Hashes over several parts: each part is preceded by its length, so that no two lists of parts
//! give one input.

use data_encoding::{BASE32_NOPAD, BASE32HEX_NOPAD, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// The length of [`base32`]: 130 bits.
pub const BASE32_LEN: usize = 26;

fn feed(parts: &[&[u8]], mut update: impl FnMut(&[u8])) {
    for part in parts {
        update(&(part.len() as u64).to_be_bytes());
        update(part);
    }
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    feed(parts, |bytes| hasher.update(bytes));
    hasher.finalize().into()
}

fn short(bytes: &[u8]) -> String {
    let mut text = BASE32_NOPAD.encode(bytes).to_ascii_lowercase();
    text.truncate(BASE32_LEN);
    text
}

/// SHA-256 as 64 lower-case hexadecimal digits.
#[must_use]
pub fn hex(parts: &[&[u8]]) -> String {
    HEXLOWER.encode(&digest(parts))
}

/// SHA-256 as [`BASE32_LEN`] lower-case base32 characters.
#[must_use]
pub fn base32(parts: &[&[u8]]) -> String {
    short(&digest(parts))
}

/// The first 64 bits of SHA-256.
#[must_use]
pub fn number(parts: &[&[u8]]) -> u64 {
    let bytes = digest(parts).into_iter().take(8);
    bytes.fold(0, |number, byte| (number << 8) | u64::from(byte))
}

/// HMAC-SHA-256 as [`BASE32_LEN`] lower-case base32 characters.
#[must_use]
pub fn keyed(key: &[u8; 32], parts: &[&[u8]]) -> String {
    // A key is at most one block long, so it is always accepted; padding it is what HMAC does.
    let mut block = [0; 64];
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    feed(parts, |bytes| mac.update(bytes));
    short(&mac.finalize().into_bytes())
}

/// A random id that begins with the time, so that what is created together lies together in a
/// store: 48 bits of milliseconds, then 80 random bits, as 26 lower-case characters that sort by
/// time.
#[must_use]
pub fn random_id(now: Timestamp, bits: u128) -> String {
    let millis = u128::try_from(now.as_millisecond()).unwrap_or_default();
    let id = (millis << 80) | (bits & ((1 << 80) - 1));
    BASE32HEX_NOPAD
        .encode(&id.to_be_bytes())
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(hex(&[b"ab", b"c"]), hex(&[b"a", b"bc"]));
        assert_ne!(
            keyed(&[0; 32], &[b"ab", b"c"]),
            keyed(&[0; 32], &[b"a", b"bc"])
        );
    }

    #[test]
    fn ids_have_their_length() {
        assert_eq!(base32(&[b"x"]).len(), BASE32_LEN);
        assert_eq!(random_id(Timestamp::UNIX_EPOCH, 7).len(), BASE32_LEN);
    }

    #[test]
    fn random_ids_sort_by_time_and_differ_within_it() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let ids = [
            random_id(at(1), u128::MAX),
            random_id(at(2), 0),
            random_id(at(2), 1),
        ];
        assert!(ids.is_sorted(), "{ids:?}");
        assert_ne!(ids[1], ids[2]);
    }
}
