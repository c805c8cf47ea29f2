//! Many runs, each single-threaded, on every core.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// The results of a function for every number below `end`, in order.
///
/// # Panics
/// As the function does.
pub fn each<T: Send>(end: u64, run: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let next = AtomicU64::new(0);
    let work = || {
        let numbers = std::iter::from_fn(|| {
            let number = next.fetch_add(1, Ordering::Relaxed);
            (number < end).then_some(number)
        });
        numbers
            .map(|number| (number, run(number)))
            .collect::<Vec<_>>()
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut results: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let joined = workers.into_iter().map(thread::ScopedJoinHandle::join);
        let results =
            joined.map(|results| results.unwrap_or_else(|e| std::panic::resume_unwind(e)));
        results.flatten().collect()
    });
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}
