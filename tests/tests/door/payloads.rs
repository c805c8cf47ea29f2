//! Real bodies of providers, at sources as their documentation suggests them: each has the verdict
//! and the values that are expected of it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Value as Json, json};

use crate::house::House;
use crate::vectors;

const CALENDLY: &str = "\
source: calendly
verify: { scheme: calendly, secret: key }
event: \"'calendly.' + body.event\"
id: \"body.event + ':' + body.payload.uri\"
data:
  email: { type: email, required: true, from: body.payload.email }
  name:  { type: string, from: body.payload.name }
  at:    { type: datetime, required: true, from: body.payload.created_at }
";

const HUBSPOT: &str = "\
source: hubspot
verify: { scheme: hubspot-v3, secret: key }
split: body
event: \"'hubspot.' + body.subscriptionType\"
id: string(body.eventId)
data:
  contact:  { type: integer, required: true, from: body.objectId }
  property: { type: string, from: body.propertyName }
  value:    { type: string, pii: true, from: body.propertyValue }
";

const SHOPIFY: &str = "\
source: shopify
verify: { scheme: shopify, secret: key }
accept: \"!has(body.checkouts)\"
event: \"has(body.order) ? 'shopify.order' : has(body.refund) ? 'shopify.refund' : 'shopify.customer'\"
id: string(default(body.order.id, default(body.refund.id, body.customer.id)))
data:
  total: { type: decimal, scale: 2, from: 'default(body.order.total_price, body.customer.total_spent)' }
  email: { type: email, from: 'default(body.order.email, body.customer.email)' }
  at:    { type: datetime, required: true, from: 'default(body.order.created_at, default(body.refund.created_at, body.customer.created_at))' }
";

const STRIPE: &str = "\
source: stripe
verify: { scheme: stripe, secret: key, tolerance: 5m }
event: \"'stripe.' + body.type\"
id: body.id
data:
  account: { type: string, required: true, from: body.account }
  at:      { type: datetime, required: true, from: timestamp(body.created) }
";

