//! Fingerprints of states, and the set of those that are known.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use super::state::State;

/// An odd number without a pattern (from the golden ratio).
const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

/// A state in 64 bits: among as many states as fit into memory, two that share one are unlikely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint(u64);

impl Fingerprint {
    pub(super) fn of(state: &State) -> Self {
        let mut folded = Folded(FACTOR);
        state.hash(&mut folded);
        Self(folded.finish())
    }
}

/// The states that were seen, each with the one that it was first reached from.
#[derive(Debug, Default)]
pub(super) struct Known(HashMap<Fingerprint, Fingerprint, BuildHasherDefault<Itself>>);

impl Known {
    /// Notes a state; returns whether it is new. The first one comes from itself.
    pub(super) fn add(&mut self, state: Fingerprint, from: Fingerprint) -> bool {
        match self.0.entry(state) {
            Entry::Occupied(_) => false,
            Entry::Vacant(vacant) => {
                vacant.insert(from);
                true
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The way to a state, from the first one on.
    pub(super) fn path(&self, end: Fingerprint) -> Vec<Fingerprint> {
        let before = |here: &Fingerprint| self.0.get(here).copied().filter(|from| from != here);
        let mut path: Vec<_> = std::iter::successors(Some(end), before).collect();
        path.reverse();
        path
    }
}

/// Multiplies to 128 bits and folds them: quick, and every bit counts for every other.
struct Folded(u64);

impl Folded {
    fn fold(&mut self, value: u64) {
        let wide = u128::from(self.0 ^ value) * u128::from(FACTOR);
        self.0 = (wide as u64) ^ ((wide >> 64) as u64);
        self.0 = self.0.rotate_left(23).wrapping_add(value);
    }
}

impl Hasher for Folded {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.fold(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.fold(value.into());
    }

    fn write_usize(&mut self, value: usize) {
        self.fold(value as u64);
    }

    fn write_isize(&mut self, value: isize) {
        self.fold(value as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A fingerprint is its own hash.
#[derive(Debug, Default)]
struct Itself(u64);

impl Hasher for Itself {
    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
