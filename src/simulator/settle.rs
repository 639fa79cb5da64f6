//! Transitions in time: begun by a request, ended when the world is next looked at after they are due.

use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use super::states::{End, Transition, transition};
use super::world::{Backup, Image, Kind, Network, Pending, Region, Row, Server, Snapshot, Status, Table, Volume};

/// How a request's transition is bent by a fault.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bend {
    /// How many times as long it takes.
    pub factor: Option<f64>,
    /// That it ends in ERROR, with this message.
    pub error: Option<String>,
}

/// An object with a status that changes in time.
pub trait Stateful: Row {
    /// Its status.
    fn status(&mut self) -> &mut Status;
    /// The transition under way.
    fn pending(&mut self) -> &mut Option<Pending>;
    /// When it last changed.
    fn touched(&mut self) -> &mut Option<DateTime<Utc>>;
}

macro_rules! stateful {
    ($($kind:ident)*) => {$(
        impl Stateful for $kind {
            fn status(&mut self) -> &mut Status {
                &mut self.status
            }
            fn pending(&mut self) -> &mut Option<Pending> {
                &mut self.pending
            }
            fn touched(&mut self) -> &mut Option<DateTime<Utc>> {
                &mut self.updated_at
            }
        }
    )*};
}
stateful! { Server Volume Snapshot Backup Image Network }

/// A transition that a request begins.
#[derive(Debug, Clone)]
pub struct Begin<'b> {
    /// The row of the state machine.
    pub row: &'static Transition,
    /// World time.
    pub now: DateTime<Utc>,
    /// What a fault makes of it.
    pub bend: &'b Bend,
    /// The object's size in GiB, where the row asks for it.
    pub gigabytes: i64,
    /// What changes at its end.
    pub change: Option<String>,
}

impl<'b> Begin<'b> {
    /// The transition for this action; every action of the handlers has a row.
    pub fn new(kind: Kind, action: &str, now: DateTime<Utc>, bend: &'b Bend) -> Self {
        let row = transition(kind, action).expect("handlers name rows of the table, as its test shows");
        Self { row, now, bend, gigabytes: 0, change: None }
    }

    /// For an object of this size.
    pub fn sized(mut self, gigabytes: i64) -> Self {
        self.gigabytes = gigabytes;
        self
    }

    /// With something that changes at the end.
    pub fn changing(mut self, to: impl Into<String>) -> Self {
        self.change = Some(to.into());
        self
    }

    /// Puts an object into the transition; gives when it ends.
    pub fn apply<T: Stateful>(self, object: &mut T) -> DateTime<Utc> {
        let factor = self.bend.factor.unwrap_or(1.0).clamp(0.0, 1_000_000.0);
        let span = Duration::try_from_secs_f64(self.row.duration(self.gigabytes).as_secs_f64() * factor);
        let until = self.now + span.ok().and_then(|span| TimeDelta::from_std(span).ok()).unwrap_or_default();
        let back = (self.row.end == End::Back).then(|| object.status().clone());
        *object.pending() = Some(Pending {
            action: self.row.action.to_owned(),
            until,
            back,
            error: self.bend.error.clone(),
            change: self.change,
        });
        *object.status() = Status::Borrowed(self.row.during);
        *object.touched() = Some(self.now.trunc_subsecs(0));
        until
    }
}

impl Region {
    /// Ends every transition that is due by `now`, in order of time.
    pub fn settle(&mut self, now: DateTime<Utc>) {
        while let Some(first) = self.due.first()
            && first.0 <= now
        {
            let Some((time, kind, id)) = self.due.pop_first() else { return };
            self.finish(kind, &id, time);
        }
    }

    /// Notes that an object's transition ends at `until`; one that must be seen waits for a reader first.
    pub fn note_due(&mut self, row: &Transition, id: &str, until: DateTime<Utc>) {
        if row.must_be_seen {
            self.unseen.insert(id.to_owned());
        } else {
            self.due.insert((until, row.kind, id.to_owned()));
        }
    }

