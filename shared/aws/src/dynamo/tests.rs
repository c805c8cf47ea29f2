//! What DynamoDB answers, and what the port says of it.

use holdfast_engine::port::{
    Change, Clock, CommitError, Conflict, Expect, Item, Journal, Key, PortError, Table, Write,
};
use holdfast_providers::machine::SystemClock;
use serde_json::{Value as Json, json};

use super::DynamoJournal;
use crate::config::Tables;
use crate::script::Answer::{self, Done, Lost, Refused};
use crate::script::Script;

const CONDITION_FAILED: &str = "ConditionalCheckFailedException";
const CANCELLED: &str = "TransactionCanceledException";
const THROTTLED: &str = "ProvisionedThroughputExceededException";

fn journal(script: &Script) -> DynamoJournal {
    let tables = Tables {
        journal: "j".to_owned(),
        claims: "c".to_owned(),
        operations: "o".to_owned(),
        definitions: "d".to_owned(),
        timers: "t".to_owned(),
    };
    DynamoJournal::new(script.sdk().dynamo, tables)
}

fn key(sort: &str) -> Key {
    Key {
        table: Table::Journal,
        partition: "demo#patient#p".to_owned(),
        sort: sort.to_owned(),
    }
}

/// A put on what was read as revision 1.
fn put(sort: &str, body: &str) -> Write {
    Write {
        key: key(sort),
        expect: Expect::Revision(1),
        change: Change::Put(body.to_owned()),
    }
}

/// An item as DynamoDB shows it.
fn stored(sort: &str, revision: u64, body: &str) -> Json {
    json!({
        "pk": { "S": "demo#patient#p" }, "sk": { "S": sort },
        "rev": { "N": revision.to_string() }, "body": { "S": body },
    })
}

fn item(revision: u64, body: &str) -> Item {
    let body = body.to_owned();
    Item { revision, body }
}

fn refused(found: Option<&Json>) -> Answer {
    let item = found.map_or_else(|| json!({}), |found| json!({ "Item": found }));
    Refused(CONDITION_FAILED, item)
}

fn cancelled(reasons: &Json) -> Answer {
    Refused(CANCELLED, json!({ "CancellationReasons": reasons }))
}

/// What one write ends as, and what was asked meanwhile.
async fn one(answers: impl IntoIterator<Item = Answer>) -> (Result<(), CommitError>, Vec<String>) {
    let script = Script::new(answers);
    let committed = journal(&script).commit(vec![put("a", "2")]).await;
    (committed, script.actions())
}

/// The same of a transaction of two.
async fn two(answers: impl IntoIterator<Item = Answer>) -> (Result<(), CommitError>, Vec<String>) {
    let script = Script::new(answers);
    let writes = vec![put("a", "2"), put("b", "2")];
    let committed = journal(&script).commit(writes).await;
    (committed, script.actions())
}

fn conflict(index: usize, found: Option<Item>) -> Result<(), CommitError> {
    Err(CommitError::Conflict(vec![Conflict { index, found }]))
}

#[tokio::test]
async fn a_put_asks_for_the_condition_and_for_what_is_there() {
    let script = Script::new([Done(json!({}))]);
    journal(&script).commit(vec![put("a", "2")]).await.unwrap();
    let asked = script.asked(0);
    assert_eq!(asked["ConditionExpression"], "rev = :rev");
    assert_eq!(asked["ExpressionAttributeValues"][":rev"]["N"], "1");
    assert_eq!(asked["Item"], stored("a", 2, "2"));
    assert_eq!(asked["ReturnValuesOnConditionCheckFailure"], "ALL_OLD");
}

#[tokio::test]
async fn what_lies_in_a_batch_passes_and_nothing_else_does() {
    let batch = "demo#batch#shop/w/find.1/29";
    for (partition, passes) in [(batch, true), ("demo#rate#batch", false)] {
        let script = Script::new([Done(json!({}))]);
        let mut write = put("made#000000", "2");
        write.key.table = Table::Claims;
        write.key.partition = partition.to_owned();
        let now = SystemClock.now().as_second();
        journal(&script).commit(vec![write]).await.unwrap();
        let ttl = script.asked(0)["Item"]["ttl"]["N"].clone();
        let ttl = ttl.as_str().map(|text| text.parse::<i64>().unwrap());
        let days = ttl.map(|ttl| (ttl - now) / 86_400);
        assert_eq!(days, passes.then_some(60), "{partition}");
    }
}

#[tokio::test]
async fn a_failed_condition_tells_what_is_there() {
    let (committed, asked) = one([refused(Some(&stored("a", 3, "3")))]).await;
    assert_eq!(committed, conflict(0, Some(item(3, "3"))));
    assert_eq!(asked, ["PutItem"]);
    assert_eq!(one([refused(None)]).await.0, conflict(0, None));
}

