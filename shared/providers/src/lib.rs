//! The adapters of connections that both modes share: HTTP, Twilio, SMTP, Slack.

mod address;
mod client;
mod credentials;
mod failure;
pub mod http;
mod settings;
mod slack;
mod smtp;
mod twilio;

#[cfg(test)]
mod testing;

pub use client::{Client, SetupError};
pub use http::ReqwestHttp;
pub use slack::Slack;
pub use smtp::Smtp;
pub use twilio::Twilio;
