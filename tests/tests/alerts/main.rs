//! The error route: who is called, when, how often, and what holds when it is interrupted.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "figures are part of the report, and a route that cannot start fails"
)]

mod faults;
mod path;
mod route;
mod rules;
mod sweep;
mod ways;
