//! Puts the sample pack and its booking into the binary, so that `holdfast demo` works anywhere.

use std::fmt::Write as _;
use std::fs;
use std::io::Error;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Error> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (pack, event) = (
        root.join("workflows/dental"),
        root.join("events/receive-webhook.booking.json"),
    );
    for watched in [&pack, &event] {
        println!("cargo::rerun-if-changed={}", watched.display());
    }
    let mut files = Vec::new();
    collect(&pack, "", &mut files)?;
    files.sort();
    let mut text = String::from("pub(super) const PACK: &[(&str, &str)] = &[\n");
    for (name, path) in &files {
        let path = path.display().to_string();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "    ({name:?}, include_str!({path:?})),");
    }
    let event = event.canonicalize()?.display().to_string();
    let _ = writeln!(
        text,
        "];\npub(super) const BOOKING: &str = include_str!({event:?});"
    );
    let out = std::env::var_os("OUT_DIR").ok_or_else(|| Error::other("no OUT_DIR"))?;
    fs::write(PathBuf::from(out).join("sample.rs"), text)
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, PathBuf)>) -> Result<(), Error> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), files)?;
        } else if !name.starts_with('.') {
            files.push((name, entry.path().canonicalize()?));
        }
    }
    Ok(())
}
