//! What needs someone, across records: for people and for the error route, never for rules.

use std::future::Future;

use super::PortError;
use crate::operation::{Operation, Stored};

/// Which operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that need someone.
    Open,
    /// Settled ones too.
    All,
}

/// A part of a list of operations.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Operations {
    /// The operations, in an order that stays the same from page to page.
    pub found: Vec<Stored>,
    /// Where the next page starts; `None`: this is the last.
    pub next: Option<String>,
}

impl Operations {
    /// The operations alone.
    pub fn into_operations(self) -> impl Iterator<Item = Operation> {
        self.found.into_iter().map(|stored| stored.operation)
    }
}

/// Lists of error records and review items. They are read one by one, and written, by
/// [`super::Journal`]; each write of one is delivered, with its old and new body, to the function
/// `handle-error`.
pub trait OperationList: Send + Sync {
    /// Lists operations after `after`, at most `limit`.
    ///
    /// # Errors
    /// [`PortError`] when the store fails.
    fn list(
        &self,
        which: Which,
        after: Option<&str>,
        limit: usize,
    ) -> impl Future<Output = Result<Operations, PortError>> + Send;
}
