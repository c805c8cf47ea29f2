//! Chance that a seed repeats: it depends on what is asked, never on when or in which order.

use std::fmt;
use std::str::FromStr;

use holdfast_engine::hash;

/// A share of calls, in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(u32);

const WHOLE: u32 = 1_000_000;

impl Rate {
    /// Every call.
    pub const ALWAYS: Self = Self(WHOLE);

    /// So many of a hundred, at most all.
    #[must_use]
    pub const fn percent(percent: u32) -> Self {
        let percent = if percent > 100 { 100 } else { percent };
        Self(percent * (WHOLE / 100))
    }

    /// Whether a draw falls into the share.
    pub(crate) fn holds(self, draw: u64) -> bool {
        draw % u64::from(WHOLE) < u64::from(self.0)
    }
}

/// A text is not a number from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidRate;

impl FromStr for Rate {
    type Err = InvalidRate;

    fn from_str(text: &str) -> Result<Self, InvalidRate> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 6 {
            return Err(InvalidRate);
        }
        let millionths = format!("{whole}{fraction:0<6}");
        let rate = Self(millionths.parse().map_err(|_| InvalidRate)?);
        Some(rate)
            .filter(|rate| *rate <= Self::ALWAYS)
            .ok_or(InvalidRate)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:06}", self.0 / WHOLE, self.0 % WHOLE);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// A number that depends on the seed and on what it is drawn for, and on nothing else.
pub(crate) fn draw(seed: u64, about: &[&str]) -> u64 {
    let seed = seed.to_be_bytes();
    let about = about.iter().map(|part| part.as_bytes());
    let parts: Vec<&[u8]> = std::iter::once(seed.as_slice()).chain(about).collect();
    let digits = hash::hex(&parts);
    let first = digits.get(..16).unwrap_or(&digits);
    u64::from_str_radix(first, 16).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_from_0_to_1() {
        for (text, rate) in [("0", 0), ("1", 100), ("0.2", 20), ("1.0", 100), ("0.05", 5)] {
            assert_eq!(text.parse(), Ok(Rate::percent(rate)), "{text}");
        }
        for text in [
            "",
            ".5",
            "2",
            "1.000001",
            "1e-3",
            "0.0000001",
            "-1",
            "99999999999",
        ] {
            assert_eq!(text.parse::<Rate>(), Err(InvalidRate), "{text}");
        }
    }

    #[test]
    fn the_share_that_is_drawn_is_the_rate() {
        let rate = Rate::percent(20);
        let hits = (0..10_000).filter(|n: &i32| rate.holds(draw(7, &[&n.to_string()])));
        let hits = hits.count();
        assert!((1_850..2_150).contains(&hits), "{hits}");
        let never = (0..1_000).filter(|n: &i32| Rate::percent(0).holds(draw(7, &[&n.to_string()])));
        assert_eq!(never.count(), 0);
        assert!(Rate::ALWAYS.holds(u64::MAX));
    }

    #[test]
    fn a_draw_depends_on_the_seed_and_on_every_part() {
        let draws = [
            draw(1, &["a", "b"]),
            draw(2, &["a", "b"]),
            draw(1, &["ab", ""]),
            draw(1, &["a", "c"]),
        ];
        let distinct: std::collections::BTreeSet<_> = draws.into_iter().collect();
        assert_eq!(distinct.len(), 4);
        assert_eq!(draw(1, &["a", "b"]), draws[0]);
    }
}
