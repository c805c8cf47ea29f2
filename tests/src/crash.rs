//! What the victim of a crash test writes, so that the survivor can tell what is missing.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use holdfast_engine::name::{InvalidName, TenantName};
use holdfast_engine::port::{
    Change, CommitError, Expect, Journal, Key, Outgoing, PortError, QueueName, Table, Write,
};
use jiff::Timestamp;

/// Writers at once: their commits share groups.
pub const WRITERS: u64 = 16;

/// Entries that one transaction writes beside the record.
pub const ENTRIES: u64 = 4;

/// The name of one transaction and of the message sent after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Written {
    /// Which life of the process.
    pub round: u64,
    /// Which writer in it.
    pub writer: u64,
    /// From 0.
    pub number: u64,
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.round, self.writer, self.number)
    }
}

impl FromStr for Written {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers: Result<Vec<u64>, _> = text.split(' ').map(str::parse).collect();
        match numbers.as_deref() {
            Ok(&[round, writer, number]) => Ok(Self {
                round,
                writer,
                number,
            }),
            _ => Err(format!("`{text}` names no write")),
        }
    }
}

impl Written {
    /// The partition of its writer.
    #[must_use]
    pub fn partition(self) -> String {
        format!("demo#crash#{}-{}", self.round, self.writer)
    }

    /// The queue of its message.
    #[must_use]
    pub fn queue() -> QueueName {
        QueueName::of("send-sms")
    }

    fn key(self, sort: String) -> Key {
        Key {
            table: Table::Journal,
            partition: self.partition(),
            sort,
        }
    }

    fn put(self, sort: String, expect: Expect) -> Write {
        Write {
            key: self.key(sort),
            expect,
            change: Change::Put(format!("\"{self}\"")),
        }
    }

    /// Commits the record's next version and the entries, all or nothing.
    ///
    /// # Errors
    /// As the journal.
    pub async fn commit(self, journal: &impl Journal) -> Result<(), CommitError> {
        let expect = match self.number {
            0 => Expect::Absent,
            number => Expect::Revision(number),
        };
        let mut writes = vec![self.put("record".to_owned(), expect)];
        for entry in 0..ENTRIES {
            let sort = format!("exe#{:06}#{entry}", self.number);
            writes.push(self.put(sort, Expect::Absent));
        }
        journal.commit(writes).await
    }

    /// The message sent after the commit.
    ///
    /// # Errors
    /// None: the tenant's name is a name.
    pub fn message(self) -> Result<Outgoing, InvalidName> {
        Ok(Outgoing {
            queue: Self::queue(),
            body: format!("\"{self}\""),
            delay: Duration::ZERO,
            tenant: TenantName::new("demo")?,
            created: Timestamp::UNIX_EPOCH,
        })
    }

    /// What a writer's partition holds: the record's revision, and the transactions of which at
    /// least one entry is there with how many are.
    ///
    /// # Errors
    /// As the journal.
    pub async fn survivors(
        self,
        journal: &impl Journal,
    ) -> Result<(u64, BTreeSet<Written>, u64), PortError> {
        let record = journal.read(&[self.key("record".to_owned())]).await?;
        let revision = record
            .into_iter()
            .flatten()
            .next()
            .map_or(0, |item| item.revision);
        let (mut found, mut entries) = (BTreeSet::new(), 0);
        let mut after = None;
        loop {
            let partition = self.partition();
            let query = journal.query(Table::Journal, &partition, "exe#", after.as_deref(), 500);
            let page = query.await?;
            for row in page.rows {
                entries += 1;
                found.extend(row.item.body.trim_matches('"').parse::<Self>());
            }
            after = page.next;
            if after.is_none() {
                return Ok((revision, found, entries));
            }
        }
    }
}
