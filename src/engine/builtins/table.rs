//! `table(list, columns)`: a list as text in columns for people, and as data for machines.

use std::any::TypeId;
use std::ops::Range;
use std::sync::Arc;

use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, presets};
use rhai::{Array, Dynamic, FnPtr, ImmutableString, Map};

use super::time::{Duration, Instant};
use crate::engine::native::{Native, NativeEffect, Type};
use crate::engine::values::{FieldPath, Object, display};
use crate::engine::{Arguments, Fault};
use crate::error::{Error, Kind};

/// A table: titles, and a row of values for each item. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Table(Arc<Content>);

#[derive(Debug)]
struct Content {
    titles: Vec<String>,
    rows: Vec<Vec<Dynamic>>,
    cells: Vec<Vec<String>>,
}

/// Tables, as natives declare them.
pub const TABLE: Type = Type::Custom("Table", TypeId::of::<Table>);

/// How a table is drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Style {
    /// The columns of the terminal; `None` for as wide as needed.
    pub width: Option<u16>,
    /// Whether titles may be bold.
    pub has_colour: bool,
}

impl Table {
    /// The table as text, without a line end after the last row.
    #[must_use]
    pub fn render(&self, style: Style) -> String {
        let content = &self.0;
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING);
        match style.width {
            Some(width) => {
                table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
            }
            None => {
                table.set_content_arrangement(ContentArrangement::Disabled);
            }
        }
        if style.has_colour {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        table.set_header(content.titles.iter().map(|title| {
            let cell = Cell::new(title.to_uppercase());
            if style.has_colour { cell.add_attribute(Attribute::Bold) } else { cell }
        }));
        for (row, cells) in content.rows.iter().zip(&content.cells) {
            table.add_row(row.iter().zip(cells).map(|(value, text)| {
                let cell = Cell::new(text);
                let cell = match colour_of(text).filter(|_| style.has_colour) {
                    Some(colour) => cell.fg(colour),
                    None => cell,
                };
                if value.is_int() || value.is_float() { cell.set_alignment(CellAlignment::Right) } else { cell }
            }));
        }
        let columns = content.titles.len();
        for (index, column) in table.column_iter_mut().enumerate() {
            let right = if index + 1 == columns { 0 } else { 2 };
            column.set_padding((0, right));
        }
        table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.rows.len()
    }

    /// Some of its rows.
    #[must_use]
    pub fn part(&self, rows: Range<usize>) -> Self {
        let Content { titles, rows: all, cells } = &*self.0;
        let content = Content { titles: titles.clone(), rows: all[rows.clone()].to_vec(), cells: cells[rows].to_vec() };
        Self(Arc::new(content))
    }

    /// The rows as maps from title to value, for machine formats.
    #[must_use]
    pub fn to_rows(&self) -> Array {
        let row = |values: &Vec<Dynamic>| {
            let fields = self
                .0
                .titles
                .iter()
                .zip(values)
                .map(|(title, value)| (ImmutableString::from(title.as_str()), value.clone()));
            Dynamic::from(Object::new(fields.collect(), None))
        };
        self.0.rows.iter().map(row).collect()
    }
}

/// The colour of a state or of what is done to something; of nothing else.
fn colour_of(text: &str) -> Option<Color> {
    Some(match text {
        "ACTIVE" | "AVAILABLE" | "ATTACHED" | "RUNNING" | "CREATED" | "ok" | "create" | "start" | "done" => {
            Color::Green
        }
        "delete" | "failed" | "CRASHED" | "FAILED" => Color::Red,
        "warning" | "skip" | "deallocate" => Color::Yellow,
        "DEALLOCATED" | "INACTIVE" | "STOPPED" | "DELETED" => Color::DarkGrey,
        error if error.starts_with("ERROR") => Color::Red,
        // CREATING, STOPPING, BACKING-UP: on its way.
        state if state.len() > 5 && (state.ends_with("ING") || state.ends_with("ING-UP")) => Color::Yellow,
        _ => return None,
    })
}

/// The columns that say most of an object, in this order; of them those are shown that some object has.
const TELLING: [&str; 14] = [
    "name",
    "status",
    "powerStatus",
    "machineType",
    "size",
    "performanceClass",
    "volumeId",
    "serverId",
    "availabilityZone",
    "limit",
    "usage",
    "percent",
    "createdAt",
    "id",
];

impl Table {
    /// A list of objects by the columns that say most of them; `None` if it is empty or holds something else.
    #[must_use]
    pub fn overview(list: &Array, limit: usize) -> Option<Self> {
        if list.is_empty() || !list.iter().all(|item| item.is::<Object>() || item.is_map()) {
            return None;
        }
        let all = all_columns(list).ok()?;
        let is_telling = |title: &str| TELLING.contains(&title);
        let mut columns: Vec<_> = all.into_iter().map(|(title, _)| title).collect();
        if columns.iter().filter(|title| is_telling(title)).count() >= 2 {
            columns.retain(|title| is_telling(title));
            columns.sort_by_key(|title| TELLING.iter().position(|known| known == title));
        }
        let read = |item: &Dynamic, title: &str| {
            // A field that this form of the answer leaves out is left out here too.
            FieldPath::parse(title).and_then(|path| path.read(item)).unwrap_or(Dynamic::UNIT)
        };
        let rows: Vec<Vec<Dynamic>> =
            list.iter().map(|item| columns.iter().map(|title| read(item, title)).collect()).collect();
        Some(Self::of_texts(columns, rows, limit))
    }