    /// Notes that a reader has seen a server, so that a transition which waited for that may end.
    pub fn note_seen(&mut self, id: &str) {
        if !self.unseen.is_empty()
            && self.unseen.remove(id)
            && let Some(until) =
                self.servers.get(id).and_then(|server| server.pending.as_ref()).map(|pending| pending.until)
        {
            self.due.insert((until, Kind::Server, id.to_owned()));
        }
    }

    /// Notes that a reader has seen all servers.
    pub fn note_all_seen(&mut self) {
        while let Some(id) = self.unseen.first().cloned() {
            self.note_seen(&id);
        }
    }

    /// Ends a server's overdue transition that nobody has looked at, because an action follows.
    pub fn settle_unseen(&mut self, id: &str, now: DateTime<Utc>) {
        if self.unseen.contains(id) {
            self.note_seen(id);
            self.settle(now);
        }
    }

    /// Finds again what is due, after the world was read from a file.
    pub fn rebuild_due(&mut self) {
        self.due.clear();
        self.unseen.clear();
        let mut found = Vec::new();
        collect(&mut self.servers, &mut found);
        collect(&mut self.volumes, &mut found);
        collect(&mut self.snapshots, &mut found);
        collect(&mut self.backups, &mut found);
        collect(&mut self.images, &mut found);
        collect(&mut self.networks, &mut found);
        for (row, id, until) in found {
            self.note_due(row, &id, until);
        }
    }

    fn finish(&mut self, kind: Kind, id: &str, time: DateTime<Utc>) {
        match kind {
            Kind::Server => self.finish_server(id, time),
            Kind::Volume => {
                let Some((end, change)) = end_of(&mut self.volumes, id, time) else { return };
                if end == End::Gone {
                    self.volumes.remove(id);
                    return;
                }
                let Some(volume) = self.volumes.get_mut(id) else { return };
                if let Some(size) = change.and_then(|size| size.parse().ok()) {
                    volume.size = size;
                }
                if volume.status == "AVAILABLE"
                    && let Some(server) = volume.server_id.take()
                {
                    volume.delete_on_termination = false;
                    self.forget_volume(&server, id);
                }
            }
            Kind::Snapshot => finish_plain(&mut self.snapshots, id, time),
            Kind::Backup => finish_plain(&mut self.backups, id, time),
            Kind::Image => {
                finish_plain(&mut self.images, id, time);
                if let Some(image) = self.images.get_mut(id).filter(|image| image.status == "AVAILABLE") {
                    image.import_progress = Some(100);
                }
            }
            Kind::Network => {
                finish_plain(&mut self.networks, id, time);
                if !self.networks.contains(id) {
                    let own: Vec<_> =
                        self.nics.iter().filter(|nic| nic.network_id == id).map(|nic| nic.id.clone()).collect();
                    for nic in own {
                        self.nics.remove(&nic);
                    }
                }
            }
            Kind::Nic
            | Kind::PublicIp
            | Kind::SecurityGroup
            | Kind::SecurityGroupRule
            | Kind::AffinityGroup
            | Kind::Project => {}
        }
    }

    fn finish_server(&mut self, id: &str, time: DateTime<Utc>) {
        let Some(pending) = self.servers.get(id).and_then(|server| server.pending.clone()) else { return };
        let Some((end, change)) = end_of(&mut self.servers, id, time) else { return };
        if end == End::Gone {
            self.remove_server(id, time);
            return;
        }
        let Some(server) = self.servers.get_mut(id) else { return };
        if let Some(message) = pending.error {
            server.error_message = Some(message);
            server.power_status = Some("ERROR".into());
            return;
        }
        if let Some(power) = transition(Kind::Server, &pending.action).and_then(|row| row.power) {
            server.power_status = Some(power.into());
        }
        server.error_message = None;
        if let Some(machine_type) = change {
            server.machine_type = machine_type;
        }
        match &*server.status {
            "DEALLOCATED" => server.availability_zone = None,
            "ACTIVE" if pending.action != "resize" => server.launched_at = Some(time.trunc_subsecs(0)),
            _ => {}
        }
    }

