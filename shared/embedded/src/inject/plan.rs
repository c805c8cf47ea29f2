//! Which calls fail. Pure: time comes in, decisions go out.

use std::collections::HashMap;
use std::time::Duration;

use holdfast_engine::name::ConnectionName;
use jiff::Timestamp;

use super::chance::draw;
use super::{Fault, Faults, Kind};
use crate::clock::later;

/// A fault that strikes a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Strike {
    pub(super) kind: Kind,
    /// Which call of the key, from 1.
    pub(super) nth: u32,
    /// Whether the connection breaks before the receiver gets the call.
    pub(super) before: bool,
}

/// The faults, and what became of the keys that were called. It grows with every key: faults are
/// for development and tests.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) faults: Faults,
    pub(super) struck: u64,
    calls: HashMap<(ConnectionName, String), u32>,
    /// When the outages of keys end, by the kind of the fault.
    outages: HashMap<(ConnectionName, String, Kind), Timestamp>,
}

impl Plan {
    pub(super) fn new(faults: Faults) -> Self {
        Self {
            faults,
            ..Self::default()
        }
    }

    /// Decides about the next call of a key.
    pub(super) fn next(
        &mut self,
        connection: &ConnectionName,
        key: &str,
        now: Timestamp,
    ) -> Option<Strike> {
        let list = self.faults.list.iter();
        let own: Vec<Fault> = list
            .filter(|fault| fault.connection == *connection)
            .cloned()
            .collect();
        if own.is_empty() {
            return None;
        }
        let nth = self.count(connection, key);
        let mut active = own.iter().filter(|fault| fault.is_active(now));
        let fault = active.find(|fault| self.strikes(fault, key, nth, now))?;
        self.struck += 1;
        Some(Strike {
            kind: fault.kind,
            nth,
            before: self.draw(fault, key, nth, "side").is_multiple_of(2),
        })
    }

    fn count(&mut self, connection: &ConnectionName, key: &str) -> u32 {
        let calls = self.calls.entry((connection.clone(), key.to_owned()));
        let calls = calls.or_default();
        *calls += 1;
        *calls
    }

    fn strikes(&mut self, fault: &Fault, key: &str, nth: u32, now: Timestamp) -> bool {
        let place = (fault.connection.clone(), key.to_owned(), fault.kind);
        if let (Some(_), Some(end)) = (fault.recovers, self.outages.get(&place)) {
            return now < *end;
        }
        let strikes = fault.rate.holds(self.draw(fault, key, nth, "strike"));
        if let (true, Some((least, most))) = (strikes, fault.recovers) {
            let chance = self.draw(fault, key, nth, "recovery");
            let end = later(now, within(least, most, chance));
            self.outages.insert(place, end);
        }
        strikes
    }

    fn draw(&self, fault: &Fault, key: &str, nth: u32, what: &str) -> u64 {
        let connection = fault.connection.as_str();
        let about = [connection, fault.kind.word(), key, &nth.to_string(), what];
        draw(self.faults.seed, &about)
    }
}

/// A time between the two, in whole milliseconds.
fn within(least: Duration, most: Duration, chance: u64) -> Duration {
    let spread = u64::try_from(most.saturating_sub(least).as_millis()).unwrap_or(u64::MAX);
    least + Duration::from_millis(chance % spread.saturating_add(1))
}