    /// A table of texts, as cells show them.
    pub(super) fn of_texts(titles: Vec<String>, rows: Vec<Vec<Dynamic>>, limit: usize) -> Self {
        let text = |value: &Dynamic| cell(value, limit).unwrap_or_else(|error| error.to_string());
        let cells = rows.iter().map(|row| row.iter().map(text).collect()).collect();
        Self(Arc::new(Content { titles, rows, cells }))
    }

    /// The table without so many of its last columns that the rest fits into `width`; two are always left.
    #[must_use]
    pub fn fitting(&self, width: u16) -> Self {
        let Content { titles, rows, cells } = &*self.0;
        let width_of = |column: usize| {
            let longest = cells.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
            longest.unwrap_or(0).max(titles[column].chars().count()) + 2
        };
        let mut used = 0;
        let fits = (0..titles.len()).take_while(|&column| {
            used += width_of(column);
            used <= usize::from(width) + 2
        });
        let kept = fits.count().max(2);
        Self(Arc::new(Content {
            titles: titles.iter().take(kept).cloned().collect(),
            rows: rows.iter().map(|row| row.iter().take(kept).cloned().collect()).collect(),
            cells: cells.iter().map(|row| row.iter().take(kept).cloned().collect()).collect(),
        }))
    }
}

/// The natives of tables.
#[must_use]
pub fn natives() -> Vec<Native> {
    let mut all = vec![
        Native::function("table")
            .takes("list", Type::List)
            .may_take("columns", Type::List)
            .gives(TABLE)
            .doc(
                "A list of objects or maps as a table. It prints in columns; with a machine format it is the data.\n\
                 A column is a field's path such as `\"labels.team\"`, `[title, path]`, or `[title, |item| value]`; without \
                 columns all fields that are no maps or lists are shown.",
            )
            .errors(&["script: an item has no fields", "incomplete: this form of the answer leaves a field out"])
            .effect(NativeEffect::Local)
            .example("table([#{ name: \"web-1\", size: 4 }], [\"name\", [\"GB\", \"size\"], [\"double\", |x| x.size * 2]])")
            .by(|a| build(a).map(Dynamic::from)),
        Native::method(TABLE, "to_list")
            .gives(Type::List)
            .doc("The rows as maps from title to value.")
            .example("table([#{ a: 1, b: 2 }], [\"a\"]).to_list()[0].a == 1")
            .by(|a| Ok(a.get::<Table>(0)?.to_rows().into())),
        Native::method(TABLE, "len").gives(Type::Integer).doc("How many rows there are.").by(|a| {
            Ok(i64::try_from(a.get::<Table>(0)?.len()).unwrap_or(i64::MAX).into())
        }),
    ];
    for name in ["to_string", "to_debug"] {
        all.push(
            Native::method(TABLE, name)
                .gives(Type::Text)
                .doc("The table as text, as wide as the terminal if there is one.")
                .effect(NativeEffect::Local)
                .by(|a| {
                    let surroundings = &a.run().surroundings;
                    let style = Style { width: surroundings.terminal_width, has_colour: surroundings.has_colour };
                    Ok(a.get::<Table>(0)?.render(style).into())
                }),
        );
    }
    all
}

enum Column {
    Path(FieldPath),
    Closure(FnPtr),
}

fn build(a: &mut Arguments<'_, '_>) -> Result<Table, Fault> {
    let list = a.list(0)?;
    let columns = if a.has(1) { given_columns(a)? } else { all_columns(&list)? };
    let mut rows = Vec::with_capacity(list.len());
    let mut cells = Vec::with_capacity(list.len());
    let limit = a.run().limits.text_bytes();
    for item in &list {
        let mut row = Vec::with_capacity(columns.len());
        for (_, column) in &columns {
            row.push(match column {
                Column::Path(path) => path.read(item)?,
                Column::Closure(closure) => a.call(closure, (item.clone(),))?,
            });
        }
        cells.push(row.iter().map(|value| cell(value, limit)).collect::<Result<Vec<_>, Error>>()?);
        rows.push(row);
        a.run().check()?;
    }
    Ok(Table(Arc::new(Content { titles: columns.into_iter().map(|(title, _)| title).collect(), rows, cells })))
}

