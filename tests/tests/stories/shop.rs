//! A shop on one machine: orders come in, time passes, and everything that happened is counted.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use holdfast_embedded::clock::VirtualClock;
use holdfast_embedded::control;
use holdfast_embedded::definitions::LoadedPack;
use holdfast_embedded::inject::{Fault, Faults};
use holdfast_embedded::sandbox::Delivery;
use holdfast_embedded::secrets::DEVELOPMENT_SECRET;
use holdfast_embedded::store::Options;
use holdfast_embedded::system::{Settings, System};
use holdfast_engine::alert::CANARY;
use holdfast_engine::entry::StepEntry;
use holdfast_engine::key;
use holdfast_engine::name::TenantName;
use holdfast_engine::operation::{Operation, ReviewItem};
use holdfast_engine::port::{
    Clock, Journal as _, OperationList as _, Ports as _, Row, Table, Which,
};
use holdfast_engine::verify::{self, Scheme, Secret};
use holdfast_receive_webhook::Request;
use holdfast_tests::bench;
use holdfast_tests::ready::ready;
use jiff::Timestamp;
use serde_json::json;
use tempfile::TempDir;

/// How long a story waits for silence, in real time.
const PATIENCE: Duration = Duration::from_mins(2);

/// The moment at which every story begins.
pub(crate) const START: &str = "2026-11-20T08:00:00Z";

/// A running shop.
pub(crate) struct Shop {
    system: Arc<System<VirtualClock>>,
    clock: VirtualClock,
    _folder: TempDir,
}

impl Shop {
    /// Opens, with these faults.
    pub(crate) async fn open(faults: Vec<Fault>) -> Self {
        let pack = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/packs/stories"));
        Self::open_with(bench::pack(pack), faults).await
    }

    /// Opens with another pack.
    pub(crate) async fn open_with(pack: LoadedPack, faults: Vec<Fault>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = VirtualClock::new(START.parse().unwrap());
        let settings = Settings {
            data: folder.path().to_owned(),
            development: true,
            tenants: vec![tenant()],
            packs: vec![pack],
            secrets: BTreeMap::new(),
            public_url: None,
            clock: clock.clone(),
            seed: Some(11),
            faults: Faults {
                seed: 11,
                list: faults,
            },
            extension: None,
            store: Options::default(),
        };
        Self {
            system: Arc::new(System::start(settings).await.unwrap()),
            clock,
            _folder: folder,
        }
    }

    /// The running system.
    pub(crate) fn system(&self) -> &System<VirtualClock> {
        &self.system
    }

    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// An order of some kind, which must be accepted.
    pub(crate) async fn order(&self, kind: &str, number: usize) {
        let (id, email) = (
            format!("{kind}-{number}"),
            format!("{kind}{number}@example.com"),
        );
        let body = json!({ "id": id, "kind": kind, "email": email }).to_string();
        let mut request = Request {
            method: http::Method::POST,
            path_and_query: "/hooks/demo/shop".to_owned(),
            headers: http::HeaderMap::new(),
            body: body.into_bytes(),
        };
        let unsigned = verify::Request {
            method: "POST",
            url: &request.path_and_query,
            headers: &request.headers,
            body: &request.body,
        };
        let secret = Secret::new(DEVELOPMENT_SECRET).unwrap();
        let (scheme, now) = (Scheme::StandardWebhooks, self.now());
        let signed = verify::sign(scheme, &secret, &unsigned, &id, now).unwrap();
        request.headers.extend(signed);
        let answer = self.system.receive(&request).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
    }

    /// Waits until nothing moves but what waits for a later time.
    pub(crate) async fn settle(&self) {
        let settled = tokio::time::timeout(PATIENCE, self.system.until_settled()).await;
        let depths = self.system.depths();
        assert!(settled.is_ok(), "still moving: {depths:#?}");
    }

