//! The change feed: every change of a record, once it is committed, reaches `watch-records`.

use holdfast_engine::port::{Change, Expect, Journal, Key, QueueName, Table, Verdict, Write};
use serde_json::{Value as Json, json};

use super::subject::{Consumer, Subject, key};

fn put(key: Key, expect: Expect, body: &Json) -> Write {
    let change = Change::Put(body.to_string());
    Write {
        key,
        expect,
        change,
    }
}

async fn fed(subject: &impl Subject) -> Vec<Json> {
    let queue = QueueName::of("watch-records");
    let mut changes = Vec::new();
    for delivery in subject.queue().receive(&queue, 100).await {
        changes.push(serde_json::from_str(&delivery.body).unwrap());
        subject
            .queue()
            .settle(&delivery, Verdict::Acknowledge)
            .await;
    }
    changes
}

/// `old` is null.
pub async fn a_created_record_is_fed_with_its_new_image(subject: &impl Subject) {
    let write = put(
        key("fed", "record"),
        Expect::Absent,
        &json!({"status": "new"}),
    );
    subject.journal().commit(vec![write]).await.unwrap();
    let change = json!({
        "tenant": "contract", "partition": "contract#fed", "revision": 1,
        "old": null, "new": {"status": "new"},
    });
    assert_eq!(fed(subject).await, [change]);
}

/// Each revision once.
pub async fn changes_are_fed_in_order_with_both_images(subject: &impl Subject) {
    for revision in 0..5 {
        let expect = if revision == 0 {
            Expect::Absent
        } else {
            Expect::Revision(revision)
        };
        let write = put(key("order", "record"), expect, &json!(revision));
        subject.journal().commit(vec![write]).await.unwrap();
    }
    let images: Vec<_> = fed(subject)
        .await
        .iter()
        .map(|change| {
            (
                change["revision"].clone(),
                change["old"].clone(),
                change["new"].clone(),
            )
        })
        .collect();
    let step = |n: u64| {
        (
            json!(n + 1),
            n.checked_sub(1).map_or(Json::Null, Json::from),
            json!(n),
        )
    };
    assert_eq!(images, (0..5).map(step).collect::<Vec<_>>());
}

/// `new` is null.
pub async fn a_deleted_record_is_fed_with_its_old_image(subject: &impl Subject) {
    let key = key("removed", "record");
    let write = put(key.clone(), Expect::Absent, &json!(1));
    subject.journal().commit(vec![write]).await.unwrap();
    fed(subject).await;
    let (expect, change) = (Expect::Revision(1), Change::Delete);
    let write = Write {
        key,
        expect,
        change,
    };
    subject.journal().commit(vec![write]).await.unwrap();
    let changes = fed(subject).await;
    assert_eq!(changes.len(), 1);
    assert_eq!(
        (&changes[0]["old"], &changes[0]["new"]),
        (&json!(1), &Json::Null)
    );
}

/// Nor is a check of a record.
pub async fn entries_and_other_tables_are_not_fed(subject: &impl Subject) {
    let record = key("quiet", "record");
    let first = put(record.clone(), Expect::Absent, &json!(1));
    subject.journal().commit(vec![first]).await.unwrap();
    fed(subject).await;
    let claim = Key {
        table: Table::Claims,
        ..record.clone()
    };
    let (expect, change) = (Expect::Revision(1), Change::Check);
    let writes = vec![
        Write {
            key: record,
            expect,
            change,
        },
        put(key("quiet", "exe#1#1#book.0"), Expect::Absent, &json!(1)),
        put(key("quiet", "records"), Expect::Absent, &json!(1)),
        put(claim, Expect::Absent, &json!(1)),
    ];
    subject.journal().commit(writes).await.unwrap();
    assert_eq!(fed(subject).await, [] as [Json; 0]);
}

/// A conflict on any write keeps all of them from the feed.
pub async fn a_refused_change_is_not_fed(subject: &impl Subject) {
    let writes = vec![
        put(key("refused", "record"), Expect::Absent, &json!(1)),
        put(key("refused", "entry"), Expect::Revision(1), &json!(1)),
    ];
    subject.journal().commit(writes).await.unwrap_err();
    assert_eq!(fed(subject).await, [] as [Json; 0]);
}
