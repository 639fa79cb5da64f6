//! What to do about each problem of `error.rs`.

use super::{Error, Problem};

const NEW_KEY: &str = "create a new key for the service account in the STACKIT portal (or with \
                       `stackit service-account key create --email MAIL`) and use its JSON file";

const CHECK_URL: &str = "check the token URL (`token_url`, STACKIT_TOKEN_BASEURL, or `credentials.tokenEndpoint` in \
                         the key file): it must be the whole URL, such as \
                         https://service-account.api.stackit.cloud/token";

/// The next step for whoever reads the error.
pub(super) fn hint(error: &Error) -> Option<String> {
    let hint = match &error.problem {
        Problem::CommandFailed { program, .. } if program == "stackit" => "log in first: `stackit auth login`",
        Problem::CommandFailed { .. } | Problem::CommandTimeout { .. } => {
            "run the command by hand: it must print a token without asking anything"
        }
        Problem::CommandNotFound { .. } => "install the program, or correct `token_command` in stackhand.toml",
        Problem::CommandWithoutToken { .. } => {
            "it must print either the bare token, or JSON with a field `access_token` or `token`"
        }
        Problem::EndpointNotJson { .. } | Problem::EndpointIncomplete { .. } => CHECK_URL,
        Problem::EndpointRefused { suspicion: Some(suspicion), .. } => suspicion,
        Problem::EndpointRefused { .. } => {
            "the key may be deleted, expired or of another environment; `stackhand auth status` shows which key it is"
        }
        Problem::EndpointFailed { .. } => "try again later; https://status.stackit.cloud shows known outages",
        Problem::EndpointUnreachable { lasting: Some(hint), .. } => hint,
        Problem::EndpointUnreachable { .. } => {
            "check network, proxy (HTTPS_PROXY) and `--ca-file`; on a machine without network, `--sim` needs none"
        }
        Problem::FileIsDirectory { .. } => "give the path of the file itself",
        Problem::FileNotFound { .. } => "check the path; a relative one counts from the folder of whoever names it",
        Problem::FileUnreadable { reason, .. } if reason.contains("UTF-8") => "a key file is JSON, a private key a PEM",
        Problem::FileUnreadable { .. } => "make it readable for you alone: `chmod 600 FILE`",
        Problem::KeyExpired { .. } | Problem::KeyInactive => NEW_KEY,
        Problem::KeyUnknown { .. } => {
            "the key was deleted, or file and environment do not belong together; `kid` and private key must be of one \
             key pair; else create a new key"
        }
        Problem::KeyFieldInvalid { .. } | Problem::KeyFieldMissing { .. } | Problem::KeyNotJson { .. } => {
            "use the JSON file as the STACKIT portal handed it out when the key was created, unchanged"
        }
        Problem::KeyIsPem => {
            "give the JSON key file as STACKIT_SERVICE_ACCOUNT_KEY_PATH, and this file as STACKIT_PRIVATE_KEY_PATH"
        }
        Problem::MetadataAccount { attached, .. } if attached.is_empty() => {
            "attach one: `stackit server service-account attach --server-id ID --service-account-email MAIL`"
        }
        Problem::MetadataAccount { .. } => "name one in stackhand.toml: `metadata = \"MAIL\"`",
        Problem::MetadataAnswer { .. } | Problem::MetadataUnreachable { .. } => {
            "`metadata` works only on a STACKIT server; elsewhere use a key file"
        }
        Problem::NoCredentials => {
            "set STACKIT_SERVICE_ACCOUNT_KEY_PATH to a service account's key file; or name one, or \
             `token_command = [\"stackit\", \"auth\", \"get-access-token\"]`, in a profile of stackhand.toml; \
             `--sim` needs no credentials"
        }
        Problem::PrivateKeyEncrypted => {
            "decrypt it: `openssl pkcs8 -topk8 -nocrypt -in KEY -out NEW`, and make the new file readable for you alone"
        }
        Problem::PrivateKeyInvalid { .. } => "it must be an RSA private key in PEM form (PKCS#8 or PKCS#1)",
        Problem::PrivateKeyMissing => {
            "the key was made from a public key of your own: give its private key as STACKIT_PRIVATE_KEY_PATH, or \
             `private_key_path` in the profile"
        }
        Problem::RenewalLost => return None,
        Problem::TokenExpired { .. } | Problem::TokenInvalid { .. } | Problem::TokenRefused => {
            "get a fresh token, or use a service account key, which renews its tokens by itself"
        }
    };
    Some(hint.to_owned())
}
