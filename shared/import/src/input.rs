//! Reading a file once, in bounded memory, with its hash.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::rc::Rc;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// The longest row, in bytes: a quote that is not closed would make one of the rest of the file.
pub(crate) const LONGEST: usize = 512 * 1024;

/// How much was read since the last row ended.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row(Rc<Cell<usize>>);

impl Row {
    /// The next row begins.
    pub(crate) fn ends(&self) {
        self.0.set(0);
    }

    /// Whether the row is too long to be one.
    pub(crate) fn is_too_long(&self) -> bool {
        self.0.get() > LONGEST
    }
}

/// A file, hashed as it is read. Reading stops within a row that is too long.
#[derive(Debug)]
pub(crate) struct Input {
    file: File,
    digest: Sha256,
    row: Row,
}

impl Input {
    pub(crate) fn open(path: &Path) -> io::Result<(Self, Row)> {
        let row = Row::default();
        let input = Self {
            file: File::open(path)?,
            digest: Sha256::new(),
            row: row.clone(),
        };
        Ok((input, row))
    }

    /// The hash of what was read, in hexadecimal digits.
    pub(crate) fn digest(self) -> String {
        HEXLOWER.encode(&self.digest.finalize())
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.row.is_too_long() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a row that is too long",
            ));
        }
        let read = self.file.read(buffer)?;
        if let Some(bytes) = buffer.get(..read) {
            self.digest.update(bytes);
        }
        self.row.0.set(self.row.0.get().saturating_add(read));
        Ok(read)
    }
}
