//! A SQLite VFS whose unsynced writes vanish with the process, as in a power cut.
//!
//! `kill -9` leaves the page cache to the kernel, so a store that never syncs passes every test
//! of kills. Here writes stay in the process until they are synced. Locks and shared memory are
//! the operating system's.

mod disk;
mod file;
mod vfs;

pub use vfs::register;
