//! The server that this process runs on, if it runs on one of STACKIT.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::Environment;
use super::variables::STACKHAND_SERVER_ID;
use crate::error::{Error, Kind, Result};

/// Where cloud-init keeps the id that the platform gave to the machine; on OpenStack, the server's.
const INSTANCE_ID: &str = "var/lib/cloud/data/instance-id";

/// Where the firmware's tables are shown; the id is the server's where the machine is one of OpenStack.
const FIRMWARE: &str = "sys/class/dmi/id";

/// The server that this process runs on. Looked up when first asked for.
///
/// Source: `instance-id` is the OpenStack metadata's `uuid`; `product_uuid` is what libvirt is given as the machine's.
#[derive(Debug)]
pub struct OwnServer {
    given: Option<String>,
    root: PathBuf,
    found: OnceLock<Option<Found>>,
}

/// The server's id, and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The id, in small letters.
    pub id: String,
    /// Where it was found: a variable or a file.
    pub origin: String,
}

impl OwnServer {
    /// The server that the environment names, or that the files of this machine do.
    ///
    /// # Errors
    /// Kind `config` when the variable holds no id: nobody would be guarded by it.
    pub fn new(environment: &Environment) -> Result<Self> {
        if let Some(given) = environment.variable(STACKHAND_SERVER_ID)
            && uuid::Uuid::try_parse(given.trim()).is_err()
        {
            return Err(Error::new(Kind::Config, "bad_server_id", format!("`{given}` is no id of a server"))
                .with_place(format!("environment variable `{STACKHAND_SERVER_ID}`"))
                .with_hint("give the id of the server that this runs on, or unset it"));
        }
        Ok(Self::within(environment, Path::new("/")))
    }

    /// The same with the files below another folder.
    fn within(environment: &Environment, root: &Path) -> Self {
        let given = environment.variable(STACKHAND_SERVER_ID).map(str::to_owned);
        Self { given, root: root.to_owned(), found: OnceLock::new() }
    }

    /// The server's id, if there is one.
    #[must_use]
    pub fn find(&self) -> Option<&Found> {
        self.found.get_or_init(|| self.look()).as_ref()
    }

    fn look(&self) -> Option<Found> {
        if let Some(given) = &self.given {
            let id = uuid::Uuid::try_parse(given.trim()).ok()?.to_string();
            return Some(Found { id, origin: format!("`{STACKHAND_SERVER_ID}`") });
        }
        let found = |path: &str| {
            let text = self.read(path)?;
            let id = uuid::Uuid::try_parse(&text).ok()?.to_string();
            Some(Found { id, origin: format!("/{path}") })
        };
        found(INSTANCE_ID).or_else(|| {
            let is_cloud = ["sys_vendor", "product_name"]
                .iter()
                .any(|name| self.read(&format!("{FIRMWARE}/{name}")).is_some_and(|text| text.contains("OpenStack")));
            is_cloud.then(|| found(&format!("{FIRMWARE}/product_uuid"))).flatten()
        })
    }

    fn read(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.root.join(path)).ok().map(|text| text.trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "22222222-2222-4222-8222-222222222222";

    fn find(environment: &Environment, files: &[(&str, &str)]) -> Option<Found> {
        let root = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        OwnServer::within(environment, root.path()).find().cloned()
    }

    #[test]
    fn it_is_known_from_cloud_init_or_the_firmware_of_openstack_or_by_hand() {
        let nothing = Environment::empty("/");
        let id = |found: Option<Found>| found.map(|found| found.id);
        assert_eq!(find(&nothing, &[]), None);
        assert_eq!(find(&nothing, &[(INSTANCE_ID, "iid-local01\n")]), None);
        let found = find(&nothing, &[(INSTANCE_ID, "22222222-2222-4222-8222-222222222222\n")]);
        assert_eq!(found.map(|found| found.origin), Some(format!("/{INSTANCE_ID}")));
        let uuid = ("sys/class/dmi/id/product_uuid", "22222222-2222-4222-8222-222222222222");
        assert_eq!(find(&nothing, &[uuid, ("sys/class/dmi/id/sys_vendor", "Dell Inc.")]), None, "not of the cloud");
        let vendor = ("sys/class/dmi/id/product_name", "OpenStack Compute");
        assert_eq!(id(find(&nothing, &[uuid, vendor])).as_deref(), Some(ID));
        let by_hand = nothing.with(STACKHAND_SERVER_ID, "AAAAAAAA-2222-4222-8222-222222222222");
        let found = find(&by_hand, &[(INSTANCE_ID, ID)]);
        assert_eq!(id(found).as_deref(), Some("aaaaaaaa-2222-4222-8222-222222222222"));
    }
    #[test]
    fn a_variable_that_holds_no_id_is_an_error() {
        let error = OwnServer::new(&Environment::empty("/").with(STACKHAND_SERVER_ID, "web-1")).expect_err("no id");
        assert_eq!((error.kind, error.code), (Kind::Config, "bad_server_id"));
        assert!(OwnServer::new(&Environment::empty("/")).is_ok());
    }
}
