//! Notices in words, for people.

use chrono::{DateTime, TimeDelta, Utc};

use super::bounded::shortened;
use super::letter::Letter;
use super::notice::{Changes, Topic};
use crate::config::{Event, Zone, duration};

/// The longest title; chats cut longer ones, and mail programs show less.
const LONGEST_TITLE: usize = 140;

pub(super) fn title(letter: &Letter) -> String {
    let notice = &letter.notice;
    let subject = if notice.subject().is_empty() { "stackhand" } else { notice.subject() };
    let title = match notice.topic {
        Topic::Message => {
            let first = notice.text.as_deref().unwrap_or_default().lines().find(|line| !line.trim().is_empty());
            first.map_or_else(|| format!("{subject} says nothing"), |line| line.trim().to_owned())
        }
        Topic::Dropped => {
            let plural = if letter.count == 1 { "notice was" } else { "notices were" };
            format!("{} {plural} dropped since {}: the outbox is full", letter.count, since(letter))
        }
        Topic::Job(Event::Recovered) => {
            let times = if letter.count == 1 { "once".to_owned() } else { format!("{} times", letter.count) };
            format!("{subject} recovered: it went wrong {times} since {}", since(letter))
        }
        Topic::Job(Event::KeyExpiring) if notice.text.is_some() => notice.text.clone().unwrap_or_default(),
        Topic::Job(event) if letter.count > 1 => {
            let (verb, times) = (verb(event), ordinal(letter.count));
            format!("{subject} {verb} again, {times} time since {}{}", since(letter), so_far(letter, event))
        }
        Topic::Job(event) => format!("{subject} {}{}", verb(event), so_far(letter, event)),
    };
    // A title is one line: it becomes the subject of a mail.
    let title: String = title.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    shortened(&title, LONGEST_TITLE)
}

fn verb(event: Event) -> &'static str {
    match event {
        Event::Done => "is done",
        Event::Failed => "failed",
        Event::Partial => "was done only in part",
        Event::Skipped => "was skipped",
        Event::SkippedByOverlap => "was skipped, as its last run was under way",
        Event::Refused => "was refused",
        Event::Cancelled => "was cancelled",
        Event::TimedOut => "took longer than it may",
        Event::Missed => "missed its time",
        Event::Superseded => "was superseded",
        Event::Unknown => "ended with nobody knowing how",
        Event::Late => "began late",
        Event::KeyExpiring => "has a key that expires soon",
        Event::Recovered => "recovered",
    }
}

/// How far a run came that did not do all of its work: the first that somebody asks who is woken by it.
fn so_far(letter: &Letter, event: Event) -> String {
    use Event::{Cancelled, Failed, Partial, Refused, TimedOut, Unknown};
    let is_asked = matches!(event, Cancelled | Failed | Partial | Refused | TimedOut | Unknown);
    letter.notice.changes.filter(|_| is_asked).map_or_else(String::new, |changes| format!(": {}", in_words(changes)))
}

/// `3 of 7 changes made`
fn in_words(changes: Changes) -> String {
    let Changes { made, not_made, unknown } = changes;
    let all = made.saturating_add(not_made).saturating_add(unknown);
    if all == 0 {
        return "nothing changed".to_owned();
    }
    let noun = if all == 1 { "change" } else { "changes" };
    let unknown = if unknown == 0 { String::new() } else { format!(", {unknown} unknown") };
    format!("{made} of {all} {noun} made{unknown}")
}

/// `1st`, `2nd`, `11th`, `23rd`
fn ordinal(number: u64) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// `02:00`, with the date where that was another day.
fn since(letter: &Letter) -> String {
    let (first, now) = (on_the_wall(letter.since, letter.zone), on_the_wall(letter.notice.at, letter.zone));
    let form = if first.date_naive() == now.date_naive() { "%H:%M" } else { "%Y-%m-%d %H:%M" };
    first.format(form).to_string()
}

pub(super) fn facts(letter: &Letter) -> Vec<(String, String)> {
    let notice = &letter.notice;
    let mut facts = Vec::new();
    let mut add = |name: &str, value: Option<String>| {
        facts.extend(value.filter(|value| !value.is_empty()).map(|value| (name.to_owned(), value)));
    };
    add("Reason", notice.reason.clone());
    add("Job", notice.job.clone());
    add("Recipe", notice.recipe.clone());
    let profile = notice.profile.as_ref();
    add("Profile", profile.map(|name| if notice.production { format!("{name} (production)") } else { name.clone() }));
    add("Project", notice.project.clone());
    add("Fire time", notice.fire_time.map(|time| shown(time, letter.zone)));
    let late =
        notice.late_seconds.filter(|late| *late > 0).and_then(|late| TimeDelta::try_seconds(i64::try_from(late).ok()?));
    add("Late by", late.map(duration::print));
    add("Changes", notice.changes.map(in_words));
    add("Run", notice.run.clone());
    for (name, value) in &notice.fields {
        add(name, Some(value.clone()));
    }
    add("At", Some(shown(notice.at, letter.zone)));
    facts
}

/// `2026-11-22 20:00 CET`
fn shown(time: DateTime<Utc>, zone: Zone) -> String {
    on_the_wall(time, zone).format("%Y-%m-%d %H:%M %Z").to_string()
}

