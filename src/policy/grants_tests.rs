//! Every combination of sources, decided twice: by the grants, and by an oracle that asks each source in turn.

use super::*;
use crate::catalog::{self, Effect};
use crate::policy::{Labels, Listed, Place, Restrictor, Wanted};

fn grants(text: &str) -> Vec<Grant> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(|part| Grant::parse(part).expect(part)).collect()
}

fn listed(text: &str) -> Listed {
    Listed { grants: grants(text), place: Place::new("x", "x:1") }
}

fn operation(name: &str) -> &'static Operation {
    catalog::operation("iaas", name).expect(name)
}

/// What a source may say. The texts are the table; nothing else knows what they mean.
const LISTS: [Option<&str>; 7] = [
    None,
    Some(""),
    Some("*"),
    Some("read, iaas.server.*"),
    Some("iaas.server.deallocate where a=1, iaas.server.deallocate where b=2, iaas.server.list where a=1"),
    Some("iaas.volume.*"),
    Some("env:HOME"),
];
const DENIES: [&str; 4] = ["", "iaas.server.*", "iaas.server.deallocate where a=1", "read"];

/// Whether a source that says this gives a permission for an object: written as the page about permissions says it, not
/// as the code does.
fn gives(list: &str, permission: &str, is_read: bool, labels: &Labels) -> bool {
    list.split(", ").any(|grant| {
        let (what, condition) = grant.split_once(" where ").map_or((grant, None), |(what, rest)| (what, Some(rest)));
        let is_meant = match what {
            "*" => true,
            "read" => is_read,
            _ if what.ends_with(".*") => permission.starts_with(what.trim_end_matches('*')),
            _ => what == permission,
        };
        let fits = condition.is_none_or(|label| {
            let (key, value) = label.split_once('=').expect("a label");
            labels.get(key).is_some_and(|found| found == value)
        });
        is_meant && fits
    })
}

/// One row of the table.
struct Row {
    is_file: bool,
    header: Option<&'static str>,
    allow: Option<&'static str>,
    deny: &'static str,
    profile: Option<&'static str>,
    is_read_only: bool,
    job: Option<&'static str>,
}

impl Row {
    fn sources(&self) -> Sources {
        let start = if self.is_file { Sources::of_file("x.rhai") } else { Sources::default() };
        Sources {
            header: self.header.map(listed),
            allow: self.allow.map(grants).unwrap_or_default(),
            deny: grants(self.deny),
            job: self.job.map(listed),
            profile: self.profile.map(listed),
            read_only: self.is_read_only.then(|| Place::new("p", "t:1")),
            ..start
        }
    }

    /// The oracle: an operation on an object with these labels may be called if nobody objects.
    fn may(&self, permission: &str, is_read: bool, labels: &Labels) -> bool {
        if gives(self.deny, permission, is_read, labels) {
            return false;
        }
        let says_something = |list: &&str| *list != "env:HOME";
        // A flag that was not given and one that gives nothing are the same.
        let allow = self.allow.filter(says_something).filter(|list| !list.is_empty());
        let job = self.job.filter(says_something);
        let header = self.header.filter(|_| self.is_file);
        let is_silent = self.is_file && header.is_none() && allow.is_none() && job.is_none();
        let all = [header, allow, job, self.profile.filter(says_something)];
        let is_reading_alone = is_silent || self.is_read_only;
        (is_read || !is_reading_alone) && all.into_iter().flatten().all(|list| gives(list, permission, is_read, labels))
    }
}

fn rows() -> impl Iterator<Item = Row> {
    let truth = [false, true];
    let lists = || LISTS.into_iter();
    truth.into_iter().flat_map(move |is_file| {
        lists().flat_map(move |header| {
            lists().flat_map(move |allow| {
                lists().flat_map(move |profile| {
                    lists().flat_map(move |job| {
                        DENIES.into_iter().flat_map(move |deny| {
                            truth.into_iter().map(move |is_read_only| Row {
                                is_file,
                                header,
                                allow,
                                deny,
                                profile,
                                is_read_only,
                                job,
                            })
                        })
                    })
                })
            })
        })
    })
}

