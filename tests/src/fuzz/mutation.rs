//! Bytes that are nearly right: samples with seeded mistakes in them.

use crate::random::Random;

/// Pieces that mean something to what reads them.
const PIECES: [&[u8]; 24] = [
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"\\",
    b"\\u0000",
    b"\xff",
    b"\0",
    b"null",
    b"1e999",
    b"-9223372036854775809",
    b"\r\n",
    b"\n\n",
    b"%00",
    b"%ff",
    b"=",
    b"&",
    b"--",
    b"{{ ",
    b"'",
    b"../",
];

/// The most mistakes in one.
const MOST: usize = 6;

/// A source of bytes that are nearly right.
#[derive(Debug)]
pub struct Mutation(Random);

impl Mutation {
    /// The mistakes of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Random::new(seed))
    }

    /// One of these samples with a few mistakes in it.
    pub fn of(&mut self, samples: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = self.one(samples).to_vec();
        for _ in 0..=self.0.below(MOST) {
            self.mistake(&mut bytes, samples);
        }
        bytes
    }

    fn one<'s>(&mut self, samples: &'s [Vec<u8>]) -> &'s [u8] {
        samples
            .get(self.0.below(samples.len()))
            .map_or(&[], Vec::as_slice)
    }

    /// A part of up to so many bytes.
    fn part(&mut self, bytes: &[u8], most: usize) -> std::ops::Range<usize> {
        let start = self.0.below(bytes.len() + 1);
        let end = start + self.0.below(most + 1);
        start..end.min(bytes.len())
    }

    fn mistake(&mut self, bytes: &mut Vec<u8>, samples: &[Vec<u8>]) {
        let part = self.part(bytes, 12);
        match self.0.below(7) {
            0 => drop(bytes.drain(part)),
            1 => {
                let piece = PIECES[self.0.below(PIECES.len())];
                bytes.splice(part, piece.iter().copied());
            }
            2 => {
                if let Some(byte) = bytes.get_mut(part.start) {
                    *byte ^= 1 << self.0.below(8);
                }
            }
            3 => {
                let again = bytes[part.clone()].repeat(1 + self.0.below(200));
                bytes.splice(part.end..part.end, again);
            }
            4 => bytes.truncate(part.start),
            5 => {
                let other = self.one(samples).to_vec();
                let from = self.part(&other, 60);
                bytes.splice(part, other[from].iter().copied());
            }
            _ => {
                let any = (0..self.0.below(20)).map(|_| u8::try_from(self.0.below(256)));
                let any: Vec<u8> = any.map(Result::unwrap_or_default).collect();
                bytes.splice(part, any);
            }
        }
    }
}
