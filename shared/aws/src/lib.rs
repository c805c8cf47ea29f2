//! The AWS mode: DynamoDB, SQS, SNS, SSM and SES behind the ports, and the Lambda glue.
//!
//! A function's `main` starts a [`lambda::Function`], makes its step from it, and serves. The
//! command line opens the same ports with [`AwsPorts::of_stack`].

pub mod config;
pub mod definitions;
pub mod dynamo;
mod error;
pub mod lambda;
mod outside;
mod ports;
#[cfg(test)]
mod script;
mod sdk;
mod secrets;
mod ses;
mod sns;
pub mod sqs;
pub mod stack;
mod texting;
mod wire;

pub use config::{Config, ConfigError};
pub use outside::AwsOutside;
pub use ports::{AwsPorts, SetupError};
pub use sdk::{Rare, Sdk};
pub use secrets::IdentityError;
pub use texting::Texting;
