//! Huge pages: one for the beginning of the heap, and no more.
//!
//! Every run fills most of the heap's first two megabytes. As one huge page they come at once; as small ones each costs
//! a fault when it is first touched, half a millisecond in all. Beyond them huge pages would cost memory: a run's
//! threads each take a little of many places, and 64 of them held 286 MiB instead of 99.

/// Keeps the pages small from now on. The allocator, which asks for huge pages, has its first by now.
///
/// Where the system cannot do that, memory is used more freely. Programs that are started inherit it.
pub fn stay_small() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}
