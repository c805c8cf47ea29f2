//! A disk with a volatile cache: what was written is seen at once and kept only once synced.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// A file on the disk: its content as the process sees it, and what the medium does not have yet.
#[derive(Debug)]
pub(crate) struct Disk {
    medium: File,
    content: Vec<u8>,
    unsynced: Vec<Change>,
    early: Option<u64>,
}

#[derive(Debug)]
enum Change {
    Write(u64, Vec<u8>),
    Truncate(u64),
}

impl Disk {
    /// Opens what the medium has. With a seed, the disk writes some changes early and out of
    /// order, as real ones do.
    pub(crate) fn open(path: &Path, early: Option<u64>) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let mut medium = options.read(true).write(true).open(path)?;
        let mut content = Vec::new();
        medium.read_to_end(&mut content)?;
        Ok(Self {
            medium,
            content,
            unsynced: Vec::new(),
            early,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.content.len()
    }

    /// Fills the buffer; says whether the file reached that far. The rest is zeros.
    pub(crate) fn read(&self, buffer: &mut [u8], offset: usize) -> bool {
        let there = self.content.get(offset..).unwrap_or_default();
        let count = there.len().min(buffer.len());
        let (filled, rest) = buffer.split_at_mut(count);
        filled.copy_from_slice(&there[..count]);
        rest.fill(0);
        rest.is_empty()
    }

    pub(crate) fn write(&mut self, bytes: &[u8], offset: usize) -> io::Result<()> {
        let end = offset + bytes.len();
        if self.content.len() < end {
            self.content.resize(end, 0);
        }
        self.content[offset..end].copy_from_slice(bytes);
        self.change(Change::Write(offset as u64, bytes.to_vec()))
    }

    pub(crate) fn truncate(&mut self, len: usize) -> io::Result<()> {
        self.content.resize(len, 0);
        self.change(Change::Truncate(len as u64))
    }

    /// Brings the medium up to date.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        for change in std::mem::take(&mut self.unsynced) {
            change.apply(&self.medium)?;
        }
        self.medium.sync_data()
    }

    fn change(&mut self, change: Change) -> io::Result<()> {
        if self.happens_early() {
            change.apply(&self.medium)?;
        }
        self.unsynced.push(change);
        Ok(())
    }

    /// One in four, by a linear congruential generator.
    fn happens_early(&mut self) -> bool {
        let Some(state) = &mut self.early else {
            return false;
        };
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        *state >> 62 == 0
    }
}

impl Change {
    fn apply(&self, medium: &File) -> io::Result<()> {
        match self {
            Self::Write(offset, bytes) => medium.write_all_at(bytes, *offset),
            Self::Truncate(len) => medium.set_len(*len),
        }
    }
}
