//! What a run would do beyond a cap, in words.

use std::collections::BTreeMap;
use std::fmt;

use super::{Cap, CapGiver, CapLimit, Capped, Daily, Deletions};
use crate::catalog::Effect;

/// What a run would do beyond a cap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Excess {
    /// Too many calls.
    Calls {
        /// Of what.
        what: Capped,
        /// How many they would be.
        count: u64,
        /// The cap.
        limit: CapLimit,
        /// Of deletions, what would be deleted.
        deleted: Deletions,
    },
    /// Too large a part of what there is.
    Share(Share, CapLimit),
    /// A part of what nobody could count.
    Uncounted {
        /// The part.
        share: Share,
        /// Why the whole is unknown.
        why: String,
        /// The cap.
        limit: CapLimit,
    },
    /// More than a person agreed to.
    Unagreed {
        /// What is called.
        operation: &'static str,
        /// On what: a name, or an id.
        object: Option<String>,
        /// How often it would be.
        count: u64,
        /// How often was agreed to.
        agreed: u64,
    },
    /// Too many changes of a job in a day.
    Daily {
        /// How many they would be.
        count: u64,
        /// The cap.
        daily: Daily,
    },
}

/// A part of the objects of one kind, or of one volume's snapshots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// What is done to them: `deallocate`; `change` if it is several things.
    pub verb: String,
    /// What they are: `server`.
    pub kind: String,
    /// How many.
    pub part: usize,
    /// Of how many.
    pub whole: usize,
    /// Of which volume: its id.
    pub volume: Option<String>,
    /// That volume's name, once somebody has told it: [`Excess::name_volume`].
    pub volume_name: Option<String>,
}

/// Calls by operation: what was done, or is left.
pub type Deeds = BTreeMap<&'static str, u64>;

impl Excess {
    /// What would have to be given for it to pass: what the recipe asks for, else what it needs as far as is known.
    /// Nothing if nobody but the recipe or the job's own table can.
    fn remedy(&self, is_counted_whole: bool) -> Option<Cap> {
        let (what, needed, limit) = match self {
            Self::Calls { what, count, limit, .. } => (what.clone(), *count, limit),
            Self::Share(share, limit) => (Capped::Share, share.rounded_up(100), limit),
            Self::Uncounted { limit, .. } => (Capped::Share, 100, limit),
            Self::Unagreed { .. } | Self::Daily { .. } => return None,
        };
        if limit.by == CapGiver::Recipe {
            return None;
        }
        // In mid-run nobody knows how far it would go: twice as much is an example.
        let guessed = if is_counted_whole { needed } else { needed.max(limit.most.saturating_mul(2)) };
        let most = limit.asked.filter(|asked| *asked >= needed).unwrap_or(guessed);
        Some(Cap { most: if what == Capped::Share { most.min(100) } else { most }, what })
    }

    /// The id of the volume that it is about and that has no name yet.
    #[must_use]
    pub fn unnamed_volume(&self) -> Option<&str> {
        match self {
            Self::Share(share, _) | Self::Uncounted { share, .. } if share.volume_name.is_none() => {
                share.volume.as_deref()
            }
            _ => None,
        }
    }

    /// Tells the name of the volume that it is about.
    pub fn name_volume(&mut self, name: String) {
        if let Self::Share(share, _) | Self::Uncounted { share, .. } = self {
            share.volume_name = Some(name);
        }
    }

    fn limit(&self) -> Option<&CapLimit> {
        match self {
            Self::Calls { limit, .. } | Self::Share(_, limit) | Self::Uncounted { limit, .. } => Some(limit),
            Self::Unagreed { .. } | Self::Daily { .. } => None,
        }
    }

