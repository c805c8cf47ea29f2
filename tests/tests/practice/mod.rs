//! A dental practice on one machine and on virtual time: the pack, its sample events, and what
//! came of them.

mod sample;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use holdfast_embedded::clock::VirtualClock;
use holdfast_embedded::definitions::LoadedPack;
use holdfast_embedded::inject::Faults;
use holdfast_embedded::registry::catalog;
use holdfast_embedded::sandbox::{Delivery, Reply};
use holdfast_embedded::secrets::DEVELOPMENT_SECRET;
use holdfast_embedded::store::{Options, SqliteJournal, SqliteQueue};
use holdfast_embedded::system::{Settings, System};
use holdfast_engine::alert::CANARY;
use holdfast_engine::definition::model::Pack;
use holdfast_engine::definition::{self, Files};
use holdfast_engine::id::{EventId, RecordRef};
use holdfast_engine::key;
use holdfast_engine::name::{ConnectionName, TenantName};
use holdfast_engine::operation::{ErrorRecord, Operation, ReviewItem};
use holdfast_engine::port::{
    Clock, DeadLetters as _, Journal, Key, OperationList as _, Ports, QueueName, Redrive, Table,
    Which,
};
use holdfast_engine::record::{Record, find_record};
use holdfast_engine::route::EventEntry;
use holdfast_engine::verify::{self, Secret};
use holdfast_receive_webhook::{Answer, Request};
use holdfast_tests::ready::ready;
use serde_json::Value as Json;
use tempfile::TempDir;

pub(crate) use self::sample::Sample;

/// How long a test waits for silence, in real time, before it says what is still loud.
const PATIENCE: Duration = Duration::from_secs(30);

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files of the dental pack.
pub(crate) fn files() -> Files {
    let folder = root().join("workflows/dental");
    let mut files = Files::new();
    collect(&folder, &folder, &mut files);
    files
}

