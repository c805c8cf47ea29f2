//! The adapters that both modes share: the services behind connections, and the machine's clock
//! and randomness.

mod address;
mod client;
mod credentials;
mod failure;
pub mod http;
pub mod machine;
mod oauth2;
mod providers;
pub mod remote;
pub mod settings;
mod slack;
mod smtp;
pub mod tls;
mod twilio;

#[cfg(test)]
mod testing;

pub use client::Client;
pub use http::ReqwestHttp;
pub use providers::Providers;
pub use slack::Slack;
pub use smtp::Smtp;
pub use tls::SetupError;
pub use twilio::Twilio;
