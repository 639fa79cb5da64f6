//! What stands before the line that is typed: the number of the input, the profile, the project and the region.

use anstyle::{AnsiColor, Style};

/// Below so many columns the place has a line of its own.
const NARROW: u16 = 72;

/// The longest name of a project that is shown whole.
const LONGEST_NAME: usize = 24;

/// Where a session acts, as the prompt says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The profile; nothing if there is none.
    pub profile: Option<String>,
    /// The project's name, or the beginning of its id as long as its name is not known.
    pub project: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// Whether mistakes hurt here.
    pub is_production: bool,
    /// Whether nothing real is touched.
    pub is_simulated: bool,
    /// Whether changes are made without asking.
    pub is_unasked: bool,
}

/// A prompt as text and with styles; both take the same columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// Without styles.
    pub raw: String,
    /// With styles.
    pub styled: String,
}

impl Place {
    /// The prompt of the input of this number, on a terminal of so many columns.
    #[must_use]
    pub fn prompt(&self, number: usize, width: u16) -> Prompt {
        let mut text = Text::default();
        let is_narrow = width < NARROW;
        if !is_narrow {
            text.add(&format!("{number} "), Style::new().dimmed());
        }
        self.write_place(&mut text);
        if is_narrow {
            text.add("\n", Style::new());
            text.add(&number.to_string(), Style::new().dimmed());
        }
        text.add("> ", self.style().bold());
        Prompt { raw: text.raw, styled: text.styled }
    }

    fn style(&self) -> Style {
        let colour = match (self.is_production, self.is_simulated) {
            (true, _) => AnsiColor::Red,
            (false, true) => AnsiColor::Magenta,
            (false, false) => AnsiColor::Cyan,
        };
        colour.on_default()
    }

    fn write_place(&self, text: &mut Text) {
        let profile = self.profile.as_deref().unwrap_or(if self.is_simulated { "sim" } else { "no profile" });
        text.add(profile, self.style().bold());
        if self.is_production && !profile.contains("prod") {
            text.add(" production", self.style().bold());
        }
        let plain = Style::new();
        text.add(" ", plain);
        text.add(&self.project.as_deref().map_or_else(|| "no project".to_owned(), shortened), plain);
        if let Some(region) = &self.region {
            text.add(" ", plain);
            text.add(region, plain.dimmed());
        }
        if self.is_unasked {
            text.add(" unasked", AnsiColor::Yellow.on_default());
        }
    }
}

#[derive(Default)]
struct Text {
    raw: String,
    styled: String,
}

impl Text {
    fn add(&mut self, text: &str, style: Style) {
        use std::fmt::Write as _;
        // A name from the API must not steer the terminal.
        let text: String =
            text.chars().map(|letter| if letter.is_control() && letter != '\n' { '�' } else { letter }).collect();
        self.raw.push_str(&text);
        let _ = write!(self.styled, "{style}{text}{style:#}");
    }
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    name.chars().take(LONGEST_NAME - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place {
            profile: Some("live".to_owned()),
            project: Some("web shop".to_owned()),
            region: Some("eu01".to_owned()),
            ..Place::default()
        }
    }

    #[test]
    fn it_says_where_one_is() {
        assert_eq!(place().prompt(3, 80).raw, "3 live web shop eu01> ");
        assert_eq!(place().prompt(3, 40).raw, "live web shop eu01\n3> ");
        let nowhere = Place { is_simulated: true, ..Place::default() };
        assert_eq!(nowhere.prompt(1, 120).raw, "1 sim no project> ");
    }

    #[test]
    fn production_is_red_and_says_so_without_colour_too() {
        let prompt = Place { is_production: true, is_unasked: true, ..place() }.prompt(3, 80);
        assert_eq!(prompt.raw, "3 live production web shop eu01 unasked> ");
        assert!(prompt.styled.contains("\u{1b}[31m"), "{:?}", prompt.styled);
    }

    #[test]
    fn a_name_neither_floods_nor_steers_the_terminal() {
        let prompt = Place { project: Some(format!("\u{1b}[2J{}", "x".repeat(90))), ..place() }.prompt(3, 80);
        assert!(prompt.raw.chars().count() < 60 && !prompt.raw.contains('\u{1b}'));
    }
}
