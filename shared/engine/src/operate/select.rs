//! Which failures a redrive is about.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::name::{TenantName, WorkflowName};
use crate::operation::{ErrorRecord, Operation};

/// Which failures; each member that is set must fit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// The tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantName>,
    /// The queue: the name of its function.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// The workflow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow: Option<WorkflowName>,
    /// The stable name of the failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// The earliest time of the last failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The reference of an execution, or its beginning up to a `/`.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

impl Filter {
    /// Whether an operation is a failure that fits.
    #[must_use]
    pub fn fits(&self, operation: &Operation) -> bool {
        match operation {
            Operation::Error(record) => self.fits_record(record),
            Operation::Review(_) => false,
        }
    }

    fn fits_record(&self, record: &ErrorRecord) -> bool {
        let execution = record.execution.as_ref();
        fits(self.tenant.as_ref(), record.tenant.as_ref())
            && fits(self.queue.as_ref(), Some(&record.function))
            && fits(self.workflow.as_ref(), execution.map(|it| &it.workflow))
            && fits(self.error_type.as_ref(), Some(&record.code))
            && self.since.is_none_or(|since| record.last_at >= since)
            && self.reference.as_ref().is_none_or(|wanted| {
                execution.is_some_and(|execution| is_below(&execution.to_string(), wanted))
            })
    }
}

fn fits<T: PartialEq>(wanted: Option<&T>, found: Option<&T>) -> bool {
    wanted.is_none() || wanted == found
}

fn is_below(reference: &str, beginning: &str) -> bool {
    let rest = reference.strip_prefix(beginning.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_ends_where_a_name_ends() {
        assert!(is_below("t/deal/1/w/e", "t/deal/1"));
        assert!(is_below("t/deal/1/w/e", "t/deal/1/"));
        assert!(is_below("t/deal/1/w/e", "t/deal/1/w/e"));
        assert!(!is_below("t/deal/12/w/e", "t/deal/1"));
    }
}
