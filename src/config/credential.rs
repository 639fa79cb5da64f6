//! Which credential is used: every place is looked at in the order of the STACKIT SDK for Go, and the first wins.
//!
//! Profile, then environment, then credentials file. Within the environment and the file together a key comes before
//! a token, and a path before a text, as in the SDK. A place that names something unusable is an error: falling
//! through to the next would act as somebody else.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::credentials_file::CredentialsFile;
use super::profile::{Identity, Written};
use super::variables::{
    STACKIT_ACCESS_TOKEN, STACKIT_CREDENTIALS_PATH, STACKIT_PRIVATE_KEY, STACKIT_PRIVATE_KEY_PATH,
    STACKIT_SERVICE_ACCOUNT_KEY, STACKIT_SERVICE_ACCOUNT_KEY_PATH, STACKIT_SERVICE_ACCOUNT_TOKEN,
};
use super::{Environment, Error, Origin, Profile, Resolved, Workspace};
use crate::secret::Secret;

/// How to authenticate, and on whose word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// A service account key, which mints tokens.
    Key(KeyInput),
    /// A bearer token that is sent as it is.
    Token(Resolved<Secret>),
    /// A program that prints a token.
    Command {
        /// The program and its arguments, and who named them.
        command: Resolved<Vec<String>>,
        /// The folder it runs in.
        folder: PathBuf,
    },
    /// The service account that is attached to the server we run on: its mail, if one of several was chosen.
    Metadata(Resolved<Option<String>>),
}

/// Where the parts of a service account key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInput {
    /// The JSON key.
    pub key: Resolved<Text>,
    /// A private key that comes before the one within the JSON key.
    pub private_key: Option<Resolved<Text>>,
    /// A private key for a JSON key that has none.
    pub spare_private_key: Option<Resolved<Text>>,
}

/// A text, or the file it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    /// The file's path.
    Path(PathBuf),
    /// The text itself.
    Inline(Secret),
}

/// A place where a credential may be given, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// The place, such as "environment variable `STACKIT_SERVICE_ACCOUNT_KEY_PATH`".
    pub place: String,
    /// What became of it.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// What became of a place where a credential may be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict", content = "reason")]
pub enum Verdict {
    /// It is used.
    Used,
    /// It gives nothing.
    Absent(String),
    /// It gives something, but another place comes first.
    Passed(String),
    /// It names something that cannot be used.
    Broken(String),
}

/// What was chosen, from what, and every secret that was seen on the way.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    pub(super) credential: Result<Option<Credential>, Error>,
    pub(super) candidates: Vec<Candidate>,
    pub(super) secrets: Vec<Secret>,
}

/// A place with what it gives, in the order in which places are looked at.
struct Slot {
    place: String,
    gives: Result<Option<Credential>, Error>,
    absence: String,
}

pub(super) fn choose(environment: &Environment, profile: Option<(&Workspace, &Profile)>) -> Choice {
    let sdk = Sdk::new(environment, None);
    let mut slots = Vec::new();
    if let Some((workspace, profile)) = profile {
        slots.push(of_profile(environment, workspace, profile, &sdk));
    }
    slots.extend(sdk.slots());
    let secrets = secrets(environment, &slots);
    let mut used: Option<String> = None;
    let mut credential = Ok(None);
    let mut candidates = Vec::new();
    for slot in slots {
        let verdict = match (slot.gives, &used) {
            (Ok(None), _) => Verdict::Absent(slot.absence),
            (Ok(Some(_)), Some(used)) => Verdict::Passed(format!("{used} comes first")),
            (Err(error), Some(_)) => Verdict::Passed(error.message),
            (Ok(Some(found)), None) => {
                credential = Ok(Some(found));
                used = Some(slot.place.clone());
                Verdict::Used
            }
            (Err(error), None) => {
                let verdict = Verdict::Broken(error.to_string());
                credential = Err(error);
                used = Some(slot.place.clone());
                verdict
            }
        };
        candidates.push(Candidate { place: slot.place, verdict });
    }
    Choice { credential, candidates, secrets }
}

