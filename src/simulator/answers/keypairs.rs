//! SSH keys; they belong to the user, and are named in the path.

use base64::Engine as _;
use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};

use crate::simulator::exchange::{Asked, LabelsView};
use crate::simulator::labels::{Given, merge};
use crate::simulator::md5::md5;
use crate::simulator::wire::{Answered, Items, Refusal};
use crate::simulator::world::{Keypair, Labels};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeypairView<'v> {
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<DateTime<Utc>>,
    fingerprint: &'v str,
    labels: LabelsView<'v>,
    name: &'v str,
    public_key: &'v str,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<DateTime<Utc>>,
}

impl<'v> From<&'v Keypair> for KeypairView<'v> {
    fn from(keypair: &'v Keypair) -> Self {
        Self {
            created_at: keypair.created_at,
            fingerprint: &keypair.fingerprint,
            labels: &keypair.labels,
            name: &keypair.name,
            public_key: &keypair.public_key,
            updated_at: keypair.updated_at,
        }
    }
}

fn absent() -> Refusal {
    Refusal::new(404, "keypair not found")
}

/// `ListKeyPairs`.
pub fn list(keypairs: &[Keypair], asked: &Asked) -> Result<Answered, Refusal> {
    let selector = asked.selector()?;
    let keypairs = keypairs.iter().filter(|keypair| selector.matches(&keypair.labels));
    Ok(Answered::ok(&Items { items: keypairs.map(KeypairView::from).collect() }))
}

/// `GetKeyPair`.
pub fn get(keypairs: &[Keypair], asked: &Asked) -> Result<Answered, Refusal> {
    let name = asked.path("keypairName");
    let keypair = keypairs.iter().find(|keypair| keypair.name == name).ok_or_else(absent)?;
    Ok(Answered::ok(&KeypairView::from(keypair)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    name: Option<String>,
    public_key: String,
    labels: Option<Given>,
}

/// `CreateKeyPair`.
pub fn create(keypairs: &mut Vec<Keypair>, asked: &Asked, now: DateTime<Utc>) -> Result<Answered, Refusal> {
    let wanted: Create = asked.body()?;
    let fingerprint = fingerprint(&wanted.public_key).ok_or_else(|| Refusal::bad("invalid pubkey"))?;
    let name = wanted.name.unwrap_or_else(|| format!("key-{}", fingerprint.replace(':', "")));
    if keypairs.iter().any(|keypair| keypair.name == name) {
        return Err(Refusal::conflict(format!("keypair {name} exists already")));
    }
    let mut labels = Labels::new();
    merge(&mut labels, wanted.labels.as_ref())?;
    let stamp = Some(now.trunc_subsecs(0));
    let keypair =
        Keypair { name, public_key: wanted.public_key, fingerprint, labels, created_at: stamp, updated_at: stamp };
    let answer = Answered::created(&KeypairView::from(&keypair));
    keypairs.push(keypair);
    Ok(answer)
}

#[derive(Deserialize)]
struct Update {
    labels: Option<Given>,
}

/// `UpdateKeyPair`: labels only.
pub fn update(keypairs: &mut [Keypair], asked: &Asked, now: DateTime<Utc>) -> Result<Answered, Refusal> {
    let wanted: Update = asked.body()?;
    let name = asked.path("keypairName");
    let keypair = keypairs.iter_mut().find(|keypair| keypair.name == name).ok_or_else(absent)?;
    merge(&mut keypair.labels, wanted.labels.as_ref())?;
    keypair.updated_at = Some(now.trunc_subsecs(0));
    Ok(Answered::ok(&KeypairView::from(&*keypair)))
}

/// `DeleteKeyPair`.
pub fn delete(keypairs: &mut Vec<Keypair>, asked: &Asked) -> Result<Answered, Refusal> {
    let name = asked.path("keypairName");
    let at = keypairs.iter().position(|keypair| keypair.name == name).ok_or_else(absent)?;
    keypairs.remove(at);
    Ok(Answered::no_content())
}

/// The MD5 fingerprint of a public key in OpenSSH's form; none where the key is none.
fn fingerprint(public_key: &str) -> Option<String> {
    let mut words = public_key.split_whitespace();
    let (kind, encoded) = (words.next()?, words.next()?);
    let padded = base64::engine::general_purpose::STANDARD.decode(encoded);
    let bytes = padded.or_else(|_| base64::engine::general_purpose::STANDARD_NO_PAD.decode(encoded)).ok()?;
    // The key itself begins with its kind, after the length of that. Source: RFC 4253, 6.6.
    let (length, rest) = bytes.split_at_checked(4)?;
    let is_of_kind = length.iter().eq(&u32::try_from(kind.len()).ok()?.to_be_bytes());
    if !is_of_kind || !rest.starts_with(kind.as_bytes()) || rest.len() == kind.len() {
        return None;
    }
    let pairs: Vec<String> = md5(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Some(pairs.join(":"))
}
