//! A sensor's first contact.

use ed25519_dalek::VerifyingKey;
use skep_model::{Complaint, Refusal, Timestamp};
use skep_protocol::message::{EnrolAnswer, EnrolRequest};
use skep_store::Scope;

use crate::{Client, Hub, HubError, secrets};

impl Hub {
    /// Takes a one-time token: the sensor that it was made for has this key from now on.
    pub async fn enrol(
        &self,
        request: &EnrolRequest,
        client: &Client,
    ) -> Result<EnrolAnswer, HubError> {
        let key: Option<[u8; 32]> = request.public_key.0.as_slice().try_into().ok();
        if key
            .and_then(|key| VerifyingKey::from_bytes(&key).ok())
            .is_none_or(|key| key.is_weak())
        {
            return Err(HubError::invalid("public_key", Complaint::Wrong));
        }
        let now = Timestamp::now();
        let hash = secrets::hash(&request.secret);
        let id = self
            .0
            .store
            .enrol(&hash, &request.public_key.0, now)
            .await?
            .ok_or(Refusal::NotFound)?;
        let sensor = self
            .0
            .store
            .sensor(&Scope::Everything, id)
            .await?
            .ok_or(Refusal::NotFound)?;
        tracing::info!(sensor = %id, address = client.address.map(tracing::field::display), "a sensor enrolled");
        self.0.live.sensors(sensor.group.id, vec![id]);
        Ok(EnrolAnswer {
            sensor: id,
            name: sensor.name,
            authorities: self.authorities(),
        })
    }

    /// The authorities that sensors shall trust; none where a proxy ends TLS.
    pub(crate) fn authorities(&self) -> Vec<String> {
        if self.0.options.behind_tls_proxy {
            vec![]
        } else {
            vec![self.0.authority.certificate().pem.clone()]
        }
    }
}
