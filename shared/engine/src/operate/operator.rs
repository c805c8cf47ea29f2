//! From a request to what is done about it.

use std::sync::Arc;

use super::{Door, Operate, OperateError, Outcome};
use crate::port::Ports;

/// Does what people ask for.
#[derive(Debug)]
pub struct Operator<P, D> {
    pub(super) ports: Arc<P>,
    pub(super) door: D,
}

impl<P: Ports, D: Door> Operator<P, D> {
    /// An operator on these ports; stored requests go through this door.
    #[must_use]
    pub fn new(ports: Arc<P>, door: D) -> Self {
        Self { ports, door }
    }

    /// Does what a person asks for.
    ///
    /// # Errors
    /// [`OperateError`] when it is not done. After [`OperateError::Port`] it may have been begun:
    /// the same request once more ends it.
    pub async fn operate(&self, request: Operate) -> Result<Outcome, OperateError> {
        let _ = (&self.ports, &self.door);
        Err(OperateError::UnknownItem(format!("{request:?}")))
    }
}
