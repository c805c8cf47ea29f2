//! Making batches: who goes into one, and who looks before its window ends whether it is full.
//!
//! Nobody counts who waits, for a count would be an item that all write. A few of those who join
//! look: about eight for each batch, wherever they run, so that one that is full leaves soon after
//! and not at once. Whoever waits comes back after as long again as it has waited, and finds its
//! batch then.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::batch::{Joined, LINGER, Size};
use super::book::{Book, Made, member_of};
use super::runner::{Runner, Trouble};
use super::view::View;
use super::work::Work;
use crate::definition::model::Batch;
use crate::port::{Clock, Outgoing, PortError, Ports, QueueName};
use crate::step::Batching;
use crate::{hash, key};

/// How many of those who make a full batch look whether it is.
const LOOKERS: usize = 8;

/// How long after a step was due it joins at the latest, mostly: a look does not read those again
/// who were due earlier and are in batches.
const SETTLED: Duration = Duration::from_mins(5);

/// The most that the inputs of a batch take as JSON, in bytes: it is one message.
const MAX_BYTES: usize = 512 * 1024;

impl<P: Ports> Runner<P> {
    /// The batch of this execution while its window lasts: one that was full, which it makes if it
    /// is among those who look.
    pub(super) async fn early(
        &self,
        work: &Work<'_>,
        book: &Book,
        collecting: (&Batch, Batching),
        joined: Joined,
    ) -> Result<Option<(u32, Arc<Made>)>, Trouble> {
        let member = member_of(work.envelope);
        if looks(&member, collecting.0.max) {
            return self.batch_of(work, book, collecting, Size::Full).await;
        }
        if joined == Joined::Before {
            self.read_batches(book).await?;
        }
        Ok(self.books.find(book, &member))
    }

    /// After as long again as it has waited: however long a window is, few copies are sent, and
    /// nobody waits more than twice as long as its batch did.
    pub(super) fn look_again(&self, work: &Work<'_>) -> Timestamp {
        let now = self.ports.clock().now();
        let waited = now.duration_since(work.envelope.due);
        let waited = Duration::try_from(waited).unwrap_or_default();
        now.saturating_add(waited.max(LINGER)).unwrap_or(now)
    }

    /// Makes a batch of this execution and others that are in none and call for the same, and
    /// sends it. Where another was made meanwhile, that one is known then. `false`: it would not
    /// have this size.
    pub(super) async fn make(
        &self,
        work: &Work<'_>,
        book: &Book,
        (batch, batching): (&Batch, Batching),
        size: Size,
    ) -> Result<bool, Trouble> {
        let ((number, taken), own) = (self.books.known(book), member_of(work.envelope));
        let after = self.books.settled(book).filter(|_| size == Size::Full);
        let mut given = self.given(book, after).await?;
        let until = self.settled_until();
        let settled = given.keys().take_while(|member| taken.contains(*member));
        let settled = settled.take_while(|member| **member < until);
        self.books.settle(book, settled.last());
        let others = given.iter().filter(|(member, input)| {
            **member != own
                && !taken.contains(*member)
                && batching.rest(input) == batching.rest(work.input())
        });
        let (members, is_full) = filled(own.clone(), work.input(), others, batch.max);
        if size == Size::Full && !is_full {
            return Ok(false);
        }
        given.insert(own.clone(), work.input().clone());
        let (by, at) = (own, self.ports.clock().now());
        let made = Made { by, at, members };
        let message = self.message(work, book, batching, (number, &made), given)?;
        let (key, mut view) = (book.made(number), View::default());
        let writes = [view.put(&key, &made)?];
        self.commit_and_send(&mut view, &writes, message).await?;
        if let Some(made) = view.body::<Made>(&key)? {
            self.books.saw(book, number, made);
        }
        Ok(true)
    }

    /// The names of members before which nobody joins any more, but for those who are left to the
    /// end of the window.
    fn settled_until(&self) -> String {
        let now = self.ports.clock().now();
        let until = now.saturating_sub(SETTLED).unwrap_or(now);
        format!("{:015}", until.as_millisecond())
    }

