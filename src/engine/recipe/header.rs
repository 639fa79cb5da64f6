//! The `//!` lines of a recipe: its help, and what it asks for.

use super::comments::{Comment, CommentKind, comments};
use super::finding::Finding;
use crate::error::nearest;
use crate::policy::{Cap, CapError, Grant, Listed, Place};

const KEYS: [&str; 3] = ["Permissions", "Caps", "Repeatable"];

/// What the `//!` lines of a recipe say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header {
    /// The prose, one line of the recipe a line.
    pub help: String,
    /// `Permissions:` what it asks for; `None` if there is no such line.
    pub permissions: Option<Vec<AskedPermission>>,
    /// `Caps:` how much it changes at most, by its own word.
    pub caps: Vec<Cap>,
    /// `Repeatable:` whether running it again after a failure does no harm.
    pub repeatable: Option<bool>,
}

/// A permission that a recipe asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedPermission {
    /// What is asked for.
    pub grant: Grant,
    /// Where it stands.
    pub line: usize,
    /// Where it stands, in characters from 1.
    pub column: usize,
}

impl Header {
    /// The first sentence or line of the help, for lists of recipes.
    #[must_use]
    pub fn summary(&self) -> &str {
        self.help.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim()
    }

    /// The permissions that it asks for, with their place in the recipe of this name; `None` if it says nothing of them.
    #[must_use]
    pub fn listed(&self, recipe: &str) -> Option<Listed> {
        let asked = self.permissions.as_ref()?;
        let at = asked.first().map_or_else(|| recipe.to_owned(), |first| format!("{recipe}:{}", first.line));
        let grants = asked.iter().map(|asked| asked.grant.clone()).collect();
        Some(Listed { grants, place: Place::new(recipe, at) })
    }

    /// Reads the `//!` lines of a script, and says what is wrong with them.
    #[must_use]
    pub fn read(source: &str) -> (Self, Vec<Finding>) {
        let lines: Vec<Comment> =
            comments(source).into_iter().filter(|comment| comment.kind == CommentKind::Module).collect();
        let mut reader = Reader { header: Self::default(), findings: Vec::new(), help: Vec::new() };
        let mut index = 0;
        while index < lines.len() {
            index = reader.line(&lines, index);
        }
        let help = reader.help.join("\n");
        help.trim_matches('\n').clone_into(&mut reader.header.help);
        (reader.header, reader.findings)
    }
}

struct Reader {
    header: Header,
    findings: Vec<Finding>,
    help: Vec<String>,
}

/// A piece of a value, with its place.
struct Part<'c> {
    text: &'c str,
    line: usize,
    column: usize,
}

impl Reader {
    /// Takes one line, or a key with the lines that continue it; returns the index of the next.
    fn line(&mut self, lines: &[Comment], index: usize) -> usize {
        let comment = &lines[index];
        let text = comment.text.strip_prefix(' ').unwrap_or(&comment.text);
        let word = text.split_once(':').map(|(word, _)| word);
        let Some(key) = word.and_then(|word| KEYS.into_iter().find(|key| *key == word)) else {
            if let Some(word) = word {
                self.near_miss(word, comment);
            }
            self.help.push(text.trim_end().to_owned());
            return index + 1;
        };
        let mut end = index + 1;
        while end < lines.len() && continues(&lines[end - 1], &lines[end]) {
            end += 1;
        }
        let parts: Vec<Part<'_>> = lines[index..end]
            .iter()
            .enumerate()
            .flat_map(|(nth, line)| {
                let start = if nth == 0 { line.text.find(':').map_or(0, |colon| colon + 1) } else { 0 };
                split(line, start)
            })
            .collect();
        match key {
            "Permissions" => self.permissions(&parts),
            "Caps" => self.caps(&parts),
            _ => self.repeatable(&parts, comment),
        }
        end
    }

    fn near_miss(&mut self, word: &str, comment: &Comment) {
        let is_one_word = !word.is_empty() && word.chars().all(char::is_alphabetic);
        if is_one_word && let Some(key) = nearest(word, KEYS) {
            let finding = Finding::warning(
                "unknown_header_key",
                comment.line,
                comment.column,
                format!("`{word}:` is read as help, not as a key"),
            );
            self.findings.push(finding.with_hint(format!("did you mean `{key}:`?")));
        }
    }

