//! `kill -9` at seeded moments under load: with receivers that honour keys, with receivers that
//! do not, and with answers lost.

use std::path::Path;

use holdfast_tests::kills::{Campaign, Tally, asked};
use holdfast_tests::victim::{Keys, Plan};

/// Kills of each campaign in the gate.
const KILLS: usize = 25;

/// Answers lost, of 1,000.
const DROPPED: u16 = 50;

async fn campaign(name: &str, kills: usize, seed: u64, plan: Plan) -> Tally {
    let folder = tempfile::tempdir().unwrap();
    let plan = Plan {
        data: folder.path().to_owned(),
        pack: concat!(env!("CARGO_MANIFEST_DIR"), "/packs/kills").into(),
        ..plan
    };
    let victim = Path::new(env!("CARGO_BIN_EXE_victim"));
    let tally = Campaign::new(victim, plan, seed).survive(kills).await;
    println!("{name}: {tally}");
    tally
}

/// What holds where keys are honoured: nothing is unknown, but what killed or left without an answer
/// as often as it could be received.
fn check_honoured(tally: &Tally) {
    check(tally);
    assert_eq!(tally.unknown, tally.unknown_spent, "{tally}");
    assert!(tally.unknown_spent * 100 <= tally.acknowledged, "{tally}");
}

/// What holds whatever the receivers do.
fn check(tally: &Tally) {
    assert_eq!((tally.duplicates, tally.lost), (0, 0), "{tally}");
    assert_eq!(
        tally.executed + tally.unknown,
        tally.acknowledged,
        "{tally}"
    );
    assert!(tally.kills_before_outcome * 5 >= tally.kills, "{tally}");
    assert!(tally.acknowledged > tally.kills, "{tally}");
    assert!(
        tally.unknown_accepted <= tally.accepted_unrecorded,
        "{tally}"
    );
    assert!(tally.unknown_unsent <= tally.claimed_unsent, "{tally}");
}

#[tokio::test(flavor = "multi_thread")]
async fn receivers_that_honour_keys_leave_nothing_unknown() {
    let tally = campaign("keys honoured", asked(KILLS), 1, Plan::default()).await;
    check_honoured(&tally);
}

#[tokio::test(flavor = "multi_thread")]
async fn receivers_that_honour_no_key_get_nothing_twice() {
    let keys = Keys::Ignored;
    let plan = Plan {
        keys,
        ..Plan::default()
    };
    let tally = campaign("keys ignored", asked(KILLS), 2, plan).await;
    check(&tally);
    assert!(tally.unknown > 0, "no kill hit a send: {tally}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_are_never_taken_for_failures() {
    let plan = Plan {
        keys: Keys::Ignored,
        drops: Some((3, DROPPED)),
        ..Plan::default()
    };
    let tally = campaign("answers dropped, keys ignored", asked(KILLS), 3, plan).await;
    check(&tally);
    assert!(tally.unknown > 0, "no answer was lost: {tally}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_are_asked_for_again_where_keys_are_honoured() {
    let plan = Plan {
        drops: Some((4, DROPPED)),
        ..Plan::default()
    };
    let tally = campaign("answers dropped, keys honoured", asked(KILLS), 4, plan).await;
    check_honoured(&tally);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_breaks_its_promise_to_honour_keys_is_found_out() {
    let keys = Keys::Pretended;
    let plan = Plan {
        keys,
        ..Plan::default()
    };
    let tally = campaign("keys pretended", 4, 5, plan).await;
    assert!(tally.duplicates > 0, "the books show no duplicate: {tally}");
}
