//! The visible messages of a queue: each tenant's in order, the tenants in turn.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Message ids by tenant; a tenant with many messages does not delay one with few.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    tenants: VecDeque<Arc<str>>,
    waiting: HashMap<Arc<str>, VecDeque<i64>>,
    len: usize,
}

impl Turns {
    pub(crate) fn push(&mut self, tenant: &Arc<str>, id: i64) {
        let waiting = self.waiting.entry(Arc::clone(tenant)).or_default();
        if waiting.is_empty() {
            self.tenants.push_back(Arc::clone(tenant));
        }
        waiting.push_back(id);
        self.len += 1;
    }

    /// The next message of the tenant whose turn it is.
    pub(crate) fn pop(&mut self) -> Option<i64> {
        self.pop_nth(0)
    }

    /// A message of the tenant whose turn it is: the n-th from 0, modulo their number.
    pub(crate) fn pop_nth(&mut self, n: u64) -> Option<i64> {
        let tenant = self.tenants.pop_front()?;
        let waiting = self.waiting.get_mut(&tenant)?;
        let index = n.checked_rem(waiting.len() as u64)?;
        let id = waiting.remove(usize::try_from(index).ok()?)?;
        self.len -= 1;
        if waiting.is_empty() {
            self.waiting.remove(&tenant);
        } else {
            self.tenants.push_back(tenant);
        }
        Some(id)
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_one_tenant_does_not_delay_another() {
        let (loud, quiet) = (Arc::from("loud"), Arc::from("quiet"));
        let mut turns = Turns::default();
        (1..=100).for_each(|id| turns.push(&loud, id));
        turns.push(&quiet, 200);
        let first: Vec<_> = std::iter::from_fn(|| turns.pop()).take(4).collect();
        assert_eq!(first, [1, 200, 2, 3]);
        assert_eq!(turns.len(), 97);
    }

    #[test]
    fn every_message_gets_its_turn_once() {
        let tenants: Vec<Arc<str>> = ["a", "b", "c"].map(Arc::from).into();
        let mut turns = Turns::default();
        for id in 0..30_i64 {
            turns.push(&tenants[usize::try_from(id * id % 3).unwrap()], id);
        }
        let mut all: Vec<_> = std::iter::from_fn(|| turns.pop()).collect();
        all.sort_unstable();
        assert_eq!(all, (0..30).collect::<Vec<_>>());
        assert_eq!(turns.len(), 0);
    }
}
