//! Arming the timers of what an event started, on every replay too: a crash anywhere leaves a
//! redelivery or the timers.

use super::entry::{EventEntry, Outcome};
use super::resolve::Trouble;
use super::router::Router;
use crate::port::{Definitions, Ports, Timers};
use crate::promise::timers;

impl<P: Ports> Router<P> {
    /// Arms the timers of every execution that was started.
    pub(super) async fn arm(&self, entry: &EventEntry) -> Result<(), Trouble> {
        for decision in &entry.decisions {
            if !matches!(decision.outcome, Outcome::Started { .. }) {
                continue;
            }
            let pack = self.ports.definitions().version(&decision.manifest).await?;
            for timer in timers(&pack, entry, decision)? {
                self.ports.timers().arm(timer).await?;
            }
        }
        Ok(())
    }
}