    /// Lets time pass, step by step: what a step makes due is done before the next.
    pub(crate) async fn pass(&self, duration: Duration, step: Duration) {
        let mut left = duration;
        while !left.is_zero() {
            let now = left.min(step);
            self.settle().await;
            self.clock.advance(now);
            left -= now;
        }
        self.settle().await;
    }

    /// Lets time pass where calls may hang: what still works after a moment of real time waits for the
    /// clock, and the clock goes on.
    pub(crate) async fn pass_hanging(&self, duration: Duration, step: Duration) {
        const MOMENT: Duration = Duration::from_millis(30);
        let mut left = duration;
        while !left.is_zero() {
            let now = left.min(step);
            let settling = tokio::time::timeout(MOMENT, self.system.until_settled());
            let _hangs = settling.await.is_err();
            self.clock.advance(now);
            left -= now;
        }
    }

    /// How many messages failed for good and are still there.
    pub(crate) fn dead_letters(&self) -> usize {
        let depths = self.system.depths().into_iter();
        let dead: u64 = depths.map(|depth| depth.dead_letters).sum();
        usize::try_from(dead).unwrap()
    }

    /// What reached a provider, oldest first; canaries do not count.
    pub(crate) fn reached(&self, connection: &str) -> Vec<Delivery> {
        let mut deliveries = self.system.sandbox().deliveries().unwrap();
        let canary = |delivery: &Delivery| {
            let text = delivery.payload["body"].as_str();
            text.is_some_and(|text| text.starts_with("P2 canary"))
        };
        deliveries.retain(|one| one.connection.as_str() == connection && !canary(one));
        deliveries
    }

    /// How often each text reached a provider.
    pub(crate) fn texts(&self, connections: &[&str]) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for connection in connections {
            for delivery in self.reached(connection) {
                let text = delivery.payload["body"].as_str().unwrap().to_owned();
                *counts.entry(text).or_default() += 1;
            }
        }
        counts
    }

    /// How many executions have a step that did not succeed at its first attempt.
    pub(crate) async fn struck_executions(&self) -> usize {
        let events = control::events(self.system.store(), &tenant()).unwrap();
        let mut struck = 0;
        for event in events {
            let (home, prefix) = (key::home(&event.home), key::EXECUTION_PREFIX);
            let journal = self.system.ports().journal();
            let page = journal
                .query(Table::Journal, &home, prefix, None, 100)
                .await;
            let attempts = |row: &Row| {
                let entry: StepEntry = serde_json::from_str(&row.item.body).unwrap();
                entry.attempts.len()
            };
            struck += usize::from(page.unwrap().rows.iter().any(|row| attempts(row) > 0));
        }
        struck
    }

    /// Everything that a person was or is asked about, without canaries.
    pub(crate) fn operations(&self) -> Vec<Operation> {
        let operations = self.system.ports().operations();
        let listed = ready(operations.list(Which::All, None, 100_000)).unwrap();
        let operations = listed.into_operations();
        operations.filter(|one| one.code() != CANARY).collect()
    }

    /// What still needs someone.
    pub(crate) fn open_operations(&self) -> Vec<Operation> {
        let mut all = self.operations();
        all.retain(|operation| operation.handling().needs_someone());
        all
    }

    /// Steps that still need someone.
    pub(crate) fn open_steps(&self) -> Vec<Operation> {
        let mut open = self.open_operations();
        open.retain(|operation| operation.step().is_some());
        open
    }

    /// The review items that still need someone.
    pub(crate) fn reviews(&self) -> Vec<ReviewItem> {
        let review = |operation| match operation {
            Operation::Review(item) => Some(item),
            Operation::Error(_) => None,
        };
        self.open_operations()
            .into_iter()
            .filter_map(review)
            .collect()
    }
}

/// The shop's tenant.
pub(crate) fn tenant() -> TenantName {
    TenantName::new("demo").unwrap()
}

/// Minutes.
pub(crate) fn minutes(number: u64) -> Duration {
    Duration::from_secs(60 * number)
}

/// A time after the start.
pub(crate) fn after(duration: Duration) -> Timestamp {
    START.parse::<Timestamp>().unwrap() + duration
}
