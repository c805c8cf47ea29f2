//! The rates that a step keeps: its turn is taken before any claim, and waited for by a copy where
//! it is not soon.

use std::time::Duration;

use jiff::Timestamp;

use super::runner::Runner;
use super::view::View;
use super::work::Work;
use crate::definition::model::{Connection, StepDefinition};
use crate::envelope::{Envelope, Input};
use crate::key;
use crate::port::{Clock, Item, Journal, Key, PortError, Ports, Queue};
use crate::rate::{Asker, Asking, Bucket, Grant, LATE, Limit, Look, grant};

/// How often a turn is taken again because another process took one meanwhile.
const MAX_CONFLICTS: u32 = 5;

/// How often a handler looks at what another one of its process takes for it.
const PAUSE: Duration = Duration::from_millis(5);

/// More looks than the longest write of another handler lasts.
const MAX_LOOKS: u32 = 500;

/// How often a turn that was missed is taken anew: on a machine that is always late a call is late
/// at last, and is made.
const MAX_TURNS: u32 = 3;

/// The shortest and the longest wait of whoever came to no turn among many.
const CROWDED: [Duration; 2] = [Duration::from_secs(1), Duration::from_mins(1)];

/// When a step calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Now.
    Now,
    /// It comes back then, and asks again.
    Later(Timestamp),
}

impl<P: Ports> Runner<P> {
    /// Takes the turn of a step, and waits for it where it is soon.
    pub(super) async fn take_turn(&self, work: &Work<'_>) -> Result<Turn, PortError> {
        if work.limits.is_empty() {
            return Ok(Turn::Now);
        }
        for _ in 0..MAX_TURNS {
            match self.next_turn(work).await? {
                Some(Grant::At(moment)) => {
                    self.ports.clock().sleep_until(moment).await;
                    let late = self.ports.clock().now().duration_since(moment);
                    if Duration::try_from(late).unwrap_or_default() <= LATE {
                        return Ok(Turn::Now);
                    }
                }
                Some(Grant::ComeBack(place)) => return Ok(Turn::Later(place)),
                None => return Ok(Turn::Later(self.backoff(work, CROWDED))),
            }
        }
        Ok(Turn::Now)
    }

    /// `None`: too many others took theirs meanwhile.
    async fn next_turn(&self, work: &Work<'_>) -> Result<Option<Grant>, PortError> {
        let keys = work.limits.iter().map(|limit| limit.key.clone()).collect();
        let mut asker = self.desks.ask(keys, self.has_waited(work));
        let mut conflicts = 0;
        for _ in 0..MAX_LOOKS {
            match asker.look(self.ports.clock().now()) {
                Look::Granted(grant) => return Ok(Some(grant)),
                Look::Wait => self.ports.clock().sleep(PAUSE).await,
                Look::Write { .. } if conflicts == MAX_CONFLICTS => return Ok(None),
                Look::Write {
                    waited,
                    fresh,
                    seen,
                } => {
                    let taken = self.take_turns(work, &mut asker, [waited, fresh], seen);
                    conflicts += u32::from(!taken.await?);
                }
            }
        }
        Ok(None)
    }

    /// Whether this step was due as long ago as whoever was sent away comes back: it has its place
    /// in the line behind it.
    pub(super) fn has_waited(&self, work: &Work<'_>) -> bool {
        let since = self.ports.clock().now().duration_since(work.envelope.due);
        Duration::try_from(since).unwrap_or_default() >= self.ports.queue().coarseness()
    }

    /// Takes turns for all who ask, by one write. `false`: a bucket had changed.
    async fn take_turns(
        &self,
        work: &Work<'_>,
        asker: &mut Asker<'_>,
        numbers: [usize; 2],
        seen: Option<Vec<Option<Item>>>,
    ) -> Result<bool, PortError> {
        let keys: Vec<Key> = work.limits.iter().map(|limit| limit.key.clone()).collect();
        let items = match seen {
            Some(items) => items,
            None => self.ports.journal().read_lately(&keys).await?,
        };
        let mut view = View::default();
        let before: Vec<Bucket> = items.iter().map(|item| bucket(item.as_ref())).collect();
        view.saw(&keys, items);
        let now = self.ports.clock().now();
        let (after, grants) = self.grants(work, &before, numbers, now);
        let mut writes = Vec::new();
        for (key, (before, after)) in keys.iter().zip(before.iter().zip(&after)) {
            if before != after {
                writes.push(view.put(key, after)?);
            }
        }
        let taken = match self.commit(&mut view, &writes).await {
            Ok(changed) => changed.is_none(),
            Err(PortError::Throttled) => false,
            Err(error) => return Err(error),
        };
        let items = keys.iter().map(|key| view.item(key).cloned()).collect();
        if taken {
            asker.wrote(items, grants, now);
        } else {
            asker.saw(items, now);
        }
        Ok(taken)
    }

    /// The buckets after so many asked who have waited, and then so many who have just come.
    fn grants(
        &self,
        work: &Work<'_>,
        before: &[Bucket],
        numbers: [usize; 2],
        now: Timestamp,
    ) -> (Vec<Bucket>, [Vec<Grant>; 2]) {
        let near = self.ports.queue().coarseness();
        let limits = work.limits.iter().map(|limit| limit.interval);
        let mut buckets: Vec<_> = before.iter().copied().zip(limits).collect();
        let mut line = |number: usize, waited: bool| -> Vec<Grant> {
            let asking = Asking { now, near, waited };
            let each = std::iter::repeat_with(|| grant(&mut buckets, &asking));
            each.take(number).collect()
        };
        let [waited, fresh] = numbers;
        let grants = [line(waited, true), line(fresh, false)];
        let after = buckets.into_iter().map(|(bucket, _)| bucket).collect();
        (after, grants)
    }
}

/// An item that does not decode, as a newer version may write it, counts as empty: a rate must not
/// be what stops all work.
fn bucket(item: Option<&Item>) -> Bucket {
    let bucket = item.and_then(|item| serde_json::from_str(&item.body).ok());
    bucket.unwrap_or_default()
}

impl Work<'_> {
    /// The rates that a step keeps: its connection's, and its own. A step whose input could not be
    /// rendered calls nobody.
    pub(super) fn limits(
        envelope: &Envelope,
        definition: &StepDefinition,
        connection: Option<&Connection>,
    ) -> Vec<Limit> {
        if !matches!(envelope.input, Input::Rendered(_)) {
            return Vec::new();
        }
        let (execution, pack) = (&envelope.execution, &envelope.manifest.pack);
        let tenant = &execution.home.tenant;
        let connected = connection.and_then(|connection| {
            let rate = connection.rate?;
            Some((key::connection_rate(tenant, pack, &connection.name), rate))
        });
        let own = definition.rate.map(|rate| {
            let key = key::step_rate(tenant, pack, &execution.workflow, &envelope.step.whole());
            (key, rate)
        });
        let limits = connected.into_iter().chain(own);
        limits
            .map(|(key, rate)| {
                let interval = rate.interval();
                Limit { key, interval }
            })
            .collect()
    }
}
