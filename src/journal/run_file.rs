//! A run's file, read: its records, and what could not be read of it.

use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::record::Record;

/// A record with its place in the chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number in the file, from 0.
    pub seq: u64,
    /// The hash of the line before it.
    pub previous: String,
    /// When it was written.
    pub time: DateTime<Utc>,
    /// What it says.
    #[serde(flatten)]
    pub record: Record<'static>,
}

/// A run's file.
#[derive(Debug, Clone, PartialEq)]
pub struct RunFile {
    /// The file.
    pub path: PathBuf,
    /// Its records, in their order.
    pub entries: Vec<Entry>,
    /// What a person should know: lines that could not be read.
    pub notes: Vec<String>,
}

impl RunFile {
    /// Reads a run's file. A last line that was not written whole is skipped with a note; so is what is no record.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(path: &Path) -> io::Result<Self> {
        let bytes = std::fs::read(path)?;
        let mut file = Self { path: path.to_owned(), entries: Vec::new(), notes: Vec::new() };
        for (number, line) in lines_of(&bytes) {
            match line {
                Line::Torn => file.notes.push(format!("line {number} was not written whole, and is skipped")),
                Line::Whole(text) => match serde_json::from_slice(text) {
                    Ok(entry) => file.entries.push(entry),
                    Err(_) => file.notes.push(format!("line {number} is no record, and is skipped")),
                },
            }
        }
        Ok(file)
    }
}

/// A line of a file of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line<'t> {
    /// Without its end.
    Whole(&'t [u8]),
    /// The last one, whose end never came.
    Torn,
}

/// The lines with their numbers from 1; empty ones are left out.
pub(super) fn lines_of(bytes: &[u8]) -> impl Iterator<Item = (usize, Line<'_>)> {
    bytes.split_inclusive(|byte| *byte == b'\n').enumerate().filter_map(|(index, line)| {
        let line = match line.strip_suffix(b"\n") {
            Some(b"") => return None,
            Some(line) => Line::Whole(line),
            None => Line::Torn,
        };
        Some((index + 1, line))
    })
}
