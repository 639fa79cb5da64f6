//! The scrubber: what it has learnt does not get through, in any of the spellings it knows.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use aho_corasick::AhoCorasick;

use super::skim::Skim;
use super::view::{Escape, View};
use super::{bearer, forms};

/// What stands where a secret was.
pub const REDACTED: &str = "***";

/// How many escapes deep a secret is looked for: JSON in a JSON text in a query parameter.
const DEPTH: usize = 3;

/// Knows the run's secrets and takes them out of texts; clones share what they know.
///
/// A secret is found raw, JSON-escaped, percent-encoded (each up to three deep, mixed too) and in base64, also
/// inside a longer base64 text. Each line of a PEM counts by itself, and so does a token's signature. Cut a text
/// short only after it was scrubbed: half a secret is not recognised.
#[derive(Clone, Default)]
pub struct Scrubber(Arc<RwLock<Known>>);

#[derive(Default)]
struct Known {
    /// The secrets, and how often each was learnt.
    secrets: BTreeMap<String, usize>,
    /// Made when it is first needed after a change.
    matcher: Option<Arc<Matcher>>,
}

/// Whether a secret is guarded from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Learned {
    /// It will be taken out of every text.
    Guarded,
    /// It has fewer than six characters: taking it out would blank out ordinary words, so it is not looked for.
    TooShort,
}

pub(super) struct Matcher {
    automaton: Option<AhoCorasick>,
    /// Says sooner than the automaton that there is nothing to find.
    skim: Skim,
    needles: Vec<Vec<u8>>,
    /// What each needle is made of: at the end of most lines this alone says that none has begun.
    letters: Vec<Letters>,
}

/// A set of bytes.
struct Letters([u64; 4]);

impl Letters {
    fn of(text: &[u8]) -> Self {
        let mut set = [0; 4];
        for byte in text {
            set[usize::from(byte >> 6)] |= 1 << (byte & 63);
        }
        Self(set)
    }

    fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] & (1 << (byte & 63)) != 0
    }
}

impl Scrubber {
    /// A scrubber that knows no secret yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Guards a secret from now on.
    pub fn learn(&self, secret: &str) -> Learned {
        if secret.trim().len() < forms::SHORTEST {
            return Learned::TooShort;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let count = known.secrets.entry(secret.to_owned()).or_insert(0);
        *count += 1;
        if *count == 1 {
            known.matcher = None;
        }
        Learned::Guarded
    }

    /// Stops guarding what has lost its worth, such as a token long expired, once for each time it was learnt.
    pub fn forget(&self, secret: &str) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let Some(count) = known.secrets.get_mut(secret) else { return };
        *count -= 1;
        if *count == 0 {
            known.secrets.remove(secret);
            known.matcher = None;
        }
    }

    /// The text without secrets.
    #[must_use]
    pub fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.scrub_bytes(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        }
    }

    /// The bytes without secrets.
    #[must_use]
    pub fn scrub_bytes<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        let ranges = merged(self.matcher().hits(text));
        if ranges.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut clean = Vec::with_capacity(text.len());
        let mut copied = 0;
        for range in ranges {
            clean.extend_from_slice(&text[copied..range.start]);
            clean.extend_from_slice(REDACTED.as_bytes());
            copied = range.end;
        }
        clean.extend_from_slice(&text[copied..]);
        Cow::Owned(clean)
    }

    /// How many bytes at the end of `text` may be the beginning of a secret that goes on in the next write.
    pub(super) fn unfinished(&self, text: &[u8]) -> usize {
        self.matcher().unfinished(text)
    }

    pub(super) fn matcher(&self) -> Arc<Matcher> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(matcher) = &known.matcher {
            return matcher.clone();
        }
        drop(known);
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let matcher = Arc::new(Matcher::new(known.secrets.keys().map(String::as_str)));
        known.matcher = Some(matcher.clone());
        matcher
    }
}

impl fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scrubber")
    }
}

