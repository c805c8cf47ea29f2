//! `hours:` of `pack.yaml`, and the names that connections and steps give of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json};

use super::expected::Expected;
use super::mapped::transposed;
use super::value::value;
use super::{Place, World, pack};
use crate::definition::catalog::Signature;
use crate::definition::document::{Document, Finding};
use crate::definition::folder::Kind;
use crate::definition::model::ValueExpression;
use crate::definition::nearest::suggestion;
use crate::definition::yaml::{Member, Node};
use crate::field::{Field, Kind as FieldKind, accept};
use crate::hours::{Hours, Range, Zone, days, opening};

const RANGES: &str =
    "write `\"08:00-18:00\"`, over midnight `\"22:00-06:00\"`, a whole day `\"00:00-24:00\"`";

/// The second in which the year 2026 began: offsets of zones before 1970 mean nothing here.
const A_YEAR: i64 = 1_767_225_600;

/// The hours that `pack.yaml` declares.
pub(super) fn hours(world: &World<'_>) -> BTreeMap<String, Option<Arc<Hours>>> {
    let Some((definition, tree)) = pack::tree(world.folder) else {
        return BTreeMap::new();
    };
    let members = tree.get("hours").map_or(&[][..], Node::members).iter();
    let compiled = members.map(|member| {
        let hours = one(world, &definition.document, member);
        (member.key.clone(), hours.map(Arc::new))
    });
    compiled.collect()
}

fn one(world: &World<'_>, document: &Document, member: &Member) -> Option<Hours> {
    let node = &member.value;
    let zone = node.get("tz").map(|node| zone(world, document, node));
    let week = node.get("open").map(|node| week(document, node));
    let closed = node.get("holidays");
    let holidays = closed.map_or(Some(BTreeSet::new()), |node| holidays(document, node));
    Some(Hours {
        name: member.key.clone(),
        zone: zone??,
        week: week??,
        holidays: holidays?,
    })
}

/// A zone by its name, or the setting of a tenant that has one.
fn zone(world: &World<'_>, document: &Document, node: &Node) -> Option<Zone> {
    let text = node.text()?;
    let Some(setting) = text.strip_prefix('=') else {
        let field = Field::of(FieldKind::Timezone);
        let Err(violations) = accept(&field, &Json::from(text)) else {
            return TimeZone::get(text).ok().map(Zone::Named);
        };
        let message = format!("`{text}` is not a time zone");
        let mut finding = Finding::error("UnknownTimeZone", node.span.clone(), message);
        let hint = violations.into_iter().find_map(|violation| violation.hint);
        finding.help = Some(hint.unwrap_or_else(|| "write `tz: Europe/Berlin`".to_owned()));
        document.report(finding);
        return None;
    };
    let name = setting.trim().strip_prefix("config.").unwrap_or_default();
    let field = world.settings.get(name);
    if name == "tz" || field.is_some_and(|field| field.kind == FieldKind::Timezone) {
        return Some(Zone::Setting(name.to_owned()));
    }
    let message = format!("`{text}` is not a setting of the type `timezone`");
    let finding = Finding::error("UnknownTimeZone", node.span.clone(), message);
    document.report(finding.help("write `=config.tz`, or the name of a zone"));
    None
}

fn week(document: &Document, node: &Node) -> Option<[Vec<Range>; 7]> {
    let mut week: [Option<Vec<Range>>; 7] = Default::default();
    let mut fits = true;
    for member in node.members() {
        let named = days(&member.key);
        let ranges = ranges(document, &member.value);
        let Some(named) = named else {
            fits = wrong_day(document, member, "is no day");
            continue;
        };
        fits &= ranges.is_some();
        for day in named {
            let Some(day) = week.get_mut(day) else {
                continue;
            };
            if day.is_some() {
                fits = wrong_day(document, member, "names a day that another line has");
            }
            *day = Some(ranges.clone().unwrap_or_default());
        }
    }
    let week = week.map(Option::unwrap_or_default);
    if fits && week.iter().all(Vec::is_empty) {
        let message = "these hours never open".to_owned();
        let finding = Finding::error("InvalidHours", node.span.clone(), message);
        document.report(finding.help("write `open: { mon-fri: \"08:00-18:00\" }`"));
        return None;
    }
    fits.then_some(week)
}

fn wrong_day(document: &Document, member: &Member, what: &str) -> bool {
    let message = format!("`{}` {what}", member.key);
    let finding = Finding::error("InvalidHours", member.key_span.clone(), message);
    let help = "write `mon`, `tue` and so on, or `mon-fri`, each day once; several ranges of a \
                day are a list";
    document.report(finding.help(help));
    false
}

