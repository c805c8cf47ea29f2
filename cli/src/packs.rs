//! Packs from folders: reading their files, and showing what is wrong with them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::definitions::LoadedPack;
use holdfast_embedded::registry::catalog;
use holdfast_engine::definition::model::Pack;
use holdfast_engine::definition::{self, Diagnostic, Files, Severity};

use crate::failure::Failure;
use crate::output::counted;

/// How deep folders of a pack may be nested: a loop of links ends here.
const MAX_DEPTH: usize = 8;

/// A pack that compiled.
#[derive(Debug, Clone)]
pub(crate) struct FolderPack {
    /// Its folder.
    pub(crate) folder: PathBuf,
    /// Its texts.
    pub(crate) files: Files,
    /// The compiled pack.
    pub(crate) pack: Arc<Pack>,
}

impl FolderPack {
    /// The pack as a system takes it.
    pub(crate) fn loaded(&self) -> LoadedPack {
        LoadedPack {
            pack: Arc::clone(&self.pack),
            files: self.files.clone(),
        }
    }
}

/// What was found in the folders.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The packs that compiled.
    pub(crate) packs: Vec<FolderPack>,
    /// Mistakes and warnings of all folders; their files named from where the command runs.
    pub(crate) findings: Vec<Diagnostic>,
}

impl Found {
    /// The mistakes.
    pub(crate) fn mistakes(&self) -> impl Iterator<Item = &Diagnostic> {
        let is_error = |found: &&Diagnostic| found.severity == Severity::Error;
        self.findings.iter().filter(is_error)
    }

    /// The warnings.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = &Diagnostic> {
        let is_warning = |found: &&Diagnostic| found.severity == Severity::Warning;
        self.findings.iter().filter(is_warning)
    }

    /// `3 mistakes in 2 files`.
    pub(crate) fn summary(&self) -> String {
        let mut files: Vec<_> = self.mistakes().map(|found| &found.file).collect();
        let mistakes = counted(files.len(), "mistake");
        files.sort();
        files.dedup();
        format!("{mistakes} in {}", counted(files.len(), "file"))
    }

    /// The packs, when nothing is wrong with any.
    ///
    /// # Errors
    /// [`Failure::Wrong`] with every mistake as it is shown.
    pub(crate) fn into_packs(self) -> Result<Vec<FolderPack>, Failure> {
        if self.mistakes().next().is_none() {
            return Ok(self.packs);
        }
        let shown: String = self.mistakes().map(render).collect();
        let message = format!("the packs have mistakes\n{shown}{}", self.summary());
        Err(Failure::wrong("PackMistakes", message))
    }
}

/// Reads and compiles the packs in these folders.
///
/// # Errors
/// [`Failure`] when a folder cannot be read, or two packs have one name.
pub(crate) fn load(folders: &[PathBuf]) -> Result<Found, Failure> {
    let catalog = catalog::<SystemClock>();
    let mut found = Found::default();
    for folder in folders {
        let (files, unreadable) = read(folder)?;
        let named = |found: Diagnostic| in_folder(folder, found);
        found.findings.extend(unreadable.into_iter().map(named));
        match definition::load(&files, &catalog) {
            Err(findings) => found.findings.extend(findings.into_iter().map(named)),
            Ok((pack, warnings)) => {
                found.findings.extend(warnings.into_iter().map(named));
                let (folder, pack) = (folder.clone(), Arc::new(pack));
                found.packs.push(FolderPack {
                    folder,
                    files,
                    pack,
                });
            }
        }
    }
    refuse_repeats(&found.packs)?;
    Ok(found)
}

fn refuse_repeats(packs: &[FolderPack]) -> Result<(), Failure> {
    let mut known: BTreeMap<&str, &Path> = BTreeMap::new();
    for pack in packs {
        let name = pack.pack.manifest.pack.as_str();
        if let Some(first) = known.insert(name, &pack.folder) {
            let (first, second) = (first.display(), pack.folder.display());
            let message = format!("{first} and {second} are both the pack `{name}`: rename one");
            return Err(Failure::wrong("RepeatedPack", message));
        }
    }
    refuse_shared_names(packs)
}

/// Executions, records and endpoints are named by tenant, not by pack: two packs of a tenant must
/// not define the same name.
fn refuse_shared_names(packs: &[FolderPack]) -> Result<(), Failure> {
    let mut known: BTreeMap<(&str, String), &Path> = BTreeMap::new();
    for FolderPack { pack, folder, .. } in packs {
        let records = pack.records.keys().map(|name| ("record", name.to_string()));
        let sources = pack.sources.keys().map(|name| ("source", name.to_string()));
        let workflows = pack
            .workflows
            .keys()
            .map(|name| ("workflow", name.to_string()));
        for (kind, name) in records.chain(sources).chain(workflows) {
            if let Some(first) = known.insert((kind, name.clone()), folder) {
                let (first, second) = (first.display(), folder.display());
                let message =
                    format!("{first} and {second} both define the {kind} `{name}`: rename one");
                return Err(Failure::wrong("RepeatedName", message));
            }
        }
    }
    Ok(())
}

/// The files of a pack's folder, and those that are not text.
fn read(folder: &Path) -> Result<(Files, Vec<Diagnostic>), Failure> {
    if !folder.is_dir() {
        let message = format!("there is no folder {}", folder.display());
        return Err(Failure::Usage(message));
    }
    let (mut files, mut findings) = (Files::new(), Vec::new());
    walk(
        folder,
        "",
        MAX_DEPTH,
        &mut |path, bytes| match String::from_utf8(bytes) {
            Ok(text) => drop(files.insert(path, text)),
            Err(error) => findings.push(not_text(&path, &error)),
        },
    )
    .map_err(|error| {
        let message = format!("{} cannot be read: {error}", folder.display());
        Failure::unreachable("FolderUnreadable", message)
    })?;
    Ok((files, findings))
}

/// Visits every file but hidden ones, in the order of their names.
fn walk(
    folder: &Path,
    prefix: &str,
    depth: usize,
    visit: &mut impl FnMut(String, Vec<u8>),
) -> std::io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.path().is_dir() {
            if depth > 0 {
                walk(&entry.path(), &format!("{path}/"), depth - 1, visit)?;
            }
        } else {
            visit(path, fs::read(entry.path())?);
        }
    }
    Ok(())
}

fn not_text(path: &str, error: &std::string::FromUtf8Error) -> Diagnostic {
    let start = error.utf8_error().valid_up_to();
    let text = String::from_utf8_lossy(error.as_bytes());
    Diagnostic {
        file: path.into(),
        span: start..start + '\u{fffd}'.len_utf8(),
        text: text.into(),
        severity: Severity::Error,
        code: "NotUtf8",
        message: "the file is not UTF-8 text".to_owned(),
        label: None,
        help: Some("save it as UTF-8".to_owned()),
    }
}

/// Names the file from where the command runs, so that a terminal or editor can open it.
fn in_folder(folder: &Path, found: Diagnostic) -> Diagnostic {
    let file = folder.join(&*found.file).display().to_string().into();
    Diagnostic { file, ..found }
}

/// A finding for people: the place, the line underlined, what would be right.
pub(crate) fn render(found: &Diagnostic) -> String {
    let handler = miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::unicode())
        .with_links(false)
        .with_width(100);
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = handler.render_report(&mut text, found);
    text.push('\n');
    text
}
