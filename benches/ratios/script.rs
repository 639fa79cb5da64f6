//! A script that is timed against something else: it runs once, on its own thread as always, and works when it is told.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use stackhand::auth::FixedToken;
use stackhand::clock::Clock;
use stackhand::engine::{self, Limits, Output, RunContext, Source};
use stackhand::meter::Meter;
use stackhand::resources::Platform;
use stackhand::secret::Secret;
use stackhand::transport::{Backend, Client, Endpoints, Live, LiveOptions, Target};

use tokio_util::sync::CancellationToken;

use super::servers::PROJECT;

/// What the script prints when it is ready for its turn: the time from one of these to the next is a turn's.
pub const TURN: &str = "turn";

/// A platform behind a backend, with a token that nobody checks.
pub fn platform(backend: Arc<dyn Backend>, endpoints: Endpoints) -> Platform {
    let clock = Clock::process();
    let tokens = Arc::new(FixedToken::new(Secret::from("a-token-that-nobody-checks")));
    let client = Client::builder(backend, tokens, clock.clone()).endpoints(endpoints).build();
    let target = Target { project: Some(PROJECT.to_owned()), region: Some("eu01".to_owned()) };
    Platform::new(Arc::new(client), target, clock)
}

/// The platform at a server on this machine, over the network as any user's.
pub fn live_platform(url: &str) -> Platform {
    let live = Live::new(&LiveOptions::default()).expect("the default options are good");
    platform(Arc::new(live), Endpoints::new().with_service("iaas", url).expect("a base URL"))
}

/// A running script.
pub struct Script {
    go: Sender<()>,
    done: Receiver<Duration>,
    meter: Arc<Meter>,
    cancel: CancellationToken,
    thread: JoinHandle<()>,
    _runtime: tokio::runtime::Runtime,
}

impl Script {
    /// Starts a script that prints [`TURN`] before each of its turns, and waits until it is ready for the first.
    pub fn start(platform: Platform, text: &str) -> Self {
        let (go, may_go) = channel();
        let (tell, done) = channel();
        // One thread, as the runtime of `stackhand run` has.
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let mut context = RunContext::new(runtime.handle().clone(), Clock::process());
        context.platform = Some(platform);
        context.limits = Limits { memory_bytes: 2 << 30, ..Limits::default() };
        context.output = Arc::new(Turns { went: Mutex::new(Instant::now()), may_go: Mutex::new(may_go), tell });
        let (meter, cancel) = (context.meter().clone(), context.cancel.clone());
        let source = Source::inline("bench.rhai", text);
        let thread = std::thread::spawn({
            let cancel = cancel.clone();
            move || {
                let outcome = engine::run(&source, context);
                if !cancel.is_cancelled() {
                    println!("{}", outcome.failure.map(|failure| failure.render(false)).unwrap_or_default());
                }
            }
        });
        let script = Self { go, done, meter, cancel, thread, _runtime: runtime };
        script.wait();
        script
    }

    /// Lets the script do its work once; how long that took, on the script's own thread.
    pub fn turn(&self) -> Duration {
        self.go.send(()).expect("the script runs");
        self.wait()
    }

    fn wait(&self) -> Duration {
        self.done.recv().expect("the script runs until it is told to end")
    }

    /// The bytes that the script holds.
    pub fn held(&self) -> u64 {
        self.meter.used()
    }

    /// Ends the script, which waits for its turn.
    pub fn end(self) {
        self.cancel.cancel();
        drop(self.go);
        let _ = self.thread.join();
    }
}

/// The other end: stops the script at each turn until it may go on.
struct Turns {
    went: Mutex<Instant>,
    may_go: Mutex<Receiver<()>>,
    tell: Sender<Duration>,
}

impl Output for Turns {
    fn print(&self, text: &str) {
        let mut went = self.went.lock().expect("unpoisoned");
        let took = went.elapsed();
        if text != TURN {
            return;
        }
        let _ = self.tell.send(took);
        let _ = self.may_go.lock().expect("unpoisoned").recv();
        *went = Instant::now();
    }

    fn say(&self, text: &str) {
        println!("{text}");
    }
}
