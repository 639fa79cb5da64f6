//! One cap as it is written: `deletions 50`, `share=60%`, `iaas.server.deallocate 80`.

use std::fmt;

use super::Pattern;
use super::known::{is_known, nearest_of};
use crate::catalog::Effect;

/// The most of something that a run may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cap {
    /// Of what.
    pub what: Capped,
    /// How many calls; of a share, how many percent.
    pub most: u64,
}

/// What can be capped.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Capped {
    /// `deletions`, or `delete`: calls that remove something.
    Deletions,
    /// `changes`: calls whose effect is not `read`.
    Changes,
    /// `share`: the part of the objects of one kind, or of one volume's snapshots, that is changed or deleted, in
    /// percent.
    Share,
    /// `create`, `update`, `mint`: calls with this effect.
    Effect(Effect),
    /// Calls that need a permission.
    Permission(Pattern),
}

/// Why a text is no cap.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CapError(String);

impl CapError {
    /// How caps are written.
    pub const HINT: &'static str = "caps are `deletions`, `changes`, `create`, `update`, `mint` or a permission with a number, or `share` with a \
         percentage: `deletions=50, share=60%`";
}

impl Cap {
    /// Reads one cap. Between its two parts stands a blank or `=`.
    ///
    /// # Errors
    /// When nothing like it can be capped, no operation needs the permission, or the number is none.
    pub fn parse(text: &str) -> Result<Self, CapError> {
        let text = text.trim();
        let wrong = || CapError(format!("`{text}` is no cap"));
        let (name, number) = text.split_once(['=', ' ', '\t']).ok_or_else(wrong)?;
        let what = Capped::parse(name.trim()).ok_or_else(wrong)?;
        // What nothing needs would cap nothing.
        if let Capped::Permission(pattern) = &what
            && !is_known(pattern)
        {
            let near = nearest_of(pattern).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            return Err(CapError(format!("`{text}` is no cap: no operation needs the permission `{pattern}`{near}")));
        }
        let number = number.trim().trim_start_matches('=').trim();
        // The language's own reading takes a sign.
        let is_signed = number.starts_with('+');
        let most = match (&what, number.strip_suffix('%')) {
            _ if is_signed => None,
            (Capped::Share, percent) => {
                let percent = percent.unwrap_or(number).trim_end();
                percent.parse().ok().filter(|percent| *percent <= 100)
            }
            (_, Some(_)) => None,
            (_, None) => number.parse().ok(),
        };
        Ok(Self { what, most: most.ok_or_else(wrong)? })
    }

    /// Reads caps with commas between them.
    ///
    /// # Errors
    /// When one of them is none.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, CapError> {
        text.split(',').filter(|part| !part.trim().is_empty()).map(Self::parse).collect()
    }

    /// As a value of `--caps`: `share=60%`.
    #[must_use]
    pub fn as_flag(&self) -> String {
        format!("{}={}", self.what, self.number())
    }

    /// As an entry of the table `caps` in `stackhand.toml`: `share = "60%"`.
    #[must_use]
    pub fn as_toml(&self) -> String {
        match &self.what {
            Capped::Share => format!("share = \"{}\"", self.number()),
            Capped::Permission(pattern) => format!("\"{pattern}\" = {}", self.most),
            Capped::Deletions | Capped::Changes | Capped::Effect(_) => format!("{} = {}", self.what, self.most),
        }
    }

    fn number(&self) -> String {
        if self.what == Capped::Share { format!("{}%", self.most) } else { self.most.to_string() }
    }
}

impl Capped {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "deletions" | "delete" => Self::Deletions,
            "changes" => Self::Changes,
            "share" => Self::Share,
            "create" => Self::Effect(Effect::Create),
            "update" => Self::Effect(Effect::Update),
            "mint" => Self::Effect(Effect::Mint),
            _ => Self::Permission(Pattern::parse(name).filter(|_| name.contains('.'))?),
        })
    }
}

/// As in a header: `share 60%`.
impl fmt::Display for Cap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.what, self.number())
    }
}

impl fmt::Display for Capped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deletions => "deletions",
            Self::Changes => "changes",
            Self::Share => "share",
            Self::Effect(effect) => effect.as_str(),
            Self::Permission(pattern) => pattern.as_str(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cap_is_written_with_a_blank_or_an_equals_sign() {
        for (text, shown) in [
            ("deletions 50", "deletions 50"),
            ("deletions=50", "deletions 50"),
            (" deletions = 50 ", "deletions 50"),
            ("delete 50", "deletions 50"),
            ("changes 0", "changes 0"),
            ("share 60%", "share 60%"),
            ("share=60 %", "share 60%"),
            ("share=60", "share 60%"),
            ("update 7", "update 7"),
            ("iaas.server.deallocate 80", "iaas.server.deallocate 80"),
            ("iaas.snapshot.*=8", "iaas.snapshot.* 8"),
        ] {
            assert_eq!(Cap::parse(text).expect(text).to_string(), shown);
        }
        let caps = Cap::parse_all("deletions=50, share=60%,").expect("two caps");
        assert_eq!(caps.iter().map(Cap::as_flag).collect::<Vec<_>>(), ["deletions=50", "share=60%"]);
        assert_eq!(caps.iter().map(Cap::as_toml).collect::<Vec<_>>(), ["deletions = 50", "share = \"60%\""]);
    }

    #[test]
    fn what_is_no_cap_is_refused() {
        for text in [
            "",
            "50",
            "deletions",
            "deletions many",
            "deletions -1",
            "deletions=+5",
            "share +5%",
            "deletions 50%",
            "share 101%",
            "share 0.5",
            "read 5",
            "remove 5",
            "* 5",
            "changes 5 6",
        ] {
            assert_eq!(Cap::parse(text).expect_err(text).to_string(), format!("`{text}` is no cap"));
        }
        let slip = Cap::parse("iaas.servr.stop=2").expect_err("nothing needs it").to_string();
        assert!(slip.ends_with("needs the permission `iaas.servr.stop`; did you mean `iaas.server.stop`?"), "{slip}");
    }
}
