//! What holds for every scheme: what was signed verifies, what was changed does not.

use http::header::CONTENT_TYPE;
use proptest::prelude::*;

use super::*;

const URL: &str = "https://hooks.example/hooks/demo/source?ref=1";
const SECRETS: [&str; 2] = [
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==",
];

struct Signed {
    headers: HeaderMap,
    url: String,
    at: Timestamp,
}

impl Signed {
    fn new(scheme: Scheme, secret: &Secret, body: &[u8], url: &str) -> Self {
        let at = Timestamp::from_second(1_700_000_000).unwrap();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, form)]);
        let url = url.to_owned();
        let request = Request {
            method: "POST",
            url: &url,
            headers: &headers,
            body,
        };
        headers.extend(sign(scheme, secret, &request, "msg_1", at).unwrap());
        Self { headers, url, at }
    }

    fn check(&self, scheme: Scheme, secrets: &[Secret], body: &[u8]) -> Result<(), Rejection> {
        let request = Request {
            method: "POST",
            url: &self.url,
            headers: &self.headers,
            body,
        };
        verify(scheme, secrets, &request, None, self.at)
    }
}

fn hashed_url(body: &[u8]) -> String {
    use sha2::Digest as _;
    let hash = data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(body));
    format!("{URL}&bodySHA256={hash}")
}

/// The generic scheme in every digest and encoding, with and without prefix and clock.
fn generic() -> Vec<Scheme> {
    let text = |text| Short::new(text).unwrap();
    let mut schemes = Vec::new();
    for digest in Digest::NAMES {
        for encoding in Encoding::NAMES {
            for (prefix, timestamp) in [("", None), ("v=", Some("x-signed-at"))] {
                schemes.push(Scheme::Hmac(Generic {
                    header: text("x-signature"),
                    digest: Digest::named(digest).unwrap(),
                    encoding: Encoding::named(encoding).unwrap(),
                    prefix: text(prefix),
                    timestamp: timestamp.map(text),
                }));
            }
        }
    }
    schemes
}

fn signing_schemes() -> impl Strategy<Value = Scheme> {
    let signing: Vec<Scheme> = Scheme::ALL
        .iter()
        .copied()
        .filter(|s| !matches!(s, Scheme::None | Scheme::Hmac(_)))
        .chain(generic())
        .collect();
    proptest::sample::select(signing)
}

/// An old time of signing is fresh for as long as a source's provider sends again.
#[test]
fn a_late_retry_is_fresh_under_the_tolerance_of_its_provider() {
    let secrets = [Secret::new("12345").unwrap()];
    let mut clocks: Vec<Scheme> = Scheme::ALL.iter().copied().chain(generic()).collect();
    clocks.retain(|scheme| scheme.has_clock() && scheme.check_secret(&secrets[0]).is_ok());
    assert!(clocks.len() > 5, "{clocks:?}");
    for scheme in clocks {
        let mut signed = Signed::new(scheme, &secrets[0], b"{}", URL);
        signed.at += Duration::from_hours(72);
        let check = |tolerance| {
            let request = Request {
                method: "POST",
                url: URL,
                headers: &signed.headers,
                body: b"{}",
            };
            verify(scheme, &secrets, &request, tolerance, signed.at)
        };
        assert_eq!(check(None), Err(Rejection::Stale), "{scheme}");
        assert_eq!(check(Some(Duration::from_hours(72))), Ok(()), "{scheme}");
    }
}

