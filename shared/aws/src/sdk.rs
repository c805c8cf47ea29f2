//! The AWS clients, made once for a process.

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

/// The AWS clients. They share one HTTP client, with ring as its TLS provider as in the rest of
/// the program.
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
    pub sns: aws_sdk_sns::Client,
    /// Secrets.
    pub ssm: aws_sdk_ssm::Client,
    /// E-mail.
    pub ses: aws_sdk_sesv2::Client,
}

impl Sdk {
    /// Clients by the process's environment: region, credentials, and `AWS_ENDPOINT_URL`.
    pub async fn from_environment() -> Self {
        Self::of(&Self::configuration().await)
    }

    /// What its clients share, for a client of another service.
    pub async fn configuration() -> SdkConfig {
        let http = Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .load()
            .await
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
            sns: aws_sdk_sns::Client::new(&once),
            ssm: aws_sdk_ssm::Client::new(config),
            ses: aws_sdk_sesv2::Client::new(&once),
        }
    }
}
