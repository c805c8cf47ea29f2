//! The power goes, and with it everything that was not synced: a whole system loses nothing that
//! it acknowledged, and without syncs it does, or this test would prove nothing.

use std::path::Path;

use holdfast_tests::kills::{Books, Campaign, Victim, asked, offer};
use holdfast_tests::victim::{Disk, Plan};

/// Power cuts in the gate.
const CUTS: usize = 10;

fn plan(folder: &Path, disk: Disk) -> Plan {
    Plan {
        data: folder.to_owned(),
        pack: concat!(env!("CARGO_MANIFEST_DIR"), "/packs/kills").into(),
        disk,
        ..Plan::default()
    }
}

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_victim"))
}

#[tokio::test(flavor = "multi_thread")]
async fn power_cuts_lose_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let campaign = Campaign::new(program(), plan(folder.path(), Disk::Volatile), 5);
    let tally = campaign.survive(asked(CUTS)).await;
    println!("power cuts: {tally}");
    let wrong = (tally.duplicates, tally.lost, tally.unknown);
    assert_eq!(wrong, (0, 0, 0), "{tally}");
    assert_eq!(tally.executed, tally.acknowledged, "{tally}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_syncs_a_power_cut_does_lose_what_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let unsynced = plan(folder.path(), Disk::VolatileUnsynced);
    let victim = Victim::start(program(), &unsynced).unwrap();
    let events = (0..50).map(|number| format!("e{number}"));
    let load = offer(victim.address(), events, |_| ()).await;
    victim.kill();
    let mut survivor = Victim::start(program(), &plan(folder.path(), Disk::Cached)).unwrap();
    assert!(survivor.obeys("quiet"));
    survivor.kill();
    let books = Books::open(folder.path());
    let mut lost = 0;
    for event in &load.acknowledged {
        lost += usize::from(books.progress(event).await.ended() < 2);
    }
    println!(
        "power cut without syncs: lost {lost} of {}",
        load.acknowledged.len()
    );
    assert!(lost > 0);
}
