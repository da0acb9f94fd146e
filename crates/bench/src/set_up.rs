//! What an operator does before anything can be measured: without a server, straight in its data folder.

use std::sync::atomic::AtomicBool;

use skep_hub::{Actor, Client, DefaultPorts, Hub, Options, Reach};
use skep_model::{
    console::{self, NewSensor},
    ids::{Epoch, GroupId},
    token::TokenDraft,
    user::Role,
};
use skep_protocol::token::EnrolmentToken;

use crate::{Result, database::Database};

/// A server that is set up, and does not run.
pub(crate) struct SetUp {
    hub: Hub,
    group: GroupId,
}

impl SetUp {
    /// Sets it up, with one group.
    pub(crate) async fn new(database: &Database) -> Result<Self> {
        let options = Options {
            data: database.folder().to_owned(),
            endpoint: "https://127.0.0.1".to_owned(),
            behind_tls_proxy: false,
            default_ports: DefaultPorts::default(),
            max_upload: 0,
            reach: Reach::default(),
            image_store: None,
            set_up_done: AtomicBool::new(false),
        };
        let hub = Hub::start(database.store().await?, options).await?;
        let set_up = console::SetUp {
            password: Epoch::new().to_string(),
            email: String::new(),
            group: "default".to_owned(),
        };
        hub.set_up(set_up, &Client::default()).await?;
        let groups = hub.groups(&Actor::command_line()).await?;
        let group = groups.first().ok_or("there is no group after the set-up")?;
        let group = group.id;
        Ok(Self { hub, group })
    }

    /// Adds a sensor.
    pub(crate) async fn sensor(&self, name: &str) -> Result<EnrolmentToken> {
        let sensor = NewSensor {
            name: name.to_owned(),
            group: self.group,
        };
        let enrolment = self.hub.add_sensor(&Actor::command_line(), sensor).await?;
        let token = enrolment.command.rsplit(' ').next().unwrap_or_default();
        Ok(token.parse()?)
    }

    /// Makes a token for the API, with which everything may be done.
    pub(crate) async fn admin_token(&self) -> Result<String> {
        let draft = TokenDraft {
            name: "measurement".to_owned(),
            role: Role::Admin,
            areas: vec![],
            groups: vec![],
            days: None,
        };
        let made = self.hub.create_token(&Actor::command_line(), draft).await?;
        Ok(made.secret)
    }

    /// Lets go of the database.
    pub(crate) async fn finish(self) {
        self.hub.store().close().await;
    }
}
