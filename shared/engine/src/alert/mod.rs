//! Alerts: whom to call for what needs someone, when, and how often.
//!
//! What happens alike, by its fingerprint, is one incident. Its state decides alone what is said
//! ([`decide`]); [`Incidents`] keeps it, together with the mark on the operation that it is about.
//! What is to be published is committed before it is published: whoever finds it unpublished
//! publishes it, under the same id.

mod acknowledge;
mod destination;
mod due;
mod health;
mod incident;
mod incidents;
mod machine;
mod occurrence;
mod path;
mod subject;
mod timed;

use crate::name::TenantName;
use crate::port::PortError;

pub use acknowledge::{AcknowledgeError, Acknowledged, acknowledge};
pub use destination::{Destination, destinations};
pub use due::{alert_due, review_due};
pub use health::{Health, health};
pub use incident::{Incident, Kind};
pub use incidents::{Incidents, Trouble};
pub use machine::{Decision, Event, FIRST_WINDOW, LONGEST_WINDOW, UNTIL_ESCALATED, decide};
pub use occurrence::{Course, counted, resolved, seen};
pub use path::{CANARY, Path, Silence, begin_path, canary_due, path_of, proven, silences};
pub use subject::{Subject, fingerprint, is_own};
pub use timed::{AlertDue, CanaryDue, ReviewDue, Timed};

/// Whose work it is that belongs to no tenant: queues are fair between tenants.
pub(crate) const UNOWNED: &str = "unowned";

/// The tenant in whose name a message is sent.
///
/// # Errors
/// Never: the name is one.
pub fn sender(tenant: Option<&TenantName>) -> Result<TenantName, PortError> {
    match tenant {
        Some(tenant) => Ok(tenant.clone()),
        None => TenantName::new(UNOWNED).map_err(|error| PortError::Unavailable(error.to_string())),
    }
}
