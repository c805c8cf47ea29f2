//! Which failures a command is about.

use clap::Args;
use holdfast_engine::definition::model::Severity;
use holdfast_engine::name::{TenantName, WorkflowName};
use holdfast_engine::operate::Filter;
use jiff::Timestamp;

use crate::age::Since;

/// Which failures: each that is given must fit.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Selection {
    /// Only this tenant
    #[arg(long)]
    tenant: Option<TenantName>,
    /// Only this queue: the name of its function
    #[arg(long)]
    queue: Option<String>,
    /// Only this workflow
    #[arg(long)]
    workflow: Option<WorkflowName>,
    /// Only this type of error, such as `HttpStatus500`
    #[arg(long, value_name = "TYPE")]
    error_type: Option<String>,
    /// Only what failed since: 90m, 24h, 7d, or a time
    #[arg(long)]
    since: Option<Since>,
    /// Only this execution, or all of a record: a reference, or its beginning
    #[arg(long = "ref", value_name = "REF")]
    reference: Option<String>,
}

impl Selection {
    /// The same for the engine.
    pub(super) fn filter(&self, now: Timestamp) -> Filter {
        Filter {
            tenant: self.tenant.clone(),
            queue: self.queue.clone(),
            workflow: self.workflow.clone(),
            error_type: self.error_type.clone(),
            since: self.since.map(|since| since.before(now)),
            reference: self.reference.clone(),
        }
    }
}

/// A severity by its name.
pub(super) fn severity(text: &str) -> Result<Severity, &'static str> {
    let known = [Severity::P1, Severity::P2, Severity::P3];
    let named = |severity: &Severity| format!("{severity:?}").eq_ignore_ascii_case(text);
    known.into_iter().find(named).ok_or("write P1, P2 or P3")
}
