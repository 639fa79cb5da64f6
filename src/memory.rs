//! The counting allocator, the only unsafe code: what a thread takes while it works for a run is charged to the run.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::ptr::null;
use std::sync::Arc;

use mimalloc::MiMalloc;

use crate::meter::Meter;
use crate::stack::{cost, look};

/// A thread tells its meter at the latest after so many bytes, so that threads do not fight for one cache line.
const BATCH: i64 = 32 * 1024;

thread_local! {
    static METER: Cell<*const Meter> = const { Cell::new(null()) };
    static PENDING: Cell<i64> = const { Cell::new(0) };
}

/// Does work whose memory this thread charges to `meter`; inside it, other work may be charged to another.
pub fn charge_to<T>(meter: &Arc<Meter>, work: impl FnOnce() -> T) -> T {
    flush();
    // Charges again what was charged before, also after a panic.
    let _restore = scopeguard::guard(METER.replace(Arc::as_ptr(meter)), |before| {
        flush();
        METER.set(before);
    });
    work()
}

/// The meter that this thread charges now, if it charges one.
#[expect(unsafe_code, reason = "the pointer is that of an `Arc` that `charge_to` borrows for as long")]
pub fn charged_now() -> Option<Arc<Meter>> {
    let meter = METER.get();
    (!meter.is_null()).then(|| unsafe {
        Arc::increment_strong_count(meter);
        Arc::from_raw(meter)
    })
}

/// Gives back to the system what is free: what this thread keeps for later, and what the allocator keeps for all.
#[expect(unsafe_code, reason = "has no conditions")]
pub fn give_back() {
    unsafe { libmimalloc_sys::mi_collect(true) }
}

fn charge(more: usize, less: usize) {
    look();
    PENDING.set(PENDING.get().saturating_add(more.cast_signed() as i64).saturating_sub(less.cast_signed() as i64));
    if PENDING.get().abs() > BATCH {
        flush();
    }
}

#[expect(unsafe_code, reason = "`charge_to` alone sets the pointer, and borrows the meter for as long")]
fn flush() {
    let pending = PENDING.replace(0);
    unsafe { METER.get().as_ref() }.inspect(|meter| meter.add(pending));
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;
struct Counting;
#[expect(unsafe_code, reason = "passes everything on to mimalloc")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        charge(cost(layout.size(), layout.align()), 0);
        unsafe { MiMalloc.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        charge(0, cost(layout.size(), layout.align()));
        unsafe { MiMalloc.dealloc(pointer, layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        charge(cost(size, layout.align()), cost(layout.size(), layout.align()));
        unsafe { MiMalloc.realloc(pointer, layout, size) }
    }
}
