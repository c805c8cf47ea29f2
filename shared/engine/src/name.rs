//! Names that appear in keys: each is a newtype that refuses the characters that keys use.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The longest name, in bytes: keys stay far below the limits of every store.
pub const MAX_LEN: usize = 64;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a name: use 1 to {MAX_LEN} letters, digits, `-`, `_` or `.`")]
pub struct InvalidName {
    text: String,
}

fn is_name(text: &str) -> bool {
    (1..=MAX_LEN).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Reads a name.
            ///
            /// # Errors
            /// [`InvalidName`] when the text is empty, too long, or holds another character
            /// than letters, digits, `-`, `_` and `.`.
            pub fn new(text: &str) -> Result<Self, InvalidName> {
                if is_name(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(InvalidName { text: text.to_owned() })
                }
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.as_ref().to_owned()
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name! {
    /// One customer of a deployment; in every key and every query.
    TenantName
}
name! {
    /// The type of a shared business object: `patient`, `deal`.
    RecordType
}
name! {
    /// A record's random identity within its type.
    RecordId
}
name! {
    /// A workflow.
    WorkflowName
}
name! {
    /// A webhook endpoint's definition.
    SourceName
}
name! {
    /// A configured external service.
    ConnectionName
}
name! {
    /// A step within its workflow.
    StepId
}
name! {
    /// A pack: a folder of definitions that form one system.
    PackName
}
name! {
    /// A function, which is also its queue's name and what `uses:` says.
    FunctionName
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_refuse_the_characters_of_keys() {
        for text in ["", "a#b", "a/b", "a b", "ä", &"x".repeat(65)] {
            assert!(TenantName::new(text).is_err(), "{text:?}");
        }
        assert_eq!(
            TenantName::new("north-1.a_b").unwrap().as_str(),
            "north-1.a_b"
        );
    }

    #[test]
    fn a_name_read_from_json_is_checked() {
        assert!(serde_json::from_str::<StepId>("\"a#b\"").is_err());
    }
}
