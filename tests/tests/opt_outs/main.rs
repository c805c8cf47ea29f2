//! People who ask not to be written to: heard at the door, obeyed by every step that sends.

mod by_hand;
mod fixture;

use std::sync::atomic::Ordering;

use holdfast_engine::name::TenantName;
use holdfast_engine::port::{Ports as _, Table};
use holdfast_engine::suppression::{Channel, Heard, Wish, hear};
use holdfast_tests::ready::ready;
use holdfast_tests::world::{Witness, World};
use serde_json::json;

use fixture::{ANN, BOUNCES, HOUR, MINUTE, REPLIES, SEND, SENT, SKIPPED, Shop};

#[test]
fn whoever_says_stop_is_written_to_no_more_and_the_execution_goes_on() {
    let shop = Shop::open();
    assert_eq!(shop.send("sent:1"), SENT);
    assert_eq!(shop.reply("1", "stop").status, 202);
    let execution = shop.world.start("sent:2");
    shop.world.run_for(HOUR);
    assert_eq!(shop.states(&execution), SKIPPED);
    let reason = shop.reason(&execution, "s.1");
    assert_eq!(reason.as_deref(), Some("opted out of sms"));
    assert_eq!(shop.world.effects.raw("sms"), 1);
    let seen = Witness::of(&shop.world);
    assert_eq!((seen.errors.len(), seen.reviews.len()), (0, 0));
    assert_eq!(shop.reply("2", "Start").status, 202);
    assert_eq!(shop.send("sent:3"), SENT);
}

#[test]
fn what_was_answered_holds_before_anything_else_is_done() {
    let shop = Shop::open();
    shop.reply("1", "STOP");
    assert_eq!(shop.wishes(), [Wish::Stop], "no event was routed yet");
    let asked = shop.events()[0].event.asked.unwrap();
    assert_eq!((asked.channel, asked.wish), (Channel::Sms, Wish::Stop));
    shop.reply("2", "hello");
    assert_eq!(shop.events()[1].event.asked, None);
}

#[test]
fn a_wish_holds_whatever_becomes_of_its_event() {
    let shop = Shop::open();
    let noise = json!({ "type": "noise", "id": "1", "from": ANN, "text": "stop" });
    shop.post("/hooks/t/replies", &noise);
    assert_eq!((shop.wishes(), shop.events().len()), (vec![Wish::Stop], 0));
    let shop = Shop::open();
    let wrong = json!({ "type": "sms", "id": "", "from": ANN, "text": "UNSUBSCRIBE" });
    shop.post("/hooks/t/replies", &wrong);
    assert_eq!((shop.wishes(), shop.events().len()), (vec![Wish::Stop], 0));
    assert_eq!(Witness::of(&shop.world).reviews.len(), 1);
}

#[test]
fn a_wish_of_nobody_is_left_to_a_person() {
    let shop = Shop::open();
    let wrong = json!({ "type": "noise", "id": "1", "from": "Ann", "text": "stop" });
    assert_eq!(shop.post("/hooks/t/replies", &wrong).status, 202);
    let reviews = Witness::of(&shop.world).reviews;
    assert_eq!(reviews[0].report["fields"][0]["path"], "opt_out.address");
    assert_eq!(shop.wishes(), []);
}

#[test]
fn a_repeated_event_takes_nothing_back() {
    let shop = Shop::open();
    shop.reply("1", "stop");
    shop.reply("2", "start");
    shop.world.memory.clock().advance(24 * HOUR);
    shop.reply("1", "stop");
    assert_eq!(shop.send("sent:1"), SENT);
    shop.reply("3", "stop");
    shop.reply("2", "start");
    assert_eq!(shop.send("sent:2"), SKIPPED);
}

