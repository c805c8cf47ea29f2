//! What the account may send as text messages, for people.

use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};

use crate::error::port;
use crate::ports::AwsPorts;

/// The attribute that holds the dollars of a month.
const MONTHLY_LIMIT: &str = "MonthlySpendLimit";

/// What an account may send as text messages. `None`: AWS does not say, or not to this user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Texting {
    /// Whether it is in the sandbox: only verified numbers are reached.
    pub sandbox: Option<bool>,
    /// Dollars that may be spent in a month.
    pub monthly_limit: Option<String>,
    /// The numbers that it sends from.
    pub origination: Option<Vec<String>>,
}

impl AwsPorts {
    /// What the account may send as text messages.
    pub async fn texting(&self) -> Texting {
        let sns = &self.sdk.sns;
        let sandbox = sns.get_sms_sandbox_account_status().send().await;
        let attributes = sns.get_sms_attributes().attributes(MONTHLY_LIMIT).send();
        let numbers = sns.list_origination_numbers().send();
        Texting {
            sandbox: told(sandbox).map(|answer| answer.is_in_sandbox()),
            monthly_limit: told(attributes.await)
                .and_then(|answer| answer.attributes?.remove(MONTHLY_LIMIT)),
            origination: told(numbers.await).map(|answer| {
                let numbers = answer.phone_numbers.unwrap_or_default().into_iter();
                numbers.filter_map(|one| one.phone_number).collect()
            }),
        }
    }
}

/// What is not told is no failure: whoever looks may not be allowed to know it.
fn told<T, E: ProvideErrorMetadata, R>(answer: Result<T, SdkError<E, R>>) -> Option<T> {
    let note = |error: &_| tracing::info!(error = %port(error), "AWS does not say what is texted");
    answer.inspect_err(note).ok()
}
