//! Durations and distances in words, for people.

use chrono::TimeDelta;

const UNITS: [(&str, i64); 4] = [("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)];

/// A duration in words, by its two largest units: `2 hours 5 minutes`.
#[must_use]
pub fn humane_duration(span: TimeDelta) -> String {
    let total = span.num_seconds();
    if total == 0 {
        let milliseconds = span.num_milliseconds();
        return if milliseconds == 0 { "0 seconds".to_owned() } else { counted(milliseconds, "millisecond") };
    }
    let mut rest = total.abs();
    let mut words = Vec::new();
    for (unit, length) in UNITS {
        let count = rest / length;
        rest -= count * length;
        if count > 0 {
            words.push(counted(count, unit));
        }
        // The second unit follows the first directly, or not at all: nobody says `3 days 4 seconds`.
        if words.len() == 2 || (!words.is_empty() && count == 0) {
            break;
        }
    }
    format!("{}{}", if total < 0 { "minus " } else { "" }, words.join(" "))
}

/// How far away an instant is, given what is left until it: `in 5 minutes`, `3 days ago`, `now`.
#[must_use]
pub fn humane_distance(until: TimeDelta) -> String {
    match until.num_seconds() {
        0 => "now".to_owned(),
        1.. => format!("in {}", humane_duration(until)),
        _ => format!("{} ago", humane_duration(-until)),
    }
}

fn counted(count: i64, unit: &str) -> String {
    format!("{count} {unit}{}", if count.abs() == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_by_their_two_largest_units() {
        for (seconds, words) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "1 minute"),
            (3_661, "1 hour 1 minute"),
            (7_200, "2 hours"),
            (86_404, "1 day"),
            (93_784, "1 day 2 hours"),
            (5_184_000, "60 days"),
            (-90, "minus 1 minute 30 seconds"),
        ] {
            assert_eq!(humane_duration(TimeDelta::seconds(seconds)), words);
        }
        assert_eq!(humane_duration(TimeDelta::milliseconds(250)), "250 milliseconds");
    }

    #[test]
    fn distances_have_a_direction() {
        assert_eq!(humane_distance(TimeDelta::minutes(5)), "in 5 minutes");
        assert_eq!(humane_distance(TimeDelta::days(-3)), "3 days ago");
        assert_eq!(humane_distance(TimeDelta::zero()), "now");
    }
}
