//! The files of a pack by what they are: definitions, tests, texts.

use std::collections::BTreeMap;

use super::Files;
use super::document::{Document, Finding};
use super::grammar::{self, Grammar};
use super::nearest::nearest;
use super::yaml::{self, Node};

/// What a definition file defines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Pack,
    Record,
    Source,
    Connection,
    Workflow,
    Test,
}

impl Kind {
    const NAMED: [Self; 5] = [
        Self::Record,
        Self::Source,
        Self::Connection,
        Self::Workflow,
        Self::Test,
    ];

    /// The word in file names, which is also the key that holds the name.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Pack => "pack",
            Self::Record => "record",
            Self::Source => "source",
            Self::Connection => "connection",
            Self::Workflow => "workflow",
            Self::Test => "test",
        }
    }

    fn grammar(self) -> &'static Grammar {
        match self {
            Self::Pack => &grammar::PACK,
            Self::Record => &grammar::RECORD,
            Self::Source => &grammar::SOURCE,
            Self::Connection => &grammar::CONNECTION,
            Self::Workflow => &grammar::WORKFLOW,
            Self::Test => &grammar::TEST,
        }
    }
}

/// A definition file, read and checked against its grammar.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) kind: Kind,
    /// The name in the file, or the file's where it has none.
    pub(crate) name: String,
    pub(crate) document: Document,
    /// `None` when the text cannot be read at all.
    pub(crate) tree: Option<Node>,
}

/// A pack's files.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) definitions: Vec<Definition>,
    /// Templates and other texts by path.
    pub(crate) texts: BTreeMap<String, Document>,
    /// Files that are neither.
    pub(crate) strays: Vec<Document>,
}

impl Folder {
    /// Reads the definitions, tests or not, and the texts beside them.
    pub(crate) fn read(files: &Files, tests: bool) -> Self {
        let mut folder = Self {
            definitions: Vec::new(),
            texts: BTreeMap::new(),
            strays: Vec::new(),
        };
        for (path, text) in files {
            match classify(path) {
                Ok(Some((kind, _))) if (kind == Kind::Test) != tests => {}
                Ok(Some((kind, name))) => {
                    folder
                        .definitions
                        .push(Definition::read(kind, name, path, text));
                }
                Ok(None) => {
                    folder.texts.insert(path.clone(), Document::new(path, text));
                }
                Err(help) => folder.strays.push(stray(path, text, help)),
            }
        }
        folder
    }

    pub(crate) fn of(&self, kind: Kind) -> impl Iterator<Item = &Definition> {
        self.definitions
            .iter()
            .filter(move |definition| definition.kind == kind)
    }

    pub(crate) fn names(&self, kind: Kind) -> impl Iterator<Item = &str> + Clone {
        let all = self.definitions.iter();
        all.filter(move |definition| definition.kind == kind)
            .map(|found| found.name.as_str())
    }

    /// Every file's document, in the order in which mistakes are shown.
    pub(crate) fn documents(&self) -> impl Iterator<Item = &Document> {
        let definitions = self
            .definitions
            .iter()
            .map(|definition| &definition.document);
        self.strays
            .iter()
            .chain(definitions)
            .chain(self.texts.values())
    }
}

impl Definition {
    fn read(kind: Kind, stem: &str, path: &str, text: &str) -> Self {
        let document = Document::new(path, text);
        let mut tree = yaml::parse(&document);
        if let Some(tree) = &mut tree {
            grammar::validate(&document, tree, kind.grammar());
        }
        let named = tree.as_ref().and_then(|tree| tree.get(kind.word()));
        let named =
            named.filter(|node| !matches!(kind, Kind::Pack | Kind::Test) && !node.is_broken());
        let name = named.and_then(Node::text).unwrap_or(stem).to_owned();
        if let Some(node) = named
            && name != stem
        {
            let word = kind.word();
            let message = format!("the file's name says `{stem}`, the {word} says `{name}`");
            let finding = Finding::error("FileNameDiffers", node.span.clone(), message);
            let help =
                format!("rename the file to `{name}.{word}.yaml`, or write `{word}: {stem}`");
            document.report(finding.help(help));
        }
        Self {
            kind,
            name,
            document,
            tree,
        }
    }

    /// The tree, for definitions that can be read as a mapping.
    pub(crate) fn readable(&self) -> Option<&Node> {
        self.tree.as_ref().filter(|tree| !tree.is_broken())
    }
}

/// What a path holds: a definition with its name, or a text; `Err` says how to rename it.
fn classify(path: &str) -> Result<Option<(Kind, &str)>, String> {
    let file = path.rsplit('/').next().unwrap_or(path);
    let Some(stem) = file.strip_suffix(".yaml") else {
        return match file.strip_suffix(".yml") {
            Some(stem) => Err(format!("rename it to `{stem}.yaml`")),
            None => Ok(None),
        };
    };
    if stem == "pack" {
        return Ok(Some((Kind::Pack, stem)));
    }
    let Some((name, word)) = stem.rsplit_once('.') else {
        return Err(format!(
            "name it `{stem}.<kind>.yaml`; the kinds are {}",
            kinds()
        ));
    };
    match Kind::NAMED.into_iter().find(|kind| kind.word() == word) {
        Some(kind) => Ok(Some((kind, name))),
        None => Err(match nearest(word, Kind::NAMED.map(Kind::word)) {
            Some(near) => format!("did you mean `{name}.{near}.yaml`?"),
            None => format!("the kinds are {}", kinds()),
        }),
    }
}

fn kinds() -> String {
    Kind::NAMED
        .map(|kind| format!("`{}`", kind.word()))
        .join(", ")
}

fn stray(path: &str, text: &str, help: String) -> Document {
    let document = Document::new(path, text);
    let message = format!("the name of the file `{path}` does not say what it defines");
    document.report(Finding::error("UnknownKind", 0..0, message).help(help));
    document
}
