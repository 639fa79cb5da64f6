//! Label selectors: `team=web`, `env!=dev`, `tier in (1,2)`, `tier notin (3)`, `keep`, `!keep`, joined by commas.
//!
//! STACKIT documents `key=value` only, and shows lists; the rest is Kubernetes' grammar, which both suggest.

use super::world::Labels;

/// A selector that was understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector(Vec<Requirement>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    key: String,
    rule: Rule,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    Exists,
    Absent,
    In(Vec<String>),
    NotIn(Vec<String>),
}

impl Selector {
    /// Reads a selector; an empty one selects everything.
    ///
    /// # Errors
    /// With what is wrong in it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let requirements = split(text)?
            .into_iter()
            .filter(|part| !part.trim().is_empty() || !text.trim().is_empty())
            .map(|part| Requirement::parse(part.trim()))
            .collect::<Result<_, _>>()?;
        Ok(Self(requirements))
    }

    /// Whether an object with these labels is selected.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.0.iter().all(|requirement| {
            let value = labels.get(&requirement.key);
            match &requirement.rule {
                Rule::Exists => value.is_some(),
                Rule::Absent => value.is_none(),
                Rule::In(values) => value.is_some_and(|value| values.contains(value)),
                // As in Kubernetes, an object without the key is not "in".
                Rule::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
            }
        })
    }
}

impl Requirement {
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("a requirement is empty".into());
        }
        if let Some(key) = text.strip_prefix('!') {
            return Ok(Self { key: key_of(key)?, rule: Rule::Absent });
        }
        if let Some(open) = text.find('(') {
            let Some(values) = text[open + 1..].strip_suffix(')') else {
                return Err(format!("`{text}` lacks its closing parenthesis"));
            };
            let values = values.split(',').map(|value| value_of(value.trim())).collect::<Result<Vec<_>, _>>()?;
            let (key, word) = text[..open].trim_end().rsplit_once(char::is_whitespace).unwrap_or(("", ""));
            let key = key_of(key.trim())?;
            return match word {
                "in" => Ok(Self { key, rule: Rule::In(values) }),
                "notin" => Ok(Self { key, rule: Rule::NotIn(values) }),
                _ => Err(format!("`{text}` needs `in` or `notin` before its list")),
            };
        }
        let (key, rule) = if let Some((key, value)) = text.split_once("!=") {
            (key, Rule::NotIn(vec![value_of(value.trim())?]))
        } else if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
            (key, Rule::In(vec![value_of(value.trim())?]))
        } else {
            (text, Rule::Exists)
        };
        Ok(Self { key: key_of(key.trim())?, rule })
    }
}

/// Splits at commas outside of parentheses.
fn split(text: &str) -> Result<Vec<&str>, String> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_u32, 0);
    for (position, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1).ok_or("a closing parenthesis has no opening one")?,
            ',' if depth == 0 => {
                parts.push(&text[start..position]);
                start = position + 1;
            }
            _ => {}
        }
    }
    if depth > 0 {
        return Err("a parenthesis is not closed".into());
    }
    parts.push(&text[start..]);
    Ok(parts)
}

/// A key may carry a domain prefix and a slash here, because labels of Kubernetes nodes do.
fn key_of(text: &str) -> Result<String, String> {
    let is_word = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text.ends_with(|last: char| last.is_ascii_alphanumeric())
            && text.chars().all(|character| character.is_ascii_alphanumeric() || "-_./".contains(character))
    };
    if is_word(text) { Ok(text.to_owned()) } else { Err(format!("`{text}` is no label key")) }
}

fn value_of(text: &str) -> Result<String, String> {
    if super::labels::is_value(text) { Ok(text.to_owned()) } else { Err(format!("`{text}` is no label value")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Labels {
        Labels::from([("team".into(), "web".into()), ("tier".into(), "2".into()), ("empty".into(), String::new())])
    }

    #[test]
    fn selectors_select() {
        for (selector, expected) in [
            ("team=web", true),
            ("team==web", true),
            ("team = web", true),
            ("team=api", false),
            ("team!=api", true),
            ("team!=web", false),
            ("other!=web", true),
            ("team", true),
            ("other", false),
            ("!other", true),
            ("!team", false),
            ("tier in (1,2)", true),
            ("tier in (1, 3)", false),
            ("tier notin (1,3)", true),
            ("tier notin (2)", false),
            ("team=web,tier=2", true),
            ("team=web,tier=3", false),
            ("tier in (1,2),team=web", true),
            ("empty=", true),
            ("", true),
        ] {
            assert_eq!(Selector::parse(selector).map(|found| found.matches(&labels())), Ok(expected), "{selector}");
        }
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for selector in [
            ",",
            "team=web,",
            "=web",
            "team=we b",
            "team=we:b",
            "tier in (1",
            "tier in 1)",
            "tier on (1)",
            "!",
            "a b",
            "(1)",
            "team=web=x",
            "in (a)",
            "kéy=1",
            "-a=1",
        ] {
            assert!(Selector::parse(selector).is_err(), "{selector}");
        }
    }
}
