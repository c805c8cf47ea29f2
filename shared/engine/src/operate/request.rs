//! What people ask for, as it goes over the control socket.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::Filter;
use crate::id::ExecutionRef;
use crate::name::{RecordId, StepId, TenantName};
use crate::operation::Choice;
use crate::suppression::{Channel, Wish};

/// Which operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemRef {
    /// Its tenant. Without one the operation is looked for in the list of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantName>,
    /// Its id.
    pub id: String,
}

/// What a person asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "operate", rename_all = "kebab-case")]
pub enum Operate {
    /// Says that a person knows of it.
    Acknowledge {
        /// What.
        item: ItemRef,
        /// Who.
        by: String,
    },
    /// Takes it, so that others leave it alone.
    Claim {
        /// What.
        item: ItemRef,
        /// Who.
        by: String,
        /// Whether it is taken from another person.
        #[serde(default)]
        take_over: bool,
    },
    /// Decides.
    Decide(Decide),
    /// Sends what failed again, from where it failed.
    Redrive {
        /// What.
        item: ItemRef,
        /// Who.
        by: String,
        /// Why.
        reason: String,
        /// Whether it is only told what would happen.
        #[serde(default)]
        dry_run: bool,
        /// Whether one that was sent since it last failed is sent once more: its copy is lost.
        #[serde(default)]
        again: bool,
    },
    /// Lists the failures that a redrive would send again.
    Select {
        /// Which.
        #[serde(default)]
        filter: Filter,
        /// Where the page starts: the `next` of the page before.
        #[serde(default)]
        after: Option<String>,
        /// How many are looked at, at most; fewer may match.
        limit: usize,
    },
    /// Runs an execution anew, from a step on.
    Rerun(Rerun),
    /// Puts somebody on the list of who is not written to, or takes somebody off it.
    Suppress(Suppress),
    /// Tells how soon failures were seen, and how soon they were settled.
    Stats {
        /// Of one tenant alone.
        #[serde(default)]
        tenant: Option<TenantName>,
        /// Of what opened since.
        #[serde(default)]
        since: Option<Timestamp>,
    },
}

/// A decision about an operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decide {
    /// About what.
    pub item: ItemRef,
    /// What.
    pub ruling: Ruling,
    /// Who.
    pub by: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether it is decided although another person took it.
    #[serde(default)]
    pub take_over: bool,
}

/// What is decided, with what it needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "choice", rename_all = "kebab-case")]
pub enum Ruling {
    /// The input goes through the same door again.
    Approve {
        /// The record that an ambiguous event speaks of: one of the candidates.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        record: Option<RecordId>,
    },
    /// The corrected input goes through the same door again.
    Edit {
        /// A request's new body; of an event that could not be routed, JSON: the values to set,
        /// by `as` name and field (null unsets).
        body: String,
    },
    /// It is not to be done.
    Reject,
    /// The step is tried again; of an unknown outcome, its effect may then happen twice.
    Retry,
    /// It was done, by whatever means.
    Done {
        /// The step's result, as later steps read it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        output: Option<Json>,
    },
    /// It needs nobody any more; nothing is done.
    Resolve,
}

impl Ruling {
    /// The choice that is recorded.
    #[must_use]
    pub fn choice(&self) -> Choice {
        match self {
            Self::Approve { .. } => Choice::Approve,
            Self::Edit { .. } => Choice::Edit,
            Self::Reject => Choice::Reject,
            Self::Retry => Choice::Retry,
            Self::Done { .. } => Choice::Done,
            Self::Resolve => Choice::Resolve,
        }
    }
}

/// Somebody who is not to be written to, or is again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppress {
    /// Whose list.
    pub tenant: TenantName,
    /// By which way of writing.
    pub channel: Channel,
    /// The address, in any form that the channel knows.
    pub address: String,
    /// What the address is taken to ask for.
    pub wish: Wish,
    /// Who says so.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// An execution to run anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rerun {
    /// The execution.
    pub execution: ExecutionRef,
    /// The first step of the new generation.
    pub from: StepId,
    /// The version: the beginning of its hash, or `live`; without one that of the execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whether effects that may have happened are repeated.
    #[serde(default)]
    pub again: bool,
    /// The generation that the person saw: the same request once more then makes no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<u32>,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_one_json_object() {
        let text = r#"{"operate":"decide","item":{"tenant":"demo","id":"x"},"ruling":{"choice":"approve","record":"r1"},"by":"ann","reason":"it is her"}"#;
        let request: Operate = serde_json::from_str(text).unwrap();
        let Operate::Decide(decide) = &request else {
            panic!("{request:?}");
        };
        assert_eq!(decide.ruling.choice(), Choice::Approve);
        assert!(!decide.take_over);
        let again = serde_json::to_string(&request).unwrap();
        assert_eq!(serde_json::from_str::<Operate>(&again).unwrap(), request);
    }
}
