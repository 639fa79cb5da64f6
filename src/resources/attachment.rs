//! Volumes on servers.

use std::time::Duration;

use serde_json::json;

use super::error::Error;
use super::expectation::{Expectation, Goal, Watched};
use super::kind::Kind;
use super::options::{self, Options};
use super::platform::Platform;
use super::read::identify;
use super::resource::{Form, Resource};

/// How long attaching and detaching may take unless told. Source: the Go SDK's waiters.
const TIME_LIMIT: Duration = Duration::from_mins(15);

impl Platform {
    /// Attaches a volume to a server. Answers the attachment; its outcome shows in the volume.
    ///
    /// # Errors
    /// `conflict` if the volume is in use; else of the call.
    pub async fn attach(&self, server: &Resource, volume: &Resource, options: Options) -> Result<Resource, Error> {
        options::check("attach", &options, &["deleteOnTermination"])?;
        let here = self.at(server.target().clone());
        let (server_id, volume_id) = (server.id()?.to_owned(), volume.id()?.to_owned());
        let mut call = here
            .call("add_volume_to_server")?
            .with("serverId", server_id.as_str())
            .with("volumeId", volume_id.as_str());
        if !options.is_empty() {
            call = call.with_json(json!(options));
        }
        let attachment = match here.send_for(call, Kind::VolumeAttachment, Form::Plain).await {
            Ok(attachment) => attachment,
            Err(error) => return Err(here.explained(error, volume).await),
        };
        let watched = Watched { kind: Kind::Volume, id: volume_id, name: volume.label() };
        let (goal, before) = (Goal::AttachedTo(server_id), volume.status().map(str::to_owned));
        Ok(attachment.expecting(Expectation { verb: "attach", watched, goal, before, time_limit: TIME_LIMIT }))
    }

    /// Takes a volume off its server, by the attachment.
    ///
    /// # Errors
    /// Of the call.
    pub async fn detach(&self, attachment: &Resource) -> Result<Resource, Error> {
        let volume = self.volume_of(attachment).await?;
        self.detach_from(attachment, &volume).await
    }

    /// Takes a volume off the server that it is attached to; the server may be named to be sure.
    ///
    /// # Errors
    /// `conflict` if it is attached to no server, or to another; else as [`Self::detach`].
    pub async fn detach_volume(&self, volume: &Resource, from: Option<&Resource>) -> Result<Resource, Error> {
        let here = self.at(volume.target().clone());
        let server = match from {
            Some(server) => Some(server.clone()),
            None => here.server_of(&here.refresh(volume).await?).await?,
        };
        let Some(server) = server else {
            return Err(Error::NotAttached { name: volume.label() });
        };
        let body = json!({ "serverId": server.id()?, "volumeId": volume.id()? }).to_string();
        let attachment = Resource::new(Kind::VolumeAttachment, volume.target().clone(), Form::Plain, body.into());
        here.detach_from(&attachment, volume).await
    }

    async fn detach_from(&self, attachment: &Resource, volume: &Resource) -> Result<Resource, Error> {
        let here = self.at(attachment.target().clone());
        let call = identify(here.call("remove_volume_from_server")?, attachment)?;
        here.send(call).await?;
        let watched = Watched { kind: Kind::Volume, id: volume.id()?.to_owned(), name: volume.label() };
        let goal = Goal::DetachedFrom(attachment.head()?.server_id.clone().unwrap_or_default());
        let before = volume.status().map(str::to_owned);
        Ok(attachment.expecting(Expectation { verb: "detach", watched, goal, before, time_limit: TIME_LIMIT }))
    }

    /// The volume attachments of a server.
    ///
    /// # Errors
    /// Of the call.
    pub async fn attachments_of(&self, server: &Resource) -> Result<Vec<Resource>, Error> {
        let here = self.at(server.target().clone());
        let call = here.call("list_attached_volumes")?.with("serverId", server.id()?);
        here.send_for_list(call, Kind::VolumeAttachment, Form::Plain).await
    }
}
