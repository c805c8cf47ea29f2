//! Items that are only written together with another one, whose condition then says what theirs
//! says: whoever changed the one changed the other.

use std::collections::BTreeMap;

use holdfast_engine::contract::{OnceClaim, OnceState};
use holdfast_engine::operate::DecisionEntry;
use holdfast_engine::operation::Operation;
use holdfast_engine::port::{Change, Expect, Item, Key, Table, Write};
use holdfast_engine::record::KeyItem;
use holdfast_engine::{hash, key};

use super::condition::Kind;

/// Whether a write is in one transaction with that of the item that it is bound to, where its kind
/// is bound to one; or where its kind is only ever written in one way, whether it is so.
pub(super) fn is_bound(write: &Write, all: &[Write], items: &BTreeMap<Key, Item>) -> bool {
    let together = Together { write, all, items };
    match Kind::of(&write.key) {
        Kind::SharedKey | Kind::UniqueKey => together.with_its_record(),
        Kind::ChangeLine => together.with_its_change(),
        Kind::BatchMember | Kind::ExternalLine => together.is_as_before(),
        Kind::Generation => together.with_its_rerun(),
        Kind::Decision => together.with_what_it_decides(),
        Kind::Once => together.with_its_holder(),
        Kind::BatchAnswers => together.with_their_batch(),
        _ => true,
    }
}

struct Together<'a> {
    write: &'a Write,
    all: &'a [Write],
    items: &'a BTreeMap<Key, Item>,
}

impl Together<'_> {
    /// Whether another write of the transaction puts such an item.
    fn puts(&self, is_it: impl Fn(&Write) -> bool) -> bool {
        let puts = |other: &&Write| matches!(other.change, Change::Put(_));
        self.all.iter().filter(puts).any(is_it)
    }

    /// The body that is written, or that is there.
    fn body(&self) -> Option<&str> {
        match &self.write.change {
            Change::Put(body) => Some(body),
            Change::Delete | Change::Check => self.found(),
        }
    }

    fn found(&self) -> Option<&str> {
        let found = self.items.get(&self.write.key)?;
        Some(found.body.as_str())
    }

    /// A key and the record that is found by it.
    fn with_its_record(&self) -> bool {
        let item: Option<KeyItem> = self.body().and_then(|body| serde_json::from_str(body).ok());
        let Some(KeyItem { record }) = item else {
            return false;
        };
        let end = format!("#{record}");
        self.puts(|other| other.key.sort == key::RECORD && other.key.partition.ends_with(&end))
    }

    /// The line of a change and the entry of the step that made it; that of a creation or of a
    /// row of an import and the record, or nothing where the row changes nothing.
    fn with_its_change(&self) -> bool {
        let Key {
            partition, sort, ..
        } = &self.write.key;
        let line = sort.strip_prefix("change#").unwrap_or_default();
        if line.ends_with("#row") {
            let alone = self.all.len() == 1 && self.found().is_none();
            let with =
                |other: &Write| other.key.sort == key::RECORD && other.key.partition == *partition;
            return alone || self.puts(with);
        }
        if line.ends_with("#create") {
            return self.puts(|other| {
                let created = other.expect == Expect::Absent && other.key.sort == key::RECORD;
                created && other.key.partition == *partition
            });
        }
        let entry = format!("{}{line}", key::EXECUTION_PREFIX);
        self.puts(|other| other.key.table == Table::Journal && other.key.sort == entry)
    }

    /// What is alone in its transaction, and says what is there already where something is.
    fn is_as_before(&self) -> bool {
        let same = self.found().is_none_or(|found| self.body() == Some(found));
        self.all.len() == 1 && same
    }

    /// The answers of a batch and the entry of its step.
    fn with_their_batch(&self) -> bool {
        let Key { partition, .. } = &self.write.key;
        let tenant = partition.split('#').next().unwrap_or_default();
        let home = format!("{tenant}#batch#{}", hash::base32(&[partition.as_bytes()]));
        self.puts(|other| {
            let of_step = other.key.sort.starts_with(key::EXECUTION_PREFIX);
            other.key.table == Table::Journal && other.key.partition == home && of_step
        })
    }

    /// A generation and the line of the re-run that raises it to just that.
    fn with_its_rerun(&self) -> bool {
        let execution = self.write.key.sort.strip_prefix("generation#");
        let raised: Option<u32> = self.body().and_then(|body| body.parse().ok());
        let Some((execution, raised)) = execution.zip(raised) else {
            return false;
        };
        let line = format!("decision#{execution}#{raised:010}");
        self.puts(|other| {
            other.expect == Expect::Absent
                && other.key.partition == self.write.key.partition
                && other.key.sort == line
        })
    }

    /// The line of a decision and the operation that it is about, of the revision that its key
    /// names; that of a re-run and its generation, or nothing but that it was sent.
    fn with_what_it_decides(&self) -> bool {
        if let (Some(found), Change::Put(body)) = (self.found(), &self.write.change) {
            return only_sent(found, body);
        }
        let mut parts = self.write.key.sort.split('#').skip(1);
        let (id, number) = (parts.next(), parts.next());
        let (Some(id), Some(number)) = (id, number.and_then(|it| it.parse::<u64>().ok())) else {
            return false;
        };
        let generation = format!("generation#{id}");
        let end = format!("#{id}");
        self.puts(|other| match other.key.table {
            Table::Operations => {
                other.key.partition.ends_with(&end) && other.expect == Expect::Revision(number)
            }
            Table::Journal => {
                let raised = Change::Put(number.to_string());
                other.key.sort == generation && other.change == raised
            }
            Table::Claims => {
                let expect = match number {
                    0 => Expect::Absent,
                    number => Expect::Revision(number),
                };
                Kind::of(&other.key) == Kind::Suppression
                    && other.key.sort.replace('#', "/") == id
                    && other.expect == expect
            }
        })
    }

    /// A `once` key that is held and the entry of the step that holds it, or the operation about
    /// that step.
    fn with_its_holder(&self) -> bool {
        let claim = self.found().map(serde_json::from_str::<OnceClaim>);
        let Some(Ok(claim)) = claim else {
            return claim.is_none();
        };
        if claim.state != OnceState::Pending {
            return true;
        }
        let entry = key::step(&claim.execution, claim.generation, &claim.step);
        self.puts(|other| other.key == entry || is_about(other, &claim))
    }
}

/// Whether two lines of a re-run differ in nothing but that the later one says that it was sent.
fn only_sent(before: &str, after: &str) -> bool {
    let line = |body: &str| serde_json::from_str::<DecisionEntry>(body).ok();
    let (Some(mut before), Some(after)) = (line(before), line(after)) else {
        return false;
    };
    if let Some(rerun) = &mut before.rerun {
        rerun.sent = true;
    }
    before == after && after.rerun.is_some()
}

fn is_about(write: &Write, claim: &OnceClaim) -> bool {
    let Change::Put(body) = &write.change else {
        return false;
    };
    write.key.table == Table::Operations
        && Operation::decode(&write.key.partition, body).is_ok_and(|operation| {
            operation.execution() == Some(&claim.execution) && operation.step() == Some(&claim.step)
        })
}
