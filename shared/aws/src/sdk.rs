//! The AWS clients, made once for a process.

use std::sync::{Arc, LazyLock};

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use holdfast_providers::{SetupError, tls};

use crate::config;
use crate::wire::Wire;

/// A client that is made for its first call: most processes never make one.
pub type Rare<C> = Arc<LazyLock<C, Box<dyn FnOnce() -> C + Send>>>;

/// The AWS clients. They share one HTTP client.
///
/// DynamoDB, SQS, SSM: the SDK repeats what failed, up to three attempts, because every call of
/// ours to them may be repeated. SNS and SES do not: a repeated call is a second message, and
/// the queue in front repeats by its own rules.
#[derive(Debug, Clone)]
pub struct Sdk {
    /// Tables.
    pub dynamo: aws_sdk_dynamodb::Client,
    /// Queues.
    pub sqs: aws_sdk_sqs::Client,
    /// The topic of alerts.
    pub sns: Rare<aws_sdk_sns::Client>,
    /// Secrets.
    pub ssm: aws_sdk_ssm::Client,
    /// E-mail.
    pub ses: Rare<aws_sdk_sesv2::Client>,
}

impl Sdk {
    /// Clients of a person: region and credentials are looked for wherever the AWS command line
    /// does, and `AWS_ENDPOINT_URL` is heeded.
    ///
    /// # Errors
    /// [`SetupError`] when there is no HTTP client.
    pub async fn of_person() -> Result<Self, SetupError> {
        Ok(Self::of(&Self::configuration().await?))
    }

    /// What its clients share, for a client of another service.
    ///
    /// # Errors
    /// [`SetupError`] when there is no HTTP client.
    pub async fn configuration() -> Result<SdkConfig, SetupError> {
        let defaults = aws_config::defaults(BehaviorVersion::latest());
        let defaults = defaults.http_client(Wire::new()?).retry_config(retries());
        Ok(defaults.load().await)
    }

    /// Clients of a function: the platform says region and credentials in its environment, so
    /// nothing else is looked at, nor linked. They trust the authorities that came with it.
    ///
    /// # Errors
    /// [`SetupError`] when there is no HTTP client.
    pub fn of_function() -> Result<Self, SetupError> {
        tls::bundle();
        let credentials = EnvironmentVariableCredentialsProvider::new();
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(Wire::new()?)
            .retry_config(retries());
        config.set_region(config::region().map(Region::new));
        config.set_endpoint_url(config::endpoint());
        Ok(Self::of(&config.build()))
    }

    /// Clients of this configuration.
    #[must_use]
    pub fn of(config: &SdkConfig) -> Self {
        let once = config
            .to_builder()
            .retry_config(RetryConfig::disabled())
            .build();
        Self {
            dynamo: aws_sdk_dynamodb::Client::new(config),
            sqs: aws_sdk_sqs::Client::new(config),
            sns: rare(&once, aws_sdk_sns::Client::new),
            ssm: aws_sdk_ssm::Client::new(config),
            ses: rare(&once, aws_sdk_sesv2::Client::new),
        }
    }
}

fn rare<C>(config: &SdkConfig, client: fn(&SdkConfig) -> C) -> Rare<C>
where
    C: 'static,
{
    let config = config.clone();
    Arc::new(LazyLock::new(Box::new(move || client(&config))))
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(3)
}
