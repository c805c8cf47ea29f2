//! Sending failures again, as the command does, on virtual time.

use std::convert::Infallible;
use std::time::Duration;

use holdfast_embedded::clock::VirtualClock;
use holdfast_embedded::control::{self, Desk, Operated, Rate, Summary, Terms};
use holdfast_embedded::ports::EmbeddedPorts;
use holdfast_engine::operate::{Filter, Listed, Operate};
use holdfast_engine::port::Clock;
use jiff::Timestamp;

use crate::shop::Shop;

/// The clock of a shop whose redrive waits: what was sent before is done before time goes on.
struct Passing<'s>(&'s Shop);

impl Clock for Passing<'_> {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    async fn sleep(&self, duration: Duration) {
        self.0.pass(duration, duration).await;
    }
}

/// The command was killed.
#[derive(Debug)]
pub(crate) struct Killed;

/// How a person sends failures again.
pub(crate) fn terms(rate: &str) -> Terms {
    Terms {
        by: "ann".to_owned(),
        reason: "it works again".to_owned(),
        rate: rate.parse::<Rate>().unwrap(),
        again: false,
    }
}

impl Shop {
    /// A desk at which people ask.
    pub(crate) fn desk(&self) -> Desk<EmbeddedPorts<VirtualClock>> {
        Desk::of(self.system().ports())
    }

    /// What a redrive without a filter would send.
    pub(crate) async fn redrivable(&self) -> Vec<Listed> {
        self.desk().select(&Filter::default()).await.unwrap()
    }

    /// Redrives everything that failed, at a rate; time passes while it waits.
    pub(crate) async fn redrive(&self, rate: &str) -> Summary {
        let (desk, found, terms) = (self.desk(), self.redrivable().await, terms(rate));
        let ask = async |requests| Ok::<_, Infallible>(desk.operate(requests).await);
        let sent = control::redrive(&found, &terms, Passing(self), ask, |_| ()).await;
        let summary = sent.unwrap();
        self.settle().await;
        summary
    }

    /// The same, killed in the midst of a batch, from 1, some polls after it was begun: what a
    /// poll wrote stays written.
    pub(crate) async fn redrive_killed(
        &self,
        rate: &str,
        batch: usize,
        polls: usize,
    ) -> Result<Summary, Killed> {
        let (desk, found) = (self.desk(), self.redrivable().await);
        let mut nth = 0;
        let ask = async |requests: Vec<Operate>| {
            nth += 1;
            if nth < batch {
                return Ok(desk.operate(requests).await);
            }
            polled(desk.operate(requests), polls).await.ok_or(Killed)
        };
        control::redrive(&found, &terms(rate), Passing(self), ask, |_| ()).await
    }
}

/// Polls a future so often at most, and drops it.
async fn polled(asked: impl Future<Output = Vec<Operated>>, times: usize) -> Option<Vec<Operated>> {
    let (mut asked, mut left) = (std::pin::pin!(asked), times);
    std::future::poll_fn(|context| {
        if left == 0 {
            return std::task::Poll::Ready(None);
        }
        left -= 1;
        asked.as_mut().poll(context).map(Some)
    })
    .await
}
