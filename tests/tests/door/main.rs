//! The door of webhooks: how a provider proves itself, greets, sends many events at once, and what
//! becomes of what nobody should send.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what cannot be read fails the test"
)]

#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod batches;
#[cfg(test)]
mod handshakes;
#[cfg(test)]
mod house;
#[cfg(test)]
mod replays;
