//! The state machines, as data: which action is accepted from which status, what is seen meanwhile, how it ends and
//! how long it takes in world time.
//!
//! Which actions a status accepts is not documented by STACKIT; the rows follow OpenStack's rules, which the platform
//! is built on, and what STACKIT's own clients rely on.

use std::time::Duration;

use super::world::Kind;

/// What an object is after a transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// In this status.
    In(&'static str),
    /// In the status that it came from.
    Back,
    /// Gone: its id answers 404.
    Gone,
}

/// A row of a state machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// Whose.
    pub kind: Kind,
    /// What asks for it.
    pub action: &'static str,
    /// From where it is accepted; empty for creation, `*` for everywhere.
    pub from: &'static [&'static str],
    /// The status meanwhile.
    pub during: &'static str,
    /// What follows.
    pub end: End,
    /// A server's power status afterwards.
    pub power: Option<&'static str>,
    /// How long it takes.
    pub seconds: u32,
    /// How much longer for each GiB.
    pub milliseconds_a_gigabyte: u32,
    /// Whether it lasts until a reader has seen it, however short it is.
    pub must_be_seen: bool,
    /// The status if it fails.
    pub failed: &'static str,
}

impl Transition {
    const fn new(
        kind: Kind,
        action: &'static str,
        from: &'static [&'static str],
        during: &'static str,
        end: End,
        seconds: u32,
    ) -> Self {
        Self {
            kind,
            action,
            from,
            during,
            end,
            power: None,
            seconds,
            milliseconds_a_gigabyte: 0,
            must_be_seen: false,
            failed: "ERROR",
        }
    }

    const fn power(mut self, status: &'static str) -> Self {
        self.power = Some(status);
        self
    }

    const fn a_gigabyte(mut self, milliseconds: u32) -> Self {
        self.milliseconds_a_gigabyte = milliseconds;
        self
    }

    const fn seen(mut self) -> Self {
        self.must_be_seen = true;
        self
    }

    const fn failing(mut self, status: &'static str) -> Self {
        self.failed = status;
        self
    }

    /// Whether an object in this status may go this way.
    pub fn accepts(&self, status: &str) -> bool {
        self.from.iter().any(|from| *from == status || (*from == "*" && status != "DELETING"))
    }

    /// How long it takes for an object of this size in GiB.
    pub fn duration(&self, gigabytes: i64) -> Duration {
        let extra = u64::from(self.milliseconds_a_gigabyte) * u64::try_from(gigabytes).unwrap_or(0);
        Duration::from_secs(u64::from(self.seconds)) + Duration::from_millis(extra)
    }
}

use End::{Back, Gone, In};
use Kind::{Backup, Image, Network, Server, Snapshot, Volume};

const fn row(
    kind: Kind,
    action: &'static str,
    from: &'static [&'static str],
    during: &'static str,
    end: End,
    seconds: u32,
) -> Transition {
    Transition::new(kind, action, from, during, end, seconds)
}

/// All rows.
///
/// Source: `iaas.v2.json` for the words; the official Go SDK's waiters for how each action ends; its Terraform
/// provider for stop from DEALLOCATED; OpenStack Nova and Cinder for the rest.
pub const TRANSITIONS: &[Transition] = &[
    row(Server, "create", &[], "CREATING", In("ACTIVE"), 40).power("RUNNING"),
    row(Server, "start", &["INACTIVE", "DEALLOCATED"], "STARTING", In("ACTIVE"), 25).power("RUNNING"),
    row(Server, "stop", &["ACTIVE", "ERROR", "DEALLOCATED"], "STOPPING", In("INACTIVE"), 20).power("STOPPED"),
    row(Server, "reboot", &["ACTIVE"], "REBOOTING", In("ACTIVE"), 30).power("RUNNING"),
    row(Server, "reboot hard", &["ACTIVE", "INACTIVE", "ERROR"], "REBOOTING", In("ACTIVE"), 15).power("RUNNING"),
    row(Server, "deallocate", &["ACTIVE", "INACTIVE"], "DEALLOCATING", In("DEALLOCATED"), 30).power("STOPPED"),
    row(Server, "rescue", &["ACTIVE", "INACTIVE", "ERROR"], "RESCUING", In("RESCUE"), 35).power("RUNNING"),
    row(Server, "unrescue", &["RESCUE"], "UNRESCUING", In("ACTIVE"), 25).power("RUNNING"),
    row(Server, "resize", &["ACTIVE", "INACTIVE"], "RESIZING", Back, 45).seen(),
    row(Server, "delete", &["*"], "DELETING", Gone, 15),
    row(Volume, "create", &[], "CREATING", In("AVAILABLE"), 4),
    row(Volume, "create from source", &[], "CREATING", In("AVAILABLE"), 8).a_gigabyte(100),
    row(Volume, "create for server", &[], "CREATING", In("ATTACHED"), 20),
    row(Volume, "attach", &["AVAILABLE"], "ATTACHING", In("ATTACHED"), 5),
    row(Volume, "detach", &["ATTACHED"], "DETACHING", In("AVAILABLE"), 5),
    row(Volume, "resize", &["AVAILABLE"], "RESIZING", In("AVAILABLE"), 6).failing("ERROR_RESIZING"),
    row(Volume, "backup", &["AVAILABLE", "ATTACHED"], "BACKING-UP", Back, 20)
        .a_gigabyte(500)
        .failing("ERROR_BACKING-UP"),
    row(Volume, "restore", &["AVAILABLE"], "RESTORING-BACKUP", In("AVAILABLE"), 20)
        .a_gigabyte(500)
        .failing("ERROR_RESTORING-BACKUP"),
    row(Volume, "upload", &["AVAILABLE"], "UPLOADING", In("AVAILABLE"), 20).a_gigabyte(300),
    row(
        Volume,
        "delete",
        &[
            "AVAILABLE",
            "ERROR",
            "ERROR_DELETING",
            "ERROR_RESIZING",
            "ERROR_RESTORING-BACKUP",
            "ERROR_BACKING-UP",
            "ERROR_KMS-ENCRYPTION-PARAMS",
        ],
        "DELETING",
        Gone,
        4,
    )
    .failing("ERROR_DELETING"),
    // What goes with its server goes from any status.
    row(Volume, "delete with server", &["*"], "DELETING", Gone, 4),
    row(Snapshot, "create", &[], "CREATING", In("AVAILABLE"), 5).a_gigabyte(50),
    row(Snapshot, "backup", &["AVAILABLE"], "BACKING-UP", In("AVAILABLE"), 20).a_gigabyte(500),
    row(Snapshot, "delete", &["AVAILABLE", "ERROR"], "DELETING", Gone, 6),
    row(Backup, "create", &[], "CREATING", In("AVAILABLE"), 20).a_gigabyte(500),
    row(Backup, "restore", &["AVAILABLE"], "RESTORING", In("AVAILABLE"), 20).a_gigabyte(500),
    row(Backup, "delete", &["AVAILABLE", "ERROR"], "DELETING", Gone, 6),
    row(Image, "import", &["CREATING"], "CREATING", In("AVAILABLE"), 30),
    row(Image, "delete", &["*"], "DELETING", Gone, 5),
    row(Network, "create", &[], "CREATING", In("CREATED"), 6),
    row(Network, "update", &["CREATED"], "UPDATING", In("CREATED"), 4),
    row(Network, "delete", &["CREATED", "FAILED"], "DELETING", Gone, 5).failing("FAILED"),
];

