//! How much address space the process may still map. The stacks of threads are mapped at once, and where they took all
//! of it (`ulimit -v`), the next allocation of any kind would abort the process.

use std::fs;

/// What is kept free beside a run's memory: for the allocator's own pools and the threads of the runtime.
const RESERVE_BYTES: u64 = 192 << 20;

/// What the allocator may map for each further thread.
const POOL_BYTES: u64 = 64 << 20;

/// How many bytes may still be mapped; `None` without a limit, or where none can be told.
fn left() -> Option<u64> {
    // A line such as `Max address space   4294967296   unlimited   bytes`.
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let limit: u64 = number_behind(&limits, "Max address space")?;
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let mapped: u64 = number_behind(&status, "VmSize:")?;
    Some(limit.saturating_sub(mapped.saturating_mul(1024)))
}

fn number_behind(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The largest stack up to `wanted` for which there is room beside `memory` bytes of values; at least `least`.
pub(super) fn stack_that_fits(wanted: usize, least: usize, memory: u64) -> usize {
    let Some(left) = left() else { return wanted };
    let room = left.saturating_sub(memory).saturating_sub(RESERVE_BYTES);
    usize::try_from(room).unwrap_or(usize::MAX).clamp(least, wanted.max(least))
}

/// Whether there is room for another thread with such a stack beside `memory` bytes of values.
pub(super) fn has_room_for(stack: usize, memory: u64) -> bool {
    let needed = (stack as u64).saturating_add(POOL_BYTES).saturating_add(memory).saturating_add(RESERVE_BYTES);
    left().is_none_or(|left| left >= needed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_the_system_writes_them() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max address space         4294967296           unlimited            bytes     \n";
        assert_eq!(number_behind(limits, "Max address space"), Some(4_294_967_296));
        let none = "Max address space         unlimited            unlimited            bytes     \n";
        assert_eq!(number_behind(none, "Max address space"), None);
        assert_eq!(number_behind("Name:\tx\nVmSize:\t  123456 kB\n", "VmSize:"), Some(123_456));
    }

    #[test]
    fn a_stack_is_never_larger_than_wanted_nor_smaller_than_it_must_be() {
        assert_eq!(stack_that_fits(1 << 20, 1 << 20, u64::MAX), 1 << 20);
        assert!(stack_that_fits(64 << 20, 1 << 20, 0) <= 64 << 20);
    }
}
