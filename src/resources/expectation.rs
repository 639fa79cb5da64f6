//! The outcome to expect of a verb, and the judgement whether it has come.
//!
//! A wait never calls an unseen state a success: what a server was before the request proves nothing after it. So a
//! verb that ends where it began (a reboot) is done only when the change was seen, and `ERROR` is a failure only if
//! the object was not in it before.

use std::time::Duration;

use super::error::Last;
use super::kind::{Kind, Phase};
use super::resource::Head;

/// The outcome to expect of a verb.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// The verb, for messages.
    pub verb: &'static str,
    /// The object whose state shows the outcome; an attachment shows in its volume.
    pub watched: Watched,
    /// What must be seen.
    pub goal: Goal,
    /// The status before the request, as far as it was known.
    pub before: Option<String>,
    /// How long to wait unless told. Source: the waiters of the Go SDK, `services/iaas/v2api/wait`.
    pub time_limit: Duration,
}

/// The object that a wait looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// Its kind.
    pub kind: Kind,
    /// Its identifier.
    pub id: String,
    /// Its name, for messages.
    pub name: String,
}

/// What must be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// One of these statuses.
    Status(&'static [&'static str]),
    /// One of these statuses, after another one was seen.
    Passed(&'static [&'static str]),
    /// Any status in which the kind rests.
    Settled,
    /// This machine type, at rest.
    MachineType {
        /// The type.
        wanted: String,
        /// Whether the server had it already.
        had: bool,
    },
    /// This size in GiB, at rest.
    Size(i64),
    /// Attached to this server.
    AttachedTo(String),
    /// No longer attached to this server.
    DetachedFrom(String),
    /// No such object.
    Gone,
}

/// What one look means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Not there yet.
    Waiting,
    /// The outcome has come.
    Done,
    /// It has not and will not.
    Failed {
        /// The status.
        status: String,
        /// The API's own words.
        message: Option<String>,
    },
    /// The object is not there.
    Vanished,
}

/// How often a new object may be missing before it counts as gone.
const PATIENCE_WITH_NEW_OBJECTS: u32 = 3;
/// How often a resized server may rest with its old type before the resize counts as undone.
const PATIENCE_WITH_OLD_TYPE: u32 = 3;

/// What a wait has seen so far.
#[derive(Debug, Clone)]
pub struct Watch {
    expectation: Expectation,
    /// The last status seen since the request.
    last_status: Option<String>,
    /// Whether the object was seen to change since the request.
    has_moved: bool,
    absences: u32,
    old_type_rests: u32,
    is_unproven: bool,
}

impl Watch {
    /// A wait that has seen nothing yet.
    #[must_use]
    pub fn new(expectation: Expectation) -> Self {
        Self { expectation, last_status: None, has_moved: false, absences: 0, old_type_rests: 0, is_unproven: false }
    }

    /// What is waited for.
    #[must_use]
    pub fn expectation(&self) -> &Expectation {
        &self.expectation
    }

    /// What was seen last.
    #[must_use]
    pub fn last(&self) -> Last {
        Last { status: self.last_status.clone(), trouble: None, is_unproven: self.is_unproven }
    }

    /// The object is there and looks like this.
    pub fn observe(&mut self, head: &Head) -> Verdict {
        self.absences = 0;
        let status = head.status.clone().unwrap_or_default();
        let phase = self.expectation.watched.kind.phase(&status);
        let has_changed = self.last_status.as_ref().is_some_and(|last| *last != status);
        self.has_moved |= has_changed || phase == Phase::Moving;
        self.last_status.clone_from(&head.status);
        if phase == Phase::Failed && self.is_new(&status) {
            return Verdict::Failed { status, message: head.error_message.clone().filter(|text| !text.is_empty()) };
        }
        self.judge(head, &status, phase)
    }

    /// The object is confirmed not to be there.
    pub fn observe_absence(&mut self) -> Verdict {
        self.absences += 1;
        if self.expectation.goal == Goal::Gone {
            return Verdict::Done;
        }
        // An object that was just made may not be readable at once.
        let patience = if self.last_status.is_none() { PATIENCE_WITH_NEW_OBJECTS } else { 1 };
        if self.absences >= patience { Verdict::Vanished } else { Verdict::Waiting }
    }

