//! The error route: who is called, when, how often, and what holds when it is interrupted.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a route that cannot start fails"
)]

mod faults;
mod outside;
mod path;
mod route;
mod rules;
mod sweep;
mod ways;
