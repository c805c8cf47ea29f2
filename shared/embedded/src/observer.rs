//! A seam for tests: the moments at which losing the process is worst, so that a test can be
//! there, and end it.

use std::fmt;
use std::sync::Arc;

/// A moment between two things that must agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Moment {
    /// A claim or an outcome is durable; its effect, or its dispatch, has not begun.
    Committed,
    /// Messages are durable; their sender does not know yet.
    Sent,
    /// The sandbox has a call on disk; it has not answered.
    Accepted,
    /// A delivery is handled; its verdict is not written.
    Handled,
}

/// What a test does at each moment; nothing by default.
#[derive(Clone, Default)]
pub struct Observer(Option<Arc<dyn Fn(Moment) + Send + Sync>>);

impl Observer {
    /// Calls this at each moment.
    pub fn new(observe: impl Fn(Moment) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(observe)))
    }

    pub(crate) fn see(&self, moment: Moment) {
        if let Some(observe) = &self.0 {
            observe(moment);
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observer").field(&self.0.is_some()).finish()
    }
}
