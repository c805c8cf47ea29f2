//! Two workflows that write different fields of one record at once, where each write depends on
//! both fields, and an invariant ties them: two writes that are right one after the other are
//! wrong together.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use holdfast_embedded::inject::Faults;
use holdfast_embedded::store::Options;
use holdfast_embedded::system::{Settings, System};
use holdfast_engine::entry::StepEntry;
use holdfast_engine::id::EventId;
use holdfast_engine::key;
use holdfast_engine::name::TenantName;
use holdfast_engine::port::{Journal as _, Key, Ports as _, Table};
use holdfast_engine::record::{FieldChange, Record};
use holdfast_engine::route::EventEntry;
use holdfast_receive_webhook::Request;
use holdfast_tests::bench;
use holdfast_tests::victim::{SkippingClock, until_quiet};
use tokio::task::JoinSet;

/// Records, each of which has one pair of writes under way at a time.
const DEALS: u64 = 100;

/// Pairs of writes of each record.
const PAIRS: u64 = 100;

/// Pairs of writes of one record, all under way at once.
const BURST: u64 = 100;

type Running = Arc<System<SkippingClock>>;

async fn start(folder: &Path, clock: SkippingClock) -> Running {
    let settings = Settings {
        data: folder.to_owned(),
        development: true,
        tenants: vec![tenant()],
        packs: vec![bench::pack(Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/packs/race"
        )))],
        secrets: BTreeMap::new(),
        public_url: None,
        clock,
        seed: Some(1),
        extension: None,
        store: Options::default(),
        faults: Faults::default(),
    };
    Arc::new(System::start(settings).await.unwrap())
}

fn tenant() -> TenantName {
    TenantName::new("demo").unwrap()
}

/// Starts both workflows on a deal, which the first such event creates.
async fn start_pair(system: Running, deal: u64, pair: u64) {
    let body = format!(r#"{{"id":"{deal}-{pair}","deal":"deal {deal}"}}"#);
    let headers = [(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static("application/json"),
    )];
    let request = Request {
        method: http::Method::POST,
        path_and_query: "/hooks/demo/pairs".to_owned(),
        headers: headers.into_iter().collect(),
        body: body.into_bytes(),
    };
    let answer = system.receive(&request).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
}

/// The two sides of a deal, as the rules see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sides {
    left: i64,
    right: i64,
}

impl Sides {
    const FIRST: Self = Self { left: 1, right: 0 };

    fn fit(self) -> bool {
        (self.left + 2 * self.right) % 5 != 0
    }

    /// After a write, which must be the one that the workflow makes of these very sides.
    fn after(self, change: &FieldChange) -> Self {
        let (old, new) = (change.old.as_i64().unwrap(), change.new.as_i64().unwrap());
        let raised = |by| match change.field.as_str() {
            "left" => (
                self.left,
                Self {
                    left: self.left + by,
                    ..self
                },
            ),
            "right" => (
                self.right,
                Self {
                    right: self.right + by,
                    ..self
                },
            ),
            other => panic!("a write of `{other}`"),
        };
        let (_, least) = raised(1);
        let (before, after) = raised(if least.fit() { 1 } else { 2 });
        let written = if change.field == "left" {
            after.left
        } else {
            after.right
        };
        assert_eq!((old, new), (before, written), "{change:?} on {self:?}");
        assert!(after.fit(), "{after:?}");
        after
    }
}

/// The deal, and what each step wrote, by the version that it made.
async fn timeline(system: &Running, deal: u64) -> (Record, BTreeMap<u64, Vec<FieldChange>>) {
    let journal = system.ports().journal();
    let event: EventEntry = read(
        system,
        key::source_event(&tenant(), &EventId::from_text(&format!("pairs:{deal}-0"))),
    )
    .await;
    let home = key::home(&event.home);
    let (mut writes, mut after) = (BTreeMap::new(), None::<String>);
    loop {
        let page = journal
            .query(
                Table::Journal,
                &home,
                key::EXECUTION_PREFIX,
                after.as_deref(),
                500,
            )
            .await
            .unwrap();
        for row in page.rows {
            let entry: StepEntry = serde_json::from_str(&row.item.body).unwrap();
            let output = entry.output.expect("a step that succeeded");
            let version = output["record"]["version"].as_u64().unwrap();
            assert!(
                writes.insert(version, entry.changes).is_none(),
                "two writes made version {version}"
            );
        }
        after = page.next;
        if after.is_none() {
            return (read(system, key::record(&event.home)).await, writes);
        }
    }
}

async fn read<T: serde::de::DeserializeOwned>(system: &Running, key: Key) -> T {
    let found = system.ports().journal().read(&[key]).await.unwrap();
    serde_json::from_str(&found[0].as_ref().expect("an item").body).unwrap()
}

/// Starts pairs and waits until all of them are done.
async fn run(system: &Running, clock: &SkippingClock, pairs: impl Iterator<Item = (u64, u64)>) {
    let mut starting: JoinSet<()> = pairs
        .map(|(deal, pair)| start_pair(Arc::clone(system), deal, pair))
        .collect();
    while let Some(started) = starting.join_next().await {
        started.unwrap();
    }
    until_quiet(system, clock).await.unwrap();
}

/// No write of a deal is lost, and none is of a state that never was.
async fn check(system: &Running, deal: u64, pairs: u64) {
    let (record, writes) = timeline(system, deal).await;
    let versions: Vec<_> = writes.keys().copied().collect();
    let all = (2..=1 + 2 * pairs).collect::<Vec<_>>();
    assert_eq!(versions, all, "a write was lost");
    let replayed = writes.values().fold(Sides::FIRST, |sides, changes| {
        assert_eq!(changes.len(), 1, "{changes:?}");
        sides.after(&changes[0])
    });
    let sides = ["left", "right"].map(|side| record.fields[side].as_i64().unwrap());
    assert_eq!(sides, [replayed.left, replayed.right]);
    assert_eq!(record.version, 1 + 2 * pairs);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_pairs_of_writes_are_as_if_one_came_after_the_other() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SkippingClock::default());
    let system = start(folder.path(), clock.clone()).await;
    for pair in 0..PAIRS {
        run(&system, &clock, (0..DEALS).map(|deal| (deal, pair))).await;
    }
    for deal in 0..DEALS {
        check(&system, deal, PAIRS).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_writes_of_one_record_loses_none() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SkippingClock::default());
    let system = start(folder.path(), clock.clone()).await;
    run(&system, &clock, (0..BURST).map(|pair| (0, pair))).await;
    check(&system, 0, BURST).await;
}

#[test]
#[should_panic = "Sides { left: 3, right: 0 }"]
fn a_write_that_fits_only_an_earlier_state_is_noticed() {
    let raise = |field: &str, old: i64, new: i64| FieldChange {
        field: field.to_owned(),
        old: old.into(),
        new: new.into(),
    };
    let earlier = Sides::FIRST.after(&raise("left", 1, 2));
    let right = raise("right", 0, 1);
    let _fits = earlier.after(&right);
    earlier.after(&raise("left", 2, 3)).after(&right);
}
