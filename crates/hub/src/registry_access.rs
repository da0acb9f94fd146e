//! Who may use the registry over its own protocol: whoever has a token of an admin. What is pushed into the repository of
//! a service becomes a revision of it.

use skep_model::{Refusal, token::Area, user::Role};
use skep_registry::{
    Action, Authorise, Credentials, Denied, Pushed, Receive, RegistryError, Repository,
};

use crate::{Actor, Client, Hub, HubError, SERVICES, images::service_of};

/// Asks the hub, for one who came from there.
#[derive(Clone, Debug)]
pub struct RegistryAccess(pub Hub, pub Client);

impl RegistryAccess {
    /// Who it is: the token is the password, whatever the name.
    async fn actor(&self, credentials: &Credentials) -> Result<Actor, Denied> {
        let token = match credentials {
            Credentials::None => return Err(unknown()),
            Credentials::Basic { password, .. } => password,
            Credentials::Bearer(token) => token,
        };
        let actor = self
            .0
            .token_actor(&format!("Bearer {token}"), &self.1)
            .await
            .map_err(|error| denied(&error))?
            .ok_or_else(unknown)?;
        actor
            .require(Role::Admin)
            .and_then(|()| actor.require_area(Area::Sensors))
            .map_err(|_| Denied::Forbidden)?;
        Ok(actor)
    }
}

#[async_trait::async_trait]
impl Authorise for RegistryAccess {
    async fn authorise(
        &self,
        credentials: &Credentials,
        repository: Option<&Repository>,
        action: Action,
    ) -> Result<(), Denied> {
        self.actor(credentials).await?;
        let service = repository.and_then(service_of);
        match (action, service) {
            // Said before gigabytes are on their way.
            (Action::Push, Some(Err(reason))) => Err(Denied::Because(reason)),
            (Action::Delete, Some(_)) => Err(Denied::Because(
                "images of a service are removed with its revisions, on the page Services or over the API".to_owned(),
            )),
            _ => Ok(()),
        }
    }
}

#[async_trait::async_trait]
impl Receive for RegistryAccess {
    /// A name without a slash is a service's.
    fn meant(&self, named: Repository) -> Repository {
        if named.as_str().contains('/') {
            return named;
        }
        format!("{SERVICES}{named}").parse().unwrap_or(named)
    }

    async fn receive(
        &self,
        credentials: &Credentials,
        pushed: &Pushed,
    ) -> Result<Option<&'static str>, RegistryError> {
        let actor = self
            .actor(credentials)
            .await
            .map_err(|_| RegistryError::Refused("the token is not good any more".to_owned()))?;
        let taken = self.0.take_push(&actor, pushed).await;
        taken.map_err(|error| match error {
            HubError::Registry(error) => error,
            HubError::Refused(Refusal::Upload { reason }) => RegistryError::Refused(reason),
            HubError::Refused(refusal) => RegistryError::Refused(refusal.to_string()),
            other => RegistryError::Refused(other.refusal().to_string()),
        })
    }
}

fn unknown() -> Denied {
    Denied::Unknown {
        realm: "Skep: a token as password".to_owned(),
    }
}

fn denied(error: &HubError) -> Denied {
    match error.refusal() {
        Refusal::Wait { seconds } => Denied::Later {
            seconds: seconds.into(),
        },
        Refusal::Busy => Denied::Later { seconds: 1 },
        _ => Denied::Failed,
    }
}
