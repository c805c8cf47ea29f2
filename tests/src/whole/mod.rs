//! A whole Holdfast on virtual time: every function over ports that crash, repeat, delay and
//! reorder, and whether it comes to the same end as when nothing fails.

mod chaos;
mod flight;
mod line;
mod names;
mod outside;
mod parallel;
mod people;
mod projection;
mod same;
mod scenario;
mod system;

pub use chaos::Storm;
pub use flight::{Cargo, End, Flight, Said};
pub use line::{Mishap, Run};
pub use outside::{Arrived, NO_CHANNEL, NO_PATH, Outside};
pub use parallel::each;
pub use projection::Projection;
pub use scenario::{Detail, Scenario, Stage};
pub use system::{System, VISIBILITY};
