//! Steps that write to somebody who has asked not to be written to.

use super::arrival::Reaction;
use super::gate::Held;
use super::runner::{Runner, Trouble};
use super::timely::LeftOut;
use super::view::View;
use super::work::Work;
use crate::port::Ports;
use crate::suppression::{Addressed, Wish, find, is_offered};

/// The code of a step whose address opted out when an attempt at it may have taken effect.
pub(super) const OPTED_OUT: &str = "OptedOut";

impl<P: Ports> Runner<P> {
    /// Skips a step whose address has opted out; `None`: it has not. The list is read as it is, at
    /// each delivery: what was answered to somebody holds.
    pub(super) async fn unwanted(
        &self,
        work: &Work<'_>,
        addressed: Option<Addressed>,
        view: &mut View,
        reaction: Reaction,
    ) -> Result<Option<Held>, Trouble> {
        let Some(addressed) = addressed else {
            return Ok(None);
        };
        let Some(address) = addressed.address(work.input()) else {
            return Ok(None);
        };
        let (ports, channel) = (self.ports.as_ref(), addressed.channel);
        if !is_offered(ports, work.tenant(), channel).await? {
            return Ok(None);
        }
        let known = find(ports, work.tenant(), channel, &address).await?;
        if known.is_none_or(|known| known.wish == Wish::Start) {
            return Ok(None);
        }
        let why = LeftOut {
            code: OPTED_OUT,
            reason: format!("opted out of {}", channel.word()),
        };
        self.skip(work, view, reaction, why).await.map(Some)
    }
}
