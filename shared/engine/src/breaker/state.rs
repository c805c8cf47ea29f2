//! The states of a breaker.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Window;
use crate::entry::Owner;
use crate::operation::Mark;

/// The state of a breaker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum State {
    /// Work passes.
    Closed {
        /// Outcomes, as far as they were written.
        window: Window,
        /// Failures in a row, with no success among them.
        #[serde(default)]
        row: u64,
        /// Who started it, where a person did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        started: Option<Mark>,
    },
    /// Work waits; after `until` one probe passes.
    Open {
        /// Since when.
        since: Timestamp,
        /// Until when nothing passes.
        until: Timestamp,
        /// The probe under way.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        probe: Option<Probe>,
    },
    /// A probe succeeded: what waited passes at a limited rate.
    HalfOpen {
        /// Since when.
        since: Timestamp,
        /// When the next may pass.
        next: Timestamp,
        /// How many passed, the probe included.
        admitted: u64,
        /// How many of them failed.
        failed: u64,
    },
    /// A person stopped it: work waits until a person starts it.
    Stopped {
        /// Who.
        by: String,
        /// When.
        at: Timestamp,
        /// Why.
        reason: String,
    },
}

/// A probe: one delivery that tries whether the failure is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Whose.
    pub owner: Owner,
    /// When it counts as lost, and another may try.
    pub lease: Timestamp,
}

impl State {
    /// Closed, with nothing counted.
    #[must_use]
    pub fn closed() -> Self {
        Self::counting(Window::default(), 0)
    }

    /// Closed by itself, with so much counted.
    pub(super) fn counting(window: Window, row: u64) -> Self {
        Self::Closed {
            window,
            row,
            started: None,
        }
    }

    /// The state's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Closed { .. } => "closed",
            Self::Open { .. } => "open",
            Self::HalfOpen { .. } => "half-open",
            Self::Stopped { .. } => "stopped",
        }
    }

    /// Whether this delivery is the probe.
    #[must_use]
    pub fn is_probed_by(&self, by: &Owner) -> bool {
        matches!(self, Self::Open { probe: Some(probe), .. } if probe.owner == *by)
    }
}

impl Default for State {
    fn default() -> Self {
        Self::closed()
    }
}
