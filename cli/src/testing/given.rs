//! What is there before a test begins: settings, and records that no workflow has seen.

use std::path::Path;
use std::sync::Arc;

use holdfast_embedded::clock::VirtualClock;
use holdfast_embedded::entropy::SeededEntropy;
use holdfast_embedded::identity;
use holdfast_embedded::store::{SqliteJournal, SqliteQueue, SqliteSettings, Store};
use holdfast_engine::definition::model::{Pack, RecordDefinition};
use holdfast_engine::definition::test_file::{GivenRecord, TestDefinition};
use holdfast_engine::event::Lineage;
use holdfast_engine::field::Kind;
use holdfast_engine::hash;
use holdfast_engine::id::EventId;
use holdfast_engine::key;
use holdfast_engine::name::{RecordId, TenantName};
use holdfast_engine::port::{Change, Clock, Entropy, Expect, Journal, QueueName, Verdict, Write};
use holdfast_engine::record::{Author, InvalidRecord, LastChange, create, find_by_key, key_writes};
use serde_json::{Map, Value as Json};

use crate::failure::Failure;

/// The seed of the ids of given records.
const SEED: u64 = 2;

/// Writes what a test begins with. The system is not running yet, so that nothing triggers: what
/// the change feed holds is taken from it.
pub(super) async fn prepare(
    folder: &Path,
    tenant: &TenantName,
    pack: &Pack,
    test: &TestDefinition,
    clock: &VirtualClock,
) -> Result<(), Failure> {
    let store = Store::open(folder)?;
    let identity = identity::load(folder, true)
        .map_err(|error| Failure::unreachable("DataFolderUnusable", error.to_string()))?;
    let settings = SqliteSettings::new(store.clone());
    for (name, value) in &test.config {
        let names = (tenant, &pack.manifest.pack);
        let value = Some(value.clone());
        settings
            .set(names, name, value, "test", clock.now())
            .await?;
    }
    let writer = Writer {
        journal: SqliteJournal::new(store.clone(), clock.clone()),
        identity: &identity.0,
        tenant,
        pack,
        clock,
        entropy: SeededEntropy::new(SEED),
    };
    for given in &test.given {
        writer.write(given).await?;
    }
    drain(&SqliteQueue::new(store, clock.clone())).await
}

async fn drain(queue: &SqliteQueue<VirtualClock>) -> Result<(), Failure> {
    let feed = QueueName::of("watch-records");
    loop {
        let changes = queue.try_receive(&feed, 100)?;
        if changes.is_empty() {
            return Ok(queue.flush().await?);
        }
        for change in &changes {
            queue.settle(change, Verdict::Acknowledge);
        }
    }
}

struct Writer<'a> {
    journal: SqliteJournal<VirtualClock>,
    identity: &'a [u8; 32],
    tenant: &'a TenantName,
    pack: &'a Pack,
    clock: &'a VirtualClock,
    entropy: SeededEntropy,
}

impl Writer<'_> {
    async fn write(&self, given: &GivenRecord) -> Result<(), Failure> {
        let wrong = |what: String| {
            let message = format!("the given {} is none: {what}", given.record);
            Failure::wrong("InvalidGiven", message)
        };
        let definition = definition(self.pack, given.record.as_str())?;
        let values = resolved(
            &self.journal,
            self.identity,
            self.tenant,
            self.pack,
            definition,
            &given.fields,
        )
        .await?;
        let id = hash::random_id(self.clock.now(), self.entropy.bits());
        let id = RecordId::new(&id).map_err(|error| wrong(error.to_string()))?;
        let created = create(definition, id, &values, by_the_test(), self.clock.now());
        let mut record = created.map_err(|invalid| match invalid {
            InvalidRecord::Fields(fields) => wrong(holdfast_engine::field::describe(&fields)),
            InvalidRecord::Invariant(message) => wrong(message),
        })?;
        if let Some(status) = &given.status {
            record.status.clone_from(status);
        }
        let mut writes = key_writes(self.identity, self.tenant, definition, None, &record);
        let body = serde_json::to_string(&record).map_err(|error| wrong(error.to_string()))?;
        writes.push(Write {
            key: key::record(&record.reference(self.tenant)),
            expect: Expect::Absent,
            change: Change::Put(body),
        });
        let committed = self.journal.commit(writes).await;
        committed.map_err(|error| wrong(error.to_string()))
    }
}

/// Who makes given records.
fn by_the_test() -> LastChange {
    LastChange {
        by: Author::Person("test".to_owned()),
        event: EventId::from_text("test:given"),
        step: None,
        version: None,
        lineage: Lineage::default(),
        bulk: false,
    }
}

fn definition<'p>(pack: &'p Pack, name: &str) -> Result<&'p Arc<RecordDefinition>, Failure> {
    let found = pack.records.get(name);
    found.ok_or_else(|| Failure::wrong("UnknownRecord", format!("there is no record `{name}`")))
}

/// Values with the ids of the records whose natural keys their refs hold.
pub(super) async fn resolved<J: Journal>(
    journal: &J,
    identity: &[u8; 32],
    tenant: &TenantName,
    pack: &Pack,
    of: &RecordDefinition,
    values: &Map<String, Json>,
) -> Result<Map<String, Json>, Failure> {
    let mut resolved = values.clone();
    for (name, value) in &mut resolved {
        let field = of.fields.get(name).map(|field| &field.field.kind);
        let Some(Kind::Ref(to)) = field else { continue };
        let target = definition(pack, to.as_str())?;
        let parts = match &*value {
            Json::Array(parts) => parts.clone(),
            Json::Null => continue,
            one => vec![one.clone()],
        };
        let key: Map<String, Json> = target.key.iter().cloned().zip(parts).collect();
        let found = find_by_key(journal, identity, tenant, target, &key).await?;
        let found = found.ok_or_else(|| {
            let message = format!("`{name}` names a {to} that does not exist: {value}");
            Failure::wrong("UnknownRecord", message)
        })?;
        *value = Json::from(found.as_str());
    }
    Ok(resolved)
}
