//! Which statuses are responses and which are failures.

use holdfast_engine::definition::model::Treatment;
use holdfast_engine::port::{Call, CallError, HttpResponse};

use super::retry_after::retry_after;

/// Tells a response from a failure by its status, and by what the connection says that it means.
///
/// # Errors
/// [`CallError::NotSent`] for 429 and for what is treated as transient, [`CallError::Maybe`] for
/// 500 and above that is not treated.
pub fn settle(call: &Call<'_>, response: HttpResponse) -> Result<HttpResponse, CallError> {
    let message = format!("the receiver answered {}", response.status);
    let retry_after = retry_after(&response.headers, call.now);
    let treatment = call.connection.treat.get(&response.status);
    match (treatment, response.status) {
        (Some(Treatment::Transient), _) | (None, 429) => Err(CallError::NotSent {
            message,
            retry_after,
        }),
        (None, 500..) => Err(CallError::Maybe {
            message,
            retry_after,
        }),
        _ => Ok(response),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use holdfast_engine::definition::model::ConnectionKind;
    use serde_json::Value as Json;

    use super::*;
    use crate::testing::{Fixture, is_maybe};

    fn settled(status: u16, treatment: Option<Treatment>) -> Result<HttpResponse, CallError> {
        let mut fixture = Fixture::new(ConnectionKind::Http, "https://api.example.com");
        let treat = treatment.map(|treatment| (status, treatment));
        fixture.connection.treat.extend(treat);
        let headers = [("retry-after".to_owned(), "7".to_owned())].into();
        let response = HttpResponse {
            status,
            headers,
            body: Json::Null,
        };
        settle(&fixture.call(), response)
    }

    fn is_not_sent_for_seven_seconds(error: &CallError) -> bool {
        let expected = Some(Duration::from_secs(7));
        matches!(error, CallError::NotSent { retry_after, .. } if *retry_after == expected)
    }

    #[test]
    fn what_is_not_treated_is_told_by_its_status() {
        assert_eq!(settled(404, None).unwrap().status, 404);
        assert!(is_not_sent_for_seven_seconds(
            &settled(429, None).unwrap_err()
        ));
        assert!(is_maybe(&settled(503, None).unwrap_err()));
    }

    #[test]
    fn a_treated_status_is_a_response_unless_it_is_to_be_tried_again() {
        use Treatment::{Permanent, Review, Success, Transient};
        for status in [200, 404, 429, 503] {
            for treatment in [Success, Permanent, Review] {
                let response = settled(status, Some(treatment)).unwrap();
                assert_eq!(response.status, status);
            }
            let error = settled(status, Some(Transient)).unwrap_err();
            assert!(is_not_sent_for_seven_seconds(&error), "{error:?}");
        }
    }
}
