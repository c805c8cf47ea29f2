//! The VFS itself: opening and deleting files, over the operating system's.

use std::collections::HashMap;
use std::ffi::{CStr, CString, OsStr, c_char, c_int};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::ffi::{self, sqlite3_file, sqlite3_filename, sqlite3_vfs};

use crate::disk::Disk;
use crate::file::{METHODS, Shim};

/// The disks by path: they outlive their files, as a cache does.
#[derive(Debug, Default)]
struct Machine {
    disks: HashMap<PathBuf, Arc<Mutex<Disk>>>,
    early: Option<u64>,
}

static MACHINE: Mutex<Option<Machine>> = Mutex::new(None);

/// Registers the VFS under a name, for the rest of the process. With a seed, the disk writes some
/// changes early and out of order, as real ones do.
///
/// # Panics
/// When the name holds a NUL, or SQLite has no VFS to stand on.
pub fn register(name: &str, early: Option<u64>) {
    let name = CString::new(name).expect("a name without NUL").into_raw();
    *machine() = Some(Machine {
        early,
        ..Machine::default()
    });
    // SAFETY: the default VFS lives as long as the process, and so does the leaked copy.
    let registered = unsafe {
        let real = ffi::sqlite3_vfs_find(std::ptr::null());
        assert!(!real.is_null(), "SQLite has a default VFS");
        let size = c_int::try_from(size_of::<Shim>()).expect("a small struct");
        let vfs = Box::new(sqlite3_vfs {
            szOsFile: (*real).szOsFile + size,
            pNext: std::ptr::null_mut(),
            zName: name,
            pAppData: real.cast(),
            xOpen: Some(open),
            xDelete: Some(delete),
            xAccess: Some(access),
            ..*real
        });
        ffi::sqlite3_vfs_register(Box::leak(vfs), 0)
    };
    assert_eq!(registered, ffi::SQLITE_OK);
}

fn machine() -> MutexGuard<'static, Option<Machine>> {
    MACHINE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// # Safety
/// `name` is a C string.
unsafe fn path(name: *const c_char) -> PathBuf {
    // SAFETY: the caller's promise.
    let name = unsafe { CStr::from_ptr(name) };
    PathBuf::from(OsStr::from_bytes(name.to_bytes()))
}

/// # Safety
/// `vfs` is the one registered here.
unsafe fn real(vfs: *mut sqlite3_vfs) -> *mut sqlite3_vfs {
    // SAFETY: the caller's promise; `register` put the real one there.
    unsafe { (*vfs).pAppData.cast() }
}

fn disk(path: PathBuf) -> std::io::Result<Arc<Mutex<Disk>>> {
    let mut machine = machine();
    let machine = machine.get_or_insert_default();
    if let Some(disk) = machine.disks.get(&path) {
        return Ok(Arc::clone(disk));
    }
    let disk = Arc::new(Mutex::new(Disk::open(&path, machine.early)?));
    machine.disks.insert(path, Arc::clone(&disk));
    Ok(disk)
}

unsafe extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    name: sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes room for `szOsFile` bytes, of which the real file gets those after
    // the shim; a file without methods is not closed.
    unsafe {
        let shim = file.cast::<Shim>();
        let real_file = shim.add(1).cast::<sqlite3_file>();
        (*file).pMethods = std::ptr::null();
        (*shim).real = real_file;
        let real = real(vfs);
        let opened = (*real).xOpen.map_or(ffi::SQLITE_CANTOPEN, |open| {
            open(real, name, real_file, flags, out_flags)
        });
        if opened != ffi::SQLITE_OK {
            return opened;
        }
        // A temporary file has no name and nothing to lose: this store makes none.
        let Some(Ok(disk)) = (!name.is_null()).then(|| disk(path(name))) else {
            return ffi::SQLITE_CANTOPEN;
        };
        (*shim).disk = Arc::into_raw(disk);
        (*file).pMethods = &raw const METHODS;
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn delete(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    sync_directory: c_int,
) -> c_int {
    // SAFETY: SQLite passes this VFS and a C string.
    unsafe {
        machine().get_or_insert_default().disks.remove(&path(name));
        let real = real(vfs);
        (*real).xDelete.map_or(ffi::SQLITE_IOERR_DELETE, |delete| {
            delete(real, name, sync_directory)
        })
    }
}

unsafe extern "C" fn access(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    flags: c_int,
    result: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes this VFS, a C string and a place for the answer.
    unsafe {
        let cached = machine()
            .get_or_insert_default()
            .disks
            .get(&path(name))
            .cloned();
        let filled =
            |disk: Arc<Mutex<Disk>>| disk.lock().unwrap_or_else(PoisonError::into_inner).len() > 0;
        if flags == ffi::SQLITE_ACCESS_EXISTS && cached.is_some_and(filled) {
            *result = 1;
            return ffi::SQLITE_OK;
        }
        let real = real(vfs);
        (*real).xAccess.map_or(ffi::SQLITE_IOERR_ACCESS, |access| {
            access(real, name, flags, result)
        })
    }
}
