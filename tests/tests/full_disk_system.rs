//! A full disk under a whole system: webhooks are refused with 503, what was acknowledged is
//! done, and work goes on when there is room, without a restart.

use std::path::Path;

use holdfast_tests::kills::{Books, Event, Victim, offer};
use holdfast_tests::victim::Plan;

/// Room above the log's size, in bytes: for some webhooks, but not for all.
const ROOM: u64 = 96 * 1024;

fn named(from: usize, count: usize) -> Vec<Event> {
    (from..from + count)
        .map(|number| format!("e{number}"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_webhooks_and_recovers_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Plan {
        data: folder.path().to_owned(),
        pack: concat!(env!("CARGO_MANIFEST_DIR"), "/packs/kills").into(),
        ..Plan::default()
    };
    let mut victim = Victim::start(Path::new(env!("CARGO_BIN_EXE_victim")), &plan).unwrap();
    let before = offer(victim.address(), named(0, 20), |_| ()).await;
    assert_eq!((before.acknowledged.len(), before.refused.len()), (20, 0));
    let log = folder
        .path()
        .join("holdfast.db-wal")
        .metadata()
        .unwrap()
        .len();
    assert!(victim.obeys(&format!("limit {}", log + ROOM)));
    let during = offer(victim.address(), named(20, 400), |_| ()).await;
    assert!(
        during.refused.iter().all(|(_, status)| *status == 503),
        "{during:?}"
    );
    assert!(!during.refused.is_empty(), "the disk never was full");
    assert!(during.unanswered.is_empty(), "{during:?}");
    assert!(victim.obeys("unlimit"));
    let refused = during.refused.into_iter().map(|(event, _)| event);
    let after = offer(victim.address(), refused, |_| ()).await;
    assert_eq!(after.refused, []);
    assert!(victim.obeys("quiet"));
    victim.kill();
    let books = Books::open(folder.path());
    for event in named(0, 420) {
        let progress = books.progress(&event).await;
        assert_eq!(progress.ended(), 2, "{event}: {progress:?}");
    }
}
