//! The credentials file that the STACKIT SDKs share: one flat JSON object whose keys are variable names.
//!
//! Source: STACKIT SDK for Go, `core/auth/auth.go`.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::Error;

/// A credentials file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CredentialsFile {
    pub(super) file: PathBuf,
    fields: Map<String, Value>,
}

impl CredentialsFile {
    /// Reads the file; nothing if it does not exist.
    pub(super) fn read(file: &Path) -> Result<Option<Self>, Error> {
        let complain = |code, message: String| Error::new(code, message).in_file(file, None);
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(_) if file.is_dir() => {
                let error = complain("credentials_is_directory", "the credentials file is a directory".to_owned());
                return Err(error.hint("give the path of the file itself"));
            }
            Err(error) => {
                let message = format!("the credentials file cannot be read: {}", crate::error::io_cause(&error));
                return Err(complain("credentials_unreadable", message)
                    .hint("make it readable for you alone: `chmod 600 FILE`"));
            }
        };
        let hint = "it must be one JSON object, such as {\"STACKIT_SERVICE_ACCOUNT_KEY_PATH\": \"/path/key.json\"}";
        match serde_json::from_str(&text) {
            Ok(Value::Object(fields)) if fields.contains_key("credentials") => {
                let error =
                    complain("credentials_is_key", "this is a service account key, not a credentials file".to_owned());
                Err(error
                    .hint("give it as STACKIT_SERVICE_ACCOUNT_KEY_PATH, or as `service_account_key_path` in a profile"))
            }
            Ok(Value::Object(fields)) => Ok(Some(Self { file: file.to_owned(), fields })),
            Ok(_) => {
                Err(complain("credentials_not_object", "the credentials file is not a JSON object".to_owned())
                    .hint(hint))
            }
            Err(error) => {
                let place = Some((error.line(), error.column()));
                let message = "the credentials file is not JSON";
                Err(Error::new("credentials_not_json", message).in_file(file, place).hint(hint))
            }
        }
    }

    /// A field's text; an empty one counts as absent.
    ///
    /// # Errors
    /// When it is something else than text.
    pub(super) fn field(&self, name: &'static str) -> Result<Option<&str>, Error> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(Value::Object(_)) => {
                Err(self.not_text(name).hint("write the key's JSON as one text, or give its path"))
            }
            Some(_) => Err(self.not_text(name)),
        }
    }

    fn not_text(&self, name: &str) -> Error {
        Error::new("credentials_not_text", format!("the field `{name}` of the credentials file is not a text"))
            .in_file(&self.file, None)
    }
}