#[test]
fn every_combination_of_sources_decides_as_the_oracle_does() {
    let labels = |text: &str| -> Labels {
        let pairs = text.split(' ').filter_map(|pair| pair.split_once('='));
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    };
    let objects = ["", "a=1", "b=2", "a=1 b=2", "a=2"].map(labels);
    let operations = ["list_servers", "deallocate_server", "create_volume", "get_server_console", "delete_snapshot"];
    let operations = operations.map(operation);
    let mut count = 0;
    for row in rows() {
        let sources = row.sources();
        let grants = Grants::new(&sources);
        for operation in operations {
            let decision = grants.decide(operation);
            for object in &objects {
                let passes = match &*decision {
                    Decision::Granted => true,
                    Decision::Narrowed(all) => all.iter().all(|condition| condition.labels.fits(object)),
                    Decision::Refused(_) => false,
                };
                let [permission] = &operation.permissions[..] else { panic!("it needs one") };
                let expected = row.may(permission.name, operation.effect == Effect::Read, object);
                assert_eq!(passes, expected, "{} on {object:?}: {sources:#?}", operation.name);
                count += 1;
            }
        }
    }
    assert_eq!(count, 2 * 7 * 7 * 7 * 7 * 4 * 2 * 5 * 5);
}

#[test]
fn with_reading_alone_every_operation_of_the_catalogue_that_is_no_read_is_refused() {
    let given = |grants| Sources { allow: grants, ..Sources::default() };
    let silent = Sources::of_file("x.rhai");
    let read_only = Sources { read_only: Some(Place::new("p", "t:1")), ..Sources::default() };
    for sources in [given(grants("read")), silent, read_only] {
        let grants = Grants::new(&sources);
        let mut reads = 0;
        for operation in catalog::services().flat_map(|service| &service.operations) {
            let decision = grants.decide(operation);
            if operation.effect == Effect::Read {
                reads += 1;
                assert_eq!(*decision, Decision::Granted, "{}", operation.name);
            } else {
                assert!(matches!(*decision, Decision::Refused(_)), "{}", operation.name);
            }
        }
        assert!(reads > 300, "{reads}");
    }
}

#[test]
fn an_operation_needs_all_its_permissions() {
    let several =
        catalog::services().flat_map(|service| &service.operations).filter(|operation| operation.permissions.len() > 1);
    for operation in several {
        for missing in &operation.permissions {
            let others = operation.permissions.iter().filter(|other| *other != missing);
            let others: Vec<_> = others.map(|one| Grant::parse(one.name).expect("a grant")).collect();
            if others.iter().any(|grant| grant.to_string() == missing.name) {
                continue;
            }
            let job = Some(Listed { grants: others, place: Place::new("x", "x:1") });
            let grants = Grants::new(&Sources { job, ..Sources::default() });
            let Decision::Refused(reasons) = &*grants.decide(operation) else { panic!("{}", operation.name) };
            assert!(reasons.iter().all(|reason| reason.permission == missing.name), "{reasons:?}");
        }
    }
}

#[test]
fn a_narrower_grant_beside_a_wider_one_narrows_nothing_and_each_source_narrows_for_itself() {
    let sources = Sources {
        header: Some(listed("iaas.server.stop where a=1, iaas.server.*")),
        allow: grants("iaas.server.stop where b=2"),
        deny: grants("iaas.server.stop where c=3"),
        ..Sources::of_file("x.rhai")
    };
    let grants = Grants::new(&sources);
    let Decision::Narrowed(conditions) = &*grants.decide(operation("stop_server")) else { panic!("it is narrowed") };
    let by: Vec<&Restrictor> = conditions.iter().map(|condition| &condition.by).collect();
    assert!(matches!(by[..], [Restrictor::Deny(_), Restrictor::Allow]), "{by:?}");
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(conditions[0].labels, Wanted::NotAll(vec![pair("c", "3")]));
    assert_eq!(conditions[1].labels, Wanted::OneOf(vec![vec![pair("b", "2")]]));
    assert_eq!(grants.deciding_labels().into_iter().collect::<Vec<_>>(), ["a", "b", "c"]);
}
