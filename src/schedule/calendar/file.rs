//! Calendar files in the iCalendar format: the dates that their events touch.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::NaiveDate;

use super::event::{Event, dates};
use super::lines::{Property, properties};
use crate::config::Zone;
use crate::error::io_cause;

/// A file is no longer than this, in bytes.
const LONGEST: u64 = 8 * 1024 * 1024;
/// All its events together touch no more dates than this.
const MOST: usize = 1_000_000;

/// The dates of a calendar file, and what each is called.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ClosedDays(BTreeMap<NaiveDate, Arc<str>>);

/// Calendar files that have been read: several jobs may name the same.
#[derive(Debug, Default)]
pub struct CalendarFiles(HashMap<(PathBuf, Zone), Arc<ClosedDays>>);

impl CalendarFiles {
    /// Reads a file, unless that was done already.
    pub(super) fn read(&mut self, path: &Path, zone: Zone) -> Result<Arc<ClosedDays>, String> {
        let key = (path.to_owned(), zone);
        if let Some(known) = self.0.get(&key) {
            return Ok(Arc::clone(known));
        }
        let facts = std::fs::metadata(path).map_err(|error| format!("cannot be read: {}", io_cause(&error)))?;
        if !facts.is_file() {
            return Err("is no file".to_owned());
        }
        if facts.len() > LONGEST {
            return Err("is longer than 8 MiB".to_owned());
        }
        let text = std::fs::read_to_string(path).map_err(|error| format!("cannot be read: {}", io_cause(&error)))?;
        let days = ClosedDays::parse(&text, zone)
            .map_err(|(line, problem)| format!("cannot be understood: {problem}, line {line}"))?;
        Ok(Arc::clone(self.0.entry(key).or_insert(Arc::new(days))))
    }
}

impl ClosedDays {
    /// What a date is called, if it is one of them.
    pub fn name(&self, date: NaiveDate) -> Option<&str> {
        self.0.get(&date).map(AsRef::as_ref)
    }

    /// Reads a file's text. Events count, to-dos and notes do not.
    fn parse(text: &str, here: Zone) -> Result<Self, (usize, String)> {
        let properties = properties(text).map_err(|line| (line, "this is no line of a calendar".to_owned()))?;
        let mut events = events(&properties, here)?;
        let replaced: Vec<_> = events.iter().filter_map(|event| Some((event.uid.clone()?, event.replaces?))).collect();
        for (uid, moment) in replaced {
            let of_it = |event: &&mut Event| event.replaces.is_none() && event.uid.as_ref() == Some(&uid);
            events.iter_mut().filter(of_it).for_each(|event| event.leave_out(moment));
        }
        let (mut days, mut count) = (BTreeMap::new(), 0);
        for event in &events {
            let name: Arc<str> = event.name.as_str().into();
            for date in event.stretches(here).flat_map(dates) {
                count += 1;
                if count > MOST {
                    return Err((1, format!("its events touch more than {MOST} dates")));
                }
                days.entry(date).or_insert_with(|| Arc::clone(&name));
            }
        }
        Ok(Self(days))
    }
}

fn events(properties: &[Property], here: Zone) -> Result<Vec<Event>, (usize, String)> {
    let is_calendar = |property: &Property| is_begin(property, "VCALENDAR");
    if !properties.first().is_some_and(is_calendar) {
        return Err((1, "it does not begin with `BEGIN:VCALENDAR`".to_owned()));
    }
    let mut open: Vec<String> = Vec::new();
    let (mut events, mut begun, mut own) = (Vec::new(), 0, Vec::new());
    for property in properties {
        match property.name.as_str() {
            "BEGIN" => {
                let name = property.value.trim().to_ascii_uppercase();
                match (open.len(), name.as_str()) {
                    (0, "VCALENDAR") => {}
                    (0, _) => return Err((property.line, "this is outside of the calendar".to_owned())),
                    (1, "VFREEBUSY") => return Err((property.line, "`VFREEBUSY` is not understood".to_owned())),
                    (1, "VEVENT") => (begun, own) = (property.line, Vec::new()),
                    // To-dos, notes, time zones and alarms close no day.
                    _ => {}
                }
                open.push(name);
            }
            "END" => {
                let name = property.value.trim().to_ascii_uppercase();
                if open.pop().as_ref() != Some(&name) {
                    return Err((property.line, "this ends what was not begun".to_owned()));
                }
                if open.len() == 1 && name == "VEVENT" {
                    events.push(Event::read(begun, &own, here)?);
                }
            }
            _ if open.len() == 2 && open[1] == "VEVENT" => own.push(property.clone()),
            _ if open.is_empty() => return Err((property.line, "this is outside of the calendar".to_owned())),
            _ => {}
        }
    }
    match (open.last(), properties.last()) {
        (Some(name), Some(last)) => Err((last.line, format!("it ends before `END:{name}`"))),
        _ => Ok(events),
    }
}

fn is_begin(property: &Property, name: &str) -> bool {
    property.name == "BEGIN" && property.value.trim().eq_ignore_ascii_case(name)
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