proptest! {
    #[test]
    fn what_was_signed_verifies(
        scheme in signing_schemes(),
        secret in proptest::sample::select(&SECRETS[..]),
        body in any::<Vec<u8>>(),
    ) {
        let secret = Secret::new(secret).unwrap();
        let signed = Signed::new(scheme, &secret, &body, URL);
        let other = Secret::new("whsec_AAAA").unwrap();
        prop_assert_eq!(signed.check(scheme, &[other.clone(), secret], &body), Ok(()));
        prop_assert_eq!(signed.check(scheme, &[other], &body), Err(Rejection::Mismatch));
    }

    #[test]
    fn any_changed_byte_is_refused(
        scheme in signing_schemes(),
        secret in proptest::sample::select(&SECRETS[..]),
        body in proptest::collection::vec(any::<u8>(), 1..200),
        place in any::<proptest::sample::Index>(),
        flip in 1..=u8::MAX,
    ) {
        let secret = Secret::new(secret).unwrap();
        let url = if scheme == Scheme::Twilio { hashed_url(&body) } else { URL.to_owned() };
        let signed = Signed::new(scheme, &secret, &body, &url);
        let mut changed = body.clone();
        changed[place.index(body.len())] ^= flip;
        prop_assert_eq!(signed.check(scheme, &[secret], &changed), Err(Rejection::Mismatch));
    }

    #[test]
    fn a_changed_form_parameter_is_refused(
        before in "[a-z]{1,8}=[a-z0-9]{0,20}(&[A-Z]{1,8}=[a-z0-9]{0,20}){0,3}",
        place in any::<proptest::sample::Index>(),
        new in b'a'..=b'z',
    ) {
        let secret = Secret::new("12345").unwrap();
        let signed = Signed::new(Scheme::Twilio, &secret, before.as_bytes(), URL);
        let mut changed = before.clone().into_bytes();
        changed[place.index(before.len())] = new;
        let same = form::parse(&changed) == form::parse(before.as_bytes());
        prop_assert_eq!(signed.check(Scheme::Twilio, &[secret], &changed).is_ok(), same);
    }

    #[test]
    fn arbitrary_headers_never_panic(scheme in signing_schemes(), value in "\\PC*", body in any::<Vec<u8>>()) {
        let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) else { return Ok(()); };
        let mut headers = HeaderMap::new();
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature", "stripe-signature",
            "calendly-webhook-signature", "svix-id", "svix-timestamp", "svix-signature", "x-hub-signature-256", "x-slack-signature", "x-slack-request-timestamp", "x-shopify-hmac-sha256", "x-twilio-signature", "x-hubspot-signature", "x-hubspot-signature-v3", "x-hubspot-request-timestamp", "x-signature", "x-signed-at", "content-type"] {
            headers.insert(name, value.clone());
        }
        let request = Request { method: "POST", url: value.to_str().unwrap_or(URL), headers: &headers, body: &body };
        let secret = Secret::new(SECRETS[0]).unwrap();
        prop_assert!(verify(scheme, &[secret], &request, None, Timestamp::UNIX_EPOCH).is_err());
    }
}

#[test]
fn no_secret_means_no_trust() {
    let secret = Secret::new(SECRETS[0]).unwrap();
    let signed = Signed::new(Scheme::Stripe, &secret, b"{}", URL);
    assert_eq!(
        signed.check(Scheme::Stripe, &[], b"{}"),
        Err(Rejection::BadSecret)
    );
}

#[test]
fn a_public_key_verifies_what_its_private_key_signed_and_cannot_sign() {
    let public = Secret::new("whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=").unwrap();
    let private = Secret::new(SECRETS[1]).unwrap();
    let signed = Signed::new(Scheme::StandardWebhooks, &private, b"{}", URL);
    assert_eq!(
        signed.check(
            Scheme::StandardWebhooks,
            std::slice::from_ref(&public),
            b"{}"
        ),
        Ok(())
    );
    let headers = HeaderMap::new();
    let request = Request {
        method: "POST",
        url: URL,
        headers: &headers,
        body: b"{}",
    };
    let refused = sign(
        Scheme::StandardWebhooks,
        &public,
        &request,
        "msg_1",
        signed.at,
    );
    assert_eq!(refused, Err(InvalidSecret::CannotSign));
}

#[test]
fn a_body_that_nothing_signs_is_refused() {
    let secret = Secret::new("12345").unwrap();
    let mut signed = Signed::new(Scheme::Twilio, &secret, b"", URL);
    signed
        .headers
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let outcome = signed.check(Scheme::Twilio, &[secret], b"{}");
    assert_eq!(outcome, Err(Rejection::MissingBodyHash));
}

#[test]
fn a_json_body_of_twilio_is_vouched_for_by_the_address_that_it_is_sent_to() {
    let json = HeaderValue::from_static("application/json");
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, json)]);
    let at = |url, body| {
        let request = Request {
            method: "POST",
            url,
            headers: &headers,
            body,
        };
        query_addition(Scheme::Twilio, &request)
    };
    let added = at(URL, b"{}").unwrap();
    let url = format!("{URL}&{added}");
    assert_eq!(url, hashed_url(b"{}"));
    assert_eq!(at(&url, b"{}"), None);
    assert_eq!(at(URL, b""), None);
    let secret = Secret::new("12345").unwrap();
    let mut signed = Signed::new(Scheme::Twilio, &secret, b"{}", &url);
    signed
        .headers
        .insert(CONTENT_TYPE, headers[CONTENT_TYPE].clone());
    let secrets = [secret];
    assert_eq!(signed.check(Scheme::Twilio, &secrets, b"{}"), Ok(()));
    assert_eq!(
        signed.check(Scheme::Twilio, &secrets, b"[]"),
        Err(Rejection::Mismatch)
    );
}
