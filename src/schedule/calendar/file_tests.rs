use super::*;

fn berlin() -> Zone {
    Zone::of("Europe/Berlin").unwrap()
}

/// The dates of events, with what they are called.
fn days(events: &str) -> String {
    let text = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}END:VCALENDAR\r\n", events.replace('\n', "\r\n"));
    match ClosedDays::parse(&text, berlin()) {
        Ok(days) => days.0.iter().map(|(date, name)| format!("{date} {name}")).collect::<Vec<_>>().join("; "),
        Err((line, problem)) => format!("{problem}, line {line}"),
    }
}

fn event(lines: &str) -> String {
    format!("BEGIN:VEVENT\n{lines}\nEND:VEVENT\n")
}

#[test]
fn events_close_the_dates_that_they_touch() {
    for (lines, wanted) in [
        ("SUMMARY:Stocktaking\\, all day\nDTSTART;VALUE=DATE:20261230", "2026-12-30 Stocktaking, all day"),
        (
            "DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261227",
            "2026-12-24 closed; 2026-12-25 closed; 2026-12-26 closed",
        ),
        ("DTSTART:20261224\nDURATION:P2D", "2026-12-24 closed; 2026-12-25 closed"),
        // Half past eleven in the evening of London is the next day in Berlin.
        ("DTSTART;TZID=Europe/London:20261231T233000\nDTEND;TZID=Europe/London:20261231T234500", "2027-01-01 closed"),
        ("DTSTART:20261231T233000Z\nDURATION:PT1M", "2027-01-01 closed"),
        ("DTSTART:20261231T220000\nDTEND:20270101T000000", "2026-12-31 closed"),
        ("DTSTART:20261231T220000\nDTEND:20270101T000001", "2026-12-31 closed; 2027-01-01 closed"),
        ("DTSTART;TZID=W. Europe Standard Time:20261231T220000", "2026-12-31 closed"),
        (
            "DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=YEARLY;COUNT=3\nEXDATE;VALUE=DATE:20271224",
            "2026-12-24 closed; 2028-12-24 closed",
        ),
        (
            "DTSTART;VALUE=DATE:20261224\nRDATE;VALUE=DATE:20261231,20270101",
            "2026-12-24 closed; 2026-12-31 closed; 2027-01-01 closed",
        ),
        ("DTSTART;VALUE=DATE:20261224\nSTATUS:CANCELLED", ""),
    ] {
        assert_eq!(days(&event(lines)), wanted, "{lines}");
    }
}

#[test]
fn an_event_that_replaces_an_occurrence_moves_it() {
    let series = event("UID:a\nDTSTART:20261207T090000\nRRULE:FREQ=WEEKLY;COUNT=3");
    let moved = event("UID:a\nRECURRENCE-ID:20261214T080000Z\nDTSTART:20261216T090000\nSUMMARY:moved");
    assert_eq!(days(&format!("{series}{moved}")), "2026-12-07 closed; 2026-12-16 moved; 2026-12-21 closed");
}

#[test]
fn what_cannot_be_understood_is_refused_with_its_line() {
    let line = |lines: &str| days(&event(lines));
    insta::assert_snapshot!(
        [
            line("SUMMARY:x"),
            line("DTSTART:20261324"),
            line("DTSTART;TZID=Middle-earth:20261224T000000"),
            line("DTSTART:20261224\nRRULE:FREQ=HOURLY"),
            line("DTSTART:20261224\nRRULE:FREQ=YEARLY;BYWEEKNO=1"),
            line("DTSTART:20261224\nEXRULE:FREQ=YEARLY"),
            line("DTSTART:20261224\nDTEND:20261223"),
            line("DTSTART:20261224\nDURATION:P99999D"),
            line("DTSTART:20261224\nDURATION:soon"),
            line("DTSTART:20261224\nRECURRENCE-ID;RANGE=THISANDFUTURE:20261224"),
            line("DTSTART;VALUE=PERIOD:20261224"),
            line("DTSTART:20261224,20261225"),
            days("BEGIN:VFREEBUSY\nEND:VFREEBUSY\n"),
            days("BEGIN:VEVENT\n"),
            days("END:VEVENT\n"),
            days("what is this\n"),
            days(&event("DTSTART:19700101\nDURATION:P3660D\nRRULE:FREQ=DAILY")),
        ]
        .join("\n")
    );
    for text in ["", "hello: world", "<html>", "BEGIN:VCARD\nEND:VCARD"] {
        assert!(ClosedDays::parse(text, berlin()).is_err(), "{text}");
    }
}

#[test]
fn what_closes_no_day_is_passed_over() {
    let others = "BEGIN:VTIMEZONE\nTZID:x\nBEGIN:STANDARD\nDTSTART:19700101T000000\nEND:STANDARD\nEND:VTIMEZONE\n\
                  BEGIN:VTODO\nDUE:20261224\nEND:VTODO\n";
    let alarm = event("DTSTART:20261224\nBEGIN:VALARM\nDURATION:PT5M\nEND:VALARM");
    assert_eq!(days(&format!("{others}{alarm}")), "2026-12-24 closed");
}
