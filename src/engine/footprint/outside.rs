//! What natives need outside the API: files, hosts, variables, secrets.

use super::need::{OutsideKind, Spot};
use super::value::{Atom, Value};
use super::walk::Walk;
use crate::engine::native::Native;
use crate::policy::LocalGrant;
use crate::transport::OutsideUrl;

/// What a text comes to, or the beginning of one.
enum Meaning {
    /// This is used.
    Grant(LocalGrant),
    /// Nothing: the call fails in any case.
    Nothing,
    /// What is used does not show.
    Unknown,
}

impl Walk {
    /// What a call of a native needs outside the API.
    pub(super) fn outside(&mut self, native: &Native, arguments: &[Value], place: &Spot) {
        let kind = match native.name {
            "read_file" => OutsideKind::ReadFile,
            "write_file" | "append_file" => OutsideKind::WriteFile,
            "http" => OutsideKind::Network,
            "env" => OutsideKind::Environment,
            "secret" => OutsideKind::Secret,
            "reveal" => return self.local(LocalGrant::Reveal, place, true),
            _ => return,
        };
        let Some(first) = arguments.first() else { return };
        if kind != OutsideKind::Network {
            return self.names(kind, first, place);
        }
        let requests = first.atoms().filter_map(|atom| match atom {
            Atom::Map(map) => Some(self.heap.field(*map, "url")),
            _ => None,
        });
        let urls = requests.fold(Value::default(), |all, url| all.joined(&url));
        let is_spelled_out = first.atoms().all(|atom| matches!(atom, Atom::Map(_)));
        self.names(kind, &if is_spelled_out { urls } else { urls.joined(&Value::plain()) }, place);
    }

    /// What these names come to. For certain is what is the only one and known whole, or by its beginning.
    fn names(&mut self, kind: OutsideKind, names: &Value, place: &Spot) {
        let whole = names.texts().map(|text| kind.of_text(text));
        let meanings: Vec<Meaning> = whole.chain(names.starts().map(|start| kind.of_start(start))).collect();
        let is_text = |atom: &Atom| atom.is_text() || *atom == Atom::List;
        let mut is_unknown = names.atoms().next().is_none() || !names.atoms().all(is_text);
        let mut grants: Vec<LocalGrant> = Vec::new();
        for meaning in meanings {
            match meaning {
                Meaning::Grant(grant) if !grants.contains(&grant) => grants.push(grant),
                Meaning::Grant(_) | Meaning::Nothing => {}
                Meaning::Unknown => is_unknown = true,
            }
        }
        // Of a host the beginning of the URL tells all; a path may lead elsewhere still.
        let is_whole = kind == OutsideKind::Network || names.starts().next().is_none();
        let is_certain = !is_unknown && grants.len() == 1 && is_whole;
        for grant in grants {
            self.local(grant, place, is_certain);
        }
        if is_unknown {
            self.found.unknown.entry(kind).or_default().insert(place.clone());
        }
    }

    fn local(&mut self, grant: LocalGrant, place: &Spot, is_certain: bool) {
        let is_certain = is_certain && !self.is_in_parameters;
        *self.found.local.entry(grant).or_default().entry(place.clone()).or_default() |= is_certain;
    }
}

impl OutsideKind {
    fn of_text(self, text: &str) -> Meaning {
        match self {
            // What ends so is a folder, and no folder is read or written.
            _ if text.is_empty() => Meaning::Nothing,
            Self::ReadFile | Self::WriteFile if text.ends_with('/') => Meaning::Nothing,
            Self::Network => match OutsideUrl::parse(text) {
                Ok(url) => Meaning::Grant(LocalGrant::Network(url.host_as_granted())),
                Err(_) => Meaning::Nothing,
            },
            _ if text.trim() != text || text.contains([',', '\n']) => Meaning::Unknown,
            _ => Meaning::Grant(self.grant(text)),
        }
    }

    fn of_start(self, start: &str) -> Meaning {
        match self {
            Self::ReadFile | Self::WriteFile => match start.rsplit_once('/') {
                Some((folder, _)) if !folder.is_empty() => self.of_text(folder),
                _ => Meaning::Unknown,
            },
            Self::Network => {
                let host = start.split_once("://").map_or("", |(_, rest)| rest);
                if host.contains(['/', '?', '#']) { self.of_text(start) } else { Meaning::Unknown }
            }
            Self::Environment | Self::Secret => self.of_text(&format!("{start}*")),
        }
    }
}