    /// Whether a status is not simply the one from before the request.
    fn is_new(&self, status: &str) -> bool {
        self.has_moved || self.expectation.before.as_deref() != Some(status)
    }

    fn judge(&mut self, head: &Head, status: &str, phase: Phase) -> Verdict {
        let rests = phase == Phase::Stable;
        let is_there = match &self.expectation.goal {
            Goal::Status(targets) | Goal::Passed(targets) => targets.contains(&status),
            // A kind without statuses rests always.
            Goal::Settled => rests || head.status.is_none(),
            Goal::MachineType { wanted, .. } => return self.judge_resize(head, &wanted.clone(), rests),
            Goal::Size(size) => rests && head.size == Some(*size),
            Goal::AttachedTo(server) => status == "ATTACHED" && head.server_id.as_deref() == Some(server),
            Goal::DetachedFrom(server) => rests && status != "ATTACHED" && head.server_id.as_deref() != Some(server),
            Goal::Gone => status == "DELETED",
        };
        let is_proven = match &self.expectation.goal {
            Goal::Status(_) => self.is_new(status),
            Goal::Passed(_) => self.has_moved,
            _ => true,
        };
        self.conclude(is_there, is_proven)
    }

    /// A resize is done when the new type is at rest; if it had that type already, only the change itself proves it.
    fn judge_resize(&mut self, head: &Head, wanted: &str, rests: bool) -> Verdict {
        let has_type = head.machine_type.as_deref() == Some(wanted);
        if rests && !has_type && self.has_moved {
            self.old_type_rests += 1;
            if self.old_type_rests >= PATIENCE_WITH_OLD_TYPE {
                let has = head.machine_type.as_deref().unwrap_or("none");
                let message = format!("the machine type is still `{has}`");
                return Verdict::Failed { status: head.status.clone().unwrap_or_default(), message: Some(message) };
            }
        }
        let had_it = matches!(self.expectation.goal, Goal::MachineType { had: true, .. });
        self.conclude(rests && has_type, self.has_moved || !had_it)
    }

