//! What one process remembers from one delivery to the next.

use std::sync::Arc;

use super::book::Books;
use crate::breaker::Tallies;
use crate::rate::Desks;

/// What one process remembers of breakers, rates and batches: its runners share it.
#[derive(Debug, Clone, Default)]
pub struct Process {
    pub(super) tallies: Arc<Tallies>,
    pub(super) desks: Arc<Desks>,
    pub(super) books: Arc<Books>,
}
