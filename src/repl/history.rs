//! The history of a profile: a file of its own that nobody else may read, without secrets.

use std::path::PathBuf;

use super::lexer::{Class, pieces};
use crate::config::Environment;
use crate::secret::Scrubber;
use crate::transport::names_a_secret;

/// The file of a profile's history, made if it was not there; nothing if there is no place for it.
#[must_use]
pub fn file_of(environment: &Environment, profile: &str) -> Option<PathBuf> {
    let folder = environment.state_folder()?.join("stackhand/history");
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    let mut options = std::fs::File::options();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    builder.create(&folder).ok()?;
    let name: String =
        profile.chars().map(|letter| if letter.is_alphanumeric() || letter == '-' { letter } else { '_' }).collect();
    let file = folder.join(format!("{name}.txt"));
    options.open(&file).ok()?;
    Some(file)
}

/// Whether a line may be kept: not if it begins with a blank, or holds a secret, known or by the name that it is given
/// to.
#[must_use]
pub fn may_keep(line: &str, scrubber: &Scrubber) -> bool {
    if line.trim().is_empty() || line.starts_with(char::is_whitespace) || scrubber.scrub(line) != line {
        return false;
    }
    let own = pieces(line);
    !own.windows(3).any(|three| {
        let [name, sign, value] = three else { return false };
        let name = line[name.span.clone()].trim_matches('"');
        let is_given = matches!(&line[sign.span.clone()], ":" | "=");
        is_given && value.class == Class::Text && names_a_secret(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_lines_that_begin_with_a_blank_are_not_kept() {
        let scrubber = Scrubber::new();
        scrubber.learn("correct-horse-battery");
        for line in [
            " servers()",
            "",
            "let x = \"correct-horse-battery\";",
            "let password = \"short\";",
            "http(#{ password: \"x\" })",
            "#{ \"api_token\": \"x\" }",
        ] {
            assert!(!may_keep(line, &scrubber), "{line}");
        }
        for line in ["servers()", "let name = \"web\";", "let p = secret(\"DB_PASSWORD\");", "x.password == y"] {
            assert!(may_keep(line, &scrubber), "{line}");
        }
    }
}