    fn conclude(&mut self, is_there: bool, is_proven: bool) -> Verdict {
        self.is_unproven = is_there && !is_proven;
        if is_there && is_proven { Verdict::Done } else { Verdict::Waiting }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(kind: Kind, goal: Goal, before: Option<&str>) -> Watch {
        Watch::new(Expectation {
            verb: "test",
            watched: Watched { kind, id: "1".to_owned(), name: "one".to_owned() },
            goal,
            before: before.map(str::to_owned),
            time_limit: Duration::from_mins(20),
        })
    }

    fn head(status: &str) -> Head {
        Head { status: Some(status.to_owned()), ..Head::default() }
    }

    /// The verdicts on a row of statuses, as one letter each.
    fn verdicts(mut watch: Watch, statuses: &[&str]) -> String {
        statuses
            .iter()
            .map(|status| match watch.observe(&head(status)) {
                Verdict::Waiting => 'w',
                Verdict::Done => 'd',
                Verdict::Failed { .. } => 'f',
                Verdict::Vanished => 'v',
            })
            .collect()
    }

    #[test]
    fn a_status_is_reached_when_it_is_seen() {
        let start = || watch(Kind::Server, Goal::Status(&["ACTIVE"]), Some("INACTIVE"));
        assert_eq!(verdicts(start(), &["INACTIVE", "STARTING", "ACTIVE"]), "wwd");
        assert_eq!(verdicts(start(), &["ACTIVE"]), "d");
        assert_eq!(verdicts(start(), &["SOMETHING-NEW", "ACTIVE"]), "wd");
        assert_eq!(verdicts(start(), &["STARTING", "ERROR"]), "wf");
    }

    #[test]
    fn the_status_from_before_the_request_is_no_success() {
        let start = || watch(Kind::Server, Goal::Status(&["ACTIVE"]), Some("ACTIVE"));
        assert_eq!(verdicts(start(), &["ACTIVE", "ACTIVE", "STARTING", "ACTIVE"]), "wwwd");
        assert_eq!(verdicts(start(), &["INACTIVE", "ACTIVE"]), "wd");
    }

    #[test]
    fn the_error_from_before_the_request_is_no_failure() {
        let stop = || watch(Kind::Server, Goal::Status(&["INACTIVE"]), Some("ERROR"));
        assert_eq!(verdicts(stop(), &["ERROR", "STOPPING", "INACTIVE"]), "wwd");
        assert_eq!(verdicts(stop(), &["ERROR", "STOPPING", "ERROR"]), "wwf");
    }

    #[test]
    fn a_reboot_is_done_only_when_it_was_seen() {
        let reboot = |before| watch(Kind::Server, Goal::Passed(&["ACTIVE"]), Some(before));
        assert_eq!(verdicts(reboot("ACTIVE"), &["ACTIVE", "REBOOTING", "ACTIVE"]), "wwd");
        // What the script's copy said before may be long out of date.
        assert_eq!(verdicts(reboot("INACTIVE"), &["ACTIVE", "REBOOT", "ACTIVE"]), "wwd");
        let mut unseen = reboot("ACTIVE");
        assert_eq!(unseen.observe(&head("ACTIVE")), Verdict::Waiting);
        assert!(unseen.last().is_unproven);
    }

    #[test]
    fn a_resize_needs_the_new_type_at_rest() {
        let resize = |had| watch(Kind::Server, Goal::MachineType { wanted: "g2".to_owned(), had }, Some("ACTIVE"));
        let typed =
            |status: &str, machine_type: &str| Head { machine_type: Some(machine_type.to_owned()), ..head(status) };
        let mut quick = resize(false);
        assert_eq!(quick.observe(&typed("ACTIVE", "g1")), Verdict::Waiting);
        assert_eq!(quick.observe(&typed("ACTIVE", "g2")), Verdict::Done);
        let mut same = resize(true);
        assert_eq!(same.observe(&typed("ACTIVE", "g2")), Verdict::Waiting);
        assert_eq!(same.observe(&typed("RESIZING", "g2")), Verdict::Waiting);
        assert_eq!(same.observe(&typed("ACTIVE", "g2")), Verdict::Done);
        let mut undone = resize(false);
        for _ in 0..2 {
            assert_eq!(undone.observe(&typed("RESIZING", "g1")), Verdict::Waiting);
            assert_eq!(undone.observe(&typed("ACTIVE", "g1")), Verdict::Waiting);
        }
        assert!(matches!(undone.observe(&typed("ACTIVE", "g1")), Verdict::Failed { .. }));
    }

    #[test]
    fn an_absence_is_the_end_of_a_delete_and_of_nothing_else() {
        assert_eq!(watch(Kind::Volume, Goal::Gone, Some("AVAILABLE")).observe_absence(), Verdict::Done);
        let mut start = watch(Kind::Server, Goal::Status(&["ACTIVE"]), None);
        assert_eq!(start.observe_absence(), Verdict::Waiting);
        assert_eq!(start.observe(&head("CREATING")), Verdict::Waiting);
        assert_eq!(start.observe_absence(), Verdict::Vanished);
    }

    #[test]
    fn a_delete_that_ends_in_an_error_failed_and_a_failed_object_can_be_deleted() {
        assert_eq!(verdicts(watch(Kind::Volume, Goal::Gone, Some("AVAILABLE")), &["DELETING", "ERROR_DELETING"]), "wf");
        assert_eq!(verdicts(watch(Kind::Server, Goal::Gone, Some("ERROR")), &["ERROR", "DELETING"]), "ww");
    }

    #[test]
    fn attachments_show_in_their_volume() {
        let volume = |status: &str, server: Option<&str>| Head { server_id: server.map(str::to_owned), ..head(status) };
        let mut attach = watch(Kind::Volume, Goal::AttachedTo("s".to_owned()), Some("AVAILABLE"));
        assert_eq!(attach.observe(&volume("AVAILABLE", None)), Verdict::Waiting);
        assert_eq!(attach.observe(&volume("ATTACHED", Some("other"))), Verdict::Waiting);
        assert_eq!(attach.observe(&volume("ATTACHED", Some("s"))), Verdict::Done);
        let mut detach = watch(Kind::Volume, Goal::DetachedFrom("s".to_owned()), Some("ATTACHED"));
        assert_eq!(detach.observe(&volume("ATTACHED", Some("s"))), Verdict::Waiting);
        assert_eq!(detach.observe(&volume("DETACHING", Some("s"))), Verdict::Waiting);
        assert_eq!(detach.observe(&volume("AVAILABLE", None)), Verdict::Done);
    }
}
