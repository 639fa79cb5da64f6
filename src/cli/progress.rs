//! One line on the terminal that says what is going on; it goes away when something is printed or done.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::app::Progress;
use crate::catalog::Operation;

/// The line; hidden unless the talk goes to a terminal.
pub struct ProgressLine {
    bar: ProgressBar,
    /// Whether it is to be seen now.
    is_started: AtomicBool,
    sent: AtomicUsize,
    under_way: AtomicUsize,
    /// Drawing takes a lock of its own; those who cannot have it at once need not wait, another call draws soon.
    drawing: Mutex<()>,
}

impl ProgressLine {
    /// A line on the standard error, or none.
    pub fn new(is_shown: bool) -> Self {
        let target = if is_shown { ProgressDrawTarget::stderr_with_hz(10) } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{spinner:.cyan} {msg:.dim} {elapsed:.dim}") {
            bar.set_style(style);
        }
        Self {
            bar,
            is_started: AtomicBool::new(false),
            sent: AtomicUsize::new(0),
            under_way: AtomicUsize::new(0),
            drawing: Mutex::new(()),
        }
    }

    /// Draws the line from here on. What is printed before needs not be suspended.
    pub fn start(&self) {
        if !self.bar.is_hidden() {
            self.is_started.store(true, Ordering::Relaxed);
            self.bar.reset();
            self.bar.enable_steady_tick(Duration::from_millis(100));
        }
    }

    /// Takes the line away while something else is printed.
    pub fn suspend(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }

    /// Takes the line away for good.
    pub fn finish(&self) {
        let _drawing = self.drawing.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_started.store(false, Ordering::Relaxed);
        // Else a tick that is under way may draw the line once more.
        self.bar.disable_steady_tick();
        self.bar.finish_and_clear();
    }

    fn draw(&self, operation: &Operation) {
        if self.bar.is_hidden() || !self.is_started.load(Ordering::Relaxed) {
            return;
        }
        if let Ok(_drawing) = self.drawing.try_lock() {
            let (sent, under_way) = (self.sent.load(Ordering::Relaxed), self.under_way.load(Ordering::Relaxed));
            let name = format!("{}.{}", operation.module, operation.name);
            self.bar.set_message(format!("{sent} calls, {under_way} under way, {name}"));
        }
    }
}

impl Progress for ProgressLine {
    fn sent(&self, operation: &'static Operation) {
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.under_way.fetch_add(1, Ordering::Relaxed);
        self.draw(operation);
    }

    fn ended(&self, operation: &'static Operation) {
        self.under_way.fetch_sub(1, Ordering::Relaxed);
        self.draw(operation);
    }
}