#[tokio::test]
async fn a_failed_condition_of_a_transaction_tells_which_and_what_is_there() {
    let reasons = json!([
        { "Code": "None" },
        { "Code": "ConditionalCheckFailed", "Item": stored("b", 3, "3") },
    ]);
    let (committed, asked) = two([cancelled(&reasons)]).await;
    assert_eq!(committed, conflict(1, Some(item(3, "3"))));
    assert_eq!(asked, ["TransactWriteItems"]);
}

#[tokio::test]
async fn a_throttled_put_is_repeated_until_it_is_written_or_given_up() {
    let throttled = || Refused(THROTTLED, json!({ "message": "slow down" }));
    let (committed, asked) = one([throttled(), throttled(), Done(json!({}))]).await;
    assert_eq!((committed, asked.len()), (Ok(()), 3));
    let (committed, asked) = one(std::iter::repeat_with(throttled).take(5)).await;
    assert_eq!(committed, Err(PortError::Throttled.into()));
    assert_eq!(asked.len(), 5);
}

#[tokio::test]
async fn an_item_that_is_too_large_is_refused_at_once() {
    let message = "Item size has exceeded the maximum allowed size";
    let too_large = Err(PortError::TooLarge.into());
    let (committed, asked) = one([Refused(
        "ValidationException",
        json!({ "message": message }),
    )])
    .await;
    assert_eq!((committed, asked.len()), (too_large.clone(), 1));
    let reasons = json!([{ "Code": "None" }, { "Code": "ValidationError", "Message": message }]);
    let (committed, asked) = two([cancelled(&reasons)]).await;
    assert_eq!((committed, asked.len()), (too_large, 1));
}

fn met() -> Answer {
    cancelled(&json!([{ "Code": "TransactionConflict" }, { "Code": "None" }]))
}

fn batch(items: &Json) -> Answer {
    Done(json!({ "Responses": { "j": items }, "UnprocessedKeys": {} }))
}

#[tokio::test]
async fn a_transaction_that_met_another_looks_again_and_is_repeated_while_its_conditions_hold() {
    let unchanged = batch(&json!([stored("b", 1, "1"), stored("a", 1, "1")]));
    let (committed, asked) = two([met(), unchanged, Done(json!({}))]).await;
    assert_eq!(committed, Ok(()));
    assert_eq!(
        asked,
        ["TransactWriteItems", "BatchGetItem", "TransactWriteItems"]
    );
}

#[tokio::test]
async fn a_transaction_that_lost_to_another_tells_what_is_there() {
    let changed = batch(&json!([stored("b", 1, "1"), stored("a", 2, "other")]));
    let (committed, asked) = two([met(), changed]).await;
    assert_eq!(committed, conflict(0, Some(item(2, "other"))));
    assert_eq!(asked, ["TransactWriteItems", "BatchGetItem"]);
}

#[tokio::test]
async fn a_put_that_met_a_transaction_is_repeated() {
    let met = Refused("TransactionConflictException", json!({ "message": "busy" }));
    let (committed, asked) = one([met, Done(json!({}))]).await;
    assert_eq!((committed, asked.len()), (Ok(()), 2));
}

#[tokio::test]
async fn a_put_whose_answer_was_lost_knows_its_own_work() {
    let ours = stored("a", 2, "2");
    assert_eq!(one([Lost, refused(Some(&ours))]).await.0, Ok(()));
    let other = stored("a", 2, "other");
    let lost_to = one([Lost, refused(Some(&other))]).await.0;
    assert_eq!(lost_to, conflict(0, Some(item(2, "other"))));
    let written_by_another = one([refused(Some(&ours))]).await.0;
    assert_eq!(written_by_another, conflict(0, Some(item(2, "2"))));
}

#[tokio::test]
async fn a_transaction_whose_answer_was_lost_is_repeated_under_the_same_token() {
    let script = Script::new([Lost, Done(json!({}))]);
    let writes = vec![put("a", "2"), put("b", "2")];
    journal(&script).commit(writes).await.unwrap();
    let token = |index| script.asked(index)["ClientRequestToken"].clone();
    assert!(token(0).is_string());
    assert_eq!(token(0), token(1));
}

#[tokio::test]
async fn keys_that_a_batch_left_out_are_asked_for_again() {
    let left = json!({ "j": { "ConsistentRead": true, "Keys": [
        { "pk": { "S": "demo#patient#p" }, "sk": { "S": "a" } },
    ] } });
    let first = json!({ "Responses": { "j": [stored("b", 2, "2")] }, "UnprocessedKeys": left });
    let script = Script::new([Done(first), batch(&json!([stored("a", 1, "1")]))]);
    let keys = ["a", "b", "c"].map(key);
    let found = journal(&script).read(&keys).await.unwrap();
    assert_eq!(found, [Some(item(1, "1")), Some(item(2, "2")), None]);
    assert_eq!(script.asked(1)["RequestItems"], left);
}
