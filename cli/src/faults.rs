//! The faults that `serve --dev` injects, as they are asked for and shown.

use clap::Args;
use holdfast_embedded::control::InjectedFaults;
use holdfast_embedded::entropy::OsEntropy;
use holdfast_embedded::inject::{Fault, Faults};
use holdfast_engine::port::Entropy;

/// Which calls fail on purpose.
#[derive(Debug, Args)]
pub(crate) struct FaultArguments {
    /// Let calls through a connection fail: `<connection>=<kind>[:rate]` with a kind of 401, 429,
    /// 503, timeout, slow, reset, garbage or drop-answer, and a rate from 0 to 1; may be repeated
    #[arg(long = "fault", value_name = "FAULT", requires = "dev")]
    pub(crate) faults: Vec<Fault>,
    /// The seed of the faults: the same one lets the same calls fail
    #[arg(long, value_name = "N", requires = "dev")]
    fault_seed: Option<u64>,
}

impl FaultArguments {
    /// The faults with their seed, which is drawn where none is given.
    pub(crate) fn seeded(&self) -> Faults {
        // A short seed is one that people can type again.
        let drawn = || u64::try_from(OsEntropy.bits() & 0xFFFF_FFFF).unwrap_or_default();
        Faults {
            seed: self.fault_seed.unwrap_or_else(drawn),
            list: self.faults.clone(),
        }
    }
}

/// The faults as they are shown at the start; `None`: there are none.
pub(crate) fn shown(faults: &Faults) -> Option<InjectedFaults> {
    let list = faults.list.iter().map(ToString::to_string);
    let shown = InjectedFaults {
        seed: faults.seed,
        faults: list.collect(),
        struck: 0,
    };
    Some(shown).filter(|shown| !shown.faults.is_empty())
}

/// The faults in one line.
pub(crate) fn text(injected: &InjectedFaults) -> String {
    if injected.faults.is_empty() {
        return "none".to_owned();
    }
    let faults = injected.faults.join(", ");
    format!(
        "{faults}; the same again with --fault-seed {}",
        injected.seed
    )
}