    fn permissions(&mut self, parts: &[Part<'_>]) {
        let asked = self.header.permissions.get_or_insert_default();
        for part in parts {
            match Grant::parse(part.text) {
                Ok(grant) => asked.push(AskedPermission { grant, line: part.line, column: part.column }),
                Err(error) => self.findings.push(
                    Finding::error("bad_permission", part.line, part.column, error.message)
                        .spanning(part.text.chars().count())
                        .with_hint(error.hint),
                ),
            }
        }
    }

    fn caps(&mut self, parts: &[Part<'_>]) {
        for part in parts {
            match Cap::parse(part.text) {
                Ok(cap) => self.header.caps.push(cap),
                Err(error) => self.findings.push(
                    Finding::error("bad_cap", part.line, part.column, error.to_string())
                        .spanning(part.text.chars().count())
                        .with_hint(CapError::HINT),
                ),
            }
        }
    }

    fn repeatable(&mut self, parts: &[Part<'_>], comment: &Comment) {
        // What follows the word is the reason, for people.
        let word = parts.first().and_then(|part| part.text.split([' ', ';']).next()).unwrap_or_default();
        match word {
            "yes" => self.header.repeatable = Some(true),
            "no" => self.header.repeatable = Some(false),
            _ => self.findings.push(
                Finding::error(
                    "bad_repeatable",
                    comment.line,
                    comment.column,
                    format!("`Repeatable: {word}` is unclear"),
                )
                .with_hint("write `Repeatable: yes` or `Repeatable: no`, and why after a comma"),
            ),
        }
    }
}

/// A key goes on where the line before ends in a comma, or this one is indented.
fn continues(before: &Comment, line: &Comment) -> bool {
    if line.line != before.line + 1 || line.text.trim().is_empty() {
        return false;
    }
    before.text.trim_end().ends_with(',') || line.text.starts_with("  ")
}

/// The pieces between commas from the byte `start` on, with their places.
fn split(comment: &Comment, start: usize) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut offset = start;
    for piece in comment.text[start..].split(',') {
        let text = piece.trim();
        if !text.is_empty() {
            let blanks = piece.len() - piece.trim_start().len();
            // Three characters are the mark `//!`.
            let column = comment.column + 3 + comment.text[..offset + blanks].chars().count();
            parts.push(Part { text, line: comment.line, column });
        }
        offset += piece.len() + 1;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_and_keys_are_told_apart() {
        let source = "\
//! Deallocate the servers that need not run at night.
//!
//! Note: INACTIVE servers still bill in full.
//! Permissions: iaas.server.list, iaas.server.deallocate where schedule=office-hours,
//!   iaas.volume.*
//! Caps: update 80, iaas.server.deallocate 80,
//!   delete 5, share 60%
//! Repeatable: yes, a deallocated server is left alone
//! More help.
let a = 1;";
        let (header, findings) = Header::read(source);
        assert_eq!(findings, []);
        assert_eq!(header.summary(), "Deallocate the servers that need not run at night.");
        assert!(header.help.ends_with("bill in full.\nMore help."), "{}", header.help);
        let listed = header.listed("night.rhai").expect("asked");
        assert_eq!((listed.grants.len(), listed.place.at.as_str()), (3, "night.rhai:4"));
        let permissions = header.permissions.expect("asked");
        let grants: Vec<String> = permissions.iter().map(|asked| asked.grant.to_string()).collect();
        assert_eq!(grants, ["iaas.server.list", "iaas.server.deallocate where schedule=office-hours", "iaas.volume.*"]);
        assert_eq!((permissions[1].line, permissions[1].column), (4, 36));
        assert_eq!((permissions[2].line, permissions[2].column), (5, 7));
        let caps: Vec<String> = header.caps.iter().map(Cap::to_string).collect();
        assert_eq!(caps, ["update 80", "iaas.server.deallocate 80", "deletions 5", "share 60%"]);
        assert_eq!(header.repeatable, Some(true));
    }

    #[test]
    fn a_recipe_without_a_header_asks_for_nothing() {
        assert_eq!(Header::read("let a = 1; // Permissions: none"), (Header::default(), vec![]));
        let (header, findings) = Header::read("//! Permissions:\n//! Reads nothing.");
        assert_eq!((header.permissions, header.help.as_str(), findings), (Some(vec![]), "Reads nothing.", vec![]));
    }

    #[test]
    fn every_mistake_of_the_header_is_found() {
        for (source, code, part) in [
            ("//! Permission: iaas.server.list", "unknown_header_key", "`Permissions:`"),
            ("//! Permissions: everything", "bad_permission", "separated by commas"),
            ("//! Permissions: iaas.*.list", "bad_permission", "separated by commas"),
            ("//! Permissions: iaas.server.list if x", "bad_permission", "narrow it"),
            ("//! Permissions: iaas.server.list where", "bad_permission", "narrow it"),
            ("//! Permissions: iaas.server.list where team=", "bad_permission", "narrow it"),
            ("//! Permissions: iaas.server.list where a=b c=d", "bad_permission", "narrow it"),
            ("//! Caps: delete many", "bad_cap", "deletions=50"),
            ("//! Caps: remove 5", "bad_cap", "deletions=50"),
            ("//! Repeatable: perhaps", "bad_repeatable", "Repeatable: yes"),
        ] {
            let (_, findings) = Header::read(source);
            assert_eq!(findings.len(), 1, "{source}");
            assert_eq!(findings[0].code, code, "{source}");
            assert!(findings[0].hint.as_deref().is_some_and(|hint| hint.contains(part)), "{source}");
        }
    }
}