/// The row for this action.
pub fn transition(kind: Kind, action: &str) -> Option<&'static Transition> {
    TRANSITIONS.iter().find(|row| row.kind == kind && row.action == action)
}

#[rustfmt::skip]
const SERVER_STATUSES: &[&str] = &[
    "ACTIVE", "BACKING-UP", "CREATING", "DEALLOCATED", "DEALLOCATING", "DELETED", "DELETING", "ERROR",
    "INACTIVE", "MIGRATING", "PAUSED", "REBOOT", "REBOOTING", "REBUILD", "REBUILDING", "RESCUE", "RESCUING",
    "RESIZING", "RESTORING", "SNAPSHOTTING", "STARTING", "STOPPING", "UNRESCUING", "UPDATING",
];

#[rustfmt::skip]
const VOLUME_STATUSES: &[&str] = &[
    "ATTACHED", "ATTACHING", "AVAILABLE", "AWAITING-TRANSFER", "BACKING-UP", "CREATING", "DELETED", "DELETING",
    "DETACHING", "DOWNLOADING", "ERROR", "ERROR_BACKING-UP", "ERROR_DELETING", "ERROR_RESIZING",
    "ERROR_RESTORING-BACKUP", "ERROR_KMS-ENCRYPTION-PARAMS", "MAINTENANCE", "RESERVED", "RESIZING",
    "RESTORING-BACKUP", "RETYPING", "UPLOADING",
];

#[rustfmt::skip]
const SNAPSHOT_STATUSES: &[&str] = &[
    "AVAILABLE", "BACKING-UP", "CREATING", "DELETED", "DELETING", "ERROR", "RESTORING", "UNMANAGING", "UPDATING",
];

#[rustfmt::skip]
const BACKUP_STATUSES: &[&str] = &[
    "AVAILABLE", "CREATING", "DELETED", "DELETING", "ERROR", "RESTORING",
];

#[rustfmt::skip]
const IMAGE_STATUSES: &[&str] = &[
    "AVAILABLE", "CREATING", "DEACTIVATED", "DELETED", "DELETING", "ERROR",
];

#[rustfmt::skip]
const NETWORK_STATUSES: &[&str] = &[
    "CREATING", "CREATED", "DELETING", "DELETED", "FAILED", "UPDATED", "UPDATING",
];

/// The documented status words of a kind. Source: `iaas.v2.json`, the status schemas.
pub fn statuses(kind: Kind) -> &'static [&'static str] {
    match kind {
        Server => SERVER_STATUSES,
        Volume => VOLUME_STATUSES,
        Snapshot => SNAPSHOT_STATUSES,
        Backup => BACKUP_STATUSES,
        Image => IMAGE_STATUSES,
        Network => NETWORK_STATUSES,
        Kind::Nic
        | Kind::PublicIp
        | Kind::SecurityGroup
        | Kind::SecurityGroupRule
        | Kind::AffinityGroup
        | Kind::Project => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_machines_is_a_documented_status() {
        for row in TRANSITIONS {
            let words = statuses(row.kind);
            assert!(words.contains(&row.during), "{row:?}");
            assert!(row.failed == "ERROR" || words.contains(&row.failed), "{row:?}");
            if let In(status) = row.end {
                assert!(words.contains(&status), "{row:?}");
            }
            for from in row.from {
                assert!(*from == "*" || words.contains(from), "{row:?}: {from}");
            }
        }
    }

    #[test]
    fn a_row_is_named_once() {
        for (index, row) in TRANSITIONS.iter().enumerate() {
            assert!(TRANSITIONS[..index].iter().all(|other| (other.kind, other.action) != (row.kind, row.action)));
        }
    }

    #[test]
    fn an_action_on_what_is_being_deleted_is_never_accepted() {
        assert!(TRANSITIONS.iter().all(|row| !row.accepts("DELETING")));
    }
}
