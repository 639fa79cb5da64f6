//! How far a thread has gone down its stack since it last came by a mark. What nests values in each other needs stack
//! for each level of them, and a full stack would abort the process.

use std::cell::Cell;

/// So much below the mark is deep: thousands of levels, and a small part of a script thread's stack, so that what then
/// has to be dropped, compared or shown still fits.
const DEEP_BYTES: usize = 1 << 20;

thread_local! {
    static MARK: Cell<usize> = const { Cell::new(0) };
    static IS_DEEP: Cell<bool> = const { Cell::new(false) };
}

/// What memory counts for: its size, and the stack that dropping what it holds may take. rhai's lists and maps take 24
/// bytes, its closures 48, each in memory of its own, and shared ones lie in each other as deep as memory goes. What is
/// counted follows from the peaks of `tests/hostile/nested_closures*.rhai`; unoptimised builds take much more stack.
pub const fn cost(size: usize, align: usize) -> usize {
    const LEVEL: usize = if cfg!(debug_assertions) { 128 } else { 32 };
    match (size, align) {
        (24, 8) => size + LEVEL,
        (48, 8) => size + 2 * LEVEL,
        _ => size,
    }
}

/// Marks where the stack is now. Says whether it was deep since the last mark, as far as [`look`] saw it.
pub fn mark() -> bool {
    MARK.set(here());
    IS_DEEP.get() && IS_DEEP.replace(false)
}

/// Takes the mark away: what comes now may go as deep as it likes.
pub fn unmark() {
    MARK.set(0);
}

/// Looks how deep the stack is. The allocator calls it, since copying a value allocates at each of its levels.
#[inline]
pub fn look() {
    if MARK.get().saturating_sub(here()) > DEEP_BYTES {
        IS_DEEP.set(true);
    }
}

/// About where the stack ends now; it grows downwards on all machines that we build for.
#[inline]
fn here() -> usize {
    let local = 0_u8;
    std::ptr::from_ref(&local).addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn down(levels: usize) -> usize {
        let kept = std::hint::black_box([levels; 64]);
        look();
        if levels == 0 { kept[0] } else { down(levels - 1) + kept[1] }
    }

    #[test]
    fn only_what_is_far_below_the_mark_is_deep() {
        let thread = std::thread::Builder::new().stack_size(32 << 20).spawn(|| {
            let _ = mark();
            down(100);
            assert!(!mark());
            down(10_000);
            assert!(mark(), "it was deep");
            assert!(!mark(), "it is told once");
            unmark();
            down(10_000);
            assert!(!mark(), "without a mark nothing is deep");
        });
        thread.unwrap().join().unwrap();
    }
}
