//! The append-only file: whole lines, each on disk before it counts.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write as _};
use std::path::Path;

use super::SandboxError;
use super::line::Line;

/// What a log is written to.
pub(super) trait Medium: Send + 'static {
    /// Writes at the end.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Waits until everything is on disk.
    fn sync(&mut self) -> io::Result<()>;
    /// Removes everything behind this length, in bytes.
    fn cut(&mut self, len: u64) -> io::Result<()>;
}

impl Medium for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn cut(&mut self, len: u64) -> io::Result<()> {
        self.set_len(len)?;
        self.sync_all()
    }
}

/// A log and how much of it is on disk.
#[derive(Debug)]
pub(super) struct Log<M> {
    medium: M,
    len: u64,
    torn: bool,
}

impl<M: Medium> Log<M> {
    pub(super) fn new(medium: M, len: u64) -> Self {
        Self {
            medium,
            len,
            torn: false,
        }
    }

    /// Bytes on disk.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Appends bytes and waits for the disk. After a failure nothing of them counts, and what
    /// they may have left behind is removed before the next ones.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.torn {
            self.medium.cut(self.len)?;
        }
        self.torn = true;
        self.medium.append(bytes)?;
        self.medium.sync()?;
        self.torn = false;
        self.len += bytes.len() as u64;
        Ok(())
    }
}

/// Opens or creates the file, hands over each line, and cuts off an unfinished last one.
pub(super) fn open(path: &Path, visit: impl FnMut(Line)) -> Result<Log<File>, SandboxError> {
    let failed = |source| SandboxError::File {
        path: path.to_owned(),
        source,
    };
    let mut options = OpenOptions::new();
    let options = options.read(true).append(true).create(true);
    let mut file = options.open(path).map_err(failed)?;
    let whole = scan(path, BufReader::new(&file), visit)?;
    file.cut(whole).map_err(failed)?;
    sync_folder(path).map_err(failed)?;
    Ok(Log::new(file, whole))
}

/// A new file's name is on disk only when its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Hands over each line and returns the length of the whole ones, in bytes.
///
/// A crash leaves bad lines at the end only. A good line after a bad one is damage, or power lost
/// within a group whose pages reached the disk out of order: a person decides.
pub(super) fn scan(
    path: &Path,
    mut from: impl BufRead,
    mut visit: impl FnMut(Line),
) -> Result<u64, SandboxError> {
    let failed = |source| SandboxError::File {
        path: path.to_owned(),
        source,
    };
    let (mut whole, mut number) = (0, 0);
    let mut torn = None;
    let mut text = Vec::new();
    loop {
        text.clear();
        let read = from.read_until(b'\n', &mut text).map_err(failed)?;
        if read == 0 {
            return Ok(whole);
        }
        number += 1;
        match (torn, parse(&text)) {
            (None, Some(line)) => {
                visit(line);
                whole += read as u64;
            }
            (None, None) => torn = Some(number),
            (Some(_), None) => {}
            (Some(line), Some(_)) => {
                return Err(SandboxError::Damaged {
                    path: path.to_owned(),
                    line,
                });
            }
        }
    }
}

fn parse(text: &[u8]) -> Option<Line> {
    let line = text.strip_suffix(b"\n")?;
    serde_json::from_slice(line).ok()
}
