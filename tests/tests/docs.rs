//! The documentation is true: its examples load, its list of errors is whole.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::registry::catalog;
use holdfast_engine::definition::{self, Diagnostic, Files};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The files in a page: fenced blocks whose first line is `# <path>`.
fn files(page: &str) -> Files {
    let mut files = Files::new();
    let mut lines = page.lines();
    while let Some(fence) = lines.next() {
        if !fence.starts_with("```") || fence.len() == 3 {
            continue;
        }
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        if let Some(path) = block.first().and_then(|line| line.strip_prefix("# ")) {
            let blank = format!("{}\n", block[1..].join("\n"));
            assert!(
                files.insert(path.to_owned(), blank).is_none(),
                "{path} is given twice"
            );
        }
    }
    files
}

fn rendered(found: &[Diagnostic]) -> String {
    let shown: Vec<_> = found.iter().map(|one| format!("{one:?}")).collect();
    shown.join("\n")
}

#[test]
fn the_examples_of_the_language_are_a_pack_without_remarks() {
    let files = files(&text("docs/language.md"));
    let (pack, remarks) = definition::load(&files, &catalog::<SystemClock>())
        .unwrap_or_else(|found| panic!("{}", rendered(&found)));
    assert!(remarks.is_empty(), "{}", rendered(&remarks));
    assert_eq!(pack.workflows.len(), 5);
    let tests = definition::load_tests(&files, &pack);
    assert_eq!(
        tests
            .unwrap_or_else(|found| panic!("{}", rendered(&found)))
            .len(),
        1
    );
}

/// The Rust files of the product, without those that hold only tests.
fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !["tests", "benches", "target"].contains(&name) {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") && !name.ends_with("tests.rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let product = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
            found.push(product.to_owned());
        }
    }
}

/// What comes before a code in the source.
const BEFORE_A_CODE: [&str; 10] = [
    "Finding::error(",
    "Finding::warning(",
    "Failure::unreachable(",
    "Failure::wrong(",
    "StepError::permanent(",
    "StepError::transient(",
    "refused(",
    "unknown(",
    "code: ",
    "self.failure(work, view, ",
];

/// The codes in a source: texts after those words, and the arms of `fn code`.
fn codes(source: &str) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    let literal = |rest: &str| {
        let text = rest.trim_start().strip_prefix('"')?.split('"').next()?;
        let pascal = text.starts_with(|c: char| c.is_ascii_uppercase())
            && text.chars().all(|c| c.is_ascii_alphanumeric());
        pascal.then(|| text.to_owned())
    };
    for word in BEFORE_A_CODE {
        codes.extend(source.split(word).skip(1).filter_map(literal));
    }
    for body in source.split("fn code(").skip(1) {
        let body = body.split("\n    }\n").next().unwrap_or_default();
        codes.extend(body.split("=> ").skip(1).filter_map(literal));
    }
    codes
}

#[test]
fn every_code_of_the_product_has_a_heading() {
    let mut found = Vec::new();
    for folder in ["shared", "functions", "cli/src"] {
        sources(&root().join(folder), &mut found);
    }
    let codes: BTreeSet<String> = found.iter().flat_map(|source| codes(source)).collect();
    assert!(
        codes.len() > 80,
        "the scan finds what it is meant to: {codes:?}"
    );
    let page = text("docs/errors.md");
    let headings: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .collect();
    let missing: Vec<_> = codes
        .iter()
        .filter(|code| !headings.contains(code.as_str()))
        .collect();
    assert!(
        missing.is_empty(),
        "docs/errors.md has no heading for {missing:?}"
    );
}

#[test]
fn the_readme_is_short_and_its_links_lead_somewhere() {
    let pages = [
        "README.md",
        "CONTRIBUTING.md",
        "docs/architecture.md",
        "docs/errors.md",
        "docs/faults.md",
    ];
    assert!(text("README.md").lines().count() <= 150);
    for page in pages {
        let folder = root().join(page).parent().unwrap().to_owned();
        for link in text(page).split("](").skip(1) {
            let target = link.split([')', '#']).next().unwrap_or_default();
            let outside = target.is_empty() || target.contains("://");
            assert!(
                outside || folder.join(target).exists(),
                "{page} links to {target}"
            );
        }
    }
}