    /// How to go on when these caps stand in the way. `is_counted_whole` says that they were counted to the end.
    #[must_use]
    pub fn hint(excesses: &[Self], is_counted_whole: bool) -> String {
        let mut remedies: BTreeMap<Capped, Cap> = BTreeMap::new();
        for cap in excesses.iter().filter_map(|excess| excess.remedy(is_counted_whole)) {
            let entry = remedies.entry(cap.what.clone()).or_insert_with(|| cap.clone());
            entry.most = entry.most.max(cap.most);
        }
        let mut hints = Vec::new();
        if !remedies.is_empty() {
            let flags: Vec<String> = remedies.values().map(Cap::as_flag).collect();
            let entries: Vec<String> = remedies.values().map(Cap::as_toml).collect();
            let profile = excesses.iter().find_map(|excess| excess.limit()?.profile.as_deref());
            let place = profile.map_or_else(
                || "at the top of `stackhand.toml`".to_owned(),
                |name| format!("in `[profile.{name}]` or at the top of `stackhand.toml`"),
            );
            hints.push(format!(
                "if that is meant, give `--caps \"{}\"`, or write `caps = {{ {} }}` {place}",
                flags.join(", "),
                entries.join(", ")
            ));
        }
        let asked: Vec<String> = excesses
            .iter()
            .filter_map(|excess| match excess {
                Self::Calls { what, limit, .. } => Some((what.clone(), limit.asked?)),
                Self::Share(_, limit) | Self::Uncounted { limit, .. } => Some((Capped::Share, limit.asked?)),
                Self::Unagreed { .. } | Self::Daily { .. } => None,
            })
            .map(|(what, most)| format!("`{}`", Cap { what, most }))
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect();
        if !asked.is_empty() {
            hints.push(format!("the recipe asks for {}", asked.join(", ")));
        }
        if excesses.iter().any(|excess| excess.limit().is_some_and(|limit| limit.by == CapGiver::Recipe)) {
            hints.push("the recipe's own `Caps:` line wants no more".to_owned());
        }
        if excesses.iter().any(|excess| matches!(excess, Self::Daily { .. })) {
            hints.push("the job's daily cap stands in its table of `stackhand.toml`".to_owned());
        }
        if excesses.iter().any(|excess| matches!(excess, Self::Unagreed { .. })) {
            hints.push(
                "the run does other things than its rehearsal did: run it again, and see what it shows now".to_owned(),
            );
        }
        hints.join("; ")
    }
}

impl Share {
    /// The part in so many parts of the whole, rounded up.
    fn rounded_up(&self, parts: u64) -> u64 {
        (self.part as u64 * parts).div_ceil(self.whole.max(1) as u64)
    }

    /// The part in percent; never shown as no more than the cap that it passes.
    fn percent(&self, cap: u64) -> String {
        let whole = self.whole.max(1) as u64;
        let rounded = (self.part as u64 * 200 + whole) / (2 * whole);
        if rounded > cap {
            return rounded.to_string();
        }
        let tenths = self.rounded_up(1_000);
        format!("{}.{}", tenths / 10, tenths % 10)
    }

    fn objects(&self) -> String {
        let nouns = plural(&self.kind);
        match (&self.volume, &self.volume_name) {
            (Some(volume), Some(name)) => format!("{nouns} of the volume `{name}` ({volume})"),
            (Some(volume), None) => format!("{nouns} of the volume `{volume}`"),
            (None, _) => nouns,
        }
    }
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Calls { what, count, limit, deleted } => {
                let plural = if *count == 1 { "" } else { "s" };
                match what {
                    Capped::Deletions if !deleted.along.is_empty() => write!(f, "would delete {}", in_kinds(deleted))?,
                    Capped::Deletions => write!(f, "would make {count} deletion{plural}")?,
                    Capped::Changes | Capped::Share => write!(f, "would make {count} change{plural}")?,
                    Capped::Effect(effect) => {
                        let noun = match effect {
                            Effect::Create => "creation",
                            Effect::Update => "update",
                            _ => "new credential",
                        };
                        write!(f, "would make {count} {noun}{plural}")?;
                    }
                    Capped::Permission(pattern) => write!(f, "would use `{pattern}` {count} time{plural}")?,
                }
                write!(f, "; cap {}", limit.most)
            }
            Self::Share(share, limit) => {
                let percent = share.percent(limit.most);
                write!(
                    f,
                    "would {} {} of {} {} ({percent} %); cap {} %",
                    share.verb,
                    share.part,
                    share.whole,
                    share.objects(),
                    limit.most
                )
            }
            Self::Uncounted { share, why, limit } => write!(
                f,
                "would {} {} {}, and how many there are is unknown, as {why}; cap {} %",
                share.verb,
                share.part,
                share.objects(),
                limit.most
            ),
            Self::Unagreed { operation, object, count, agreed } => {
                match object {
                    Some(object) => write!(f, "would call `{operation}` on `{object}`")?,
                    None => write!(f, "would call `{operation}`")?,
                }
                match agreed {
                    0 => f.write_str(", which was not agreed to"),
                    _ => write!(f, " for the {}; agreed to were {agreed}", ordinal(*count)),
                }
            }
            Self::Daily { count, daily } => {
                write!(f, "would make {count} changes today; cap {} a day", daily.most)
            }
        }
    }
}

/// Calls in words: ``35 × `deallocate_server`, 2 × `delete_volume` ``.
#[must_use]
pub fn in_words(deeds: &Deeds) -> String {
    let words: Vec<String> = deeds.iter().map(|(name, count)| format!("{count} × `{name}`")).collect();
    words.join(", ")
}

