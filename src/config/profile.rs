//! A profile of `stackhand.toml`: where to act and as whom.

use std::collections::BTreeMap;

use super::reader::{Located, Table};
use super::{Error, Origin, Resolved, Workspace};
use crate::secret::Secret;

/// A profile as it is written; [`super::Settings`] joins it with flags and variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// How to authenticate, if the profile says so.
    pub(super) identity: Option<Located<Identity>>,
    /// The private key beside the service account key.
    pub(super) private_key: Option<Located<Written>>,
    pub(super) project: Option<Located<String>>,
    pub(super) region: Option<Located<String>>,
    /// Base URLs by service.
    pub(super) endpoints: BTreeMap<String, Located<String>>,
    pub(super) token_url: Option<Located<String>>,
    pub(super) ca_file: Option<Located<String>>,
    /// Whether the profile's project is one where mistakes hurt.
    pub is_production: bool,
    /// Whether nothing may be changed with it.
    pub(super) read_only: Option<Located<bool>>,
    /// All that a run may be given with it, as written.
    pub(super) permissions: Option<Located<Vec<String>>>,
    /// Selectors, names and ids of objects that must not be changed, as written.
    pub(super) protect: Option<Located<Vec<String>>>,
    /// How much a run may change, as written.
    pub(super) caps: Vec<Located<(String, String)>>,
}

/// The one way to authenticate that a profile names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Identity {
    Key(Written),
    Token(Secret),
    Command(Vec<String>),
    /// The server's own service account; the one with this mail if there are several.
    Metadata(Option<String>),
    /// A credentials file as the SDKs read it.
    CredentialsFile(String),
}

/// A text that is written out, or the path of its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Written {
    Path(String),
    Inline(Secret),
}

impl Profile {
    /// Where a setting of this profile stands.
    pub(super) fn origin(&self, workspace: &Workspace, line: usize) -> Origin {
        Origin::Profile { name: self.name.clone(), file: workspace.file.clone(), line }
    }

    /// A setting of this profile with its origin, if it is there.
    pub(super) fn resolved<T: Clone>(
        &self,
        workspace: &Workspace,
        written: Option<&Located<T>>,
    ) -> Option<Resolved<T>> {
        written.map(|written| Resolved::new(written.value.clone(), self.origin(workspace, written.line)))
    }

    /// Where it says that nothing may be changed, if it does.
    pub(super) fn read_only(&self, workspace: &Workspace) -> Option<Origin> {
        let written = self.read_only.as_ref().filter(|written| written.value)?;
        Some(self.origin(workspace, written.line))
    }

    /// All that a run may be given with it, as written; nothing if it does not say.
    #[must_use]
    pub fn permissions(&self) -> &[String] {
        self.permissions.as_ref().map(|written| written.value.as_slice()).unwrap_or_default()
    }

    pub(super) fn read(name: &str, table: Table<'_, '_>) -> Result<Self, Error> {
        let endpoints = table.table("endpoints", |inner| {
            let keys = inner.keys().map(|key| key.value.to_owned());
            let read = |key: String| Ok(inner.text(&key)?.map(|url| (key, url)));
            keys.filter_map(|key| read(key).transpose()).collect()
        })?;
        Ok(Self {
            name: name.to_owned(),
            identity: identity(table)?,
            private_key: written(table, "private_key_path", "private_key")?,
            project: table.text("project_id")?,
            region: table.text("region")?,
            endpoints: endpoints.unwrap_or_default(),
            token_url: table.text("token_url")?,
            ca_file: table.text("ca_file")?,
            is_production: table.truth("production")?.is_some_and(|written| written.value),
            read_only: table.truth("read_only")?,
            permissions: table.texts("permissions")?,
            protect: table.texts("protect")?,
            caps: table.numbers("caps")?,
        })
    }
}

/// The one way to authenticate: two would leave it to chance as whom a recipe acts.
fn identity(table: Table<'_, '_>) -> Result<Option<Located<Identity>>, Error> {
    let key = written(table, "service_account_key_path", "service_account_key")?.map(|key| key.map(Identity::Key));
    let short = table.text("credentials")?.map(|path| path.map(|path| Identity::Key(Written::Path(path))));
    let token = table.text("service_account_token")?.map(|token| token.map(|token| Identity::Token(token.into())));
    let command = table.texts("token_command")?;
    if let Some(empty) = command.as_ref().filter(|command| command.value.first().is_none_or(String::is_empty)) {
        let error = table.complain(empty, "empty_command", "`token_command` names no program");
        return Err(error.hint("for example `token_command = [\"stackit\", \"auth\", \"get-access-token\"]`"));
    }
    let metadata = table.value("metadata", "true, or the service account's mail", |value| {
        value
            .as_bool()
            .map(|wanted| wanted.then_some(None))
            .or_else(|| value.as_str().map(|mail| Some(Some(mail.to_owned()))))
    })?;
    let metadata = metadata.and_then(|written| match written.value {
        Some(account) => {
            Some(Located { value: Identity::Metadata(account), line: written.line, column: written.column })
        }
        None => None,
    });
    let file = table.text("credentials_path")?.map(|file| file.map(Identity::CredentialsFile));
    let named = [
        ("credentials", short),
        ("service_account_key", key),
        ("service_account_token", token),
        ("token_command", command.map(|command| command.map(Identity::Command))),
        ("metadata", metadata),
        ("credentials_path", file),
    ];
    let mut named = named.into_iter().filter_map(|(name, identity)| identity.map(|identity| (name, identity)));
    let Some((first_name, first)) = named.next() else { return Ok(None) };
    if let Some((second_name, second)) = named.next() {
        let message = format!("the profile names two ways to authenticate: `{first_name}` and `{second_name}`");
        return Err(table.complain(&second, "two_identities", message).hint("keep one, or make two profiles"));
    }
    Ok(Some(first))
}

/// A path comes before a text, as in the SDKs.
fn written(table: Table<'_, '_>, path: &str, inline: &str) -> Result<Option<Located<Written>>, Error> {
    let inline = table.text(inline)?.map(|text| text.map(|text| Written::Inline(text.into())));
    Ok(table.text(path)?.map(|path| path.map(Written::Path)).or(inline))
}