fn of_profile(environment: &Environment, workspace: &Workspace, profile: &Profile, sdk: &Sdk<'_>) -> Slot {
    let slot = |place: String, gives| Slot { place, gives, absence: "names no credential".to_owned() };
    let Some(identity) = &profile.identity else {
        return slot(format!("profile `{}` ({})", profile.name, workspace.file.display()), Ok(None));
    };
    let origin = profile.origin(workspace, identity.line);
    let place = origin.to_string();
    let text = |written: &Written| match written {
        Written::Path(path) => Text::Path(environment.path(workspace.folder(), path)),
        Written::Inline(text) => Text::Inline(text.clone()),
    };
    let private_key =
        profile.private_key.as_ref().map(|key| Resolved::new(text(&key.value), profile.origin(workspace, key.line)));
    let credential = match &identity.value {
        Identity::Key(key) => Credential::Key(KeyInput {
            key: Resolved::new(text(key), origin),
            private_key,
            // What lies about for other keys must not be mixed with a key that has its own.
            spare_private_key: sdk.private_key(),
        }),
        Identity::Token(token) => Credential::Token(Resolved::new(token.clone(), origin)),
        Identity::Command(command) => Credential::Command {
            command: Resolved::new(command.clone(), origin),
            folder: workspace.folder().to_owned(),
        },
        Identity::Metadata(account) => Credential::Metadata(Resolved::new(account.clone(), origin)),
        Identity::CredentialsFile(path) => {
            let file = environment.path(workspace.folder(), path);
            return slot(place, of_named_file(environment, &file, &origin, private_key));
        }
    };
    slot(place, Ok(Some(credential)))
}

/// What a credentials file gives that a profile names: the environment has no say in it.
fn of_named_file(
    environment: &Environment,
    file: &Path,
    origin: &Origin,
    private_key: Option<Resolved<Text>>,
) -> Result<Option<Credential>, Error> {
    let nothing = Environment::empty(environment.folder());
    let sdk = Sdk::new(&nothing, Some((file.to_owned(), origin.clone())));
    let found = sdk.slots().into_iter().find_map(|slot| slot.gives.transpose()).transpose()?;
    match found {
        Some(Credential::Key(key)) => {
            Ok(Some(Credential::Key(KeyInput { private_key: private_key.or(key.private_key), ..key })))
        }
        Some(credential) => Ok(Some(credential)),
        None => {
            let message = "the credentials file names neither a key nor a token";
            Err(Error::new("credentials_empty", message).in_file(file, None))
        }
    }
}

/// The environment and the credentials file, as the STACKIT SDK for Go reads them.
struct Sdk<'e> {
    environment: &'e Environment,
    file: Result<Option<CredentialsFile>, Error>,
    absence: String,
}

impl<'e> Sdk<'e> {
    fn new(environment: &'e Environment, named: Option<(PathBuf, Origin)>) -> Self {
        let named = named.or_else(|| {
            let path = environment.variable(STACKIT_CREDENTIALS_PATH)?;
            Some((environment.path(environment.folder(), path), Origin::Variable(STACKIT_CREDENTIALS_PATH.to_owned())))
        });
        if let Some((path, origin)) = named {
            let file = CredentialsFile::read(&path).and_then(|found| {
                found.map(Some).ok_or_else(|| {
                    let message = format!("the credentials file {} does not exist", path.display());
                    Error::new("credentials_not_found", message).given_by(&origin).hint("check the path")
                })
            });
            return Self { environment, file, absence: String::new() };
        }
        let Some(path) = environment.home().map(|home| home.join(".stackit").join("credentials.json")) else {
            return Self { environment, file: Ok(None), absence: "there is no home folder".to_owned() };
        };
        Self { environment, file: CredentialsFile::read(&path), absence: format!("{} does not exist", path.display()) }
    }

    fn slots(&self) -> Vec<Slot> {
        let variable = |name: &str, gives: Option<Credential>| Slot {
            place: Origin::Variable(name.to_owned()).to_string(),
            gives: Ok(gives),
            absence: "not set".to_owned(),
        };
        let token = |name: &str| {
            self.environment
                .variable(name)
                .map(|token| Credential::Token(Resolved::new(token.into(), Origin::Variable(name.to_owned()))))
        };
        let path = STACKIT_SERVICE_ACCOUNT_KEY_PATH;
        let inline = STACKIT_SERVICE_ACCOUNT_KEY;
        vec![
            variable(STACKIT_ACCESS_TOKEN, token(STACKIT_ACCESS_TOKEN)),
            variable(path, self.path_variable(path).map(|key| self.key(key))),
            variable(inline, self.inline_variable(inline).map(|key| self.key(key))),
            self.file_slot("a key", || Ok(self.file_text(path, inline)?.map(|key| self.key(key)))),
            variable(STACKIT_SERVICE_ACCOUNT_TOKEN, token(STACKIT_SERVICE_ACCOUNT_TOKEN)),
            self.file_slot("a token", || {
                let token = self.file_text("", STACKIT_SERVICE_ACCOUNT_TOKEN)?;
                Ok(token.and_then(|token| match token.value {
                    Text::Inline(text) => Some(Credential::Token(Resolved::new(text, token.origin))),
                    Text::Path(_) => None,
                }))
            }),
        ]
    }

