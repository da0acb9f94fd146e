//! Whether the registry of images works.

use skep_model::{
    registry::{RegistryState, RegistryView},
    user::Role,
};
use skep_registry::RegistryError;

use crate::{Actor, Hub, HubError};

impl Hub {
    /// How the registry is.
    pub async fn registry_view(&self, actor: &Actor) -> Result<RegistryView, HubError> {
        actor.require(Role::Observer)?;
        let storage = match self.registry() {
            Ok(storage) => storage,
            Err(error) => {
                tracing::warn!(%error, "the registry cannot be opened");
                return Ok(offline());
            }
        };
        let look = async { Ok::<_, RegistryError>((storage.stored().await?, storage.room()?)) };
        Ok(match look.await {
            Ok((stored, free)) => RegistryView {
                state: if free == 0 {
                    RegistryState::Limited
                } else {
                    RegistryState::Online
                },
                stored,
                free,
            },
            Err(error) => {
                tracing::warn!(%error, "the registry cannot be read");
                offline()
            }
        })
    }
}

fn offline() -> RegistryView {
    RegistryView {
        state: RegistryState::Offline,
        stored: 0,
        free: 0,
    }
}