/// `1st`, `22nd`, `113th` time.
fn ordinal(count: u64) -> String {
    let ending = match (count % 100, count % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{count}{ending} time")
}

/// What is deleted, in words: `1 volume and 7 snapshots`.
fn in_kinds(deleted: &Deletions) -> String {
    let mut kinds: Vec<(&str, u64)> = deleted.own.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
    for (kind, count) in &deleted.along {
        match kinds.iter_mut().find(|(other, _)| other == kind) {
            Some((_, sum)) => *sum += count,
            None => kinds.push((kind, *count)),
        }
    }
    let words: Vec<String> = kinds.into_iter().map(|(kind, count)| counted(kind, count)).collect();
    match words.as_slice() {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => words.concat(),
    }
}

/// `1 volume`, `7 snapshots`.
#[must_use]
pub fn counted(kind: &str, count: u64) -> String {
    if count == 1 { format!("1 {kind}") } else { format!("{count} {}", plural(kind)) }
}

/// `servers`, `policies`.
#[must_use]
pub fn plural(kind: &str) -> String {
    match kind.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u'])) {
        Some(stem) => format!("{stem}ies"),
        None if kind.ends_with('s') => kind.to_owned(),
        None => format!("{kind}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(most: u64, asked: Option<u64>) -> CapLimit {
        CapLimit { most, by: CapGiver::Default, asked, profile: Some("prod".into()) }
    }

    fn share(part: usize, whole: usize) -> Share {
        Share { verb: "deallocate".into(), kind: "server".into(), part, whole, volume: None, volume_name: None }
    }

    #[test]
    fn an_excess_reads_as_a_sentence() {
        let calls = |what: &str, count| Excess::Calls {
            what: Cap::parse(&format!("{what} 1")).expect(what).what,
            count,
            limit: limit(20, None),
            deleted: Deletions::default(),
        };
        for (excess, words) in [
            (calls("deletions", 21), "would make 21 deletions; cap 20"),
            (calls("changes", 101), "would make 101 changes; cap 20"),
            (calls("create", 21), "would make 21 creations; cap 20"),
            (calls("iaas.server.stop", 21), "would use `iaas.server.stop` 21 times; cap 20"),
            (Excess::Share(share(97, 104), limit(34, None)), "would deallocate 97 of 104 servers (93 %); cap 34 %"),
            (Excess::Share(share(36, 104), limit(34, None)), "would deallocate 36 of 104 servers (35 %); cap 34 %"),
            (
                Excess::Share(share(342, 1_000), limit(34, None)),
                "would deallocate 342 of 1000 servers (34.2 %); cap 34 %",
            ),
            (
                Excess::Daily { count: 9, daily: Daily { most: 8, so_far: 1 } },
                "would make 9 changes today; cap 8 a day",
            ),
        ] {
            assert_eq!(excess.to_string(), words);
        }
        let kinds = |kinds: &[(&str, u64)]| kinds.iter().map(|(kind, count)| ((*kind).to_owned(), *count)).collect();
        let deleted =
            Deletions { own: kinds(&[("server", 1), ("volume", 2)]), along: kinds(&[("snapshot", 7), ("volume", 1)]) };
        let cascade = Excess::Calls { what: Capped::Deletions, count: 11, limit: limit(10, None), deleted };
        assert_eq!(cascade.to_string(), "would delete 1 server, 3 volumes and 7 snapshots; cap 10");
        let of_volume =
            Share { kind: "snapshot".into(), verb: "delete".into(), volume: Some("v".into()), ..share(6, 14) };
        assert_eq!(
            Excess::Share(of_volume, limit(34, None)).to_string(),
            "would delete 6 of 14 snapshots of the volume `v` (43 %); cap 34 %"
        );
    }

    #[test]
    fn the_hint_names_what_is_needed_and_where_to_give_it() {
        let over = Excess::Share(share(97, 104), limit(34, None));
        let calls = Excess::Calls {
            what: Capped::Deletions,
            count: 21,
            limit: limit(20, Some(200)),
            deleted: Deletions::default(),
        };
        assert_eq!(
            Excess::hint(&[over, calls.clone()], true),
            "if that is meant, give `--caps \"deletions=200, share=94%\"`, or write `caps = { deletions = 200, share = \
             \"94%\" }` in `[profile.prod]` or at the top of `stackhand.toml`; the recipe asks for `deletions 200`"
        );
        let own = Excess::Calls {
            what: Capped::Deletions,
            count: 3,
            limit: CapLimit { most: 2, by: CapGiver::Recipe, asked: None, profile: None },
            deleted: Deletions::default(),
        };
        assert_eq!(Excess::hint(&[own], false), "the recipe's own `Caps:` line wants no more");
    }

    #[test]
    fn kinds_have_plurals() {
        for (one, many) in [("server", "servers"), ("policy", "policies"), ("key", "keys"), ("dns", "dns")] {
            assert_eq!(plural(one), many);
        }
    }
}
