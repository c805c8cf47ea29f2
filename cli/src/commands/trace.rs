//! `holdfast trace`: everything that happened to a record, and why.

use clap::Args;
use holdfast_engine::definition::model::{Lookup, RecordDefinition};
use holdfast_engine::field::{self, Kind};
use holdfast_engine::id::{EventId, ExecutionRef, IMPORT_TYPE, RecordRef};
use holdfast_engine::name::{RecordType, TenantName};
use holdfast_engine::port::{Ports, Secrets};
use holdfast_engine::record::{Resolution, find_record, resolve};
use holdfast_engine::timeline::{self, Timeline};
use serde_json::{Map, Value as Json};

use crate::data::{glossary, packs, tenant};
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::place::{At, Place, at};
use crate::trace_text;

/// What to trace.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// An execution's or record's reference (tenant/type/record…), a record by its key
    /// (type/key; several key fields: type/a,b), or an event's id (source:id)
    #[arg(value_name = "REF | TYPE/KEY | EVENT")]
    subject: String,
    /// The tenant of a key or event; the only one there is where it is left out
    #[arg(long)]
    tenant: Option<TenantName>,
    /// Show fields marked `pii`
    #[arg(long)]
    show_pii: bool,
    #[command(flatten)]
    at: At,
}

/// Traces.
pub(crate) async fn run(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    let timeline = at!(arguments.at, |place| find(arguments, place.ports()).await)?;
    output.result(&timeline, trace_text::text);
    Ok(Exit::Done)
}

async fn find(arguments: &Arguments, ports: &impl Ports) -> Result<Timeline, Failure> {
    let subject = arguments.subject.as_str();
    let journal = ports.journal();
    let told = async |home: &RecordRef| glossary(ports, &home.tenant, arguments.show_pii).await;
    if let Ok(execution) = subject.parse::<ExecutionRef>() {
        let home = execution.home;
        return Ok(timeline::of_record(journal, &home, &told(&home).await).await?);
    }
    if let Ok(record) = subject.parse::<RecordRef>()
        && find_record(journal, &record).await?.is_some()
    {
        return Ok(timeline::of_record(journal, &record, &told(&record).await).await?);
    }
    let tenant = tenant(arguments.tenant.as_ref(), ports).await?;
    let looking = Looking {
        arguments,
        ports,
        tenant: &tenant,
    };
    if let Some(home) = looking.by_key().await? {
        return Ok(timeline::of_record(journal, &home, &told(&home).await).await?);
    }
    let told = glossary(ports, &tenant, arguments.show_pii).await;
    if let Some(home) = import(&tenant, subject) {
        let timeline = timeline::of_record(journal, &home, &told).await?;
        if timeline.import.is_some() || !timeline.lines.is_empty() {
            return Ok(timeline);
        }
    }
    let event = EventId::from_text(subject);
    let of_event = timeline::of_event(journal, &tenant, &event, &told).await?;
    of_event.ok_or_else(|| {
        Failure::wrong(
            "NotFound",
            format!("tenant `{tenant}` has no record or event `{subject}`"),
        )
    })
}

/// An import, `import/<id>`, or its whole reference: it is told of as records are, and is none.
fn import(tenant: &TenantName, subject: &str) -> Option<RecordRef> {
    let whole = subject.parse::<RecordRef>();
    let home = whole
        .or_else(|_| format!("{tenant}/{subject}").parse())
        .ok()?;
    (home.record_type.as_str() == IMPORT_TYPE).then_some(home)
}

struct Looking<'a, P> {
    arguments: &'a Arguments,
    ports: &'a P,
    tenant: &'a TenantName,
}

impl<P: Ports> Looking<'_, P> {
    /// The record of `type/key`: by its natural key, else its id, else a field of `also`.
    async fn by_key(&self) -> Result<Option<RecordRef>, Failure> {
        let Some((record_type, value)) = self.arguments.subject.split_once('/') else {
            return Ok(None);
        };
        let Ok(record_type) = RecordType::new(record_type) else {
            return Ok(None);
        };
        let packs = packs(self.ports, self.tenant).await?;
        let definition = packs.iter().find_map(|pack| pack.records.get(&record_type));
        let Some(definition) = definition else {
            return Ok(None);
        };
        for values in candidates(definition, value) {
            if let Some(found) = self.resolve(definition, &values).await? {
                return Ok(Some(found));
            }
        }
        self.by_id(&record_type, value).await
    }

    async fn by_id(
        &self,
        record_type: &RecordType,
        id: &str,
    ) -> Result<Option<RecordRef>, Failure> {
        let text = format!("{}/{record_type}/{id}", self.tenant);
        let Ok(record) = text.parse::<RecordRef>() else {
            return Ok(None);
        };
        let found = find_record(self.ports.journal(), &record).await?;
        Ok(found.map(|_| record))
    }

    async fn resolve(
        &self,
        definition: &RecordDefinition,
        values: &Map<String, Json>,
    ) -> Result<Option<RecordRef>, Failure> {
        let identity_key = self.ports.secrets().identity_key();
        let (journal, by) = (self.ports.journal(), Lookup::Also);
        let found = resolve(journal, identity_key, self.tenant, definition, by, values).await?;
        let record = match found {
            Resolution::None => return Ok(None),
            Resolution::One(record) => record,
            Resolution::Several(records) => {
                let each =
                    |id| format!("  holdfast trace {}/{}/{id}", self.tenant, definition.name);
                let commands: Vec<_> = records.iter().map(each).collect();
                let message = format!("several records match:\n{}", commands.join("\n"));
                return Err(Failure::wrong("Ambiguous", message));
            }
        };
        let (tenant, record_type) = (self.tenant.clone(), definition.name.clone());
        Ok(Some(RecordRef {
            tenant,
            record_type,
            record,
        }))
    }
}

/// What a typed key may be, in normal form: the natural key, or a value of an `also` field.
fn candidates(definition: &RecordDefinition, typed: &str) -> Vec<Map<String, Json>> {
    let parts: Vec<&str> = match definition.key.as_slice() {
        [_] => vec![typed],
        _ => typed.split(',').collect(),
    };
    let natural = (parts.len() == definition.key.len()).then(|| {
        let pairs = definition.key.iter().zip(parts);
        pairs
            .map(|(name, part)| normal(definition, name, part))
            .collect::<Option<Map<_, _>>>()
    });
    let also = definition.also.iter();
    let also = also.filter_map(|name| Some(Map::from_iter([normal(definition, name, typed)?])));
    natural.flatten().into_iter().chain(also).collect()
}

fn normal(definition: &RecordDefinition, name: &str, typed: &str) -> Option<(String, Json)> {
    let field = &definition.fields.get(name)?.field;
    let typed = Json::from(typed);
    let value = match field.kind {
        Kind::Ref(_) => Some(typed),
        _ => field::accept(field, &typed).ok(),
    };
    Some((name.to_owned(), value?))
}
