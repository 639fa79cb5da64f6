//! The lines of an iCalendar file.
//!
//! Source: RFC 5545, section 3.1.

/// A property: `DTSTART;VALUE=DATE:20261224`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Its name, in capitals.
    pub name: String,
    /// Its parameters, names in capitals.
    pub parameters: Vec<(String, String)>,
    /// Its value, as written.
    pub value: String,
    /// The line it begins in, from 1.
    pub line: usize,
}

impl Property {
    /// The value of a parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    fn parse(text: &str, line: usize) -> Option<Self> {
        let colon = unquoted(text, ':').next()?;
        let (head, value) = (&text[..colon], &text[colon + 1..]);
        let mut parts = Vec::new();
        let mut start = 0;
        for end in unquoted(head, ';').chain([head.len()]) {
            parts.push(&head[start..end]);
            start = (end + 1).min(head.len());
        }
        let (name, parameters) = parts.split_first()?;
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return None;
        }
        let parameter = |part: &&str| {
            let (name, value) = part.split_once('=')?;
            Some((name.to_ascii_uppercase(), value.trim_matches('"').to_owned()))
        };
        Some(Self {
            name: name.to_ascii_uppercase(),
            parameters: parameters.iter().map(parameter).collect::<Option<_>>()?,
            value: value.to_owned(),
            line,
        })
    }
}

/// The places of a sign outside of quotes.
fn unquoted(text: &str, sign: char) -> impl Iterator<Item = usize> {
    let mut is_quoted = false;
    text.char_indices().filter_map(move |(place, c)| {
        is_quoted ^= c == '"';
        (c == sign && !is_quoted).then_some(place)
    })
}

/// Reads the properties of a file; lines that begin with a blank go on with the one before.
///
/// # Errors
/// With the number of a line that is none.
pub fn properties(text: &str) -> Result<Vec<Property>, usize> {
    let mut unfolded: Vec<(usize, String)> = Vec::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (index, line) in text.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        match (line.strip_prefix([' ', '\t']), unfolded.last_mut()) {
            (Some(rest), Some((_, before))) => before.push_str(rest),
            _ if line.trim().is_empty() => {}
            _ => unfolded.push((index + 1, line.to_owned())),
        }
    }
    unfolded.into_iter().map(|(line, text)| Property::parse(&text, line).ok_or(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folded_lines_and_quoted_parameters_are_read() {
        let text = "\u{feff}SUMMARY:closed\r\n  for\r\n\tgood\r\n\r\ndtstart;TZID=\"a:b;c\";X=1:2026\n";
        let found = properties(text).unwrap();
        assert_eq!((found[0].name.as_str(), found[0].value.as_str(), found[0].line), ("SUMMARY", "closed forgood", 1));
        assert_eq!((found[1].name.as_str(), found[1].parameter("TZID"), found[1].line), ("DTSTART", Some("a:b;c"), 5));
        assert_eq!(properties("BEGIN:VCALENDAR\nwhat is this\n"), Err(2));
        assert_eq!(properties(""), Ok(vec![]));
    }
}
