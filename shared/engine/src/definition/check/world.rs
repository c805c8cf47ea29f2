//! What exists in a pack: names and types that definitions of other files refer to.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value as Json;

use super::source::Head;
use super::{hours, pack, record, source};
use crate::definition::catalog::Catalog;
use crate::definition::diagnostic::Severity;
use crate::definition::document::{Document, Finding};
use crate::definition::folder::{Folder, Kind};
use crate::definition::model::{BadSchema, PayloadSchema, RecordDefinition};
use crate::definition::nearest::{nearest, suggestion};
use crate::definition::yaml::Node;
use crate::expr::Type;
use crate::field::{BadConstraint, Field};
use crate::hours::Hours;
use crate::name::RecordType;

/// Checks that cost more than compiling: libraries that have to be set up first.
#[derive(Clone, Copy)]
pub(crate) struct Costly {
    pub(super) constraints: fn(&Field) -> Vec<BadConstraint>,
    pub(super) payload: fn(Json) -> Result<PayloadSchema, BadSchema>,
}

impl Costly {
    /// Of texts that somebody writes.
    pub(crate) const CHECKED: Self = Self {
        constraints: Field::check,
        payload: PayloadSchema::compile,
    };

    /// Of texts that were checked.
    pub(crate) const BELIEVED: Self = Self {
        constraints: |_| Vec::new(),
        payload: |schema| Ok(PayloadSchema::believed(schema)),
    };
}

/// What exists in a pack.
pub(crate) struct World<'a> {
    pub(crate) folder: &'a Folder,
    pub(crate) catalog: &'a Catalog,
    pub(super) costly: Costly,
    /// The texts that templates may include.
    pub(crate) includes: BTreeMap<String, String>,
    pub(crate) settings: BTreeMap<String, Field>,
    /// The hours that `pack.yaml` names; `None`: they have a mistake, which is reported.
    pub(crate) hours: BTreeMap<String, Option<Arc<Hours>>>,
    /// The type of `config`.
    pub(crate) config: Type,
    pub(crate) records: BTreeMap<RecordType, RecordDefinition>,
    pub(crate) snapshots: Arc<BTreeMap<RecordType, Type>>,
    pub(crate) sources: BTreeMap<String, Head>,
}

impl<'a> World<'a> {
    /// Reads the parts of definitions that others refer to.
    pub(crate) fn new(folder: &'a Folder, catalog: &'a Catalog, costly: Costly) -> Self {
        let texts = folder.texts.iter();
        let mut world = Self {
            folder,
            catalog,
            costly,
            includes: texts
                .map(|(path, text)| (path.clone(), text.text.to_string()))
                .collect(),
            settings: BTreeMap::new(),
            hours: BTreeMap::new(),
            config: Type::Dynamic,
            records: BTreeMap::new(),
            snapshots: Arc::default(),
            sources: BTreeMap::new(),
        };
        world.settings = pack::settings(&world);
        world.config = pack::config(&world.settings);
        world.hours = hours::hours(&world);
        world.records = record::heads(&world);
        world.snapshots = Arc::new(record::snapshots(&world.records));
        world.sources = source::heads(&world);
        world
    }

    /// A record type that exists; reports it otherwise.
    pub(super) fn expect_name(&self, document: &Document, node: &Node) -> Option<RecordType> {
        self.expect(document, node, Kind::Record)?.parse().ok()
    }

    /// A record type whose definition can be read.
    pub(super) fn expect_record(
        &self,
        document: &Document,
        node: &Node,
    ) -> Option<&RecordDefinition> {
        self.records.get(&self.expect_name(document, node)?)
    }

    /// Whether a record's file has this field, well-formed or not.
    pub(super) fn declares(&self, record: &RecordType, field: &str) -> bool {
        let mut records = self.folder.of(Kind::Record);
        let definition = records.find(|one| one.name == record.as_str());
        let fields = definition.and_then(|one| one.readable()?.get("fields"));
        fields.is_some_and(|fields| fields.get(field).is_some())
    }

    /// Whether nothing is wrong so far: what depends on other mistakes is said only then.
    pub(super) fn clean(&self) -> bool {
        let mut findings = self.folder.documents().flat_map(Document::findings);
        !findings.any(|found| found.severity == Severity::Error)
    }

    /// The name of a definition that exists; reports it otherwise.
    pub(super) fn expect<'n>(
        &self,
        document: &Document,
        node: &'n Node,
        kind: Kind,
    ) -> Option<&'n str> {
        let name = node.text()?;
        let names = self.folder.names(kind);
        if names.clone().any(|known| known == name) {
            return Some(name);
        }
        let word = kind.word();
        let message = format!("there is no {word} `{name}`");
        let near = nearest(name, names.clone()).is_some();
        let mut help = suggestion(name, names, word);
        if !near {
            help = format!("{help}; a new one is `{name}.{word}.yaml`");
        }
        document.report(Finding::error(code(kind), node.span.clone(), message).help(help));
        None
    }

    /// The field of this name; reports it otherwise, unless its own definition is at fault.
    pub(super) fn expect_field<'r>(
        &self,
        document: &Document,
        record: &'r RecordDefinition,
        name: &str,
        span: Range<usize>,
    ) -> Option<&'r Field> {
        let broken = !record.fields.contains_key(name) && self.declares(&record.name, name);
        if broken {
            None
        } else {
            expect_field(document, record, name, span)
        }
    }
}

fn code(kind: Kind) -> &'static str {
    match kind {
        Kind::Record => "UnknownRecord",
        Kind::Source => "UnknownSource",
        Kind::Connection => "UnknownConnection",
        Kind::Workflow => "UnknownWorkflow",
        Kind::Pack | Kind::Test => "UnknownName",
    }
}

/// The field of this name; reports it otherwise.
pub(super) fn expect_field<'r>(
    document: &Document,
    record: &'r RecordDefinition,
    name: &str,
    span: Range<usize>,
) -> Option<&'r Field> {
    let found = record.fields.get(name);
    if found.is_none() {
        let message = format!("`{}` has no field `{name}`", record.name);
        let help = suggestion(name, record.fields.keys().map(String::as_str), "field");
        document.report(Finding::error("UnknownField", span, message).help(help));
    }
    found.map(|found| &found.field)
}

/// Reports definitions of one kind that share a name.
pub(crate) fn duplicates(folder: &Folder) {
    for (at, definition) in folder.definitions.iter().enumerate() {
        let earlier = folder.definitions.iter().take(at);
        let same = |other: &&crate::definition::folder::Definition| {
            other.kind == definition.kind && other.name == definition.name
        };
        if let Some(first) = earlier.into_iter().find(same) {
            let word = definition.kind.word();
            let message = format!("the {word} `{}` is defined twice", definition.name);
            let node = definition.tree.as_ref().and_then(|tree| tree.get(word));
            let span = node.map_or(0..0, |node| node.span.clone());
            let help = format!(
                "the first is in `{}`: rename one of them",
                first.document.path
            );
            let finding = Finding::error("DuplicateDefinition", span, message);
            definition.document.report(finding.help(help));
        }
    }
}

/// The span of a definition's name, for mistakes that concern all of it.
pub(super) fn name_span(tree: &Node, kind: Kind) -> Range<usize> {
    tree.get(kind.word()).map_or(0..0, |node| node.span.clone())
}
