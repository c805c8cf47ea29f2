//! `holdfast suppressed`: who has asked not to be written to.

use clap::Args;
use holdfast_engine::name::TenantName;
use holdfast_engine::port::Ports;
use holdfast_engine::suppression::{Channel, Listed, Suppression, Wish, find, listed};
use serde::Serialize;

use crate::data::tenant;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::output::style::{GREEN, PLAIN, YELLOW};
use crate::place::{At, Place, at};
use crate::table::table;

/// Whom to look up.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A phone with its country code, or an e-mail address; all that are known where it is left out
    address: Option<String>,
    /// The tenant; the only one there is where it is left out
    #[arg(long)]
    tenant: Option<TenantName>,
    #[command(flatten)]
    at: At,
}

/// What is known of one address, for programs: these members stay.
#[derive(Debug, Serialize)]
struct Found {
    address: String,
    channel: Channel,
    tenant: TenantName,
    /// Whether it is not written to.
    suppressed: bool,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    known: Option<Suppression>,
}

/// Shows the list, or what is known of an address.
pub(crate) async fn run(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    at!(arguments.at, |place| {
        let ports = place.ports();
        let tenant = tenant(arguments.tenant.as_ref(), ports).await?;
        match &arguments.address {
            None => {
                let list = listed(ports.journal(), &tenant).await?;
                output.result(&list, |list| all(list));
            }
            Some(address) => {
                let found = one(ports, tenant, address).await?;
                output.result(&found, told);
            }
        }
        Ok(Exit::Done)
    })
}

async fn one(ports: &impl Ports, tenant: TenantName, text: &str) -> Result<Found, Failure> {
    let channel = if text.contains('@') {
        Channel::Email
    } else {
        Channel::Sms
    };
    let address = channel.address(text).ok_or_else(|| {
        Failure::Usage(format!(
            "{text} is neither a phone with its country code nor an e-mail address"
        ))
    })?;
    let known = find(ports, &tenant, channel, &address).await?;
    let suppressed = known.as_ref().is_some_and(|it| it.wish == Wish::Stop);
    Ok(Found {
        address,
        channel,
        tenant,
        suppressed,
        known,
    })
}

fn told(found: &Found) -> String {
    let (address, channel) = (&found.address, found.channel.word());
    match &found.known {
        None => format!("{GREEN}{address}{PLAIN} has never opted out of {channel}"),
        Some(known) if known.wish == Wish::Stop => format!(
            "{YELLOW}{address}{PLAIN} opted out of {channel} at {}, by {}",
            known.at, known.by
        ),
        Some(known) => format!(
            "{GREEN}{address}{PLAIN} opted in to {channel} again at {}, by {}",
            known.at, known.by
        ),
    }
}

fn all(list: &[Listed]) -> String {
    if list.is_empty() {
        return "nobody has opted out".to_owned();
    }
    let row = |one: &Listed| {
        let wish = match one.known.wish {
            Wish::Stop => "opted out",
            Wish::Start => "opted in",
        };
        [
            one.address.clone(),
            wish.to_owned(),
            one.known.at.to_string(),
            one.known.by.clone(),
        ]
    };
    let rows: Vec<_> = list.iter().map(row).collect();
    table(["ADDRESS (HASH)", "LAST", "AT", "BY"], &rows)
}
