//! Who asks not to be written to, heard at the door: before anything else of an event, so that
//! what was answered holds already.

use holdfast_engine::definition::model::OptOut;
use holdfast_engine::event::Asked;
use holdfast_engine::expr::{Expression, Scope};
use holdfast_engine::field::Rule;
use holdfast_engine::id::EventId;
use holdfast_engine::port::{PortError, Ports};
use holdfast_engine::suppression::{Channel, Heard, Wish, hear};
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::map::{Endpoint, Input, Mapped, identity, map};
use crate::reading::Reading;
use crate::review::{Report, unreadable};

/// What a request asks for, and of whom.
struct Said {
    asked: Asked,
    address: String,
    at: Timestamp,
}

/// Hears what a request, or one element of it, asks for about being written to, and maps it.
///
/// # Errors
/// [`PortError`] when what it asks for is not written down: it is not answered then.
pub(crate) async fn heard_and_mapped<P: Ports>(
    ports: &P,
    endpoint: Endpoint<'_>,
    reading: &Reading,
    input: Input<'_>,
) -> Result<Mapped, PortError> {
    Ok(match heard(ports, endpoint, reading, input).await? {
        Ok(asked) => map(endpoint, reading, input, asked),
        Err(report) => Mapped::Review {
            event: identity(endpoint, reading, input),
            report,
        },
    })
}

/// Hears what a request, or an element of it, asks for. `Err`: somebody asks for something, and
/// who or when cannot be read.
async fn heard<P: Ports>(
    ports: &P,
    endpoint: Endpoint<'_>,
    reading: &Reading,
    input: Input<'_>,
) -> Result<Result<Option<Asked>, Report>, PortError> {
    let Some(opt_out) = &endpoint.source.opt_out else {
        return Ok(Ok(None));
    };
    let said = match reading.with(input.body, |scope| said(opt_out, &scope)) {
        Ok(Some(said)) => said,
        Ok(None) => return Ok(Ok(None)),
        Err(report) => return Ok(Err(report)),
    };
    let event: EventId = identity(endpoint, reading, input);
    let Asked { channel, wish } = said.asked;
    let by = event.as_str();
    let words = Heard {
        wish,
        at: said.at,
        by,
    };
    hear(ports, endpoint.tenant, (channel, &said.address), &words).await?;
    Ok(Ok(Some(said.asked)))
}

fn said(opt_out: &OptOut, scope: &Scope<'_>) -> Result<Option<Said>, Report> {
    let wish = match (holds(&opt_out.stop, scope), holds(&opt_out.start, scope)) {
        (true, _) => Wish::Stop,
        (false, true) => Wish::Start,
        (false, false) => return Ok(None),
    };
    let channel = opt_out.channel;
    let address = opt_out.address.evaluate(scope);
    let address = address.map_err(|error| unreadable("opt_out.address", &error))?;
    let address = address.as_ref().and_then(Json::as_str);
    let address = address.and_then(|text| channel.address(text));
    let expected = match channel {
        Channel::Sms => "a phone number with its country code",
        Channel::Email => "an e-mail address",
    };
    Ok(Some(Said {
        asked: Asked { channel, wish },
        address: address.ok_or_else(|| Report::of("opt_out.address", Rule::Format, expected))?,
        at: at(opt_out.at.as_ref(), scope)?,
    }))
}

/// A condition that has no value does not hold, as elsewhere.
fn holds(condition: &Expression, scope: &Scope<'_>) -> bool {
    condition.condition(scope).unwrap_or(false)
}

/// When it was said: never later than now, or it could not be taken back.
fn at(said: Option<&Expression>, scope: &Scope<'_>) -> Result<Timestamp, Report> {
    let Some(rule) = said else {
        return Ok(scope.now);
    };
    let value = rule.evaluate(scope);
    let value = value.map_err(|error| unreadable("opt_out.at", &error))?;
    let Some(value) = value else {
        return Ok(scope.now);
    };
    let time: Option<Timestamp> = value.as_str().and_then(|text| text.parse().ok());
    let time = time.ok_or_else(|| Report::of("opt_out.at", Rule::Format, "a time"))?;
    Ok(time.min(scope.now))
}