    fn file_slot(&self, what: &str, gives: impl Fn() -> Result<Option<Credential>, Error>) -> Slot {
        let (place, absence) = match &self.file {
            Ok(Some(file)) => (file.file.display().to_string(), format!("has no field for {what}")),
            Ok(None) => ("credentials file".to_owned(), self.absence.clone()),
            Err(_) => ("credentials file".to_owned(), String::new()),
        };
        let gives = match &self.file {
            Ok(_) => gives(),
            Err(error) => Err(error.clone()),
        };
        Slot { place: format!("{what} in {place}").replace("in credentials", "in the credentials"), gives, absence }
    }

    fn key(&self, key: Resolved<Text>) -> Credential {
        Credential::Key(KeyInput { key, private_key: self.private_key(), spare_private_key: None })
    }

    /// The private key beside the key; what is wrong with the credentials file is said where its key is asked for.
    fn private_key(&self) -> Option<Resolved<Text>> {
        self.path_variable(STACKIT_PRIVATE_KEY_PATH)
            .or_else(|| self.inline_variable(STACKIT_PRIVATE_KEY))
            .or_else(|| self.file_text(STACKIT_PRIVATE_KEY_PATH, STACKIT_PRIVATE_KEY).ok().flatten())
    }

    fn path_variable(&self, name: &str) -> Option<Resolved<Text>> {
        let path = self.environment.path(self.environment.folder(), self.environment.variable(name)?);
        Some(Resolved::new(Text::Path(path), Origin::Variable(name.to_owned())))
    }

    fn inline_variable(&self, name: &str) -> Option<Resolved<Text>> {
        let text = self.environment.variable(name)?;
        Some(Resolved::new(Text::Inline(text.into()), Origin::Variable(name.to_owned())))
    }

    fn file_text(&self, path: &'static str, inline: &'static str) -> Result<Option<Resolved<Text>>, Error> {
        let Ok(Some(file)) = &self.file else { return Ok(None) };
        let origin = |field| Origin::CredentialsFile { file: file.file.clone(), field };
        if let Some(written) = file.field(path)? {
            let target = self.environment.path(self.environment.folder(), written);
            return Ok(Some(Resolved::new(Text::Path(target), origin(path))));
        }
        Ok(file.field(inline)?.map(|text| Resolved::new(Text::Inline(text.into()), origin(inline))))
    }
}

/// Every secret that lies about, used or not.
fn secrets(environment: &Environment, slots: &[Slot]) -> Vec<Secret> {
    let names = [STACKIT_ACCESS_TOKEN, STACKIT_SERVICE_ACCOUNT_TOKEN, STACKIT_PRIVATE_KEY];
    let mut secrets: Vec<Secret> =
        names.iter().filter_map(|name| environment.variable(name)).map(Secret::from).collect();
    secrets.extend(environment.variable(STACKIT_SERVICE_ACCOUNT_KEY).and_then(private_key_within));
    // Who gives the key itself for its path is told so, but not with the key.
    let paths = [STACKIT_SERVICE_ACCOUNT_KEY_PATH, STACKIT_PRIVATE_KEY_PATH];
    for key in paths.iter().filter_map(|name| environment.variable(name)).filter(|text| text.contains("PRIVATE KEY")) {
        secrets.push(Secret::from(key));
        secrets.extend(private_key_within(key));
    }
    for slot in slots {
        match &slot.gives {
            Ok(Some(Credential::Key(input))) => {
                if let Text::Inline(key) = &input.key.value {
                    secrets.extend(private_key_within(key.expose()));
                }
                for private_key in [&input.private_key, &input.spare_private_key].into_iter().flatten() {
                    if let Text::Inline(text) = &private_key.value {
                        secrets.push(text.clone());
                    }
                }
            }
            Ok(Some(Credential::Token(token))) => secrets.push(token.value.clone()),
            Ok(Some(Credential::Command { .. } | Credential::Metadata(_)) | None) | Err(_) => {}
        }
    }
    secrets
}

/// The secret part of a service account key: the rest of its lines may be shown.
fn private_key_within(key: &str) -> Option<Secret> {
    let key: serde_json::Value = serde_json::from_str(key).ok()?;
    key["credentials"]["privateKey"].as_str().map(Secret::from)
}

#[cfg(test)]
#[path = "credential_tests.rs"]
mod tests;
