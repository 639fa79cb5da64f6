//! From a name to what is said of it.

use std::fmt::Write as _;

use super::{kinds, natives, operations};
use crate::catalog;
use crate::engine::native::Native;
use crate::engine::{Registry, stdlib};
use crate::error::{Error, Kind, Result, nearest};
use crate::resources;

/// What is known of a name: a function or method (`minutes`, `server.stop`), a kind (`Server`), a service
/// (`stackit/dns`), an operation (`dns.list_zones`), or a module of the standard library.
///
/// # Errors
/// Kind `usage` if there is nothing of this name, with the nearest.
pub fn doc(name: &str) -> Result<String> {
    let name = name.trim().trim_end_matches("()");
    let pages = of_natives(name);
    if !pages.is_empty() {
        return Ok(pages.join("\n"));
    }
    if let Some(kind) = kinds::named(name) {
        return Ok(kinds::page(kind));
    }
    let path = name.strip_prefix("stackit/").unwrap_or(name);
    if let Some(service) = catalog::service(path) {
        return Ok(operations::service_page(service));
    }
    let split = path.rsplit_once("::").or_else(|| path.rsplit_once('.'));
    if let Some((module, operation)) = split {
        if let Some(operation) = catalog::operation(&module.replace('_', "-"), operation) {
            return Ok(operations::operation_page(operation));
        }
        if catalog::service(module).is_some()
            && let Some(near) = catalog::nearest_operation(module, operation)
        {
            return Err(unknown(name).with_hint(format!("did you mean `{module}.{near}`?")));
        }
    }
    let module = split.and_then(|(module, _)| of_stdlib(&format!("stdlib/{}", module.trim_start_matches("stdlib/"))));
    if let Some(page) = of_stdlib(name).or(module) {
        return Ok(page);
    }
    let service = name.strip_prefix("stackit/").and_then(catalog::nearest_module);
    Err(match service.or_else(|| nearest(name, names())) {
        Some(near) => unknown(name).with_hint(format!("did you mean `{near}`?")),
        None => unknown(name).with_hint("`stackhand doc` without a name lists everything"),
    })
}

fn unknown(name: &str) -> Error {
    Error::new(Kind::Usage, "unknown_name", format!("there is nothing called `{name}`"))
}

/// Natives by their name, alone or with the type that they belong to: `stop`, `server.stop`, `Server.stop`.
fn of_natives(name: &str) -> Vec<String> {
    let (owner, method) = match name.split_once('.') {
        Some((owner, method)) => (Some(owner.to_lowercase()), method),
        None => (None, name),
    };
    let is_meant = |native: &Native| {
        owner.as_deref().is_none_or(|owner| natives::owner(native).is_some_and(|own| own.to_lowercase() == owner))
    };
    let registry = Registry::shared();
    let mut pages: Vec<String> =
        registry.get(method).iter().filter(|native| is_meant(native)).map(|native| natives::page(native)).collect();
    // A type of ours is known by what it can do: `Instant`, `log`.
    if owner.is_none() {
        let wanted = name.to_lowercase();
        let is_kind = kinds::named(name).is_some();
        let of_type =
            registry.iter().filter(|native| natives::owner(native).is_some_and(|own| own.to_lowercase() == wanted));
        let lines: Vec<String> = of_type
            .filter(|_| !is_kind)
            .map(|native| format!("  {}  {}\n", native.signature(), natives::summary(native)))
            .collect();
        if !lines.is_empty() {
            pages.push(format!("{name}\n\n{}", lines.concat()));
        }
    }
    pages.dedup();
    pages
}

/// A module of the standard library: its functions with their comments, and what the maps hold that they take.
fn of_stdlib(name: &str) -> Option<String> {
    let module = name.strip_prefix("stdlib/")?;
    let text = stdlib::text(module)?;
    let mut page = format!("stdlib/{module}\n\n  import \"stdlib/{module}\" as {module};\n");
    let mut comment: Vec<&str> = Vec::new();
    let mut lines = text.lines().map(str::trim_end);
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("//!") {
            let _ = write!(page, "\n {help}");
        } else if let Some(help) = line.strip_prefix("///") {
            comment.push(help);
        } else {
            let known = line.strip_prefix("private fn known_").and_then(|rest| rest.split('(').next());
            let title =
                line.strip_prefix("fn ").map(|function| format!("{module}::{}", function.trim_end_matches(" {")));
            if let Some(title) = title.or_else(|| known.map(|parameter| format!("`{parameter}`:"))) {
                let _ = write!(page, "\n\n  {title}\n");
                page.extend(comment.iter().map(|help| format!("\n   {help}")));
            }
            if known.is_some() {
                page.push('\n');
                let keys =
                    lines.by_ref().map(str::trim_start).take_while(|line| *line != "}" && !line.starts_with("};"));
                page.extend(keys.filter(|key| *key != "#{").map(|key| format!("\n      {key}")));
            }
            comment.clear();
        }
    }
    page.push('\n');
    Some(page)
}

/// Every name that [`doc`] knows, operations left out.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let is_word = |name: &&str| name.starts_with(|c: char| c.is_ascii_alphabetic());
    let natives = Registry::shared().iter().map(|native| native.name).filter(is_word);
    let kinds = resources::Kind::ALL.iter().map(|kind| kind.row().type_name);
    natives.chain(kinds).chain(catalog::modules()).chain(stdlib::names())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_module_keeps_to_itself_is_not_shown() {
        for name in stdlib::names() {
            let page = doc(&format!("stdlib/{name}")).expect("it is known");
            assert!(!page.contains("private fn") && !page.contains("The days of snapshots in a zone"), "{page}");
        }
    }

    #[test]
    fn each_kind_of_name_has_its_page() {
        for (name, part) in [
            ("minutes", "minutes(count: number) -> Duration"),
            ("minutes()", "A duration of so many minutes."),
            ("instant.format", "instant.format(pattern: text) -> text"),
            ("Instant.format", "Errors:"),
            ("Duration", "duration.hours"),
            ("log", "log.info(message: any, fields?: map)"),
            ("Server", "  Fields:"),
            ("server", "-> Server"),
            ("servers", "Permissions: iaas.server.list"),
            ("Quota", "percent"),
            ("stdlib/retention", "keep_last: 0,"),
            ("stdlib/retention", "retention::judge(snapshots, rules)\n\n    Judges snapshots"),
            ("retention::judge", "retention::oldest_first(verdicts)"),
            ("stackit/dns", "dns::list_zones(#{…})"),
            ("dns", "import \"stackit/dns\" as dns;"),
            ("dns.get_zone", "GET /v1/projects/{projectId}/zones/{zoneId}"),
            ("stackit/dns::get_zone", "Permissions: dns.zone"),
            ("iaas.list_servers", "label_selector"),
            ("stackit/iaas/v1", "iaas::list_servers"),
            ("dns.create_zone", "Fields of the body"),
        ] {
            let page = doc(name).unwrap_or_else(|error| panic!("{name}: {error:?}"));
            assert!(page.contains(part), "{name}\n{page}");
        }
    }

    #[test]
    fn an_unknown_name_offers_the_nearest() {
        for (name, hint) in [
            ("minuets", "`minutes`"),
            ("Servr", "`server`"),
            ("dns.list_zonse", "`dns.list_zones`"),
            ("stackit/dnss", "`dns`"),
            ("entirely unknown", "lists everything"),
            ("", "lists everything"),
        ] {
            let error = doc(name).expect_err(name);
            assert!(error.hint.as_deref().unwrap_or_default().contains(hint), "{name}: {error:?}");
        }
    }
}
