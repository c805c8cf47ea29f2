//! Randomness: record ids, owners of claims, jitter.

/// Randomness, seeded in tests.
pub trait Entropy: Send + Sync {
    /// 128 random bits.
    fn bits(&self) -> u128;
}