    /// A server is gone: its volumes are free or go too, its interfaces are free or go too.
    fn remove_server(&mut self, id: &str, time: DateTime<Utc>) {
        let Some(server) = self.servers.remove(id) else { return };
        let bend = Bend::default();
        for volume_id in &server.volumes {
            let Some(volume) = self.volumes.get_mut(volume_id) else { continue };
            volume.server_id = None;
            if std::mem::take(&mut volume.delete_on_termination) {
                let begin = Begin::new(Kind::Volume, "delete with server", time, &bend);
                let row = begin.row;
                let until = begin.apply(volume);
                self.note_due(row, volume_id, until);
            } else if volume.status == "ATTACHED" {
                volume.status = "AVAILABLE".into();
                volume.updated_at = Some(time.trunc_subsecs(0));
            }
        }
        for nic_id in &server.nics {
            self.release_nic(nic_id);
        }
    }

    /// Takes an interface off its server; one that was made for the server goes.
    pub fn release_nic(&mut self, id: &str) {
        let Some(nic) = self.nics.get_mut(id) else { return };
        nic.purpose = "none".into();
        let device = nic.device.take();
        let goes = nic.goes_with_server;
        if let Some(server) = device.and_then(|device| self.servers.get_mut(&device)) {
            server.nics.retain(|nic| nic != id);
        }
        if goes {
            self.remove_nic(id);
        }
    }

    /// Removes an interface; a public address bound to it becomes free.
    pub fn remove_nic(&mut self, id: &str) {
        self.nics.remove(id);
        for address in self.public_ips.iter_mut().filter(|address| address.network_interface.as_deref() == Some(id)) {
            address.network_interface = None;
        }
    }

    fn forget_volume(&mut self, server: &str, volume: &str) {
        if let Some(server) = self.servers.get_mut(server) {
            server.volumes.retain(|attached| attached != volume);
            if server.boot_volume.as_ref().is_some_and(|boot| boot.id == volume) {
                server.boot_volume = None;
            }
        }
    }
}

fn collect<T: Stateful>(table: &mut Table<T>, found: &mut Vec<(&'static Transition, String, DateTime<Utc>)>) {
    for object in table.iter_mut() {
        let Some((action, until)) = object.pending().as_ref().map(|pending| (pending.action.clone(), pending.until))
        else {
            continue;
        };
        if let Some(row) = transition(T::KIND, &action) {
            found.push((row, object.id().to_owned(), until));
        }
    }
}

fn finish_plain<T: Stateful>(table: &mut Table<T>, id: &str, time: DateTime<Utc>) {
    if let Some((End::Gone, _)) = end_of(table, id, time) {
        table.remove(id);
    }
}

/// Ends the transition of one object: its status, and what else is to change.
fn end_of<T: Stateful>(table: &mut Table<T>, id: &str, time: DateTime<Utc>) -> Option<(End, Option<String>)> {
    let object = table.get_mut(id)?;
    // A later transition may have taken the place of the one that was due.
    let pending = object.pending().take_if(|pending| pending.until <= time)?;
    let row = transition(T::KIND, &pending.action)?;
    *object.touched() = Some(time.trunc_subsecs(0));
    if pending.error.is_some() {
        *object.status() = Status::Borrowed(row.failed);
        return Some((End::In(row.failed), None));
    }
    match row.end {
        End::In(status) => *object.status() = Status::Borrowed(status),
        End::Back => {
            if let Some(status) = pending.back {
                *object.status() = status;
            }
        }
        End::Gone => {}
    }
    Some((row.end, pending.change))
}
