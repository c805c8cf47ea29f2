//! Faults that are set while a system serves.

use std::sync::Arc;

use holdfast_engine::definition::model::Pack;
use holdfast_engine::port::{Clock, Definitions, DefinitionsError, Ports};

use super::InjectedFaults;
use crate::inject::{Fault, Faults, InvalidFault, UnknownConnection};
use crate::store::SqliteDefinitions;
use crate::system::System;

/// Why faults are not set.
#[derive(Debug, thiserror::Error)]
pub(super) enum FaultError {
    /// The system serves real people.
    #[error("faults are injected in development only: start `serve` with --dev")]
    NotDevelopment,
    /// A text is not a fault.
    #[error(transparent)]
    Invalid(#[from] InvalidFault),
    /// No pack has the connection.
    #[error(transparent)]
    Unknown(#[from] UnknownConnection),
    /// The packs cannot be read.
    #[error(transparent)]
    Definitions(#[from] DefinitionsError),
}

impl FaultError {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::NotDevelopment => "FaultsRefused",
            Self::Invalid(error) => error.code(),
            Self::Unknown(error) => error.code(),
            Self::Definitions(error) => error.code(),
        }
    }
}

/// The faults that are injected now.
pub(super) fn injected<C: Clock + Clone + 'static>(system: &System<C>) -> InjectedFaults {
    let faults = system.injector().faults();
    InjectedFaults {
        seed: faults.seed,
        faults: faults.list.iter().map(ToString::to_string).collect(),
        struck: system.injector().struck(),
    }
}

/// Sets the faults, in place of those that are.
pub(super) async fn set<C: Clock + Clone + 'static>(
    system: &System<C>,
    texts: &[String],
) -> Result<(), FaultError> {
    if !system.is_development() {
        return Err(FaultError::NotDevelopment);
    }
    let list = texts.iter().map(|text| text.parse::<Fault>());
    let list = list.collect::<Result<Vec<_>, _>>()?;
    let faults = Faults {
        list,
        ..system.injector().faults()
    };
    faults.check(&live(system).await?)?;
    system.injector().set(faults.list);
    Ok(())
}

/// The packs that are live for any tenant.
async fn live<C: Clock + Clone + 'static>(
    system: &System<C>,
) -> Result<Vec<Arc<Pack>>, DefinitionsError> {
    let mut packs = Vec::new();
    let published = SqliteDefinitions::new(system.store().clone());
    for tenant in published.tenants()? {
        let live = system.ports().definitions().live(&tenant).await?;
        packs.extend(live.unwrap_or_default().iter().cloned());
    }
    Ok(packs)
}
