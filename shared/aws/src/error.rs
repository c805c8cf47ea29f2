//! What an AWS error means to a caller of a port.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use holdfast_engine::port::PortError;

/// The service's codes that ask for fewer calls.
const THROTTLES: [&str; 7] = [
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// The error as the port says it.
pub(crate) fn port<E, R>(error: &SdkError<E, R>) -> PortError
where
    E: ProvideErrorMetadata,
{
    let service = error.as_service_error();
    let code = service.and_then(ProvideErrorMetadata::code);
    let message = service.and_then(ProvideErrorMetadata::message);
    match (code, message) {
        (Some(code), _) if THROTTLES.contains(&code) => PortError::Throttled,
        (Some("BatchRequestTooLong" | "AWS.SimpleQueueService.BatchRequestTooLong"), _) => {
            PortError::TooLarge
        }
        (Some(_), Some(message)) if is_size(message) => PortError::TooLarge,
        (Some(code), message) => {
            PortError::Unavailable(format!("{code}: {}", message.unwrap_or_default()))
        }
        (None, _) => PortError::Unavailable(transport(error).to_owned()),
    }
}

/// Whether a validation message speaks of a limit of size.
pub(crate) fn is_size(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("size")
        && (message.contains("exceeded") || message.contains("must be shorter"))
}

/// Whether the service may have done what it was asked for although no answer says so.
pub(crate) fn is_uncertain<E, R>(error: &SdkError<E, R>) -> bool
where
    E: ProvideErrorMetadata,
{
    match error {
        SdkError::ConstructionFailure(_) => false,
        SdkError::ServiceError(context) => matches!(
            context.err().code(),
            None | Some("InternalServerError" | "InternalFailure" | "ServiceUnavailable")
        ),
        _ => true,
    }
}

fn transport<E, R>(error: &SdkError<E, R>) -> &'static str {
    match error {
        SdkError::ConstructionFailure(_) => "the request cannot be built",
        SdkError::TimeoutError(_) => "there was no answer in time",
        SdkError::DispatchFailure(_) => "the service cannot be reached",
        SdkError::ResponseError(_) => "the answer cannot be read",
        _ => "the service failed",
    }
}
