//! The methods of an open file: contents from the disk, all else from the real file.

use std::ffi::{c_int, c_void};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::ffi::{self, sqlite3_file, sqlite3_int64, sqlite3_io_methods};

use crate::disk::Disk;

/// An open file as SQLite holds it; the real file follows it in memory.
#[repr(C)]
pub(crate) struct Shim {
    pub(crate) base: sqlite3_file,
    pub(crate) real: *mut sqlite3_file,
    pub(crate) disk: *const Mutex<Disk>,
}

pub(crate) static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    // Version 2 has shared memory but no memory mapping, which would go past the disk.
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// The disk of an open file.
///
/// # Safety
/// `file` was opened by this VFS and not closed.
unsafe fn disk<'a>(file: *mut sqlite3_file) -> MutexGuard<'a, Disk> {
    // SAFETY: the VFS stored a pointer that an `Arc` keeps alive until `close`.
    let disk = unsafe { &*(*file.cast::<Shim>()).disk };
    disk.lock().unwrap_or_else(PoisonError::into_inner)
}

fn code(result: std::io::Result<()>, failure: c_int) -> c_int {
    result.map_or(failure, |()| ffi::SQLITE_OK)
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: SQLite closes a file once; the disk pointer came from `Arc::into_raw`.
    unsafe {
        let shim = file.cast::<Shim>();
        drop(Arc::from_raw((*shim).disk));
        let real = (*shim).real;
        (*(*real).pMethods)
            .xClose
            .map_or(ffi::SQLITE_OK, |close| close(real))
    }
}

unsafe extern "C" fn read(
    file: *mut sqlite3_file,
    buffer: *mut c_void,
    amount: c_int,
    offset: sqlite3_int64,
) -> c_int {
    let (Ok(amount), Ok(offset)) = (usize::try_from(amount), usize::try_from(offset)) else {
        return ffi::SQLITE_IOERR_READ;
    };
    // SAFETY: SQLite passes a buffer of `amount` bytes.
    let buffer = unsafe { std::slice::from_raw_parts_mut(buffer.cast::<u8>(), amount) };
    // SAFETY: SQLite passes an open file of this VFS.
    if unsafe { disk(file) }.read(buffer, offset) {
        ffi::SQLITE_OK
    } else {
        ffi::SQLITE_IOERR_SHORT_READ
    }
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    bytes: *const c_void,
    amount: c_int,
    offset: sqlite3_int64,
) -> c_int {
    let (Ok(amount), Ok(offset)) = (usize::try_from(amount), usize::try_from(offset)) else {
        return ffi::SQLITE_IOERR_WRITE;
    };
    // SAFETY: SQLite passes `amount` bytes.
    let bytes = unsafe { std::slice::from_raw_parts(bytes.cast::<u8>(), amount) };
    // SAFETY: SQLite passes an open file of this VFS.
    let written = unsafe { disk(file) }.write(bytes, offset);
    code(written, ffi::SQLITE_IOERR_WRITE)
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: sqlite3_int64) -> c_int {
    let Ok(size) = usize::try_from(size) else {
        return ffi::SQLITE_IOERR_TRUNCATE;
    };
    // SAFETY: SQLite passes an open file of this VFS.
    let truncated = unsafe { disk(file) }.truncate(size);
    code(truncated, ffi::SQLITE_IOERR_TRUNCATE)
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, _flags: c_int) -> c_int {
    // SAFETY: SQLite passes an open file of this VFS.
    let synced = unsafe { disk(file) }.sync();
    code(synced, ffi::SQLITE_IOERR_FSYNC)
}

unsafe extern "C" fn file_size(file: *mut sqlite3_file, size: *mut sqlite3_int64) -> c_int {
    // SAFETY: SQLite passes an open file of this VFS.
    let len = unsafe { disk(file) }.len();
    // SAFETY: SQLite passes a place for the size.
    unsafe { *size = sqlite3_int64::try_from(len).unwrap_or(sqlite3_int64::MAX) };
    ffi::SQLITE_OK
}

/// Methods that the real file answers.
macro_rules! pass_on {
    ($($name:ident => $method:ident($($argument:ident: $type:ty),*) $(-> $result:ty, $none:expr)?;)*) => {
        $(unsafe extern "C" fn $name(file: *mut sqlite3_file $(, $argument: $type)*) $(-> $result)? {
            // SAFETY: SQLite passes an open file of this VFS, whose real file is open, and
            // arguments for this very method of it.
            unsafe {
                let real = (*file.cast::<Shim>()).real;
                match (*(*real).pMethods).$method {
                    Some(method) => method(real $(, $argument)*),
                    None => { $($none as $result)? }
                }
            }
        })*
    };
}

pass_on! {
    lock => xLock(level: c_int) -> c_int, ffi::SQLITE_OK;
    unlock => xUnlock(level: c_int) -> c_int, ffi::SQLITE_OK;
    check_reserved_lock => xCheckReservedLock(held: *mut c_int) -> c_int, ffi::SQLITE_OK;
    file_control => xFileControl(op: c_int, argument: *mut c_void) -> c_int, ffi::SQLITE_NOTFOUND;
    sector_size => xSectorSize() -> c_int, 4096;
    device_characteristics => xDeviceCharacteristics() -> c_int, 0;
    shm_map => xShmMap(page: c_int, size: c_int, extend: c_int, at: *mut *mut c_void) -> c_int, ffi::SQLITE_IOERR;
    shm_lock => xShmLock(offset: c_int, count: c_int, flags: c_int) -> c_int, ffi::SQLITE_IOERR;
    shm_barrier => xShmBarrier();
    shm_unmap => xShmUnmap(delete: c_int) -> c_int, ffi::SQLITE_OK;
}
