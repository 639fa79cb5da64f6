//! Holds a whole `stackhand.toml` against the table of its keys, before anything is read from it.

use toml::Spanned;

use super::keys::{Key, Keys, Shape};
use super::reader::{Entry, Table};
use super::{Error, duration};
use crate::error::nearest;

/// A name is no longer than this, in bytes: it becomes a part of ids, file names and labels of metrics.
pub(super) const LONGEST_NAME: usize = 64;

impl<'t> Table<'_, 't> {
    /// Refuses keys that mean nothing here, values of the wrong kind, and the lack of what is needed.
    pub(super) fn check(&self, keys: &Keys) -> Result<(), Error> {
        for (name, key, value) in self.entries_in_order() {
            let Some(known) = keys.get(name) else {
                let hint = hint(name, keys.names());
                let message = format!("unknown key `{}` {}", shown(name), self.whereabouts());
                return Err(self.complain(&self.located(key, ()), "unknown_key", message).hint(hint));
            };
            self.check_value(known, value)?;
        }
        if let Some(key) = keys.all.iter().find(|key| key.is_needed && self.get(key.name).is_none()) {
            return Err(self.lacking(key.name).hint(format!("`{}` is {}", key.name, key.meaning)));
        }
        match keys.one_of.iter().filter(|name| self.get(name).is_some()).collect::<Vec<_>>().as_slice() {
            [] if !keys.one_of.is_empty() => {
                let message = format!("neither `{}` is given {}", keys.one_of.join("` nor `"), self.whereabouts());
                Err(self.complain(&self.place(), "missing_key", message).hint("give one of them"))
            }
            [first, second, ..] => {
                let message = format!("both `{first}` and `{second}` are given {}", self.whereabouts());
                let place = self.get(second).map_or_else(|| self.place(), |value| self.located(value, ()));
                Err(self.complain(&place, "two_keys", message).hint("keep one of them"))
            }
            [] | [_] => Ok(()),
        }
    }

    fn check_value(&self, key: &Key, value: &Entry<'t>) -> Result<(), Error> {
        let name = key.name;
        let text = |wanted: &str| match value.get_ref().as_str() {
            Some(text) => Ok(text),
            None => Err(self.wrong_kind(name, value, wanted)),
        };
        let either = |fits: bool, wanted: &str| if fits { Ok(()) } else { Err(self.wrong_kind(name, value, wanted)) };
        let is_text = value.get_ref().as_str().is_some();
        match key.shape {
            Shape::Truth => either(value.get_ref().as_bool().is_some(), "true or false"),
            Shape::Text => text("a text").map(drop),
            Shape::Secret => {
                let text = text("a text: `env:NAME`, `file:PATH` or the secret itself")?;
                let complain = |message| self.complain(&self.located(value, ()), "empty_value", message);
                let is_empty = ["", "env:", "file:"].contains(&text.trim());
                if is_empty { Err(complain(format!("`{name}` names nothing"))) } else { Ok(()) }
            }
            Shape::Name => self.check_name(name, value, text("a text")?),
            Shape::Texts => self.each_text(name, value, |_, _| Ok(())),
            Shape::Names => self.each_text(name, value, |item, text| self.check_name(name, item, text)),
            Shape::SomeNames => {
                if value.get_ref().as_array().is_some_and(|items| items.is_empty()) {
                    let message = format!("`{name}` names none");
                    let hint = format!("name one at least, or leave out `{name}`");
                    return Err(self.complain(&self.located(value, ()), "empty_value", message).hint(hint));
                }
                self.each_text(name, value, |item, text| self.check_name(name, item, text))
            }
            Shape::Number(least, most) => self.check_number(name, value, least, most),
            Shape::Duration(least, most) => {
                self.check_duration(name, value, text("a duration such as `15m`")?, [least, most])
            }
            Shape::Choice(names) => self.check_choice(name, value, text("a text")?, names),
            Shape::Choices(names) => {
                self.each_text(name, value, |item, text| self.check_choice(name, item, text, names))
            }
            Shape::TruthOrText(meaning) => {
                either(value.get_ref().as_bool().is_some() || is_text, &format!("true, or {meaning}"))
            }
            Shape::Numbers
            | Shape::TextsByName
            | Shape::Values
            | Shape::Table(_)
            | Shape::TablesByName(_)
            | Shape::TablesByKind(_) => self.inner(name, value, |inner| inner.check_inner(key.shape)),
            Shape::Tables(keys) => self.each_table(name, value, |inner| inner.check(keys)),
        }
    }

    /// What stands in a table whose keys are the user's.
    fn check_inner(&self, shape: Shape) -> Result<(), Error> {
        if let Shape::Table(keys) = shape {
            return self.check(keys);
        }
        for (name, key, value) in self.entries_in_order() {
            let is_text = value.get_ref().as_str().is_some();
            match shape {
                Shape::Numbers if !is_text && value.get_ref().as_integer().is_none() => {
                    return Err(self.wrong_kind(name, value, "a whole number or a text"));
                }
                Shape::TextsByName if !is_text => return Err(self.wrong_kind(name, value, "a text")),
                Shape::TablesByName(keys) => self.inner(name, value, |table| table.check(keys))?,
                Shape::TablesByKind(kinds) => {
                    self.check_name("channel", key, name)?;
                    self.inner(name, value, |table| table.check_kind(kinds))?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn check_number(&self, name: &str, value: &Entry<'t>, least: u64, most: u64) -> Result<(), Error> {
        let wanted = format!("a whole number from {least} to {most}");
        let Some(number) = value.get_ref().as_integer() else { return Err(self.wrong_kind(name, value, &wanted)) };
        match i128::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) if (i128::from(least)..=i128::from(most)).contains(&number) => Ok(()),
            Ok(_) | Err(_) => {
                let message = format!("`{name}` must be {wanted}, not {}", shown(number.as_str()));
                Err(self.complain(&self.located(value, ()), "out_of_range", message))
            }
        }
    }

    fn check_duration(&self, name: &str, value: &Entry<'t>, text: &str, bounds: [&str; 2]) -> Result<(), Error> {
        let complain = |message: String| self.complain(&self.located(value, ()), "bad_duration", message);
        let span = duration::parse(text).map_err(|error| {
            complain(shown(&error.to_string())).hint("durations are written as `90s`, `15m`, `2h`, `1h30m`, `7d`")
        })?;
        let [least, most] = bounds.map(|text| duration::parse(text).unwrap_or_default());
        if span < least || span > most {
            let [least, most] = bounds;
            return Err(complain(format!("`{name}` must be between `{least}` and `{most}`, not `{}`", shown(text))));
        }
        Ok(())
    }

    /// The table's keys are those of its `kind`.
    fn check_kind(&self, kinds: &[(&str, &Keys)]) -> Result<(), Error> {
        let names: Vec<&str> = kinds.iter().map(|(name, _)| *name).collect();
        let Some(value) = self.get("kind") else {
            return Err(self.lacking("kind").hint(format!("there are {}", names.join(", "))));
        };
        let Some(text) = value.get_ref().as_str() else { return Err(self.wrong_kind("kind", value, "a text")) };
        self.check_choice("kind", value, text, &names)?;
        match kinds.iter().find(|(name, _)| *name == text) {
            Some((_, keys)) => self.check(keys),
            None => Ok(()),
        }
    }

    fn check_choice<V>(&self, key: &str, at: &Spanned<V>, text: &str, names: &[&str]) -> Result<(), Error> {
        if names.contains(&text) {
            return Ok(());
        }
        let message = format!("`{key}` knows no `{}`", shown(text));
        Err(self.complain(&self.located(at, ()), "unknown_value", message).hint(hint(text, names.iter().copied())))
    }

    fn check_name<V>(&self, key: &str, at: &Spanned<V>, text: &str) -> Result<(), Error> {
        let is_inner = |c: char| c.is_alphanumeric() || "-_.".contains(c);
        if text.len() <= LONGEST_NAME && text.starts_with(char::is_alphanumeric) && text.chars().all(is_inner) {
            return Ok(());
        }
        let message = format!("`{key}` cannot be `{}`", shown(text));
        Err(self.complain(&self.located(at, ()), "bad_name", message).hint(format!(
            "names are of letters, digits, `-`, `_` and `.`, begin with a letter or digit, and are {LONGEST_NAME} bytes \
             long at most"
        )))
    }

    fn each_text(
        &self,
        name: &str,
        value: &Entry<'t>,
        check: impl Fn(&Entry<'t>, &str) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if let Some(text) = value.get_ref().as_str() {
            return check(value, text);
        }
        let Some(items) = value.get_ref().as_array() else {
            return Err(self.wrong_kind(name, value, "a list of texts"));
        };
        items.iter().try_for_each(|item| {
            let Some(text) = item.get_ref().as_str() else {
                let message = format!("each of `{name}` must be a text, not {}", item.get_ref().type_str());
                return Err(self.complain(&self.located(item, ()), "wrong_type", message));
            };
            check(item, text)
        })
    }
}

/// The nearest of the names, or some of them.
pub(super) fn hint<'k>(given: &str, names: impl Iterator<Item = &'k str> + Clone) -> String {
    const MOST: usize = 30;
    if let Some(near) = nearest(given, names.clone()) {
        return format!("did you mean `{near}`?");
    }
    let mut known = names.clone().take(MOST).collect::<Vec<_>>().join(", ");
    if { names }.nth(MOST).is_some() {
        known.push_str(", …");
    }
    format!("known here: {known}")
}

/// What somebody wrote, fit for a line of an error: no control characters, and not without end.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 80;
    let mut shown: String = text.chars().take(MOST).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}