    /// What executions gave, in the order in which they were due.
    pub(super) async fn given(
        &self,
        book: &Book,
        after: Option<String>,
    ) -> Result<BTreeMap<String, Json>, PortError> {
        let after = after.map(|member| book.member(&member).sort);
        let items = self
            .items(book, key::BATCH_MEMBER, after)
            .await?
            .into_iter();
        let read =
            |(member, body): (String, String)| Some((member, serde_json::from_str(&body).ok()?));
        Ok(items.filter_map(read).collect())
    }

    /// The message of a batch: the same whenever its maker sends it.
    pub(super) fn message(
        &self,
        work: &Work<'_>,
        book: &Book,
        batching: Batching,
        (number, made): (u32, &Made),
        mut given: BTreeMap<String, Json>,
    ) -> Result<Vec<Outgoing>, PortError> {
        let inputs = made
            .members
            .iter()
            .filter_map(|member| given.remove(member));
        let input = batching.merged(work.input(), inputs);
        let Some(envelope) = book.envelope(work.envelope, number, made, input) else {
            return Ok(Vec::new());
        };
        let body = serde_json::to_string(&envelope)
            .map_err(|error| PortError::Unavailable(error.to_string()))?;
        Ok(vec![Outgoing {
            queue: QueueName::of(work.definition.uses.as_str()),
            body,
            delay: Duration::ZERO,
            tenant: work.tenant().clone(),
            created: self.ports.clock().now(),
        }])
    }
}

/// Whether a member looks for a batch that is full: all do where a call takes few, else so many for
/// each call, by nothing but their names.
fn looks(member: &str, max: usize) -> bool {
    let one_of = u64::try_from(max.div_ceil(LOOKERS)).unwrap_or(u64::MAX);
    hash::number(&[member.as_bytes()]).is_multiple_of(one_of.max(1))
}

/// The members of a batch, the first one among them, and whether no other goes in.
fn filled<'g>(
    first: String,
    input: &Json,
    others: impl Iterator<Item = (&'g String, &'g Json)>,
    max: usize,
) -> (Vec<String>, bool) {
    let (mut members, mut bytes) = (vec![first], input.to_string().len());
    let mut is_full = members.len() >= max;
    for (member, input) in others {
        let more = bytes.saturating_add(input.to_string().len());
        if members.len() < max && more <= MAX_BYTES {
            bytes = more;
            members.push(member.clone());
        }
        is_full |= members.len() >= max || more > MAX_BYTES;
    }
    (members, is_full)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_look_where_a_call_takes_few_and_about_eight_where_it_takes_many() {
        for (max, expected) in [
            (2, 1000..=1000),
            (8, 1000..=1000),
            (1000, 2..=20),
            (100, 50..=120),
        ] {
            let members = (0..1000).map(|member| format!("00000176{member}#abc#1"));
            let lookers = members.filter(|member| looks(member, max)).count();
            assert!(expected.contains(&lookers), "{max}: {lookers}");
        }
    }

    #[test]
    fn a_batch_is_full_by_its_members_or_by_their_size() {
        let given = |inputs: &[Json]| -> Vec<(String, Json)> {
            let named = inputs.iter().enumerate();
            named
                .map(|(n, input)| (n.to_string(), input.clone()))
                .collect()
        };
        let fill = |others: &[(String, Json)], max: usize| {
            let others = others.iter().map(|(member, input)| (member, input));
            let (members, is_full) = filled("own".to_owned(), &json!(0), others, max);
            (members.len(), is_full)
        };
        let small = given(&[json!(1), json!(2), json!(3)]);
        assert_eq!(fill(&small, 5), (4, false));
        assert_eq!(fill(&small, 4), (4, true));
        assert_eq!(fill(&small, 2), (2, true));
        let large = json!("x".repeat(300 * 1024));
        let large = given(&[large.clone(), large, json!(1)]);
        assert_eq!(fill(&large, 9), (3, true), "the small one still goes in");
    }
}
