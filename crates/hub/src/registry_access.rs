//! Who may use the registry over its own protocol: whoever has a token of an admin.

use skep_model::{Refusal, token::Area, user::Role};
use skep_registry::{Action, Authorise, Credentials, Denied, Repository};

use crate::{Client, Hub, HubError, SERVICES};

/// Asks the hub.
#[derive(Clone, Debug)]
pub struct RegistryAccess(pub Hub);

#[async_trait::async_trait]
impl Authorise for RegistryAccess {
    /// The token is the password, whatever the name. Images of services come and go with their services: they can only
    /// be read here.
    async fn authorise(
        &self,
        credentials: &Credentials,
        repository: Option<&Repository>,
        action: Action,
    ) -> Result<(), Denied> {
        let token = match credentials {
            Credentials::None => return Err(unknown()),
            Credentials::Basic { password, .. } => password,
            Credentials::Bearer(token) => token,
        };
        let actor = self
            .0
            .token_actor(&format!("Bearer {token}"), &Client::default())
            .await
            .map_err(|error| denied(&error))?
            .ok_or_else(unknown)?;
        let allowed = actor
            .require(Role::Admin)
            .and_then(|()| actor.require_area(Area::Sensors));
        let of_service = repository.is_some_and(|name| name.as_str().starts_with(SERVICES));
        if allowed.is_err() || (of_service && action != Action::Pull) {
            return Err(Denied::Forbidden);
        }
        Ok(())
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