const TWILIO: &str = "\
source: twilio
verify: { scheme: twilio, secret: key }
event: \"'twilio.' + default(body.MessageStatus, 'call')\"
id: \"has(body.CallSid) ? body.CallSid : body.MessageSid + ':' + body.MessageStatus\"
data:
  to:    { type: phone, from: body.To }
  price: { type: decimal, scale: 4, from: body.Price }
  error: { type: string, if: \"body.ErrorCode != ''\", from: body.ErrorCode }
";

/// What becomes of a body.
enum Verdict {
    /// An event with this id and data.
    Accepted(&'static str, Json),
    /// A question, about this field.
    Review(&'static str),
    Ignored,
}

use Verdict::{Accepted, Ignored, Review};

fn calendly() -> Vec<(&'static str, Verdict)> {
    let at = "2020-12-22T18:15:55.361675Z";
    let created = json!({ "at": at, "email": "betty@rei.com", "name": "Betty" });
    let canceled = json!({ "at": at, "email": "betty@rei.com" });
    let uri =
        "https://api.calendly.com/scheduled_events/DDVRNUTABYGF4LO2/invitees/AHT4VZ5PQYFOSTFB";
    let id = |event: &str| -> &'static str { format!("{event}:{uri}").leak() };
    vec![
        (
            "invitee.created.json",
            Accepted(id("invitee.created"), created),
        ),
        (
            "invitee.canceled.json",
            Accepted(id("invitee.canceled"), canceled),
        ),
    ]
}

fn hubspot() -> Vec<(&'static str, Verdict)> {
    let created = || json!({ "contact": 123 });
    let changed = |contact: u64, property: &str, value: &str| json!({ "contact": contact, "property": property, "value": value });
    vec![
        (
            "contact.creation.appsettings_sample.json",
            Accepted("100", created()),
        ),
        (
            "contact.creation.docs_signed.json",
            Accepted("1", created()),
        ),
        (
            "contact.propertyChange.appsettings_sample.json",
            Accepted("100", changed(123, "message", "sample-value")),
        ),
        (
            "contact.propertyChange.real_shape.json",
            Accepted("714285774", changed(173_595_202_426, "firstname", "Briane")),
        ),
        (
            "contact.propertyChange.sensitive.json",
            Accepted(
                "3029365631",
                changed(847_297_356, "passport_number", "REDACTED"),
            ),
        ),
    ]
}

fn shopify() -> Vec<(&'static str, Verdict)> {
    let bob = "bob.norman@hostmail.com";
    vec![
        ("Shopify__checkouts.json", Ignored),
        (
            "Shopify__customer.json",
            Accepted(
                "207119551",
                json!({ "total": "41.94", "email": bob, "at": "2015-05-27T22:11:24Z" }),
            ),
        ),
        (
            "Shopify__order.json",
            Accepted(
                "450789469",
                json!({ "total": "409.94", "email": bob, "at": "2008-01-10T16:00:00Z" }),
            ),
        ),
        (
            "Shopify__refund.json",
            Accepted("509562969", json!({ "at": "2016-06-20T17:35:06Z" })),
        ),
    ]
}

fn stripe() -> Vec<(&'static str, Verdict)> {
    let of = |account: &str, at: &str| json!({ "account": account, "at": at });
    let application = || {
        Accepted(
            "evt_1Iu8ZfA3kq9o1aTcf3b7EknK",
            of("acct_1Fg9jUA3kq9o1aTc", "2021-05-23T04:05:59Z"),
        )
    };
    let updated = |account| {
        Accepted(
            "evt_1Itt6eB9wPxT0ovY3LLhi5bw",
            of(account, "2021-05-22T11:35:00Z"),
        )
    };
    let bank = || {
        Accepted(
            "evt_1IuKmFQveW0ONQsdEAB1O64Y",
            of("acct_1IuHosQveW0ONQsd", "2021-05-23T17:07:47Z"),
        )
    };
    vec![
        ("event_account_application_authorized.json", application()),
        ("event_account_application_deauthorized.json", application()),
        (
            "event_account_updated_custom.json",
            updated("acct_1IuHosQveW0ONQsd"),
        ),
        (
            "event_account_updated_express.json",
            updated("acct_1IuHosQveW0ONQsd"),
        ),
        (
            "event_account_updated_standard.json",
            updated("acct_1Fg9jUA3kq9o1aTc"),
        ),
        ("event_external_account_bank_account_created.json", bank()),
        ("event_external_account_bank_account_deleted.json", bank()),
        ("event_external_account_bank_account_updated.json", bank()),
    ]
}

fn twilio() -> Vec<(&'static str, Verdict)> {
    vec![
        ("sms_missing_sid.invalid.txt", Review("id")),
        (
            "sms_price.txt",
            Accepted("SM0:delivered", json!({ "price": "-0.0075" })),
        ),
        // A number that nobody can have.
        ("sms_status_callback.delivered.txt", Review("data.to")),
        (
            "sms_status_callback.delivered_uk.txt",
            Accepted("SM999888777666:delivered", json!({ "to": "+447123456789" })),
        ),
        (
            "voice_digits.docs.txt",
            Accepted("CA1234567890ABCDE", json!({ "to": "+18005551212" })),
        ),
    ]
}

/// The files of a provider; nothing when no folder is named.
fn names(provider: &str) -> Option<BTreeSet<String>> {
    let folder = PathBuf::from(std::env::var_os("HOLDFAST_VECTORS")?).join("payloads");
    let entries = std::fs::read_dir(folder.join(provider)).expect("the folder is there");
    let names = entries.map(|entry| entry.expect("a file").file_name());
    Some(
        names
            .map(|name| name.to_string_lossy().into_owned())
            .collect(),
    )
}

#[test]
fn every_payload_of_a_provider_has_its_verdict() {
    let (json, form) = ("application/json", "application/x-www-form-urlencoded");
    let providers = [
        ("calendly", CALENDLY, json, calendly()),
        ("hubspot", HUBSPOT, json, hubspot()),
        ("shopify", SHOPIFY, json, shopify()),
        ("stripe", STRIPE, json, stripe()),
        ("twilio", TWILIO, form, twilio()),
    ];
    let mut posted = 0;
    for (source, definition, media_type, payloads) in providers {
        let Some(files) = names(source) else {
            return;
        };
        let bodies = files
            .iter()
            .filter(|name| !["LICENSE", "SOURCE.txt"].contains(&name.as_str()));
        let known: BTreeSet<_> = payloads
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .collect();
        assert_eq!(
            known,
            bodies.cloned().collect(),
            "{source}: every payload is here"
        );
        for (name, expected) in payloads {
            let body = vectors::text(&format!("payloads/{source}/{name}")).unwrap();
            judge(
                source,
                definition,
                (media_type, body.trim_end()),
                (name, &expected),
            );
            posted += 1;
        }
    }
    println!("{posted} payloads posted");
}

fn judge(
    source: &str,
    definition: &str,
    (media_type, body): (&'static str, &str),
    (name, expected): (&str, &Verdict),
) {
    let house = House::open(source, definition);
    let request = house.signed_as(&format!("/hooks/t/{source}"), media_type, body);
    let answer = house.receive(&request);
    assert_eq!(answer.status, 202, "{name}: {}", answer.body);
    let told: Json = serde_json::from_str(&answer.body).unwrap();
    let told = told["events"].get(0).unwrap_or(&told);
    let events = house.events();
    let event = events.first().map(|message| &message.event);
    match expected {
        Accepted(id, data) => {
            assert_eq!(told["status"], "accepted", "{name}: {told}");
            assert_eq!(told["event"], format!("{source}:{id}"), "{name}");
            assert_eq!(&Json::Object(event.unwrap().data.clone()), data, "{name}");
        }
        Review(path) => {
            assert_eq!(told["status"], "review", "{name}: {told}");
            assert!(event.is_none(), "{name}");
            let reviews = house.reviews();
            assert_eq!(reviews[0].report["fields"][0]["path"], *path, "{name}");
        }
        Ignored => {
            assert_eq!(told["status"], "ignored", "{name}: {told}");
            assert!(house.is_empty(), "{name}");
        }
    }
}
