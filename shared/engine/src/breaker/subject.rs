//! What a breaker guards: a connection or a workflow of a pack.

use std::fmt;

use crate::name::{ConnectionName, PackName, WorkflowName};

/// Which kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A configured external service.
    Connection,
    /// A workflow.
    Workflow,
}

/// What a breaker guards. Names refuse `#` and `/`, so its text is unambiguous.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// A connection or a workflow.
    pub kind: Kind,
    /// The pack that defines it.
    pub pack: PackName,
    /// Its name.
    pub name: String,
}

impl Subject {
    /// A connection of a pack.
    #[must_use]
    pub fn connection(pack: &PackName, name: &ConnectionName) -> Self {
        Self {
            kind: Kind::Connection,
            pack: pack.clone(),
            name: name.to_string(),
        }
    }

    /// A workflow of a pack.
    #[must_use]
    pub fn workflow(pack: &PackName, name: &WorkflowName) -> Self {
        Self {
            kind: Kind::Workflow,
            pack: pack.clone(),
            name: name.to_string(),
        }
    }

    /// The sort key of its breaker, `connection#<pack>/<name>`.
    #[must_use]
    pub fn sort(&self) -> String {
        format!("{}#{}/{}", self.kind, self.pack, self.name)
    }

    /// The subject of a sort key; `None`: it is not one.
    #[must_use]
    pub fn of_sort(sort: &str) -> Option<Self> {
        let (kind, rest) = sort.split_once('#')?;
        let (pack, name) = rest.split_once('/')?;
        let kind = match kind {
            "connection" => Kind::Connection,
            "workflow" => Kind::Workflow,
            _ => return None,
        };
        let (pack, name) = (PackName::new(pack).ok()?, name.to_owned());
        Some(Self { kind, pack, name })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connection => "connection",
            Self::Workflow => "workflow",
        })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.pack, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sort_key_leads_back_to_its_subject() {
        let pack = PackName::new("clinic").unwrap();
        let mail = Subject::connection(&pack, &ConnectionName::new("mail").unwrap());
        let booking = Subject::workflow(&pack, &WorkflowName::new("booking").unwrap());
        assert_eq!(mail.sort(), "connection#clinic/mail");
        for subject in [mail, booking] {
            assert_eq!(Subject::of_sort(&subject.sort()), Some(subject));
        }
        assert_eq!(Subject::of_sort("alert#clinic/mail"), None);
    }
}
