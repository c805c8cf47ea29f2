//! Delivery receipts: events whose home is that of the step that they speak of.

use crate::event::EventMessage;
use crate::id::{ExecutionRef, RecordRef};
use crate::port::{Journal, PortError};
use crate::record::find_record;

/// The home of the step that a delivery receipt speaks of, where there is such a record of this
/// tenant: a reference in a query proves nothing.
pub(super) async fn receipted<J: Journal>(
    journal: &J,
    receipt: Option<&str>,
    message: &EventMessage,
) -> Result<Option<RecordRef>, PortError> {
    let Some(home) = receipt.and_then(|receipt| receipt_home(receipt, message)) else {
        return Ok(None);
    };
    let found = find_record(journal, &home).await?;
    Ok(found.map(|_| home))
}

/// The home of the step that a delivery receipt speaks of: `<execution ref>/<step.n>`.
fn receipt_home(receipt: &str, message: &EventMessage) -> Option<RecordRef> {
    let (execution, _step) = receipt.rsplit_once('/')?;
    let execution: ExecutionRef = execution.parse().ok()?;
    (execution.home.tenant == message.tenant).then_some(execution.home)
}
