//! Reads tables of a TOML file so that every complaint has a line and a column.

use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Error;
use crate::error::nearest;

/// The file that is being read.
pub(super) struct Reader<'t> {
    file: PathBuf,
    text: &'t str,
}

/// A value and where it stands, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) line: usize,
    pub(super) column: usize,
}

/// A table with the path of keys that leads to it.
#[derive(Clone, Copy)]
pub(super) struct Table<'r, 't> {
    reader: &'r Reader<'t>,
    path: &'r str,
    entries: &'r DeTable<'t>,
}

impl<'t> Reader<'t> {
    pub(super) fn new(file: &Path, text: &'t str) -> Self {
        Self { file: file.to_owned(), text }
    }

    /// The file as a tree.
    pub(super) fn parse(&self) -> Result<Spanned<DeTable<'t>>, Error> {
        DeTable::parse(self.text).map_err(|error| {
            let message = error.message().trim().replace('\n', ", ");
            let position = error.span().map(|span| self.position(span.start));
            Error::new("not_toml", format!("not valid TOML: {message}")).in_file(&self.file, position)
        })
    }

    pub(super) fn top<'r>(&'r self, entries: &'r DeTable<'t>) -> Table<'r, 't> {
        Table { reader: self, path: "", entries }
    }

    /// Line and column of a byte, both from 1; columns count characters.
    fn position(&self, byte: usize) -> (usize, usize) {
        let before = self.text.get(..byte).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

impl<'r, 't> Table<'r, 't> {
    /// The names of the table's keys and where they stand.
    pub(super) fn keys(&self) -> impl Iterator<Item = Located<&'r str>> {
        self.entries.keys().map(|key| self.located(key, key.get_ref().as_ref()))
    }

    /// Refuses keys that mean nothing here.
    pub(super) fn allow(&self, known: &[&str]) -> Result<(), Error> {
        for key in self.keys() {
            if !known.contains(&key.value) {
                let near = nearest(key.value, known.iter().copied());
                let hint = near.map_or_else(
                    || format!("known here: {}", known.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                let place = if self.path.is_empty() {
                    "at the top of the file".to_owned()
                } else {
                    format!("in `[{}]`", self.path)
                };
                let message = format!("unknown key `{}` {place}", key.value);
                return Err(self.complain(&key, "unknown_key", message).hint(hint));
            }
        }
        Ok(())
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<Located<String>>, Error> {
        self.value(key, "a text", |value| value.as_str().map(str::to_owned))
    }

    pub(super) fn truth(&self, key: &str) -> Result<Option<Located<bool>>, Error> {
        self.value(key, "true or false", DeValue::as_bool)
    }

    /// A list of texts; a single text counts as a list of one.
    pub(super) fn texts(&self, key: &str) -> Result<Option<Located<Vec<String>>>, Error> {
        self.value(key, "a list of texts", |value| match value.as_str() {
            Some(text) => Some(vec![text.to_owned()]),
            None => value.as_array()?.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect(),
        })
    }

    /// The texts and whole numbers of an inner table by their keys, as written; nothing if it is not there.
    pub(super) fn numbers(&self, key: &str) -> Result<Vec<Located<(String, String)>>, Error> {
        let read = |inner: Table<'_, 't>| {
            let names: Vec<String> = inner.keys().map(|key| key.value.to_owned()).collect();
            let value = |name: String| {
                let written = inner.value(&name, "a whole number or a text", |value| {
                    value.as_str().or_else(|| value.as_integer().map(toml::de::DeInteger::as_str)).map(str::to_owned)
                })?;
                Ok(written.map(|written| written.map(|value| (name, value))))
            };
            names.into_iter().filter_map(|name| value(name).transpose()).collect()
        };
        Ok(self.table(key, read)?.unwrap_or_default())
    }

    /// Shows a table's inner table, if it is there.
    pub(super) fn table<T>(
        &self,
        key: &str,
        read: impl FnOnce(Table<'_, 't>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let Some(value) = self.entries.get(key) else { return Ok(None) };
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        let Some(entries) = value.get_ref().as_table() else { return Err(self.wrong_kind(key, value, "a table")) };
        read(Table { reader: self.reader, path: &path, entries }).map(Some)
    }

    pub(super) fn value<T>(
        &self,
        key: &str,
        wanted: &str,
        read: impl FnOnce(&DeValue<'t>) -> Option<T>,
    ) -> Result<Option<Located<T>>, Error> {
        let Some(value) = self.entries.get(key) else { return Ok(None) };
        match read(value.get_ref()) {
            Some(found) => Ok(Some(self.located(value, found))),
            None => Err(self.wrong_kind(key, value, wanted)),
        }
    }

    pub(super) fn complain<T>(&self, at: &Located<T>, code: &'static str, message: impl Into<String>) -> Error {
        Error::new(code, message).in_file(&self.reader.file, Some((at.line, at.column)))
    }

    fn wrong_kind(&self, key: &str, value: &Spanned<DeValue<'t>>, wanted: &str) -> Error {
        let found = value.get_ref().type_str();
        self.complain(&self.located(value, ()), "wrong_type", format!("`{key}` must be {wanted}, not {found}"))
    }

    fn located<V, T>(&self, spanned: &Spanned<V>, value: T) -> Located<T> {
        let (line, column) = self.reader.position(spanned.span().start);
        Located { value, line, column }
    }
}
