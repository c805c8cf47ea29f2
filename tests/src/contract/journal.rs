//! Conditional writes: what holds, what conflicts, and what a conflict tells.

use holdfast_engine::port::{
    Change, CommitError, Conflict, Expect, Item, Journal, Key, PortError, Table, Write,
};

use super::subject::{Subject, key, read};

fn put(key: &Key, expect: Expect, body: &str) -> Write {
    let change = Change::Put(body.to_owned());
    let key = key.clone();
    Write {
        key,
        expect,
        change,
    }
}

fn delete(key: &Key, revision: u64) -> Write {
    Write {
        key: key.clone(),
        expect: Expect::Revision(revision),
        change: Change::Delete,
    }
}

fn item(revision: u64, body: &str) -> Item {
    let body = body.to_owned();
    Item { revision, body }
}

/// What the conflict showed: by the index of the write, what was there.
async fn found(journal: &impl Journal, writes: Vec<Write>) -> Vec<(usize, Option<Item>)> {
    match journal.commit(writes).await {
        Err(CommitError::Conflict(conflicts)) => {
            let shown = |conflict: Conflict| (conflict.index, conflict.found);
            conflicts.into_iter().map(shown).collect()
        }
        other => panic!("no conflict: {other:?}"),
    }
}

/// A read after a commit sees it.
pub async fn a_written_item_is_read_with_its_revision(subject: &impl Subject) {
    let (journal, key) = (subject.journal(), key("written", "entry"));
    assert_eq!(read(journal, &key).await, None);
    let write = put(&key, Expect::Absent, r#"{"ü":"\u0000"}"#);
    journal.commit(vec![write]).await.unwrap();
    assert_eq!(
        read(journal, &key).await,
        Some(item(1, r#"{"ü":"\u0000"}"#))
    );
}

/// Absent ones keep their places.
pub async fn items_are_read_in_the_order_of_the_keys(subject: &impl Subject) {
    let journal = subject.journal();
    let keys = ["c", "a", "missing", "b"].map(|sort| key("ordered", sort));
    for key in keys.iter().filter(|key| key.sort != "missing") {
        let body = format!("\"{}\"", key.sort);
        journal
            .commit(vec![put(key, Expect::Absent, &body)])
            .await
            .unwrap();
    }
    let items = journal.read(&keys).await.unwrap();
    let bodies: Vec<_> = items
        .iter()
        .map(|item| Some(&*item.as_ref()?.body))
        .collect();
    assert_eq!(bodies, [Some("\"c\""), Some("\"a\""), None, Some("\"b\"")]);
}

/// From 1.
pub async fn each_write_raises_the_revision_by_one(subject: &impl Subject) {
    let (journal, key) = (subject.journal(), key("revisions", "entry"));
    let mut observed = None;
    for revision in 1..=3 {
        let write = put(&key, Expect::unchanged(observed.as_ref()), "{}");
        journal.commit(vec![write]).await.unwrap();
        observed = read(journal, &key).await;
        assert_eq!(observed, Some(item(revision, "{}")));
    }
}

/// `Absent` fails on an item.
pub async fn a_put_of_what_exists_conflicts_and_tells_what_is_there(subject: &impl Subject) {
    let (journal, key) = (subject.journal(), key("exists", "entry"));
    journal
        .commit(vec![put(&key, Expect::Absent, "1")])
        .await
        .unwrap();
    let found = found(journal, vec![put(&key, Expect::Absent, "2")]).await;
    assert_eq!(found, [(0, Some(item(1, "1")))]);
    assert_eq!(read(journal, &key).await, Some(item(1, "1")));
}

/// `Revision` fails on another.
pub async fn a_put_on_a_stale_revision_conflicts_and_tells_what_is_there(subject: &impl Subject) {
    let (journal, key) = (subject.journal(), key("stale", "entry"));
    journal
        .commit(vec![put(&key, Expect::Absent, "1")])
        .await
        .unwrap();
    journal
        .commit(vec![put(&key, Expect::Revision(1), "2")])
        .await
        .unwrap();
    for stale in [1, 3] {
        let found = found(journal, vec![put(&key, Expect::Revision(stale), "3")]).await;
        assert_eq!(found, [(0, Some(item(2, "2")))]);
    }
}

/// `Revision` fails on nothing.
pub async fn a_put_on_a_revision_of_what_is_gone_conflicts_and_tells_that_nothing_is_there(
    subject: &impl Subject,
) {
    let (journal, key) = (subject.journal(), key("gone", "entry"));
    let found = found(journal, vec![put(&key, Expect::Revision(1), "1")]).await;
    assert_eq!(found, [(0, None)]);
}

/// One element per write.
pub async fn a_conflict_tells_of_each_failed_condition_and_of_no_other(subject: &impl Subject) {
    let journal = subject.journal();
    let [a, b, c] = ["a", "b", "c"].map(|sort| key("each", sort));
    journal
        .commit(vec![put(&a, Expect::Absent, "1")])
        .await
        .unwrap();
    let writes = vec![
        put(&a, Expect::Absent, "2"),
        put(&b, Expect::Absent, "2"),
        put(&c, Expect::Revision(7), "2"),
    ];
    assert_eq!(
        found(journal, writes).await,
        [(0, Some(item(1, "1"))), (2, None)]
    );
}

/// Neither those before the failed condition nor those after.
pub async fn a_transaction_with_a_failed_condition_writes_nothing(subject: &impl Subject) {
    let journal = subject.journal();
    let keys = ["a", "b", "c"].map(|sort| key("nothing", sort));
    journal
        .commit(vec![put(&keys[1], Expect::Absent, "1")])
        .await
        .unwrap();
    let writes = keys.iter().map(|key| put(key, Expect::Absent, "2"));
    let conflicts = found(journal, writes.collect()).await;
    assert_eq!(conflicts, [(1, Some(item(1, "1")))]);
    let items = journal.read(&keys).await.unwrap();
    assert_eq!(items, [None, Some(item(1, "1")), None]);
}

/// As a condition on something that is only read.
pub async fn a_check_guards_the_other_writes_and_changes_nothing(subject: &impl Subject) {
    let journal = subject.journal();
    let [guard, other] = ["guard", "other"].map(|sort| key("check", sort));
    journal
        .commit(vec![put(&guard, Expect::Absent, "1")])
        .await
        .unwrap();
    let check = |expect| Write {
        change: Change::Check,
        ..put(&guard, expect, "")
    };
    let writes = vec![check(Expect::Absent), put(&other, Expect::Absent, "1")];
    assert_eq!(found(journal, writes).await, [(0, Some(item(1, "1")))]);
    let writes = vec![check(Expect::Revision(1)), put(&other, Expect::Absent, "1")];
    journal.commit(writes).await.unwrap();
    let items = journal.read(&[guard, other]).await.unwrap();
    assert_eq!(items, [Some(item(1, "1")), Some(item(1, "1"))]);
}

/// Its revisions start at 1 again: what must not be forgotten stays as a tombstone.
pub async fn a_deleted_item_is_absent_and_begins_again(subject: &impl Subject) {
    let (journal, key) = (subject.journal(), key("deleted", "entry"));
    journal
        .commit(vec![put(&key, Expect::Absent, "1")])
        .await
        .unwrap();
    journal.commit(vec![delete(&key, 1)]).await.unwrap();
    assert_eq!(read(journal, &key).await, None);
    assert_eq!(found(journal, vec![delete(&key, 1)]).await, [(0, None)]);
    journal
        .commit(vec![put(&key, Expect::Absent, "2")])
        .await
        .unwrap();
    assert_eq!(read(journal, &key).await, Some(item(1, "2")));
}

/// A deletion that must be remembered is a put.
pub async fn a_tombstone_keeps_counting(subject: &impl Subject) {
    let (journal, key) = (subject.journal(), key("tombstone", "record"));
    let bodies = ["{}", r#"{"deleted":true}"#, "{}"];
    for (revision, body) in (0..).zip(bodies) {
        let expect = if revision == 0 {
            Expect::Absent
        } else {
            Expect::Revision(revision)
        };
        journal.commit(vec![put(&key, expect, body)]).await.unwrap();
    }
    assert_eq!(read(journal, &key).await, Some(item(3, "{}")));
}

/// One key, three items.
pub async fn tables_are_apart(subject: &impl Subject) {
    let journal = subject.journal();
    let keys = [
        (Table::Journal, ""),
        (Table::Claims, ""),
        (Table::Operations, ""),
    ]
    .map(|(table, sort)| Key {
        table,
        ..key("tables", sort)
    });
    let bodies = ["1", "2", "3"];
    for (key, body) in keys.iter().zip(bodies) {
        journal
            .commit(vec![put(key, Expect::Absent, body)])
            .await
            .unwrap();
    }
    let items = journal.read(&keys).await.unwrap();
    assert_eq!(items, bodies.map(|body| Some(item(1, body))));
}

fn large(bytes: usize) -> String {
    format!("\"{}\"", "x".repeat(bytes))
}

/// With room for its key and the names of its attributes.
pub async fn an_item_of_almost_400_kilobytes_fits(subject: &impl Subject) {
    let (journal, key) = (subject.journal(), key("fits", "entry"));
    let body = large(399 * 1024);
    journal
        .commit(vec![put(&key, Expect::Absent, &body)])
        .await
        .unwrap();
    assert_eq!(read(journal, &key).await, Some(item(1, &body)));
}

/// And nothing is written, not even the other writes.
pub async fn an_item_over_400_kilobytes_is_too_large(subject: &impl Subject) {
    let journal = subject.journal();
    let [small, big] = ["small", "big"].map(|sort| key("large", sort));
    let writes = vec![
        put(&small, Expect::Absent, "1"),
        put(&big, Expect::Absent, &large(400 * 1024)),
    ];
    let error = journal.commit(writes).await.unwrap_err();
    assert_eq!(error, CommitError::Port(PortError::TooLarge));
    assert_eq!(read(journal, &small).await, None);
}

/// And one of exactly as many is not.
pub async fn a_transaction_over_100_writes_is_too_large(subject: &impl Subject) {
    let journal = subject.journal();
    let writes = |count| -> Vec<Write> {
        let keys = (0..count).map(|n: u32| key("many", &format!("{n:03}")));
        keys.map(|key| put(&key, Expect::Absent, "1")).collect()
    };
    let error = journal.commit(writes(101)).await.unwrap_err();
    assert_eq!(error, CommitError::Port(PortError::TooLarge));
    journal.commit(writes(100)).await.unwrap();
}

/// Two conditions on one item cannot both be what the decision was based on.
pub async fn a_transaction_names_an_item_once(subject: &impl Subject) {
    let (journal, key) = (subject.journal(), key("repeated", "entry"));
    let writes = vec![
        put(&key, Expect::Absent, "1"),
        put(&key, Expect::Revision(1), "2"),
    ];
    let error = journal.commit(writes).await.unwrap_err();
    assert!(matches!(error, CommitError::Port(_)), "{error:?}");
    assert_eq!(read(journal, &key).await, None);
}

/// There is nothing that could fail.
pub async fn an_empty_transaction_succeeds(subject: &impl Subject) {
    subject.journal().commit(vec![]).await.unwrap();
}

/// A counter raised by racing writers counts every answered raise.
pub async fn of_racing_writers_one_wins_each_round(subject: &impl Subject) {
    let (journal, key) = (subject.journal(), key("race", "counter"));
    journal
        .commit(vec![put(&key, Expect::Absent, "0")])
        .await
        .unwrap();
    let raise = async || {
        let mut raised = 0;
        while raised < 10 {
            let seen = read(journal, &key).await.unwrap();
            let next = seen.body.parse::<u64>().unwrap() + 1;
            let write = put(&key, Expect::Revision(seen.revision), &next.to_string());
            raised += u64::from(journal.commit(vec![write]).await.is_ok());
        }
    };
    tokio::join!(raise(), raise(), raise(), raise());
    assert_eq!(read(journal, &key).await, Some(item(41, "40")));
}
