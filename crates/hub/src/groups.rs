//! Groups of users and sensors.

use skep_model::{
    Refusal,
    ids::GroupId,
    sensor::GroupRef,
    user::{Fate, GroupView, Role},
};

use crate::{Actor, Hub, HubError, accounts::name};

impl Hub {
    /// The groups that the actor sees, by name.
    pub async fn groups(&self, actor: &Actor) -> Result<Vec<GroupRef>, HubError> {
        actor.require(Role::Observer)?;
        Ok(self.0.store.groups(&actor.scope).await?)
    }

    /// All groups with how many users and sensors they have, by name.
    pub async fn group_views(&self, actor: &Actor) -> Result<Vec<GroupView>, HubError> {
        actor.require(Role::Admin)?;
        Ok(self.0.store.group_views().await?)
    }

    /// Makes a group.
    pub async fn create_group(&self, actor: &Actor, text: &str) -> Result<GroupView, HubError> {
        actor.require(Role::Admin)?;
        let name = name("name", text)?;
        let audit = actor.audit("create", "group", name.clone());
        let id = self
            .0
            .store
            .create_group(&name, &audit)
            .await
            .map_err(HubError::of_name)?;
        Ok(GroupView {
            id,
            name,
            users: 0,
            sensors: 0,
        })
    }

    /// Gives a group another name.
    pub async fn rename_group(
        &self,
        actor: &Actor,
        id: GroupId,
        text: &str,
    ) -> Result<GroupView, HubError> {
        actor.require(Role::Admin)?;
        let before = self.group(id).await?;
        let name = name("name", text)?;
        let mut audit = actor.audit("edit", "group", name.clone());
        audit.before = Some(serde_json::json!({ "name": before.name }));
        audit.after = Some(serde_json::json!({ "name": name }));
        let renamed = self.0.store.rename_group(id, &name, &audit).await;
        if !renamed.map_err(HubError::of_name)? {
            return Err(Refusal::NotFound.into());
        }
        self.0.live.sensors(id, vec![]);
        Ok(GroupView { name, ..before })
    }

    /// Removes a group and its sensors; its events are archived or removed.
    pub async fn remove_group(
        &self,
        actor: &Actor,
        id: GroupId,
        fate: Fate,
    ) -> Result<(), HubError> {
        actor.require(Role::Admin)?;
        let before = self.group(id).await?;
        let sensors: Vec<_> = self
            .0
            .store
            .sensors(&skep_store::Scope::Groups(vec![id]))
            .await?;
        let mut audit = actor.audit("remove", "group", before.name);
        audit.before = Some(serde_json::json!({
            "users": before.users,
            "sensors": sensors.iter().map(|sensor| &sensor.name).collect::<Vec<_>>(),
        }));
        audit.after = Some(serde_json::json!({ "events": fate }));
        if !self.0.store.remove_group(id, fate, &audit).await? {
            return Err(Refusal::NotFound.into());
        }
        for sensor in sensors {
            self.0.presence.wake(sensor.id);
        }
        self.0.live.sensors(id, vec![]);
        self.0.clearing.notify_one();
        Ok(())
    }

    async fn group(&self, id: GroupId) -> Result<GroupView, HubError> {
        let groups = self.0.store.group_views().await?;
        let group = groups.into_iter().find(|group| group.id == id);
        Ok(group.ok_or(Refusal::NotFound)?)
    }
}
