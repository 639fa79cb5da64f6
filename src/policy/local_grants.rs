//! What a run may do outside the API, with who gave it.

use super::source::{Place, Restrictor, Script, Sources, quoted};
use super::{Grant, Granted, LocalGrant, Refusal};

/// What a run may do outside the API: with files, environment, network and secrets. Nothing, unless it was given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LocalGrants {
    /// What flag, job and profile give; any of them is enough.
    pub given: Vec<LocalGrant>,
    /// What the recipe's header asks for. Where there is a header, nothing else is given; `None` without one.
    pub asked: Option<Asked>,
    /// What `--deny` takes away.
    pub denied: Vec<LocalGrant>,
    /// The recipe's name, for hints; `None` for a line that somebody typed.
    pub recipe: Option<String>,
}

/// What a recipe's header asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What it asks for.
    pub grants: Vec<LocalGrant>,
    /// Where the header stands.
    pub place: Place,
}

impl LocalGrants {
    pub(super) fn new(sources: &Sources) -> Self {
        let lists = [&sources.job, &sources.profile].into_iter().flatten().map(|listed| listed.grants.as_slice());
        let given = lists.chain([sources.allow.as_slice()]).flat_map(local_of).collect();
        let header = sources.header.as_ref();
        Self {
            given,
            asked: header
                .map(|header| Asked { grants: local_of(&header.grants).collect(), place: header.place.clone() }),
            denied: local_of(&sources.deny).collect(),
            recipe: match &sources.script {
                Script::File(name) => Some(name.clone()),
                Script::Typed => None,
            },
        }
    }

    /// Whether the run may do `wanted`. `covers` says whether a grant reaches it: how paths and hosts compare is known
    /// to who asks.
    ///
    /// # Errors
    /// Who does not give it, and how to give it.
    pub fn decide(&self, wanted: &LocalGrant, covers: impl Fn(&LocalGrant) -> bool) -> Result<(), Refusal> {
        if let Some(denied) = self.denied.iter().find(|grant| covers(grant)) {
            let by = Restrictor::Deny(Grant { what: Granted::Local(denied.clone()), labels: Vec::new() });
            let message = format!("this run may not use `{wanted}`: {by} comes before every grant");
            return Err(Refusal::new("denied", message).needing(wanted).hinting("leave it out of `--deny`"));
        }
        let is_given = self.given.iter().any(&covers);
        let unasked = self.asked.as_ref().filter(|asked| !asked.grants.iter().any(&covers));
        let give = || format!("give `--allow {}`", quoted(&Grant::local(wanted.clone())));
        let ask = |asked: &Asked| format!("add it to `Permissions:` ({})", asked.place.at);
        let refusal = Refusal::new("not_granted", format!("this run was not granted `{wanted}`")).needing(wanted);
        match (is_given, unasked) {
            (true, None) => Ok(()),
            (false, None) => Err(refusal.hinting(give())),
            (true, Some(asked)) => {
                let message = format!("`{wanted}` was granted, but the recipe's `Permissions:` do not ask for it");
                Err(Refusal { message, ..refusal }.hinting(ask(asked)))
            }
            (false, Some(asked)) => Err(refusal.hinting(format!("{}, and {}", ask(asked), give()))),
        }
    }
}

fn local_of(grants: &[Grant]) -> impl Iterator<Item = LocalGrant> {
    grants.iter().filter_map(|grant| match &grant.what {
        Granted::Local(local) => Some(local.clone()),
        Granted::Api(_) | Granted::Reading => None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::Listed;
    use super::*;

    fn grants(texts: &[&str]) -> Vec<Grant> {
        texts.iter().map(|text| Grant::parse(text).expect(text)).collect()
    }

    fn listed(texts: &[&str]) -> Listed {
        Listed { grants: grants(texts), place: Place::new("x", "x.rhai:3") }
    }

    fn decide(sources: &Sources, wanted: &str) -> Result<(), Refusal> {
        let wanted = LocalGrant::parse(wanted).expect(wanted);
        LocalGrants::new(sources).decide(&wanted, |grant| *grant == wanted)
    }

    #[test]
    fn nothing_is_given_unless_somebody_gives_it_and_the_header_asks() {
        let refused = decide(&Sources::default(), "env:HOME").expect_err("nobody gave it");
        assert_eq!(refused.message, "this run was not granted `env:HOME`");
        assert_eq!(refused.hint.as_deref(), Some("give `--allow env:HOME`"));
        let giving = [
            Sources { allow: grants(&["env:HOME"]), ..Sources::default() },
            Sources { job: Some(listed(&["env:HOME"])), ..Sources::default() },
            Sources { profile: Some(listed(&["env:HOME", "iaas.*"])), ..Sources::of_file("x.rhai") },
        ];
        for sources in giving {
            assert_eq!(decide(&sources, "env:HOME"), Ok(()));
            let silent = Sources { header: Some(listed(&["iaas.server.list"])), ..sources.clone() };
            let refused = decide(&silent, "env:HOME").expect_err("the header does not ask");
            assert_eq!(refused.hint.as_deref(), Some("add it to `Permissions:` (x.rhai:3)"));
            let asking = Sources { header: Some(listed(&["env:HOME"])), ..sources.clone() };
            assert_eq!(decide(&asking, "env:HOME"), Ok(()));
            let denied = Sources { deny: grants(&["env:HOME"]), ..asking };
            assert_eq!(decide(&denied, "env:HOME").expect_err("denied").code, "denied");
        }
        let asked = Sources { header: Some(listed(&["env:HOME"])), ..Sources::of_file("x.rhai") };
        assert_eq!(decide(&asked, "env:HOME").expect_err("a header only asks").code, "not_granted");
    }
}
