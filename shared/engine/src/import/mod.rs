//! Imports: the rows of a file become records, each under the rules of any other change.
//!
//! A row is applied once. Its line in the record's journal is written in one transaction with the
//! change, and tells whoever asks again what came of it; a row that changes nothing leaves one too,
//! so that a later row of the same record is never undone by a repetition of an earlier one.

mod announce;
mod apply;
mod columns;
mod count;
mod decide;
mod error;
mod line;
mod look;
mod progress;
mod question;
mod request;

pub use apply::{Rehearsal, apply, rehearse};
pub use columns::{Asked, ColumnMistake, Columns, columns};
pub use error::ImportError;
pub use line::RowLine;
pub use progress::Progress;
pub use request::{BULK_OVER, Batch, Content, Import, MAX_ROWS, Outcome, Row, Verdict};

use std::sync::Arc;

use crate::definition::model::{Pack, RecordDefinition};
use crate::definition::nearest::suggestion;
use crate::name::{PackName, RecordType, TenantName};
use crate::port::{Definitions, Ports};

/// The live version of a pack, and the record type that rows become.
///
/// # Errors
/// [`ImportError`] when there is no such pack or type, or its records have no natural key.
pub async fn target<P: Ports>(
    ports: &P,
    tenant: &TenantName,
    pack: &PackName,
    record: &RecordType,
) -> Result<(Arc<Pack>, Arc<RecordDefinition>), ImportError> {
    let live = ports.definitions().live(tenant).await?;
    let live = live.ok_or_else(|| ImportError::UnknownTenant(tenant.clone()))?;
    let found = live.iter().find(|one| one.manifest.pack == *pack);
    let found = found.ok_or_else(|| {
        let names = live.iter().map(|one| one.manifest.pack.as_str());
        ImportError::UnknownPack(pack.clone(), suggestion(pack.as_str(), names, "pack"))
    })?;
    let definition = found.records.get(record).ok_or_else(|| {
        let names = found.records.keys().map(RecordType::as_str);
        let hint = suggestion(record.as_str(), names, "record type");
        ImportError::UnknownRecord(record.clone(), hint)
    })?;
    if definition.key.is_empty() {
        return Err(ImportError::NoNaturalKey(record.clone()));
    }
    Ok((Arc::clone(found), Arc::clone(definition)))
}
