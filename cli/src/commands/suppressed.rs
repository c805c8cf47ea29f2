//! `holdfast suppressed`: who has asked not to be written to, also to a person.

use std::fmt::Write as _;

use clap::{Args, Subcommand};
use holdfast_engine::name::TenantName;
use holdfast_engine::operate::{
    DecisionEntry, Deed, Operate, Outcome, Suppress, suppressed_by_hand,
};
use holdfast_engine::port::Ports;
use holdfast_engine::suppression::{Channel, Listed, Suppression, Wish, find, listed};
use serde::Serialize;

use crate::data::tenant;
use crate::deciding::Person;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::output::style::{DIM, GREEN, PLAIN, YELLOW};
use crate::place::{At, Place, at};
use crate::table::table;

/// Whom to look up, or what to change.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    change: Option<Change>,
    /// A phone with its country code, or an e-mail address; all that are known where it is left out
    address: Option<String>,
    /// The tenant; the only one there is where it is left out
    #[arg(long)]
    tenant: Option<TenantName>,
    #[command(flatten)]
    at: At,
}

/// A change by hand.
#[derive(Debug, Subcommand)]
enum Change {
    /// Put somebody on the list, who has asked for it in another way than by a message
    Add(Whom),
    /// Take somebody off the list
    Remove(Whom),
}

/// Whom to put on the list or take off it.
#[derive(Debug, Args)]
struct Whom {
    /// A phone with its country code, or an e-mail address
    address: String,
    /// Why: it is kept with who did it
    #[arg(long)]
    reason: String,
    /// The tenant; the only one there is where it is left out
    #[arg(long)]
    tenant: Option<TenantName>,
    #[command(flatten)]
    person: Person,
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
    /// Whether that is new, where it was to be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<bool>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    known: Option<Suppression>,
    /// What people changed, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    by_hand: Vec<DecisionEntry>,
}

/// Shows the list, or what is known of an address; or changes it.
pub(crate) async fn run(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    match &arguments.change {
        None => show(arguments, output).await,
        Some(Change::Add(whom)) => change(whom, Wish::Stop, output).await,
        Some(Change::Remove(whom)) => change(whom, Wish::Start, output).await,
    }
}

async fn show(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
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

async fn change(whom: &Whom, wish: Wish, output: Output) -> Result<Exit, Failure> {
    let channel = channel(&whom.address);
    at!(whom.at, |place| {
        let tenant = tenant(whom.tenant.as_ref(), place.ports()).await?;
        let request = Operate::Suppress(Suppress {
            tenant: tenant.clone(),
            channel,
            address: whom.address.clone(),
            wish,
            by: whom.person.name(),
            reason: whom.reason.clone(),
        });
        let Outcome::Suppressed {
            address,
            channel,
            changed,
            known,
        } = place.one(request).await?
        else {
            let message = "the answer is to something else";
            return Err(Failure::unreachable("ControlVersion", message));
        };
        let found = Found {
            suppressed: is_suppressed(known.as_ref()),
            address,
            channel,
            tenant,
            changed: Some(changed),
            known,
            by_hand: Vec::new(),
        };
        output.result(&found, told);
        Ok(Exit::Done)
    })
}

fn channel(address: &str) -> Channel {
    if address.contains('@') {
        Channel::Email
    } else {
        Channel::Sms
    }
}

fn is_suppressed(known: Option<&Suppression>) -> bool {
    known.is_some_and(|it| it.wish == Wish::Stop)
}

async fn one(ports: &impl Ports, tenant: TenantName, text: &str) -> Result<Found, Failure> {
    let channel = channel(text);
    let address = channel.address(text).ok_or_else(|| {
        Failure::Usage(format!(
            "{text} is neither a phone with its country code nor an e-mail address"
        ))
    })?;
    let known = find(ports, &tenant, channel, &address).await?;
    let by_hand = suppressed_by_hand(ports, &tenant, (channel, &address)).await?;
    Ok(Found {
        address,
        channel,
        tenant,
        suppressed: is_suppressed(known.as_ref()),
        changed: None,
        known,
        by_hand,
    })
}

fn told(found: &Found) -> String {
    let (address, channel) = (&found.address, found.channel.word());
    let mut text = match &found.known {
        None => format!("{GREEN}{address}{PLAIN} has never opted out of {channel}"),
        Some(known) if known.wish == Wish::Stop => format!(
            "{YELLOW}{address}{PLAIN} opted out of {channel} at {}, by {}",
            known.at, known.by
        ),
        Some(known) => format!(
            "{GREEN}{address}{PLAIN} opted in to {channel} again at {}, by {}",
            known.at, known.by
        ),
    };
    if found.changed == Some(false) {
        text.push_str(": nothing was to be changed");
    }
    for line in &found.by_hand {
        let word = match line.what {
            Deed::Suppress => "put on the list",
            _ => "taken off the list",
        };
        let why = line.reason.as_deref().unwrap_or_default();
        let _ = write!(
            text,
            "\n  {DIM}{}{PLAIN} {word} by {}: {why}",
            line.at, line.by
        );
    }
    text
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
