//! Log lines on the standard error: level by `-v`, form by `--log-format`, scrubbed like everything else.

use std::io;
use std::sync::Arc;

use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::fmt::writer::MakeWriter;

use super::arguments::{LogFormat, Shared};
use crate::clock::Clock;
use crate::secret::{Scrubber, ScrubbingWriter};

/// Lets the log tell of each API call, or as much as the options say.
pub type TraceSwitch = Arc<dyn Fn(bool) + Send + Sync>;

/// What most commands log unless they are told to say more.
pub const USUAL: &str = "stackhand=warn";
/// What a server logs; the notices are those of channels whose kind is `log`.
pub const SERVING: &str = "stackhand=warn,stackhand::serve=info,stackhand::job=info,stackhand::notice=info";

/// Sets the process's log up; `usual` is what is logged when the options say nothing. A second call changes nothing.
pub fn start(
    shared: &Shared,
    usual: &'static str,
    colour: bool,
    filter: Option<&str>,
    clock: Clock,
    scrubber: &Scrubber,
) -> TraceSwitch {
    let default = match shared.verbose {
        0 if shared.quiet => "stackhand=error",
        0 => usual,
        1 => "stackhand=debug",
        2 => "stackhand=trace",
        _ => "stackhand=trace,reqwest=debug,hyper=debug",
    };
    let chosen = filter.unwrap_or(default).to_owned();
    let filter_of = move |text: &str| EnvFilter::try_new(text).unwrap_or_else(|_| EnvFilter::new(default));
    let filter = filter_of(&chosen);
    let text_of = move |is_on: bool| if is_on { "stackhand=debug".to_owned() } else { chosen.clone() };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(ScrubbedStandardError(scrubber.clone()))
        .with_ansi(colour)
        .with_timer(LogTime(clock));
    // Fails only if a log is set up already, as in a test that calls the command line twice.
    match shared.log_format.unwrap_or_default() {
        LogFormat::Text => {
            let builder = builder.with_target(false).with_filter_reloading();
            let handle = builder.reload_handle();
            let _ = builder.try_init();
            Arc::new(move |is_on| drop(handle.reload(filter_of(&text_of(is_on)))))
        }
        LogFormat::Json => {
            let builder = builder.json().flatten_event(true).with_filter_reloading();
            let handle = builder.reload_handle();
            let _ = builder.try_init();
            Arc::new(move |is_on| drop(handle.reload(filter_of(&text_of(is_on)))))
        }
    }
}

struct LogTime(Clock);

impl FormatTime for LogTime {
    fn format_time(&self, writer: &mut Writer<'_>) -> std::fmt::Result {
        write!(writer, "{}", self.0.now().format("%Y-%m-%dT%H:%M:%S%.3fZ"))
    }
}

struct ScrubbedStandardError(Scrubber);

impl MakeWriter<'_> for ScrubbedStandardError {
    type Writer = ScrubbingWriter<io::Stderr>;

    fn make_writer(&self) -> Self::Writer {
        ScrubbingWriter::new(io::stderr(), self.0.clone())
    }
}
