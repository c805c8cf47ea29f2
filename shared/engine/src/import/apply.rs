//! Applying a batch of rows: those of different records at the same time, those of one record in
//! the order of the file.

use std::collections::{BTreeMap, HashSet};
use std::pin::Pin;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};

use super::announce::announce;
use super::count::count;
use super::decide::{Decided, Rules};
use super::look::{Look, Looking};
use super::progress::note;
use super::question::ask;
use super::{Batch, ImportError, Outcome, Row, Verdict, target};
use crate::port::{Clock, CommitError, Journal, Key, PortError, Ports, Secrets};

/// How often a row is decided again because its record had changed.
const MAX_LOOKS: u32 = 10;

/// How long a row waits where the store asks for fewer calls, each time.
const PAUSES: [Duration; 6] = [
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1_600),
    Duration::from_millis(3_200),
    Duration::from_millis(6_400),
];

/// Transactions under way at once.
const AT_ONCE: usize = 128;

/// The rows of one record, with what is there before the first of them.
struct Group<'a> {
    key: Key,
    rows: Vec<&'a Row>,
    look: Look,
}

/// The rows of one record, being applied.
type Settling<'a> = Pin<Box<dyn Future<Output = Result<Vec<Decided>, ImportError>> + Send + 'a>>;

/// Applies a batch. What was applied by an earlier run is told again, and not done again.
///
/// # Errors
/// [`ImportError`]; rows may have been applied. The same batch once more ends it.
pub async fn apply<P: Ports>(ports: &P, batch: &Batch) -> Result<Vec<Outcome>, ImportError> {
    let rules = rules(ports, batch).await?;
    let (groups, mut decided) = groups(ports, &rules, batch).await?;
    let mut each = Vec::<Settling<'_>>::with_capacity(groups.len());
    for group in groups {
        each.push(Box::pin(settle(ports, &rules, group)));
    }
    let under_way = stream::iter(each).buffer_unordered(AT_ONCE);
    let settled: Vec<_> = under_way.collect().await;
    for group in settled {
        decided.extend(group?);
    }
    decided.sort_by_key(|one| one.outcome.row);
    announce(ports, &rules, batch, &decided).await?;
    let outcomes: Vec<Outcome> = decided.into_iter().map(|one| one.outcome).collect();
    ask(ports, batch, &outcomes, &rules).await?;
    if note(ports, batch, &outcomes, rules.now).await? {
        count(ports, &rules, batch, &outcomes).await;
    }
    Ok(outcomes)
}

/// What was seen in a rehearsal so far: the keys of records that would have been created.
#[derive(Debug, Default)]
pub struct Rehearsal {
    created: HashSet<[u8; 16]>,
}

/// What applying a batch would come to. Nothing is written; a row of a record that an earlier row
/// would have created counts as updated.
///
/// # Errors
/// [`ImportError`] when it cannot be told.
pub async fn rehearse<P: Ports>(
    ports: &P,
    batch: &Batch,
    seen: &mut Rehearsal,
) -> Result<Vec<Outcome>, ImportError> {
    let rules = rules(ports, batch).await?;
    let (groups, mut decided) = groups(ports, &rules, batch).await?;
    for group in groups {
        let mut look = group.look;
        for row in group.rows {
            look.line = None;
            let mut one = rules.decide(row, &look)?;
            if let Some(after) = one.after.take() {
                look.found = Some((after, 1));
            }
            if one.outcome.verdict == Verdict::Created && !seen.created.insert(short(&group.key)) {
                one.outcome.verdict = Verdict::Updated;
            }
            decided.push(one);
        }
    }
    decided.sort_by_key(|one| one.outcome.row);
    Ok(decided.into_iter().map(|one| one.outcome).collect())
}

/// Enough of a key's hash to tell it from others in one file.
fn short(key: &Key) -> [u8; 16] {
    let mut short = [0; 16];
    let end = key.partition.bytes().rev();
    short.iter_mut().zip(end).for_each(|(to, from)| *to = from);
    short
}

async fn rules<'a, P: Ports>(ports: &P, batch: &'a Batch) -> Result<Rules<'a>, ImportError> {
    let import = &batch.import;
    let found = target(ports, &import.tenant, &import.pack, &import.record_type);
    let (pack, definition) = found.await?;
    Ok(Rules {
        import,
        pack,
        definition,
        identity_key: *ports.secrets().identity_key(),
        now: ports.clock().now(),
    })
}

/// The rows of a batch by their records, and those that lead to none.
async fn groups<'a, P: Ports>(
    ports: &P,
    rules: &Rules<'a>,
    batch: &'a Batch,
) -> Result<(Vec<Group<'a>>, Vec<Decided>), PortError> {
    let looking = looking(ports, rules);
    let (mut keyed, mut without) = (BTreeMap::<Key, Vec<&Row>>::new(), Vec::new());
    for row in &batch.rows {
        match looking.key(row) {
            Some(key) => keyed.entry(key).or_default().push(row),
            None => without.push(rules.without_key(row)),
        }
    }
    let mut first: Vec<(&Row, &Key)> = Vec::with_capacity(keyed.len());
    for (key, rows) in &keyed {
        first.extend(rows.first().map(|row| (*row, key)));
    }
    let looks = looking.all(&first).await?;
    let group = |((key, rows), look)| Group { key, rows, look };
    Ok((keyed.into_iter().zip(looks).map(group).collect(), without))
}

fn looking<'a, P: Ports>(ports: &'a P, rules: &'a Rules<'_>) -> Looking<'a, P::Journal> {
    Looking {
        journal: ports.journal(),
        identity_key: &rules.identity_key,
        import: rules.import,
        definition: &rules.definition,
    }
}

/// Applies the rows of one record, one after the other.
async fn settle<P: Ports>(
    ports: &P,
    rules: &Rules<'_>,
    group: Group<'_>,
) -> Result<Vec<Decided>, ImportError> {
    let (mut look, mut all) = (Some(group.look), Vec::with_capacity(group.rows.len()));
    for row in group.rows {
        let seen = look.take();
        all.push(settle_one(ports, rules, (row, &group.key), seen).await?);
    }
    Ok(all)
}

async fn settle_one<P: Ports>(
    ports: &P,
    rules: &Rules<'_>,
    (row, key): (&Row, &Key),
    mut seen: Option<Look>,
) -> Result<Decided, ImportError> {
    let mut pauses = PAUSES.into_iter();
    for _ in 0..MAX_LOOKS {
        let look = match seen.take() {
            Some(look) => look,
            None => one_look(ports, rules, (row, key)).await?,
        };
        let mut decided = rules.decide(row, &look)?;
        let writes = std::mem::take(&mut decided.writes);
        if writes.is_empty() {
            return Ok(decided);
        }
        match ports.journal().commit(writes).await {
            Ok(()) => return Ok(decided),
            Err(CommitError::Conflict(_)) => {}
            Err(CommitError::Port(error)) => match pauses.next() {
                // It may have been written: the next look tells.
                Some(pause) if error == PortError::Throttled => ports.clock().sleep(pause).await,
                _ => return Err(error.into()),
            },
        }
    }
    Err(ImportError::Contended(row.number))
}

async fn one_look<P: Ports>(
    ports: &P,
    rules: &Rules<'_>,
    one: (&Row, &Key),
) -> Result<Look, ImportError> {
    let looks = looking(ports, rules).all(&[one]).await?;
    looks
        .into_iter()
        .next()
        .ok_or(ImportError::Contended(one.0.number))
}
