//! A sink that lets no secret through, however the writes cut it.

use std::io::{self, Write};

use super::Scrubber;

/// A line longer than this is passed on in pieces, each held back where it may end within a secret.
const LONGEST_LINE: usize = 1 << 20;

/// Scrubs what is written to it, line by line, and passes it on.
///
/// A line goes out when it ends. A flush sends what there is of an unfinished line, but for an end that may be the
/// beginning of a secret: that waits for the next write. Dropping the writer sends the rest.
#[derive(Debug)]
pub struct ScrubbingWriter<W: Write> {
    sink: W,
    scrubber: Scrubber,
    pending: Vec<u8>,
}

impl<W: Write> ScrubbingWriter<W> {
    /// Guards a sink.
    pub fn new(sink: W, scrubber: Scrubber) -> Self {
        Self { sink, scrubber, pending: Vec::new() }
    }

    fn pass_on(&mut self, length: usize) -> io::Result<()> {
        if length == 0 {
            return Ok(());
        }
        let rest = self.pending.split_off(length);
        let text = std::mem::replace(&mut self.pending, rest);
        self.sink.write_all(&self.scrubber.scrub_bytes(&text))
    }

    fn pass_on_finished(&mut self) -> io::Result<()> {
        self.pass_on(self.pending.len() - self.scrubber.unfinished(&self.pending))
    }
}

impl<W: Write> Write for ScrubbingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        let ends_line = |byte: &u8| matches!(byte, b'\n' | b'\r');
        if let Some(end) = bytes.iter().rposition(ends_line) {
            let length = self.pending.len() - (bytes.len() - end - 1);
            // A secret may itself have lines.
            let held = self.scrubber.unfinished(&self.pending[..length]);
            self.pass_on(length - held)?;
        } else if self.pending.len() > LONGEST_LINE {
            self.pass_on_finished()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass_on_finished()?;
        self.sink.flush()
    }
}

impl<W: Write> Drop for ScrubbingWriter<W> {
    fn drop(&mut self) {
        // A destructor has nobody to tell that the sink is gone.
        let _ = self.pass_on(self.pending.len());
        let _ = self.sink.flush();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(pieces: &[&[u8]], secret: &str) -> String {
        let scrubber = Scrubber::new();
        scrubber.learn(secret);
        let mut sink = Vec::new();
        let mut writer = ScrubbingWriter::new(&mut sink, scrubber);
        for piece in pieces {
            writer.write_all(piece).unwrap();
            writer.flush().unwrap();
        }
        drop(writer);
        String::from_utf8(sink).unwrap()
    }

    #[test]
    fn a_secret_split_over_two_writes_is_caught() {
        assert_eq!(written(&[b"key hun", b"ter22\n"], "hunter22"), "key ***\n");
        assert_eq!(written(&[b"key a%2", b"fb%2Fcdef"], "a/b/cdef"), "key ***");
    }

    #[test]
    fn a_prompt_is_shown_at_once() {
        let scrubber = Scrubber::new();
        scrubber.learn("hunter22");
        let mut writer = ScrubbingWriter::new(Vec::new(), scrubber);
        writer.write_all(b"go on? [y/N] ").unwrap();
        assert!(writer.sink.is_empty());
        writer.flush().unwrap();
        assert_eq!(writer.sink, b"go on? [y/N] ");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_cut_lets_a_secret_through(cuts in proptest::collection::vec(0_usize..60, 0..5)) {
            let secret = "pa\"ss\nwörd%41";
            let text = format!("x {secret} y {} z\n", serde_json::to_string(secret).unwrap()).into_bytes();
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(text.len())).chain([0, text.len()]).collect();
            cuts.sort_unstable();
            let pieces: Vec<_> = cuts.windows(2).map(|cut| &text[cut[0]..cut[1]]).collect();
            prop_assert_eq!(written(&pieces, secret), "x *** y \"***\" z\n");
        }
    }
}
