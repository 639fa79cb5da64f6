//! The counting allocator: the only unsafe code. A thread that works for a run carries the run's [`Meter`]: what it
//! allocates is charged there, what it frees is credited.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr::null;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A thread tells its meter at the latest after so many bytes, so that threads do not fight for one cache line.
const BATCH: i64 = 32 * 1024;

/// How many bytes a run holds.
#[derive(Debug, Default)]
pub struct Meter(AtomicI64);

impl Meter {
    /// The bytes in use, as far as the threads of the run have told.
    pub fn used(&self) -> u64 {
        u64::try_from(self.0.load(Ordering::Relaxed)).unwrap_or(0)
    }
}

thread_local! {
    static METER: Cell<*const Meter> = const { Cell::new(null()) };
    static PENDING: Cell<i64> = const { Cell::new(0) };
}

/// Charges this thread's work to a meter until dropped. Stays on its thread, as the pointer in it makes sure.
pub struct Charging(*const Meter, Arc<Meter>);

impl Charging {
    /// Starts to charge `meter`; once dropped, the meter before it is charged again.
    #[must_use]
    pub fn to(meter: &Arc<Meter>) -> Self {
        flush();
        Self(METER.replace(Arc::as_ptr(meter)), meter.clone())
    }
}

impl Drop for Charging {
    fn drop(&mut self) {
        debug_assert_eq!(METER.get(), Arc::as_ptr(&self.1), "guards are dropped in reverse");
        flush();
        METER.set(self.0);
    }
}

/// Charges bytes that this thread takes over from one that works for no run, or credits them if negative.
pub fn charge(bytes: i64) {
    if PENDING.replace(PENDING.get().saturating_add(bytes)).saturating_add(bytes).abs() > BATCH {
        flush();
    }
}

#[expect(unsafe_code, reason = "`Charging` alone sets the pointer, and holds the meter for as long")]
fn flush() {
    if let Some(meter) = unsafe { METER.get().as_ref() } {
        meter.0.fetch_add(PENDING.get(), Ordering::Relaxed);
    }
    PENDING.set(0);
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[expect(unsafe_code, reason = "passes everything on to the system's allocator")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        charge(layout.size().cast_signed() as i64);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        charge(-(layout.size().cast_signed() as i64));
        unsafe { System.dealloc(pointer, layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        charge(size.cast_signed() as i64 - layout.size().cast_signed() as i64);
        unsafe { System.realloc(pointer, layout, size) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        charge(layout.size().cast_signed() as i64);
        unsafe { System.alloc_zeroed(layout) }
    }
}
