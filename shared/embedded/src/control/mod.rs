//! What people do to a data folder besides sending events: settings, queues, looking around.
//!
//! A writing command goes through `<data>/control.sock` to the process that holds the folder, one
//! JSON line in, one out; when none does, the command opens the folder itself. Reading commands
//! open the store beside that process.

mod client;
mod faults;
mod inspect;
mod packs;
mod protocol;
mod server;
mod settings;

pub use client::ask;
pub use inspect::{TimerCount, events, open_operations, records, timers};
pub use packs::published;
pub use protocol::{Answer, Command, InjectedFaults, QueueDepth, SetConfig, SettingChange};
pub use server::Listener;
pub use settings::{ConfigError, set_config};

/// The socket within the data folder.
pub const SOCKET: &str = "control.sock";
