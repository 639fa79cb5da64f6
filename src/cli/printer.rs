//! The only place that prints. Data goes to the standard output, talk to the standard error; both are scrubbed.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::arguments::{ColorChoice, OutputFormat};
use super::out_file::OutFile;
use super::terminal::harmless;
use crate::engine::LogLevel;
use crate::error::{Error, Kind, Result, io_cause};
use crate::secret::Scrubber;

/// Prints for one process.
#[derive(Clone)]
pub struct Printer {
    sinks: Arc<Mutex<Sinks>>,
    scrubber: Scrubber,
    /// How results are shown.
    pub format: OutputFormat,
    /// What each stream can do.
    pub streams: Streams,
    is_quiet: bool,
}

struct Sinks {
    data: Data,
    talk: Box<dyn Write + Send>,
    /// The reader of the data has gone (`| head`): nothing more is written, and that is no error.
    is_closed: bool,
    /// Why the data could not be written, if it was not the reader who went.
    failure: Option<io::Error>,
}

/// Where data goes.
enum Data {
    Stream(Box<dyn Write + Send>),
    File(OutFile),
}

impl Data {
    fn write_text(&mut self, text: &str) -> io::Result<()> {
        let sink: &mut dyn Write = match self {
            Self::Stream(stream) => stream,
            Self::File(file) => file,
        };
        sink.write_all(text.as_bytes())?;
        if !text.ends_with('\n') {
            sink.write_all(b"\n")?;
        }
        sink.flush()
    }
}

/// What the two streams can do, decided once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts of two streams")]
pub struct Streams {
    /// Whether data may be coloured.
    pub data_colour: bool,
    /// Whether talk may be coloured.
    pub talk_colour: bool,
    /// Whether data goes to a terminal, which would obey the control characters in it.
    pub data_terminal: bool,
    /// Whether talk goes to a terminal, so that progress may be drawn.
    pub talk_terminal: bool,
    /// Columns of the terminal; `None` when data is piped.
    pub width: Option<u16>,
}

impl Streams {
    /// Looks at the process's streams.
    #[must_use]
    pub fn of_process(choice: ColorChoice, no_color: bool) -> Self {
        let (data, talk) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let colour = |is_terminal: bool| match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => is_terminal && !no_color,
        };
        let width = comfy_table::Table::new().width().filter(|_| data);
        Self { data_colour: colour(data), talk_colour: colour(talk), data_terminal: data, talk_terminal: talk, width }
    }
}

/// What a line of talk is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tone {
    Plain,
    Note,
    Warning,
    Error,
    Hint,
}

impl Printer {
    /// A printer for the process's own streams.
    #[must_use]
    pub fn new(format: OutputFormat, streams: Streams, is_quiet: bool, scrubber: Scrubber) -> Self {
        Self::to(Box::new(io::stdout()), Box::new(io::stderr()), format, streams, is_quiet, scrubber)
    }

    /// A printer into other sinks.
    #[must_use]
    pub fn to(
        data: Box<dyn Write + Send>,
        talk: Box<dyn Write + Send>,
        format: OutputFormat,
        streams: Streams,
        is_quiet: bool,
        scrubber: Scrubber,
    ) -> Self {
        let sinks = Arc::new(Mutex::new(Sinks { data: Data::Stream(data), talk, is_closed: false, failure: None }));
        Self { sinks, scrubber, format, streams, is_quiet }
    }

    /// Sends the data to a file from here on; it is in its place after [`Self::finish_data`].
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn redirect_data(&mut self, path: &std::path::Path) -> Result<()> {
        let file = OutFile::new(path).map_err(|error| {
            Error::new(Kind::Usage, "out_not_writable", format!("cannot write the result: {}", io_cause(&error)))
                .with_place(path.display().to_string())
                .with_hint("give a path in a folder that exists and that you may write to with `--out`")
        })?;
        self.sinks.lock().unwrap_or_else(PoisonError::into_inner).data = Data::File(file);
        self.streams.data_colour = false;
        self.streams.data_terminal = false;
        self.streams.width = None;
        Ok(())
    }

    /// Whether results are for machines, so that only the result may go to the standard output.
    #[must_use]
    pub fn is_for_machines(&self) -> bool {
        self.format != OutputFormat::Table
    }

    /// What a script prints: data for people, talk when the result is for machines.
    pub fn script_line(&self, text: &str) {
        if self.is_for_machines() { self.write_talk(text, Tone::Plain) } else { self.data(text) }
    }

    /// A line (or more) of data.
    pub fn data(&self, text: &str) {
        let mut text = self.scrubber.scrub(text);
        if self.streams.data_terminal {
            text = harmless(&text, self.streams.data_colour).into_owned().into();
        }
        let mut sinks = self.sinks.lock().unwrap_or_else(PoisonError::into_inner);
        if sinks.is_closed {
            return;
        }
        if let Err(error) = sinks.data.write_text(&text) {
            sinks.is_closed = true;
            sinks.failure = Some(error).filter(|error| error.kind() != io::ErrorKind::BrokenPipe);
        }
    }

    /// Puts the file of the data in its place, if the data goes to a file, has been written, and all of it.
    pub fn finish_data(&self) {
        let mut sinks = self.sinks.lock().unwrap_or_else(PoisonError::into_inner);
        if sinks.is_closed {
            return;
        }
        if let Data::File(file) = &mut sinks.data
            && let Err(error) = file.finish()
        {
            sinks.failure = Some(error);
        }
    }

