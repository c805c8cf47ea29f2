//! Short texts of a scheme's settings.

use std::fmt;

/// The longest text, in bytes.
const MOST: usize = 48;

/// A text of at most 48 bytes, held in place: a scheme stays a plain value with its settings.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Short {
    bytes: [u8; MOST],
    length: usize,
}

impl Short {
    /// No text.
    pub(super) const EMPTY: Self = Self {
        bytes: [0; MOST],
        length: 0,
    };

    /// Takes a text; `None` when it is longer than 48 bytes.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let mut short = Self::EMPTY;
        let place = short.bytes.get_mut(..text.len())?;
        place.copy_from_slice(text.as_bytes());
        short.length = text.len();
        Some(short)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..self.length).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl fmt::Debug for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_48_bytes_is_kept_and_a_longer_one_is_refused() {
        for text in ["", "sha256=", "é", &"x".repeat(48)] {
            assert_eq!(Short::new(text).unwrap().as_str(), text);
        }
        assert_eq!(Short::new(&"x".repeat(49)), None);
    }
}
