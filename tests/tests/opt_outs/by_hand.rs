//! A person puts somebody on the list, and takes them off it.

use std::sync::Arc;

use holdfast_engine::operate::{
    Deed, Operate, OperateError, Operator, Outcome, Suppress, suppressed_by_hand,
};
use holdfast_engine::port::{Ports as _, Table};
use holdfast_engine::suppression::{Channel, Wish};
use holdfast_receive_webhook::WebhookDoor;
use holdfast_tests::ready::ready;
use holdfast_tests::world::World;

use crate::fixture::{ANN, BOUNCES, MINUTE, SEND, SENT, SKIPPED, Shop};

/// Does by hand what a person asks for.
fn by_hand(shop: &Shop, wish: Wish, address: &str) -> Result<Outcome, OperateError> {
    let operator = Operator::new(Arc::clone(&shop.world.memory), WebhookDoor);
    let request = Operate::Suppress(Suppress {
        tenant: World::home().tenant,
        channel: Channel::Sms,
        address: address.to_owned(),
        wish,
        by: "ada".to_owned(),
        reason: "asked on the phone".to_owned(),
    });
    ready(operator.operate(request))
}

/// Whether it changed anything.
fn changed(outcome: &Result<Outcome, OperateError>) -> bool {
    match outcome {
        Ok(Outcome::Suppressed { changed, .. }) => *changed,
        other => panic!("{other:?}"),
    }
}

#[test]
fn whoever_a_person_puts_on_the_list_is_not_written_to_until_a_person_says_so() {
    let shop = Shop::open();
    assert!(changed(&by_hand(&shop, Wish::Stop, "+1 (202) 555-0142")));
    assert!(
        !changed(&by_hand(&shop, Wish::Stop, ANN)),
        "the same once more"
    );
    assert_eq!(shop.send("sent:1"), SKIPPED);
    shop.world.run_for(MINUTE);
    assert!(changed(&by_hand(&shop, Wish::Start, ANN)));
    assert!(
        !changed(&by_hand(&shop, Wish::Start, ANN)),
        "the same once more"
    );
    assert_eq!(shop.send("sent:2"), SENT);
    shop.reply("1", "stop");
    assert_eq!(shop.send("sent:3"), SKIPPED);
    let memory = shop.world.memory.as_ref();
    let tenant = World::home().tenant;
    let told = suppressed_by_hand(memory, &tenant, (Channel::Sms, ANN));
    let told = ready(told).unwrap();
    let deeds: Vec<_> = told
        .iter()
        .map(|line| (line.what, line.by.as_str()))
        .collect();
    assert_eq!(deeds, [(Deed::Suppress, "ada"), (Deed::Unsuppress, "ada")]);
    assert_eq!(told[0].reason.as_deref(), Some("asked on the phone"));
    let lines = memory
        .journal()
        .items(Table::Journal, "t#source#suppressed");
    assert_eq!(lines.len(), 2);
    assert!(!format!("{lines:?}").contains("2025550142"), "{lines:?}");
}

#[test]
fn nobody_is_put_on_a_list_at_which_no_step_looks() {
    let shop = Shop::of(SEND, &[("bounces", BOUNCES)]);
    let refused = by_hand(&shop, Wish::Stop, ANN).unwrap_err();
    assert_eq!(refused.code(), "NobodyLooks");
    let shop = Shop::open();
    let refused = by_hand(&shop, Wish::Stop, "202 555 0142").unwrap_err();
    assert_eq!(refused.code(), "InvalidAddress");
    assert_eq!(shop.wishes(), []);
}