/// An instant as clocks there show it; an end of time, as a broken file may have it, with room for their offset.
fn on_the_wall(time: DateTime<Utc>, zone: Zone) -> DateTime<Zone> {
    let room = TimeDelta::days(2);
    time.clamp(DateTime::<Utc>::MIN_UTC + room, DateTime::<Utc>::MAX_UTC - room).with_timezone(&zone)
}

/// All of it as plain text, for mails.
pub(super) fn plain(letter: &Letter) -> String {
    let mut text = letter.title();
    if let Some(more) = letter.text() {
        text.push_str("\n\n");
        text.push_str(more.trim_end());
    }
    text.push_str("\n\n");
    for (name, value) in letter.facts() {
        text.extend([name.as_str(), ": ", value.as_str(), "\n"]);
    }
    text
}

/// The same for a log of lines: what others wrote cannot pass for a line of its own.
pub(super) fn logged(letter: &Letter) -> String {
    let text = plain(letter);
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let lines = lines.map(|line| line.replace(|c: char| c.is_control() && c != '\t', " "));
    lines.collect::<Vec<_>>().join("\n    ")
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;
    use crate::notices::Notice;

    fn letter(topic: Topic, count: u64) -> Letter {
        let at = Utc.with_ymd_and_hms(2026, 11, 22, 7, 30, 0).unwrap();
        let notice = Notice { job: Some("night-shift".to_owned()), ..Notice::new(topic, at) };
        let since = Utc.with_ymd_and_hms(2026, 11, 22, 1, 0, 0).unwrap();
        let zone = Zone::of("Europe/Berlin").unwrap();
        Letter { id: "n-1".to_owned(), channel: "ops".to_owned(), notice, count, since, zone }
    }

    #[test]
    fn titles_say_what_happened_and_how_often() {
        assert_eq!(letter(Topic::Job(Event::Failed), 1).title(), "night-shift failed");
        assert_eq!(letter(Topic::Job(Event::Failed), 7).title(), "night-shift failed again, 7th time since 02:00");
        let mut older = letter(Topic::Job(Event::Late), 22);
        older.since -= TimeDelta::days(2);
        assert_eq!(older.title(), "night-shift began late again, 22nd time since 2026-11-20 02:00");
        let recovered = letter(Topic::Job(Event::Recovered), 7).title();
        assert_eq!(recovered, "night-shift recovered: it went wrong 7 times since 02:00");
        let mut message = letter(Topic::Message, 1);
        message.notice.text = Some("\n3 of 4 servers deallocated\r\nBcc: everybody".to_owned());
        assert_eq!(message.title(), "3 of 4 servers deallocated");
        let dropped = letter(Topic::Dropped, 2).title();
        assert_eq!(dropped, "2 notices were dropped since 02:00: the outbox is full");
        assert_eq!(
            [1, 2, 3, 4, 11, 12, 13, 21, 112].map(ordinal).join(" "),
            "1st 2nd 3rd 4th 11th 12th 13th 21st 112th"
        );
    }

    #[test]
    fn an_end_of_time_is_told_like_any_other() {
        for end in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            let mut letter = letter(Topic::Job(Event::Failed), u64::MAX);
            (letter.since, letter.notice.at, letter.notice.fire_time) = (end, end, Some(end));
            letter.notice.late_seconds = Some(u64::MAX);
            assert!(plain(&letter).contains(" again, 18446744073709551615th time since "));
        }
    }

    #[test]
    fn how_far_a_run_came_that_did_not_do_all_is_in_the_title() {
        let told = |event, count, made, not_made, unknown| {
            let mut letter = letter(Topic::Job(event), count);
            letter.notice.changes = Some(Changes { made, not_made, unknown });
            assert!(plain(&letter).contains(&format!("Changes: {}\n", in_words(Changes { made, not_made, unknown }))));
            letter.title()
        };
        assert_eq!(told(Event::Partial, 1, 3, 4, 0), "night-shift was done only in part: 3 of 7 changes made");
        assert_eq!(told(Event::Failed, 1, 0, 0, 0), "night-shift failed: nothing changed");
        assert_eq!(told(Event::TimedOut, 1, 1, 0, 0), "night-shift took longer than it may: 1 of 1 change made");
        assert_eq!(
            told(Event::Unknown, 2, 3, 0, u64::MAX),
            format!(
                "night-shift ended with nobody knowing how again, 2nd time since 02:00: 3 of {0} changes made, {0} unknown",
                u64::MAX
            )
        );
        assert_eq!(told(Event::Done, 1, 7, 0, 0), "night-shift is done");
    }

    #[test]
    fn facts_are_told_in_the_zone_of_the_readers() {
        let mut letter = letter(Topic::Job(Event::Late), 1);
        letter.notice.late_seconds = Some(5_400);
        letter.notice.profile = Some("shop-prod".to_owned());
        letter.notice.production = true;
        letter.notice.fire_time = Some(Utc.with_ymd_and_hms(2026, 7, 22, 6, 0, 0).unwrap());
        let text = plain(&letter);
        for line in [
            "Profile: shop-prod (production)",
            "Fire time: 2026-07-22 08:00 CEST",
            "Late by: 1h30m",
            "At: 2026-11-22 08:30 CET",
        ] {
            assert!(text.lines().any(|told| told == line), "{line}: {text}");
        }
    }
}
