//! How far an import is: one item in its home, written with each part, which is how people find
//! what it was when none of its rows started anything together.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Batch, Outcome, Verdict};
use crate::key;
use crate::name::{PackName, RecordType};
use crate::port::{CommitError, Expect, Item, Journal, PortError, Ports, Write};

/// How often it is written again because another process imports the same.
const MAX_LOOKS: u32 = 20;

/// An import, as far as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The file's name.
    pub file: String,
    /// The pack.
    pub pack: PackName,
    /// What its rows become.
    #[serde(rename = "type")]
    pub record_type: RecordType,
    /// Who began it.
    pub by: String,
    /// When its first part was applied.
    pub began: Timestamp,
    /// When its last part was, so far.
    pub at: Timestamp,
    /// The rows of the file.
    pub rows: u64,
    /// The last row that has its verdict.
    pub through: u64,
    /// How many rows came to each verdict.
    pub verdicts: BTreeMap<Verdict, u64>,
}

impl Progress {
    /// Whether each row has its verdict.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.through >= self.rows
    }

    /// How many rows came to a verdict.
    #[must_use]
    pub fn of(&self, verdict: Verdict) -> u64 {
        self.verdicts.get(&verdict).copied().unwrap_or(0)
    }

    fn began(batch: &Batch, now: Timestamp) -> Self {
        let import = &batch.import;
        Self {
            file: import.file.clone(),
            pack: import.pack.clone(),
            record_type: import.record_type.clone(),
            by: import.by.clone(),
            began: now,
            at: now,
            rows: import.rows,
            through: 0,
            verdicts: BTreeMap::new(),
        }
    }

    /// With the rows that it does not count yet; `false`: it counts them all.
    fn goes_on(&mut self, outcomes: &[Outcome], now: Timestamp) -> bool {
        let through = self.through;
        for outcome in outcomes.iter().filter(|one| one.row > through) {
            self.through = self.through.max(outcome.row);
            let count = self.verdicts.entry(outcome.verdict).or_default();
            *count = count.saturating_add(1);
        }
        let further = self.through > through;
        if further {
            self.at = now;
        }
        further
    }
}

/// Writes down that a part was applied; `false`: that was known.
pub(super) async fn note<P: Ports>(
    ports: &P,
    batch: &Batch,
    outcomes: &[Outcome],
    now: Timestamp,
) -> Result<bool, PortError> {
    let home = batch.import.home();
    let home = home.map_err(|error| PortError::Unavailable(error.to_string()))?;
    let key = key::import(&home);
    for _ in 0..MAX_LOOKS {
        let found = ports.journal().read(std::slice::from_ref(&key)).await?;
        let found = found.into_iter().flatten().next();
        let mut progress = match &found {
            Some(item) => decoded(item)?,
            None => Progress::began(batch, now),
        };
        if !progress.goes_on(outcomes, now) {
            return Ok(false);
        }
        let expect = Expect::unchanged(found.as_ref());
        let write = Write::put(key.clone(), expect, &progress)?;
        match ports.journal().commit(vec![write]).await {
            Ok(()) => return Ok(true),
            Err(CommitError::Conflict(_)) => {}
            Err(CommitError::Port(error)) => return Err(error),
        }
    }
    Err(PortError::Unavailable(
        "the item of the import kept changing".to_owned(),
    ))
}

fn decoded(item: &Item) -> Result<Progress, PortError> {
    serde_json::from_str(&item.body).map_err(|error| PortError::Unavailable(error.to_string()))
}