impl Matcher {
    fn new<'s>(secrets: impl Iterator<Item = &'s str>) -> Self {
        let mut needles: Vec<_> = secrets.flat_map(forms::needles).collect();
        needles.sort_unstable();
        needles.dedup();
        // Building fails only beyond two thousand million states; secrets are far from that.
        let automaton = (!needles.is_empty()).then(|| AhoCorasick::new(&needles).ok()).flatten();
        let letters = needles.iter().map(|needle| Letters::of(needle)).collect();
        Self { automaton, skim: Skim::of(needles.clone()), needles, letters }
    }

    /// The ranges of secrets in `text`, in no order, overlapping.
    fn hits(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut hits = bearer::credentials(text);
        self.each_view(text, &mut |bytes, layers| {
            let Some(automaton) = self.automaton.as_ref().filter(|_| self.skim.finds(bytes)) else { return };
            hits.extend(automaton.find_overlapping_iter(bytes).map(|hit| origin(hit.range(), layers)));
        });
        hits
    }

    fn unfinished(&self, text: &[u8]) -> usize {
        let longest = self.needles.iter().map(Vec::len).max().unwrap_or(0);
        // Escaped three deep, one byte of a secret takes at most this many bytes.
        let text = &text[text.len().saturating_sub(longest.saturating_mul(12))..];
        let mut first = text.len();
        self.each_view(text, &mut |bytes, layers| {
            let complete = bytes.len() - unfinished_escape(bytes);
            let begun = self.begun(bytes).max(bytes.len() - complete + self.begun(&bytes[..complete]));
            if begun > 0 {
                first = first.min(origin(bytes.len() - begun..bytes.len(), layers).start);
            }
        });
        text.len() - first
    }

    /// The length of the longest end of `bytes` with which a needle begins, but does not end.
    fn begun(&self, bytes: &[u8]) -> usize {
        let Some(last) = bytes.last().copied() else { return 0 };
        let longest_begun = |needle: &Vec<u8>| {
            let most = needle.len().saturating_sub(1).min(bytes.len());
            (1..=most).rev().find(|length| needle[length - 1] == last && bytes.ends_with(&needle[..*length]))
        };
        let candidates = self.needles.iter().zip(&self.letters).filter(|(_, letters)| letters.has(last));
        candidates.filter_map(|(needle, _)| longest_begun(needle)).max().unwrap_or(0)
    }

    /// Shows the text and every way to undo its escapes, with the views that lead back.
    fn each_view(&self, text: &[u8], visit: &mut dyn FnMut(&[u8], &[&View])) {
        if !self.needles.is_empty() {
            descend(text, &mut Vec::new(), visit);
        }
    }
}

fn descend<'v>(text: &[u8], layers: &mut Vec<&'v View>, visit: &mut dyn FnMut(&[u8], &[&View])) {
    visit(text, layers);
    if layers.len() == DEPTH {
        return;
    }
    for escape in Escape::ALL {
        let Some(view) = View::of(text, escape) else { continue };
        let mut deeper: Vec<&View> = layers.clone();
        deeper.push(&view);
        descend(&view.bytes, &mut deeper, visit);
    }
}

/// Leads a range of the innermost view back to the text.
fn origin(range: Range<usize>, layers: &[&View]) -> Range<usize> {
    layers.iter().rev().fold(range, |range, view| view.origin(&range))
}

/// The length of an escape at the end that is not complete yet, such as `%4` or `\u00`.
fn unfinished_escape(text: &[u8]) -> usize {
    let tail = &text[text.len().saturating_sub(9)..];
    let is_open = |place: usize| match &tail[place..] {
        [b'\\'] => true,
        [b'%', rest @ ..] | [b'\\', b'x', rest @ ..] => rest.len() < 2,
        [b'\\', b'u', b'{', rest @ ..] => !rest.contains(&b'}'),
        [b'\\', b'u', rest @ ..] => rest.len() < 4,
        _ => false,
    };
    (0..tail.len()).find(|place| is_open(*place)).map_or(0, |place| tail.len() - place)
}

fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

#[cfg(test)]
#[path = "scrubber_tests.rs"]
mod tests;
