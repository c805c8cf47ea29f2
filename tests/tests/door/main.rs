//! The door of webhooks: how a provider proves itself, greets, sends many events at once, and what
//! becomes of what nobody should send.

#[cfg(test)]
mod bad_cases;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod batches;
#[cfg(test)]
mod handshakes;
#[cfg(test)]
mod house;
#[cfg(test)]
mod payloads;
#[cfg(test)]
mod replays;
mod schemas;
#[cfg(test)]
mod served;
#[cfg(test)]
#[expect(dead_code, reason = "each test file uses a part of it")]
#[path = "../vectors/mod.rs"]
mod vectors;
