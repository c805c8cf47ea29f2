//! A step of an execution, and its alternatives.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::InvalidReference;
use crate::name::StepId;

/// How the compensation of a step is written, in the place of `n`.
const UNDO: &str = "undo";

/// What stands before the number of an element.
const ELEMENT: char = '@';

/// The place of an element in the list of a step with `each`, from 0; written with three digits at
/// least, so that entries lie in the order of their elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Element(pub u32);

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}", self.0)
    }
}

/// A step of an execution, `step.n`: `n` is 1 for the primary and one higher for each fallback;
/// the step's compensation is 0, written `step.undo`. A step with `each` has a key for each of its
/// elements, too: `step.n@007`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StepKey {
    /// The step.
    pub step: StepId,
    /// Which of its alternatives.
    pub n: u32,
    /// Which of its elements; `None`: the step as a whole.
    pub element: Option<Element>,
}

impl StepKey {
    /// The primary of a step.
    #[must_use]
    pub fn primary(step: &StepId) -> Self {
        Self {
            step: step.clone(),
            n: 1,
            element: None,
        }
    }

    /// The compensation of a step.
    #[must_use]
    pub fn undo(step: &StepId) -> Self {
        Self {
            step: step.clone(),
            n: 0,
            element: None,
        }
    }

    /// Whether this is a compensation.
    #[must_use]
    pub fn undoes(&self) -> bool {
        self.n == 0
    }

    /// The next alternative of the same step, for the same element.
    #[must_use]
    pub fn fallback(&self) -> Self {
        Self {
            n: self.n.saturating_add(1),
            ..self.clone()
        }
    }

    /// This step for one of its elements.
    #[must_use]
    pub fn of_element(&self, element: Element) -> Self {
        Self {
            element: Some(element),
            ..self.clone()
        }
    }

    /// This alternative, whichever element it is for.
    #[must_use]
    pub fn whole(&self) -> Self {
        Self {
            element: None,
            ..self.clone()
        }
    }
}

impl fmt::Display for StepKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.n {
            0 => write!(f, "{}.{UNDO}", self.step)?,
            n => write!(f, "{}.{n}", self.step)?,
        }
        match self.element {
            Some(element) => write!(f, "{ELEMENT}{element}"),
            None => Ok(()),
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
        let (text, element) = match text.split_once(ELEMENT) {
            Some((text, element)) => (text, Some(element.parse().map_err(|_| invalid())?)),
            None => (text, None),
        };
        let (step, n) = text.rsplit_once('.').ok_or_else(invalid)?;
        Ok(Self {
            element: element.map(Element),
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
    fn an_element_is_written_so_that_it_sorts_and_read_back() {
        let step: StepKey = "a.b.1".parse().unwrap();
        let keys: Vec<_> = [0, 7, 40, 199]
            .map(|index| step.of_element(Element(index)))
            .into();
        let texts: Vec<_> = keys.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["a.b.1@000", "a.b.1@007", "a.b.1@040", "a.b.1@199"]);
        assert!(texts.is_sorted() && keys.is_sorted());
        for (key, text) in keys.iter().zip(&texts) {
            assert_eq!(text.parse::<StepKey>().unwrap(), *key);
            assert_eq!(key.whole(), step);
        }
        assert_eq!(keys[1].fallback().to_string(), "a.b.2@007");
        for wrong in ["a.1@", "a.1@x", "a@1", "a.1@1@2"] {
            assert!(wrong.parse::<StepKey>().is_err(), "{wrong}");
        }
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
