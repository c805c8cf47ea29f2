//! Webhooks over loopback, as a provider sends them: again and again until they are acknowledged.

use std::collections::{BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use holdfast_embedded::clock::SystemClock;
use holdfast_engine::port::Clock as _;
use tokio::task::JoinSet;

use crate::bench::{Client, signed_request};

/// Connections at once.
const CLIENTS: usize = 8;

/// A webhook by its id.
pub type Event = String;

/// What became of the webhooks of one offer.
#[derive(Debug, Default)]
pub struct Load {
    waiting: VecDeque<Event>,
    /// Answered with 202.
    pub acknowledged: BTreeSet<Event>,
    /// Not answered: the provider does not know.
    pub unanswered: BTreeSet<Event>,
    /// Answered otherwise, by status.
    pub refused: Vec<(Event, u16)>,
}

type Shared = Arc<Mutex<Load>>;

/// Offers webhooks over several connections at once, and calls `acknowledged` with the count at
/// each acknowledgement.
pub async fn offer(
    address: SocketAddr,
    events: impl IntoIterator<Item = Event>,
    acknowledged: impl Fn(usize) + Send + Sync + Clone + 'static,
) -> Load {
    let load = Shared::new(Mutex::new(Load {
        waiting: events.into_iter().collect(),
        ..Load::default()
    }));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(send(address, Arc::clone(&load), acknowledged.clone()));
    }
    while let Some(client) = clients.join_next().await {
        client.expect("a client that does not panic");
    }
    let mut load = change(&load, std::mem::take);
    load.unanswered.extend(load.waiting.drain(..));
    load
}

/// Sends what waits, until the connection breaks.
async fn send(address: SocketAddr, load: Shared, acknowledged: impl Fn(usize)) {
    let Ok(mut client) = Client::connect(address).await else {
        return;
    };
    while let Some(event) = change(&load, |load| load.waiting.pop_front()) {
        let request = signed_request(&event, SystemClock.now());
        match client.exchange(&request).await {
            Ok(202) => acknowledged(change(&load, |load| {
                load.acknowledged.insert(event);
                load.acknowledged.len()
            })),
            Ok(status) => change(&load, |load| load.refused.push((event, status))),
            Err(_) => {
                change(&load, |load| load.unanswered.insert(event));
                return;
            }
        }
    }
}

fn change<T>(load: &Shared, change: impl FnOnce(&mut Load) -> T) -> T {
    change(&mut load.lock().unwrap_or_else(PoisonError::into_inner))
}