fn given_columns(a: &mut Arguments<'_, '_>) -> Result<Vec<(String, Column)>, Fault> {
    let wrong = |a: &Arguments<'_, '_>| a.wrong(1, "a list of paths, `[title, path]` or `[title, closure]`");
    let mut columns = Vec::new();
    for column in a.list(1)? {
        if let Ok(path) = column.as_immutable_string_ref() {
            columns.push((path.to_string(), Column::Path(FieldPath::parse(&path)?)));
            continue;
        }
        let pair = column.try_cast::<Array>().and_then(|pair| <[Dynamic; 2]>::try_from(pair).ok());
        let Some([title, value]) = pair else { return Err(wrong(a)) };
        let Ok(title) = title.into_immutable_string() else { return Err(wrong(a)) };
        let value = if value.is_fnptr() {
            value.try_cast::<FnPtr>().map(Column::Closure)
        } else {
            value.into_immutable_string().ok().map(|path| FieldPath::parse(&path).map(Column::Path)).transpose()?
        };
        let Some(value) = value else { return Err(wrong(a)) };
        columns.push((title.to_string(), value));
    }
    Ok(columns)
}

/// The names of all fields that hold no maps or lists, in the order in which they appear.
fn all_columns(list: &Array) -> Result<Vec<(String, Column)>, Fault> {
    let mut names: Vec<String> = Vec::new();
    for item in list {
        let mut add = |name: &str, value: &Dynamic| {
            let is_nested = value.is_array() || value.is_map() || value.is::<Object>();
            if !is_nested && !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        };
        if let Some(object) = item.read_lock::<Object>() {
            object.keys().for_each(|key| add(key, &object.get(key).unwrap_or(Dynamic::UNIT)));
        } else if let Some(map) = item.read_lock::<Map>() {
            map.iter().for_each(|(key, value)| add(key, value));
        } else {
            return Err(Error::new(Kind::Script, "no_fields", "`table` needs a list of objects or maps")
                .with_hint("give the columns as `[title, |item| value]` for items of another type")
                .into());
        }
    }
    names.into_iter().map(|name| Ok((name.clone(), Column::Path(FieldPath::parse(&name)?)))).collect()
}

/// A value in a cell: on one line, absent ones empty, times without their fractions.
fn cell(value: &Dynamic, limit: usize) -> Result<String, Error> {
    if value.is_unit() {
        return Ok(String::new());
    }
    if let Some(instant) = value.read_lock::<Instant>() {
        return Ok(instant.to_string());
    }
    if let Some(duration) = value.read_lock::<Duration>() {
        return Ok(duration.to_string());
    }
    let text = match value.read_lock::<Array>() {
        Some(list) => list.iter().map(|item| display(item, limit)).collect::<Result<Vec<_>, _>>()?.join(", "),
        None => display(value, limit)?,
    };
    Ok(text.replace(['\n', '\r', '\t'], " ").chars().filter(|c| !c.is_control()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(titles: &[&str], rows: Vec<Vec<Dynamic>>) -> Table {
        let cells =
            rows.iter().map(|row| row.iter().map(|value| cell(value, 1 << 20).expect("short")).collect()).collect();
        Table(Arc::new(Content { titles: titles.iter().map(|&title| title.to_owned()).collect(), rows, cells }))
    }

    fn servers() -> Table {
        table(
            &["name", "size", "age", "labels"],
            vec![
                vec!["web-1".into(), 4_i64.into(), Dynamic::UNIT, Dynamic::from_array(vec!["a".into(), "b".into()])],
                vec!["database\u{1b}[31m".into(), 128_i64.into(), "two\nlines".into(), 1.5.into()],
            ],
        )
    }

    #[test]
    fn a_table_is_plain_text_in_columns() {
        insta::assert_snapshot!(servers().render(Style::default()), @r"
        NAME          SIZE  AGE        LABELS
        web-1            4             a, b
        database[31m   128  two lines     1.5
        ");
    }

    #[test]
    fn a_table_fits_into_a_narrow_terminal_and_has_bold_titles_only_when_asked() {
        let narrow = servers().render(Style { width: Some(24), has_colour: false });
        assert!(narrow.lines().all(|line| line.chars().count() <= 24), "{narrow}");
        assert!(!narrow.contains('\u{1b}'));
        assert!(servers().render(Style { width: None, has_colour: true }).contains("\u{1b}[1m"));
    }

    #[test]
    fn columns_that_do_not_fit_are_left_out_from_the_end() {
        assert_eq!(servers().fitting(80).0.titles.len(), 4);
        assert_eq!(servers().fitting(36).0.titles, ["name", "size", "age"]);
        assert_eq!(servers().fitting(5).0.titles, ["name", "size"]);
    }

    #[test]
    fn states_have_colours_and_other_words_have_none() {
        assert_eq!(colour_of("ACTIVE"), Some(Color::Green));
        assert_eq!(colour_of("ERROR_DELETING"), Some(Color::Red));
        assert_eq!(colour_of("BACKING-UP"), Some(Color::Yellow));
        assert_eq!(colour_of("web-1"), None);
        let table = table(&["plan"], vec![vec!["delete".into()]]);
        assert!(table.render(Style { width: None, has_colour: true }).contains("\u{1b}[38;5;9mdelete"));
    }

    #[test]
    fn an_empty_table_has_its_titles() {
        assert_eq!(table(&["name", "id"], vec![]).render(Style::default()), "NAME  ID");
        assert_eq!(table(&[], vec![]).render(Style::default()), "");
    }
}