fn collect(root: &Path, folder: &Path, files: &mut Files) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            files.insert(name.to_owned(), std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// The dental pack, compiled without a single remark.
pub(crate) fn pack() -> Pack {
    match definition::load(&files(), &catalog::<VirtualClock>()) {
        Ok((pack, remarks)) if remarks.is_empty() => pack,
        Ok((_, remarks)) | Err(remarks) => panic!("{}", rendered(&remarks)),
    }
}

/// Diagnostics as people see them.
pub(crate) fn rendered(found: &[definition::Diagnostic]) -> String {
    let shown: Vec<_> = found.iter().map(|one| format!("{one:?}")).collect();
    shown.join("\n")
}

/// A running practice.
pub(crate) struct Practice {
    system: Arc<System<VirtualClock>>,
    clock: VirtualClock,
    pack: Arc<Pack>,
    _folder: TempDir,
}

impl Practice {
    /// Opens with an empty data folder, for the tenant `demo`.
    pub(crate) async fn open() -> Self {
        Self::open_with(Options::default()).await
    }

    /// Opens like that, with other than the usual store.
    pub(crate) async fn open_with(store: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = VirtualClock::new("2026-11-20T10:00:00Z".parse().unwrap());
        let pack = Arc::new(pack());
        let settings = Settings {
            data: folder.path().to_owned(),
            development: true,
            tenants: vec![tenant()],
            packs: vec![LoadedPack {
                pack: Arc::clone(&pack),
                files: files(),
            }],
            secrets: BTreeMap::new(),
            public_url: Some("https://api.holdfast.example".to_owned()),
            clock: clock.clone(),
            seed: Some(7),
            extension: None,
            store,
            faults: Faults::default(),
        };
        let system = Arc::new(System::start(settings).await.unwrap());
        Self {
            system,
            clock,
            pack,
            _folder: folder,
        }
    }

    /// The running system.
    pub(crate) fn system(&self) -> &Arc<System<VirtualClock>> {
        &self.system
    }

    /// A sample as its provider would sign and send it now.
    pub(crate) fn signed(&self, sample: &Sample) -> Request {
        let mut request = sample.unsigned();
        let url = format!("https://api.holdfast.example{}", request.path_and_query);
        let scheme = self.pack.sources[&sample.source()].verify.scheme;
        let unsigned = verify::Request {
            method: request.method.as_str(),
            url: &url,
            headers: &request.headers,
            body: &request.body,
        };
        let secret = Secret::new(DEVELOPMENT_SECRET).unwrap();
        let headers = verify::sign(scheme, &secret, &unsigned, "msg-1", self.clock.now());
        request.headers.extend(headers.unwrap());
        request
    }

    /// Receives a sample, signed now.
    pub(crate) async fn receive(&self, sample: &Sample) -> Answer {
        self.system.receive(&self.signed(sample)).await
    }

    /// Receives a named sample that is accepted, and waits until nothing moves.
    pub(crate) async fn accept(&self, name: &str) -> EventId {
        let event = accepted(&self.receive(&Sample::read(name)).await);
        self.quiet().await;
        event
    }

    /// Waits until nothing moves.
    pub(crate) async fn quiet(&self) {
        let quiet = tokio::time::timeout(PATIENCE, self.system.until_quiet()).await;
        assert!(
            quiet.is_ok(),
            "still moving after {PATIENCE:?}: {:#?}",
            self.queue().depths()
        );
    }

    /// Waits until nothing moves but what waits for a later time, then lets time pass.
    pub(crate) async fn pass_wait(&self, duration: Duration) {
        let settled = tokio::time::timeout(PATIENCE, self.system.until_settled()).await;
        assert!(settled.is_ok(), "still moving after {PATIENCE:?}");
        self.clock.advance(duration);
    }

    /// Lets time pass.
    pub(crate) fn advance(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    /// Sends the dead letters of a function again, and says how many.
    pub(crate) async fn redrive(&self, function: &str) -> usize {
        let queue = QueueName::of(function);
        self.queue().redrive(&queue, Redrive::All).await.unwrap()
    }

    /// Answers the next calls through a connection with these statuses.
    pub(crate) fn answer_next(&self, connection: &str, replies: &[(u16, Json)]) {
        let reply = |(status, body): &(u16, Json)| Reply::Respond {
            status: *status,
            headers: Vec::new(),
            body: body.clone(),
        };
        let name: ConnectionName = connection.parse().unwrap();
        self.system
            .sandbox()
            .answer_next(&name, replies.iter().map(reply));
    }

    /// What was sent through a connection, oldest first.
    pub(crate) fn sent(&self, connection: &str) -> Vec<Delivery> {
        let name: ConnectionName = connection.parse().unwrap();
        let mut deliveries = self.system.sandbox().deliveries().unwrap();
        deliveries.retain(|delivery| delivery.connection == name && !is_alert(delivery));
        deliveries
    }

    /// What people on call were sent, oldest first.
    pub(crate) fn alerts(&self) -> Vec<Delivery> {
        let mut deliveries = self.system.sandbox().deliveries().unwrap();
        deliveries.retain(is_alert);
        deliveries
    }

    /// The texts of what was sent through a connection.
    pub(crate) fn texts(&self, connection: &str) -> Vec<String> {
        let text = |delivery: Delivery| delivery.payload["body"].as_str().unwrap().to_owned();
        self.sent(connection).into_iter().map(text).collect()
    }

    /// What was decided about a source's event.
    pub(crate) async fn entry(&self, event: &EventId) -> Option<EventEntry> {
        let body = self.item(&key::source_event(&tenant(), event)).await?;
        Some(serde_json::from_str(&body).unwrap())
    }

    /// The record that an event calls by this name.
    pub(crate) async fn record(&self, event: &EventId, name: &str) -> Record {
        let entry = self.entry(event).await.expect("the event was routed");
        let reference = RecordRef {
            tenant: tenant(),
            record_type: name.parse().unwrap(),
            record: entry.records[name].clone(),
        };
        let found = find_record(self.journal(), &reference).await.unwrap();
        found.expect("the record is there").0
    }

    /// The executions in an event's timeline.
    pub(crate) async fn executions(&self, event: &EventId) -> BTreeSet<String> {
        let home = key::home(&self.entry(event).await.expect("the event was routed").home);
        let prefix = key::EXECUTION_PREFIX;
        let page = self
            .journal()
            .query(Table::Journal, &home, prefix, None, 100)
            .await;
        let execution = |sort: &str| sort.split('#').nth(1).unwrap().to_owned();
        page.unwrap()
            .rows
            .iter()
            .map(|row| execution(&row.sort))
            .collect()
    }

    /// The items of a person's review.
    pub(crate) fn reviews(&self) -> Vec<ReviewItem> {
        let review = |operation| match operation {
            Operation::Review(item) => Some(item),
            Operation::Error(_) => None,
        };
        self.operations().filter_map(review).collect()
    }

    /// The failures.
    pub(crate) fn errors(&self) -> Vec<ErrorRecord> {
        let error = |operation| match operation {
            Operation::Error(error) if error.code != CANARY => Some(error),
            _ => None,
        };
        self.operations().filter_map(error).collect()
    }

    fn operations(&self) -> impl Iterator<Item = Operation> {
        let listed = ready(self.journal().list(Which::All, None, 10_000));
        listed.unwrap().into_operations()
    }

    async fn item(&self, key: &Key) -> Option<String> {
        let found = self.journal().read(std::slice::from_ref(key)).await;
        Some(found.unwrap().pop()??.body)
    }

    fn queue(&self) -> &SqliteQueue<VirtualClock> {
        self.system.ports().queue()
    }

    fn journal(&self) -> &SqliteJournal<VirtualClock> {
        self.system.ports().journal()
    }
}

/// The tenant of the samples.
pub(crate) fn tenant() -> TenantName {
    TenantName::new("demo").unwrap()
}

/// Whether a delivery is an alert's: its key names a way to people, not a step.
fn is_alert(delivery: &Delivery) -> bool {
    delivery.idempotency_key.contains('/')
}

/// The event that an answer accepts.
pub(crate) fn accepted(answer: &Answer) -> EventId {
    assert_eq!(answer.status, 202, "{}", answer.body);
    let body: Json = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(body["status"], "accepted", "{body}");
    serde_json::from_value(body["event"].clone()).unwrap()
}
