//! A full disk: nothing is acknowledged, nothing is lost, and writing goes on when there is room.

use std::collections::BTreeSet;
use std::process::Command;

use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::store::{SqliteJournal, SqliteQueue, Store};
use holdfast_tests::crash::Written;

/// The file-size limit fails writes instead of ending the process.
const IGNORE_THE_SIGNAL: &str = r#"trap "" XFSZ; exec "$0" "$@""#;

#[tokio::test]
async fn a_full_disk_acknowledges_nothing_and_recovers_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("sh")
        .args(["-c", IGNORE_THE_SIGNAL, env!("CARGO_BIN_EXE_store-filler")])
        .arg(folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    let (stops, lines): (Vec<_>, Vec<_>) =
        text.lines().partition(|line| line.starts_with("stopped"));
    assert!(
        stops.iter().all(|line| *line == "stopped StoreFull"),
        "{text}"
    );
    let [refusals @ .., readable, written] = lines.as_slice() else {
        panic!("{text}");
    };
    assert_eq!(refusals, ["commit StoreFull", "send StoreFull"].repeat(3));
    let numbers: Vec<u64> = written
        .split(' ')
        .skip(1)
        .map(|number| number.parse().unwrap())
        .collect();
    let [before, total] = numbers[..] else {
        panic!("{text}")
    };
    assert!(before > 3 && total == before + 10, "{text}");
    assert_eq!(*readable, format!("readable {before}"));
    let store = Store::open(folder.path()).unwrap();
    let first: Written = "0 0 0".parse().unwrap();
    let journal = SqliteJournal::new(store.clone(), SystemClock);
    let (revision, found, _) = first.survivors(&journal).await.unwrap();
    assert_eq!(revision, total);
    let all = (0..total).map(|number| Written { number, ..first });
    assert_eq!(found, all.collect::<BTreeSet<_>>());
    let queue = SqliteQueue::new(store, SystemClock);
    let sent = queue.try_receive(&Written::queue(), 100).unwrap();
    assert_eq!(
        sent.len(),
        1,
        "only the answered message was sent: {sent:?}"
    );
}
