//! `pack.yaml`, and the whole pack.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::world::{World, duplicates};
use super::{alerts, connection, field, record, source, workflow};
use crate::definition::folder::{Definition, Folder, Kind};
use crate::definition::model::{ManifestId, Pack};
use crate::definition::yaml::Node;
use crate::expr::Type;
use crate::field::Field;
use crate::name::PackName;

pub(super) fn tree(folder: &Folder) -> Option<(&Definition, &Node)> {
    let definition = folder.of(Kind::Pack).next()?;
    Some((definition, definition.readable()?))
}

/// The name in `pack.yaml`.
pub(crate) fn name(folder: &Folder) -> Option<PackName> {
    tree(folder)?.1.read("pack")
}

/// The settings that `pack.yaml` declares.
pub(super) fn settings(world: &World<'_>) -> BTreeMap<String, Field> {
    tree(world.folder).map_or_else(BTreeMap::new, |(definition, tree)| {
        field::fields(&definition.document, tree.get("config"), world)
    })
}

/// The type of `config`; every tenant has a time zone.
pub(super) fn config(settings: &BTreeMap<String, Field>) -> Type {
    let declared = settings
        .iter()
        .map(|(name, field)| (name.clone(), field.ty()));
    Type::Object(Arc::new(
        declared.chain([("tz".to_owned(), Type::String)]).collect(),
    ))
}

/// Compiles everything; what has mistakes is left out, and reported.
pub(crate) fn pack(mut world: World<'_>, manifest: ManifestId) -> Pack {
    duplicates(world.folder);
    let alerts = alerts::alerts(&world);
    let connections = connection::connections(&world);
    let sources = source::sources(&world);
    let workflows = workflow::workflows(&world);
    let invariants = record::invariants(&world);
    let mut records = std::mem::take(&mut world.records);
    for (name, rules) in invariants {
        if let Some(record) = records.get_mut(&name) {
            record.invariants = rules;
        }
    }
    Pack {
        manifest,
        config: world.settings,
        records: shared(records),
        sources: shared(sources),
        connections: shared(connections),
        workflows: shared(workflows),
        alerts,
    }
}

fn shared<K: Ord, V>(map: BTreeMap<K, V>) -> BTreeMap<K, Arc<V>> {
    map.into_iter()
        .map(|(key, value)| (key, Arc::new(value)))
        .collect()
}
