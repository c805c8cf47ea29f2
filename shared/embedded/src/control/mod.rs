//! What people do to a data folder besides sending events: settings, queues, looking around.
//!
//! A writing command goes through `<data>/control.sock` to the process that holds the folder, one
//! JSON line in, one out; when none does, the command opens the folder itself. Reading commands
//! open the store beside that process.

mod client;
mod desk;
mod faults;
mod inspect;
mod pace;
mod protocol;
mod redriving;
mod server;
mod settings;
mod together;

pub use client::{AskError, ask};
pub use desk::Desk;
pub use inspect::{TimerCount, events, records, timers};
pub use pace::{Pace, Rate};
pub use protocol::{
    Answer, Command, Held, Hold, InjectedFaults, Operated, QueueDepth, Refused, SetConfig,
    SettingChange, Word,
};
pub use redriving::{Refusals, Summary, Terms, redrive};
pub use server::Listener;
pub use settings::{ConfigError, set_config, setting_value};

/// The socket within the data folder.
pub const SOCKET: &str = "control.sock";

/// The code of the answer to what is no command of this version.
const UNKNOWN_COMMAND: &str = "UnknownCommand";
