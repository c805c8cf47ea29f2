//! Why a batch of rows is not imported.

use crate::name::{PackName, RecordType, TenantName};
use crate::port::{DefinitionsError, PortError};

/// Why a batch is not imported. Rows of it may have been: the same batch once more ends it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ImportError {
    /// There is no such tenant.
    #[error("there is no tenant `{0}`")]
    UnknownTenant(TenantName),
    /// The tenant has no such pack.
    #[error("there is no pack `{0}`: {1}")]
    UnknownPack(PackName, String),
    /// The pack has no such record type.
    #[error("there is no record type `{0}`: {1}")]
    UnknownRecord(RecordType, String),
    /// Nothing tells whether a row is a record that is there.
    #[error("records of type `{0}` have no natural key: no row can be told from a record")]
    NoNaturalKey(RecordType),
    /// A record kept changing.
    #[error("the record of row {0} kept changing")]
    Contended(u64),
    /// The definitions cannot be had.
    #[error(transparent)]
    Definitions(#[from] DefinitionsError),
    /// The store failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

impl ImportError {
    /// The stable name of the failure.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownTenant(_) => "UnknownTenant",
            Self::UnknownPack(..) => "UnknownPack",
            Self::UnknownRecord(..) => "UnknownRecord",
            Self::NoNaturalKey(_) => "NoNaturalKey",
            Self::Contended(_) => "Contended",
            Self::Definitions(error) => error.code(),
            Self::Port(error) => error.code(),
        }
    }

    /// Whether the same batch may be imported later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Contended(_) | Self::Definitions(DefinitionsError::Port(_)) => true,
            Self::Port(error) => error.is_transient(),
            _ => false,
        }
    }
}
