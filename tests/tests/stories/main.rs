//! The stories that Holdfast is built against: what went wrong elsewhere, told again here on
//! virtual time, with faults from a seed.

#![expect(clippy::unwrap_used, reason = "a story that cannot start fails")]

mod mix;
mod money;
mod office;
mod outage;
mod redrive;
mod redriving;
mod shop;
mod stats;
