//! The counting allocator, the only unsafe code: what a thread takes while it works for a run is charged to the run.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::ptr::null;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use mimalloc::MiMalloc;

/// A thread tells its meter at the latest after so many bytes, so that threads do not fight for one cache line.
const BATCH: i64 = 32 * 1024;

/// How many bytes a run holds.
#[derive(Debug, Default)]
pub struct Meter(AtomicI64);
impl Meter {
    /// The bytes in use, as far as the threads of the run have told. It never owes: what a thread freed for others,
    /// such as the network's buffers, is forgotten rather than set against what the run takes later.
    pub fn used(&self) -> u64 {
        let used = self.0.load(Ordering::Relaxed);
        if used < 0 { self.0.fetch_max(0, Ordering::Relaxed).max(0).unsigned_abs() } else { used.unsigned_abs() }
    }
}

thread_local! {
    static METER: Cell<*const Meter> = const { Cell::new(null()) };
    static PENDING: Cell<i64> = const { Cell::new(0) };
}

/// Does work whose memory this thread charges to `meter`; inside it, other work may be charged to another.
pub fn charge_to<T>(meter: &Arc<Meter>, work: impl FnOnce() -> T) -> T {
    flush();
    let _restore = Restore(METER.replace(Arc::as_ptr(meter)));
    work()
}

/// Charges again what was charged before, also after a panic.
struct Restore(*const Meter);

impl Drop for Restore {
    fn drop(&mut self) {
        flush();
        METER.set(self.0);
    }
}

fn charge(more: usize, less: usize) {
    crate::stack::look();
    PENDING.set(PENDING.get().saturating_add(more.cast_signed() as i64).saturating_sub(less.cast_signed() as i64));
    if PENDING.get().abs() > BATCH {
        flush();
    }
}

#[expect(unsafe_code, reason = "`charge_to` alone sets the pointer, and borrows the meter for as long")]
fn flush() {
    let pending = PENDING.replace(0);
    unsafe { METER.get().as_ref() }.inspect(|meter| _ = meter.0.fetch_add(pending, Ordering::Relaxed));
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;
struct Counting;
#[expect(unsafe_code, reason = "passes everything on to mimalloc")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        charge(layout.size(), 0);
        unsafe { MiMalloc.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        charge(0, layout.size());
        unsafe { MiMalloc.dealloc(pointer, layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        charge(size, layout.size());
        unsafe { MiMalloc.realloc(pointer, layout, size) }
    }
}
