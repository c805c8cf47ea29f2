//! Reading a partition in order, page by page.

use holdfast_engine::port::{Change, Expect, Journal, Key, Page, Table, Write};

use super::subject::{Subject, key};

async fn fill(journal: &impl Journal, partition: &str, sorts: &[&str]) {
    let write = |sort: &&str| Write {
        key: key(partition, sort),
        expect: Expect::Absent,
        change: Change::Put("{}".to_owned()),
    };
    let writes = sorts.iter().map(write).collect();
    journal.commit(writes).await.unwrap();
}

async fn page(
    journal: &impl Journal,
    partition: &str,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
) -> (Vec<String>, Option<String>) {
    let Key { partition, .. } = key(partition, "");
    let query = journal.query(Table::Journal, &partition, prefix, after, limit);
    let Page { rows, next } = query.await.unwrap();
    (rows.into_iter().map(|row| row.sort).collect(), next)
}

async fn all(journal: &impl Journal, partition: &str, prefix: &str) -> Vec<String> {
    let (sorts, next) = page(journal, partition, prefix, None, 100).await;
    assert_eq!(next, None);
    sorts
}

/// By bytes, not by a language's alphabet.
pub async fn a_partition_is_read_in_the_order_of_its_sort_keys(subject: &impl Subject) {
    let journal = subject.journal();
    fill(
        journal,
        "sorted",
        &["ü", "b", "B", "a#2", "a#10", "a", "record"],
    )
    .await;
    let sorted = ["B", "a", "a#10", "a#2", "b", "record", "ü"];
    assert_eq!(all(journal, "sorted", "").await, sorted);
}

/// Neither a partition whose name goes on, nor another table.
pub async fn a_query_reads_one_partition_of_one_table(subject: &impl Subject) {
    let journal = subject.journal();
    fill(journal, "one", &["mine"]).await;
    fill(journal, "one#more", &["other"]).await;
    let mut write = Write {
        key: key("one", "claim"),
        expect: Expect::Absent,
        change: Change::Put("{}".to_owned()),
    };
    write.key.table = Table::Claims;
    journal.commit(vec![write]).await.unwrap();
    assert_eq!(all(journal, "one", "").await, ["mine"]);
}

/// Each item once.
pub async fn pages_continue_where_the_last_one_ended(subject: &impl Subject) {
    let journal = subject.journal();
    let sorts: Vec<_> = (0..25).map(|n| format!("exe#{n:02}")).collect();
    let names: Vec<_> = sorts.iter().map(String::as_str).collect();
    fill(journal, "pages", &names).await;
    let (mut read, mut after) = (Vec::new(), None);
    loop {
        let (sorts, next) = page(journal, "pages", "exe#", after.as_deref(), 4).await;
        assert!(sorts.len() <= 4, "{sorts:?}");
        read.extend(sorts);
        match next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(read, sorts);
}

/// No `next`, also when nothing was found.
pub async fn the_last_page_says_so(subject: &impl Subject) {
    let journal = subject.journal();
    fill(journal, "last", &["a", "b"]).await;
    assert_eq!(
        page(journal, "last", "", Some("a"), 5).await,
        (vec!["b".to_owned()], None)
    );
    assert_eq!(
        page(journal, "last", "", Some("b"), 5).await,
        (vec![], None)
    );
    assert_eq!(page(journal, "empty", "", None, 5).await, (vec![], None));
}

/// Stores differ in whether they know that nothing follows.
pub async fn a_page_that_ends_exactly_is_followed_by_none_or_an_empty_one(subject: &impl Subject) {
    let journal = subject.journal();
    fill(journal, "exact", &["a", "b"]).await;
    let (sorts, next) = page(journal, "exact", "", None, 2).await;
    assert_eq!(sorts, ["a", "b"]);
    if let Some(next) = next {
        assert_eq!(
            page(journal, "exact", "", Some(&next), 2).await,
            (vec![], None)
        );
    }
}

/// `%`, `_` and `*` mean themselves, and `exe#1` does not find `exe#10#…` by accident only when
/// it is closed.
pub async fn a_prefix_is_taken_literally(subject: &impl Subject) {
    let journal = subject.journal();
    let sorts = [
        "exe#1#1#a",
        "exe#10#1#a",
        "exe%",
        "exe_",
        "exf",
        "ex",
        "EXE#1#",
    ];
    fill(journal, "literal", &sorts).await;
    assert_eq!(all(journal, "literal", "exe#1#").await, ["exe#1#1#a"]);
    assert_eq!(
        all(journal, "literal", "exe#1").await,
        ["exe#1#1#a", "exe#10#1#a"]
    );
    assert_eq!(all(journal, "literal", "exe%").await, ["exe%"]);
    assert_eq!(all(journal, "literal", "exe_").await, ["exe_"]);
}

/// Where the next prefix would need a character that there is not.
pub async fn a_prefix_at_the_end_of_the_alphabet_has_an_end(subject: &impl Subject) {
    let journal = subject.journal();
    let last = '\u{10FFFF}';
    let (one, two) = (format!("a{last}"), format!("a{last}{last}x"));
    fill(
        journal,
        "alphabet",
        &["a", "aÿ", "aÿz", &one, &two, "b", "ÿ"],
    )
    .await;
    assert_eq!(all(journal, "alphabet", "aÿ").await, ["aÿ", "aÿz"]);
    assert_eq!(all(journal, "alphabet", &one).await, [one, two]);
    assert_eq!(all(journal, "alphabet", "ÿ").await, ["ÿ"]);
}

/// The later of the two bounds counts.
pub async fn after_a_key_below_the_prefix_begins_with_the_prefix(subject: &impl Subject) {
    let journal = subject.journal();
    fill(journal, "bounds", &["a", "exe#1", "exe#2", "z"]).await;
    let (sorts, _) = page(journal, "bounds", "exe#", Some("b"), 9).await;
    assert_eq!(sorts, ["exe#1", "exe#2"]);
    let (sorts, _) = page(journal, "bounds", "exe#", Some("y"), 9).await;
    assert!(sorts.is_empty(), "{sorts:?}");
}