    /// Why data could not be written, such as a disk that is full; nothing if it is the reader who went.
    #[must_use]
    pub fn data_failure(&self) -> Option<Error> {
        let failure = self.sinks.lock().unwrap_or_else(PoisonError::into_inner).failure.take()?;
        let message = format!("the result could not be written: {}", io_cause(&failure));
        Some(Error::new(Kind::Script, "result_not_written", message).with_hint("what the run did is done all the same"))
    }

    /// A result in the chosen format: `text` for people, `value` for machines.
    ///
    /// # Errors
    /// When the value cannot be written in the format.
    pub fn result(&self, value: &Value, text: &str) -> Result<()> {
        let broken = |error: String| Error::new(Kind::Bug, "result_not_writable", error);
        match self.format {
            OutputFormat::Table => {
                if !text.is_empty() {
                    self.data(text);
                }
            }
            OutputFormat::Json => {
                self.data(&serde_json::to_string_pretty(value).map_err(|error| broken(error.to_string()))?);
            }
            OutputFormat::Yaml => {
                self.data(&serde_saphyr::to_string(value).map_err(|error| broken(error.to_string()))?);
            }
            OutputFormat::Ndjson => match value {
                Value::Array(items) => items.iter().for_each(|item| self.data(&item.to_string())),
                Value::Null => {}
                other => self.data(&other.to_string()),
            },
        }
        Ok(())
    }

    /// A line about the progress of things; silent with `-q`.
    pub fn note(&self, text: &str) {
        if !self.is_quiet {
            self.write_talk(text, Tone::Note);
        }
    }

    /// Something that is not wrong yet.
    pub fn warning(&self, text: &str) {
        self.write_talk(text, Tone::Warning);
    }

    /// An error that ends the process.
    pub fn error(&self, error: &Error) {
        self.write_talk(&error.to_string(), Tone::Error);
        if let Some(call) = error.call.as_ref().filter(|call| !call.request.is_empty()) {
            let status = call.status.map(|status| format!(" → {status}")).unwrap_or_default();
            let id = call.request_id.as_ref().map(|id| format!(" (request id {id})")).unwrap_or_default();
            self.write_talk(&format!("  = request: {}{status}{id}", call.request), Tone::Plain);
        }
        if let Some(hint) = &error.hint {
            self.write_talk(hint, Tone::Hint);
        }
    }

    /// A line of a script's `log` or `notify`.
    pub fn log_line(&self, level: LogLevel, text: &str) {
        match level {
            LogLevel::Debug | LogLevel::Info => self.note(text),
            LogLevel::Notice => self.write_talk(text, Tone::Plain),
            LogLevel::Warn => self.write_talk(text, Tone::Warning),
            LogLevel::Error => self.write_talk(text, Tone::Error),
        }
    }

    /// Talk that is already laid out, such as a diagnostic with its own colours.
    pub fn talk(&self, text: &str) {
        self.write_talk(text, Tone::Plain);
    }

    fn write_talk(&self, text: &str, tone: Tone) {
        use anstyle::{AnsiColor, Style};
        let (label, style) = match tone {
            Tone::Plain => ("", Style::new()),
            Tone::Note => ("", Style::new().dimmed()),
            Tone::Warning => ("warning", AnsiColor::Yellow.on_default().bold()),
            Tone::Error => ("error", AnsiColor::Red.on_default().bold()),
            Tone::Hint => ("hint", AnsiColor::Cyan.on_default().bold()),
        };
        let mut text = self.scrubber.scrub(text.trim_end_matches('\n'));
        if self.streams.talk_terminal {
            text = harmless(&text, self.streams.talk_colour).into_owned().into();
        }
        let line = match (label, self.streams.talk_colour) {
            ("", false) => format!("{text}\n"),
            ("", true) => format!("{style}{text}{style:#}\n"),
            (label, false) => format!("{label}: {text}\n"),
            (label, true) => format!("{style}{label}:{style:#} {text}\n"),
        };
        let mut sinks = self.sinks.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody is left to be told that talk cannot be written.
        let _ = sinks.talk.write_all(line.as_bytes()).and_then(|()| sinks.talk.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What a text of a script becomes as data, as talk and as a result.
    fn written(is_terminal: bool) -> String {
        let sink = Sink::default();
        let streams = Streams {
            data_colour: false,
            talk_colour: false,
            data_terminal: is_terminal,
            talk_terminal: is_terminal,
            width: None,
        };
        let (data, talk) = (Box::new(sink.clone()), Box::new(sink.clone()));
        let printer = Printer::to(data, talk, OutputFormat::Table, streams, false, Scrubber::default());
        let text = "a\u{1b}[2J\tb\r";
        printer.script_line(text);
        printer.log_line(LogLevel::Info, text);
        printer.talk(text);
        printer.result(&Value::Null, text).expect("it is written");
        String::from_utf8(sink.0.lock().expect("unpoisoned").clone()).expect("text")
    }

    #[test]
    fn a_terminal_is_given_nothing_to_obey_and_a_pipe_all() {
        assert_eq!(written(true), "a␛[2J\tb␍\n".repeat(4));
        assert_eq!(written(false), "a\u{1b}[2J\tb\r\n".repeat(4));
    }
}
