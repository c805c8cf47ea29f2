//! A step of an execution, and its alternatives.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::InvalidReference;
use crate::name::StepId;

/// How the compensation of a step is written, in the place of `n`.
const UNDO: &str = "undo";

/// A step of an execution, `step.n`: `n` is 1 for the primary and one higher for each fallback;
/// the step's compensation is 0, written `step.undo`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StepKey {
    /// The step.
    pub step: StepId,
    /// Which of its alternatives.
    pub n: u32,
}

impl StepKey {
    /// The primary of a step.
    #[must_use]
    pub fn primary(step: &StepId) -> Self {
        Self {
            step: step.clone(),
            n: 1,
        }
    }

    /// The compensation of a step.
    #[must_use]
    pub fn undo(step: &StepId) -> Self {
        Self {
            step: step.clone(),
            n: 0,
        }
    }

    /// Whether this is a compensation.
    #[must_use]
    pub fn undoes(&self) -> bool {
        self.n == 0
    }

    /// The next alternative of the same step.
    #[must_use]
    pub fn fallback(&self) -> Self {
        Self {
            step: self.step.clone(),
            n: self.n.saturating_add(1),
        }
    }
}

impl fmt::Display for StepKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.n {
            0 => write!(f, "{}.{UNDO}", self.step),
            n => write!(f, "{}.{n}", self.step),
        }
    }
}

impl From<StepKey> for String {
    fn from(key: StepKey) -> Self {
        key.to_string()
    }
}

impl FromStr for StepKey {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        let invalid = || InvalidReference(text.to_owned());
        let (step, n) = text.rsplit_once('.').ok_or_else(invalid)?;
        Ok(Self {
            step: StepId::new(step).map_err(|_| invalid())?,
            n: match n {
                UNDO => 0,
                n => n.parse().ok().filter(|n| *n > 0).ok_or_else(invalid)?,
            },
        })
    }
}

impl TryFrom<String> for StepKey {
    type Error = InvalidReference;

    fn try_from(text: String) -> Result<Self, InvalidReference> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_with_a_dot_in_its_id_is_read_back() {
        let key: StepKey = "a.b.2".parse().unwrap();
        assert_eq!((key.step.as_str(), key.n), ("a.b", 2));
        assert_eq!(key.fallback().to_string(), "a.b.3");
    }

    #[test]
    fn a_compensation_is_written_by_name_and_read_back() {
        let step = StepId::new("charge").unwrap();
        let key = StepKey::undo(&step);
        assert_eq!(key.to_string(), "charge.undo");
        assert_eq!("charge.undo".parse::<StepKey>().unwrap(), key);
        assert!("charge.0".parse::<StepKey>().is_err());
        let named_undo: StepKey = "charge.undo.1".parse().unwrap();
        assert_eq!((named_undo.step.as_str(), named_undo.n), ("charge.undo", 1));
    }
}
