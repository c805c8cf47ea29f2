//! A whole Holdfast that a test starts as a process of its own, to lose it: how it is told to
//! behave, and the moments at which it ends itself.

mod clock;
mod death;
mod quiet;
mod settings;

pub use clock::SkippingClock;
pub use death::Death;
pub use quiet::until_quiet;
pub use settings::{Disk, Keys, Plan, Unknown};
