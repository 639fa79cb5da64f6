//! Reads tables of a TOML file so that every complaint has a line and a column.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Number, Value};
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::choice::Choice;
use super::given_secret::GivenSecret;
use super::web_address::Unfit;
use super::{Error, duration};

/// The file that is being read.
pub(super) struct Reader<'t> {
    file: PathBuf,
    text: &'t str,
    /// Where each line begins.
    lines: Vec<usize>,
}

/// A value of `stackhand.toml` and where it stands, so that whoever finds it wrong can say so at the right place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1; columns count characters.
    pub column: usize,
}

/// A table with the path of keys that leads to it.
#[derive(Clone, Copy)]
pub(super) struct Table<'r, 't> {
    reader: &'r Reader<'t>,
    path: &'r str,
    /// Whether it is one of several in a list.
    is_listed: bool,
    /// Where it begins, in bytes.
    start: usize,
    entries: &'r DeTable<'t>,
}

/// A value of a table.
pub(super) type Entry<'t> = Spanned<DeValue<'t>>;

impl<T> Located<T> {
    pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> Located<U> {
        self.with(()).with_value(change(self.value))
    }

    /// Another value at the same place.
    #[must_use]
    pub fn with<U>(&self, value: U) -> Located<U> {
        Located { value, line: self.line, column: self.column }
    }
}

impl Located<()> {
    fn with_value<U>(self, value: U) -> Located<U> {
        Located { value, line: self.line, column: self.column }
    }
}

impl<'t> Reader<'t> {
    pub(super) fn new(file: &Path, text: &'t str) -> Self {
        // What some editors put at the beginning of a text is no part of its first line.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let starts = text.match_indices('\n').map(|(newline, _)| newline + 1);
        Self { file: file.to_owned(), text, lines: std::iter::once(0).chain(starts).collect() }
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
        Table { reader: self, path: "", is_listed: false, start: 0, entries }
    }

    /// Line and column of a byte, both from 1; columns count characters.
    fn position(&self, byte: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|start| *start <= byte).max(1);
        let start = self.lines[line - 1];
        let before = self.text.get(start..byte).unwrap_or_default();
        (line, before.chars().count() + 1)
    }
}