#[test]
fn what_was_said_earlier_and_comes_later_takes_nothing_back() {
    let shop = Shop::open();
    let said = |id: &str, text: &str, at: &str| {
        let body = json!({ "type": "sms", "id": id, "from": ANN, "text": text, "at": at });
        shop.post("/hooks/t/replies", &body);
    };
    said("1", "stop", "2027-01-15T07:00:00Z");
    said("2", "start", "2027-01-15T06:59:59Z");
    assert_eq!(shop.wishes(), [Wish::Stop]);
    said("3", "start", "2099-01-01T00:00:00Z");
    assert_eq!(shop.wishes(), [Wish::Start]);
    shop.world.memory.clock().advance(MINUTE);
    shop.reply("4", "stop");
    assert_eq!(shop.wishes(), [Wish::Stop], "nobody speaks from the future");
}

#[test]
fn a_wish_that_comes_while_a_message_waits_is_obeyed() {
    let steps = "- { id: s, uses: send-text, via: sms, retry: [20m], once: \"'k'\", with: { to: \"+12025550142\" } }\n\
                 - { id: z, uses: send-mail, via: mail, with: { to: ann@example.com } }";
    let shop = Shop::of(steps, &[("replies", REPLIES)]);
    shop.down.store(true, Ordering::Relaxed);
    let execution = shop.world.start("sent:1");
    while shop.world.deliver().is_some() {}
    assert_eq!(shop.states(&execution), ["retrying", "none"]);
    shop.down.store(false, Ordering::Relaxed);
    shop.reply("1", "stop");
    shop.world.run_for(HOUR);
    assert_eq!(shop.states(&execution), SKIPPED);
    shop.reply("2", "start");
    assert_eq!(shop.send("sent:2"), SENT, "the key is free");
}

#[test]
fn no_fallback_goes_around_a_wish() {
    let steps = "- id: s\n  uses: send-text\n  via: sms\n  with: { to: \"+12025550142\" }\n  \
                 fallback: [ { uses: send-mail, via: mail, with: { to: ann@example.com } } ]";
    let shop = Shop::of(steps, &[("replies", REPLIES)]);
    shop.reply("1", "stop");
    assert_eq!(shop.send("sent:1"), ["skipped", "none"]);
    assert_eq!(shop.world.effects.raw("mail"), 0);
}

#[test]
fn mail_that_was_asked_for_passes_and_text_never_does() {
    let send = "- { id: s, uses: send-mail, via: mail, with: { to: Ann@Example.com } }\n\
                - { id: z, uses: send-mail, via: mail, with: { to: ann@example.com, kind: transactional } }";
    let shop = Shop::of(send, &[("bounces", BOUNCES)]);
    let body = json!({ "type": "unsubscribed", "id": "1", "email": "ANN@example.COM" });
    shop.post("/hooks/t/bounces", &body);
    assert_eq!(shop.send("sent:1"), SKIPPED);
    let send = "- { id: s, uses: send-text, via: sms, with: { to: \"+12025550142\", kind: transactional } }";
    let shop = Shop::of(send, &[("replies", REPLIES)]);
    shop.reply("1", "stop");
    assert_eq!(shop.send("sent:1")[0], "skipped");
}

#[test]
fn a_list_is_its_tenants_and_its_channels_and_shows_no_address() {
    let shop = Shop::open();
    let body = json!({ "type": "sms", "id": "1", "from": ANN, "text": "stop" });
    shop.post("/hooks/u/replies", &body);
    assert_eq!(shop.send("sent:1"), SENT);
    let items = shop
        .world
        .memory
        .journal()
        .items(Table::Claims, "u#suppressed");
    assert_eq!(items.len(), 1);
    assert!(!format!("{items:?}").contains("2025550142"), "{items:?}");
    assert!(items[0].0.sort.starts_with("sms#"));
}

#[test]
fn where_no_source_lets_people_opt_out_nobody_looks() {
    let shop = Shop::of(SEND, &[("bounces", BOUNCES)]);
    let tenant: TenantName = World::home().tenant;
    let at = shop.world.now();
    let said = Heard {
        wish: Wish::Stop,
        at,
        by: "e:1",
    };
    let heard = hear(
        shop.world.memory.as_ref(),
        &tenant,
        (Channel::Sms, ANN),
        &said,
    );
    assert!(ready(heard).unwrap());
    assert_eq!(shop.send("sent:1"), SENT);
}