/// The ranges of a day, in order; `None`: one has a mistake, which is reported.
fn ranges(document: &Document, node: &Node) -> Option<Vec<Range>> {
    let mut ranges = Vec::new();
    for node in node.elements() {
        match node.text()?.parse() {
            Ok(range) => ranges.push(range),
            Err(error) => {
                let finding = Finding::error("InvalidHours", node.span.clone(), format!("{error}"));
                document.report(finding.help(RANGES));
                return None;
            }
        }
    }
    ranges.sort_unstable();
    Some(ranges)
}

/// Dates. No calendar of a country is kept up with: those that exist say too little of regions, and
/// age with the binary.
fn holidays(document: &Document, node: &Node) -> Option<BTreeSet<Date>> {
    let field = Field::of(FieldKind::Date);
    let mut dates = BTreeSet::new();
    for node in node.elements() {
        let text = node.text()?;
        if accept(&field, &Json::from(text)).is_err() {
            let message = format!("`{text}` is not a date; holidays are not known by country");
            let finding = Finding::error("InvalidHours", node.span.clone(), message);
            document.report(finding.help("list the dates: `holidays: [2026-12-25]`"));
            return None;
        }
        dates.extend(text.parse::<Date>());
    }
    Some(dates)
}

/// Hours by the name that a connection gives.
pub(super) fn named(place: Place<'_>, node: &Node) -> Option<Arc<Hours>> {
    let name = node.text()?;
    if let Some(found) = place.world.hours.get(name) {
        return found.clone();
    }
    let message = format!("there are no hours `{name}`");
    let names = place.world.hours.keys().map(String::as_str);
    let help = if names.len() == 0 {
        "declare them in `pack.yaml`: `hours: { office: { tz: …, open: { … } } }`".to_owned()
    } else {
        suggestion(name, names, "name of hours")
    };
    let finding = Finding::error("UnknownHours", node.span.clone(), message);
    place.document.report(finding.help(help));
    None
}

/// The hours of a step; `None` when they have a mistake, which is reported.
#[expect(
    clippy::option_option,
    reason = "broken and without hours are different"
)]
pub(super) fn of_step(
    place: Place<'_>,
    step: &Node,
    signature: Option<&Signature>,
) -> Option<Option<Arc<Hours>>> {
    let Some(node) = step.get("hours") else {
        return Some(None);
    };
    let found = named(place, node)?;
    if let Some(signature) = signature.filter(|it| it.connections.is_empty()) {
        let message = format!("`{}` calls nobody, and waits for no hours", signature.name);
        let finding = Finding::error("MisplacedKey", node.span.clone(), message);
        place
            .document
            .report(finding.help("remove `hours`: they are for steps that use a connection"));
        return None;
    }
    if let Some(connection) = of_connection(place, step) {
        meet(place, node, &found, connection);
    }
    Some(Some(found))
}

/// When a step expires; `None` when that has a mistake, which is reported.
#[expect(
    clippy::option_option,
    reason = "broken and without an end are different"
)]
pub(super) fn expiry(place: Place<'_>, step: &Node) -> Option<Option<ValueExpression>> {
    let time = Field::of(FieldKind::Datetime);
    let node = step.get("expires");
    transposed(node.map(|node| value(place, node, Expected::Field(&time))))
}

/// The hours of the connection that a step uses.
fn of_connection<'w>(place: Place<'w>, step: &Node) -> Option<&'w Hours> {
    let via = step.get("via")?.text()?;
    let mut connections = place.world.folder.of(Kind::Connection);
    let connection = connections.find(|one| one.name == via)?.readable()?;
    let hours = connection.get("hours")?.text()?;
    place.world.hours.get(hours)?.as_deref()
}

/// Reports hours of a step that are never those of its connection.
fn meet(place: Place<'_>, node: &Node, step: &Hours, connection: &Hours) {
    let fixed = [step, connection]
        .iter()
        .all(|hours| matches!(hours.zone, Zone::Named(_)));
    let both = [step, connection].map(|hours| Hours {
        holidays: BTreeSet::new(),
        ..hours.clone()
    });
    let [step, connection] = &both;
    let from = Timestamp::from_second(A_YEAR).unwrap_or_default();
    let never = opening(&[step, connection], from, &Map::new()).is_none();
    if fixed && never {
        let message = format!(
            "`{}` and `{}`, the hours of its connection, are never open together",
            step.name, connection.name
        );
        let finding = Finding::error("InvalidHours", node.span.clone(), message);
        let help = "a step is performed when both are open: name other hours, or remove them";
        place.document.report(finding.help(help));
    }
}