impl<'r, 't> Table<'r, 't> {
    /// The names of the table's keys and where they stand.
    pub(super) fn keys(&self) -> impl Iterator<Item = Located<&'r str>> {
        self.entries.keys().map(|key| self.located(key, key.get_ref().as_ref()))
    }

    pub(super) fn get(&self, key: &str) -> Option<&'r Entry<'t>> {
        self.entries.get(key)
    }

    /// The names, keys and values in the order in which they stand in the file.
    pub(super) fn entries_in_order(&self) -> Vec<(&'r str, &'r Spanned<toml::de::DeString<'t>>, &'r Entry<'t>)> {
        let mut entries: Vec<_> =
            self.entries.iter().map(|(key, value)| (key.get_ref().as_ref(), key, value)).collect();
        entries.sort_by_key(|(_, key, _)| key.span().start);
        entries
    }

    /// Where the table stands, for a message: `in `[profile.prod]``.
    pub(super) fn whereabouts(&self) -> String {
        match (self.path, self.is_listed) {
            ("", _) => "at the top of the file".to_owned(),
            (path, true) => format!("in `[[{path}]]`"),
            (path, false) => format!("in `[{path}]`"),
        }
    }

    /// Where the table begins.
    pub(super) fn place(&self) -> Located<()> {
        let (line, column) = self.reader.position(self.start);
        Located { value: (), line, column }
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<Located<String>>, Error> {
        self.value(key, "a text", |value| value.as_str().map(str::to_owned))
    }

    pub(super) fn truth(&self, key: &str) -> Result<Option<Located<bool>>, Error> {
        self.value(key, "true or false", DeValue::as_bool)
    }

    pub(super) fn number(&self, key: &str) -> Result<Option<Located<u64>>, Error> {
        self.value(key, "a whole number", |value| value.as_integer().and_then(whole))
    }

    pub(super) fn duration(&self, key: &str) -> Result<Option<Located<Duration>>, Error> {
        self.value(key, "a duration", |value| duration::parse(value.as_str()?).ok()?.to_std().ok())
    }

    pub(super) fn secret(&self, key: &str) -> Result<Option<Located<GivenSecret>>, Error> {
        self.value(key, "a text", |value| value.as_str().map(GivenSecret::parse))
    }

    pub(super) fn choice<C: Choice>(&self, key: &str) -> Result<Option<Located<C>>, Error> {
        self.value(key, "one of the words it knows", |value| C::of(value.as_str()?))
    }

    /// Words out of a few; a single one counts as a list of one.
    pub(super) fn choices<C: Choice>(&self, key: &str) -> Result<Option<Vec<C>>, Error> {
        let Some(words) = self.texts(key)? else { return Ok(None) };
        let complain = || self.complain(&words, "unknown_value", format!("`{key}` knows not all of these"));
        words.value.iter().map(|word| C::of(word).ok_or_else(complain)).collect::<Result<_, _>>().map(Some)
    }

    /// A list of texts; a single text counts as a list of one.
    pub(super) fn texts(&self, key: &str) -> Result<Option<Located<Vec<String>>>, Error> {
        self.value(key, "a list of texts", |value| match value.as_str() {
            Some(text) => Some(vec![text.to_owned()]),
            None => value.as_array()?.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect(),
        })
    }

    /// The same, each text with its own place.
    pub(super) fn located_texts(&self, key: &str) -> Result<Option<Vec<Located<String>>>, Error> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let one = |item: &Entry<'t>| Some(self.located(item, item.get_ref().as_str()?.to_owned()));
        let all = match value.get_ref().as_array() {
            Some(items) => items.iter().map(one).collect::<Option<Vec<_>>>(),
            None => one(value).map(|text| vec![text]),
        };
        all.map(Some).ok_or_else(|| self.wrong_kind(key, value, "a list of texts"))
    }

    /// The texts and whole numbers of an inner table by their keys, as written; nothing if it is not there.
    pub(super) fn numbers(&self, key: &str) -> Result<Vec<Located<(String, String)>>, Error> {
        let read = |inner: Table<'_, 't>| {
            let names: Vec<String> = inner.keys().map(|key| key.value.to_owned()).collect();
            let value = |name: String| {
                let written = inner.value(&name, "a whole number or a text", |value| {
                    value.as_str().or_else(|| value.as_integer().map(DeInteger::as_str)).map(str::to_owned)
                })?;
                Ok(written.map(|written| written.map(|value| (name, value))))
            };
            names.into_iter().filter_map(|name| value(name).transpose()).collect()
        };
        Ok(self.table(key, read)?.unwrap_or_default())
    }

    /// The values of an inner table, as JSON: dates and times are texts.
    pub(super) fn values(&self, key: &str) -> Result<Vec<(String, Located<Value>)>, Error> {
        let read = |inner: Table<'_, 't>| {
            let value = |(name, _, value): (&str, _, &Entry<'t>)| {
                Ok((name.to_owned(), inner.located(value, inner.json(value)?)))
            };
            inner.entries_in_order().into_iter().map(value).collect()
        };
        Ok(self.table(key, read)?.unwrap_or_default())
    }

    fn json(&self, value: &Entry<'t>) -> Result<Value, Error> {
        let no_number = |text: &str| {
            let message = format!("the number `{text}` is out of range");
            self.complain(&self.located(value, ()), "out_of_range", message)
        };
        Ok(match value.get_ref() {
            DeValue::String(text) => Value::String(text.to_string()),
            DeValue::Integer(number) => {
                let whole = i64::from_str_radix(number.as_str(), number.radix());
                Value::Number(whole.map_err(|_| no_number(number.as_str()))?.into())
            }
            DeValue::Float(number) => {
                let number = number.as_str();
                let float = number.parse().ok().and_then(Number::from_f64);
                Value::Number(float.ok_or_else(|| no_number(number))?)
            }
            DeValue::Boolean(truth) => Value::Bool(*truth),
            DeValue::Datetime(time) => Value::String(time.to_string()),
            DeValue::Array(items) => Value::Array(items.iter().map(|item| self.json(item)).collect::<Result<_, _>>()?),
            DeValue::Table(entries) => {
                let entry = |(key, value): (&Spanned<_>, _)| {
                    let key: &toml::de::DeString<'_> = key.get_ref();
                    Ok((key.to_string(), self.json(value)?))
                };
                Value::Object(entries.iter().map(entry).collect::<Result<_, _>>()?)
            }
        })
    }

    /// Shows a table's inner table, if it is there.
    pub(super) fn table<T>(
        &self,
        key: &str,
        read: impl FnOnce(Table<'_, 't>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        self.get(key).map(|value| self.inner(key, value, read)).transpose()
    }

    /// Shows what must be an inner table.
    pub(super) fn inner<T>(
        &self,
        key: &str,
        value: &Entry<'t>,
        read: impl FnOnce(Table<'_, 't>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let path = self.path_to(key);
        let Some(entries) = value.get_ref().as_table() else { return Err(self.wrong_kind(key, value, "a table")) };
        let start = value.span().start;
        read(Table { reader: self.reader, path: &path, is_listed: false, start, entries })
    }

    /// Shows each table of a list of tables.
    pub(super) fn each_table<T: FromIterator<R>, R>(
        &self,
        key: &str,
        value: &Entry<'t>,
        mut read: impl FnMut(Table<'_, 't>) -> Result<R, Error>,
    ) -> Result<T, Error> {
        let path = self.path_to(key);
        let wanted = format!("a list of tables, each begun with `[[{path}]]`");
        let wrong = |value: &Entry<'t>| self.wrong_kind(key, value, &wanted);
        let Some(items) = value.get_ref().as_array() else { return Err(wrong(value)) };
        let one = |item: &Entry<'t>| {
            let Some(entries) = item.get_ref().as_table() else { return Err(wrong(item)) };
            let start = item.span().start;
            read(Table { reader: self.reader, path: &path, is_listed: true, start, entries })
        };
        items.iter().map(one).collect()
    }

    fn path_to(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    pub(super) fn value<T>(
        &self,
        key: &str,
        wanted: &str,
        read: impl FnOnce(&DeValue<'t>) -> Option<T>,
    ) -> Result<Option<Located<T>>, Error> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match read(value.get_ref()) {
            Some(found) => Ok(Some(self.located(value, found))),
            None => Err(self.wrong_kind(key, value, wanted)),
        }
    }

    /// Refuses a URL that stands in the file and to which nothing is sent.
    pub(super) fn web_address(&self, url: &Located<GivenSecret>, key: &str) -> Result<(), Error> {
        let GivenSecret::Inline(text) = &url.value else { return Ok(()) };
        match Unfit::of(text.expose()) {
            None => Ok(()),
            Some(unfit) => Err(unfit.complaint(&format!("`{key}`"), |code, message| self.complain(url, code, message))),
        }
    }

    pub(super) fn complain<T>(&self, at: &Located<T>, code: &'static str, message: impl Into<String>) -> Error {
        Error::new(code, message).in_file(&self.reader.file, Some((at.line, at.column)))
    }

    /// Complains that a key is not there.
    pub(super) fn lacking(&self, key: &str) -> Error {
        self.complain(&self.place(), "missing_key", format!("`{key}` is missing {}", self.whereabouts()))
    }

    pub(super) fn wrong_kind(&self, key: &str, value: &Entry<'t>, wanted: &str) -> Error {
        let found = value.get_ref().type_str();
        self.complain(&self.located(value, ()), "wrong_type", format!("`{key}` must be {wanted}, not {found}"))
    }

    pub(super) fn located<V, T>(&self, spanned: &Spanned<V>, value: T) -> Located<T> {
        let (line, column) = self.reader.position(spanned.span().start);
        Located { value, line, column }
    }
}

fn whole(number: &DeInteger<'_>) -> Option<u64> {
    u64::from_str_radix(number.as_str(), number.radix()).ok()
}
