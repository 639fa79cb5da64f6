//! An event of an iCalendar file, and the dates that it touches.

use chrono::{NaiveDate, TimeDelta};

use super::lines::Property;
use super::moment::{Moment, duration, later};
use super::recurrence::Recurrence;
use crate::config::Zone;

/// An event is no longer than ten years.
const LONGEST: TimeDelta = TimeDelta::days(3_660);

/// An event.
#[derive(Debug, Clone)]
pub struct Event {
    /// What it is called, for reasons.
    pub name: String,
    /// By which others speak of it.
    pub uid: Option<String>,
    /// Which occurrence of another event it replaces.
    pub replaces: Option<Moment>,
    is_cancelled: bool,
    start: Moment,
    length: TimeDelta,
    rules: Vec<Recurrence>,
    further: Vec<Moment>,
    except: Vec<NaiveDate>,
}

impl Event {
    /// Reads the properties of an event.
    ///
    /// # Errors
    /// With the line and what is wrong with it.
    pub fn read(line: usize, properties: &[Property], here: Zone) -> Result<Self, (usize, String)> {
        let find = |name: &str| properties.iter().find(|property| property.name == name);
        let all = |name: &'static str| properties.iter().filter(move |property| property.name == name);
        if let Some(property) = find("EXRULE") {
            return Err((property.line, "`EXRULE` is not understood".to_owned()));
        }
        let moments = |property: &Property| Moment::all(property, here).map_err(|error| (property.line, error));
        let moment = |property: &Property| Moment::of(property, here).map_err(|error| (property.line, error));
        let Some(begin) = find("DTSTART") else { return Err((line, "an event without `DTSTART`".to_owned())) };
        let start = moment(begin)?;
        let zone = match start {
            Moment::Date(_) => here,
            Moment::Time(_, zone) => zone,
        };
        let (length, at) = match (find("DTEND"), find("DURATION")) {
            (Some(end), _) => (moment(end)?.wall(here) - start.wall(here), end.line),
            (None, Some(span)) => (duration(&span.value).map_err(|error| (span.line, error))?, span.line),
            (None, None) => (TimeDelta::zero(), line),
        };
        if length < TimeDelta::zero() {
            return Err((at, "the event ends before it begins".to_owned()));
        }
        if length > LONGEST {
            return Err((at, "the event is longer than ten years".to_owned()));
        }
        let rules = all("RRULE").map(|rule| Recurrence::parse(&rule.value, zone).map_err(|error| (rule.line, error)));
        let replaces = find("RECURRENCE-ID");
        if let Some(property) = replaces.filter(|property| property.parameter("RANGE").is_some()) {
            return Err((property.line, "a change of all later occurrences is not understood".to_owned()));
        }
        let mut event = Self {
            name: find("SUMMARY").map_or_else(|| "closed".to_owned(), |summary| plain(&summary.value)),
            uid: find("UID").map(|uid| uid.value.clone()),
            replaces: replaces.map(moment).transpose()?,
            is_cancelled: find("STATUS").is_some_and(|status| status.value.eq_ignore_ascii_case("CANCELLED")),
            start,
            length,
            rules: rules.collect::<Result<_, _>>()?,
            further: Vec::new(),
            except: Vec::new(),
        };
        for property in all("RDATE") {
            event.further.extend(moments(property)?);
        }
        for property in all("EXDATE") {
            moments(property)?.into_iter().for_each(|moment| event.leave_out(moment));
        }
        Ok(event)
    }

    /// Leaves out an occurrence.
    pub fn leave_out(&mut self, moment: Moment) {
        self.except.push(moment.date_beside(self.start));
    }

    /// The dates that each occurrence touches on the wall of `here`, both within.
    pub fn stretches(&self, here: Zone) -> impl Iterator<Item = (NaiveDate, NaiveDate)> + '_ {
        let repeated = self.rules.iter().flat_map(|rule| rule.moments(self.start));
        let alone = self.rules.is_empty().then_some(self.start);
        alone
            .into_iter()
            .chain(repeated)
            .chain(self.further.iter().copied())
            .filter(|moment| !self.is_cancelled && !self.except.contains(&moment.date_beside(self.start)))
            .map(move |moment| {
                let from = moment.wall(here);
                // What ends at midnight does not touch the day that begins then.
                let last = from + self.length - TimeDelta::nanoseconds(1);
                (from.date(), last.date().max(from.date()))
            })
    }
}

/// A text for one line of a reason.
fn plain(text: &str) -> String {
    let text = text.replace("\\n", " ").replace("\\N", " ").replace("\\,", ",").replace("\\;", ";");
    let text: String = text.chars().filter(|c| !c.is_control()).take(80).collect();
    if text.trim().is_empty() { "closed".to_owned() } else { text.trim().to_owned() }
}

/// All dates of a stretch.
pub fn dates((first, last): (NaiveDate, NaiveDate)) -> impl Iterator<Item = NaiveDate> {
    first.iter_days().take_while(move |date| *date < later(last, 1))
}
