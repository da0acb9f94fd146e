//! The engine's networks.

use std::collections::HashMap;

use bollard::{
    models::{Ipam, IpamConfig, Network, NetworkCreateRequest},
    query_parameters::ListNetworksOptionsBuilder,
};
use ipnet::IpNet;
use skep_model::ids::InstanceId;

use super::{Connection, EngineError, instance, ours, unless_missing};
use crate::{Owner, names, subnet::Subnets};

impl Connection {
    /// All networks of the engine, others' among them.
    pub(crate) async fn networks(&self, owner: Option<Owner>) -> Result<Vec<Net>, EngineError> {
        let options = owner.map(|owner| {
            ListNetworksOptionsBuilder::new()
                .filters(&ours(owner))
                .build()
        });
        let networks = self
            .0
            .list_networks(options)
            .await
            .map_err(EngineError::of("list networks"))?;
        Ok(networks.into_iter().filter_map(Net::of).collect())
    }

    pub(crate) async fn create_network(
        &self,
        owner: Owner,
        instance: InstanceId,
        subnets: &Subnets,
    ) -> Result<(), EngineError> {
        let config = |subnet: String, gateway: String| IpamConfig {
            subnet: Some(subnet),
            gateway: Some(gateway),
            ..IpamConfig::default()
        };
        let v4 = config(subnets.v4.to_string(), subnets.gateway().to_string());
        let v6 = subnets.v6.zip(subnets.gateway_v6());
        let v6 = v6.map(|(net, gateway)| config(net.to_string(), gateway.to_string()));
        let option = |name: &str, value: &str| {
            (
                format!("com.docker.network.bridge.{name}"),
                value.to_owned(),
            )
        };
        let request = NetworkCreateRequest {
            name: names::name(instance),
            driver: Some("bridge".to_owned()),
            enable_ipv6: Some(v6.is_some()),
            ipam: Some(Ipam {
                config: Some([v4].into_iter().chain(v6).collect()),
                ..Ipam::default()
            }),
            options: Some(HashMap::from([
                option("name", &owner.bridge(subnets)),
                option("enable_icc", "false"),
                option("enable_ip_masquerade", "false"),
            ])),
            labels: Some(owner.labels(instance)),
            ..NetworkCreateRequest::default()
        };
        self.0
            .create_network(request)
            .await
            .map(drop)
            .map_err(EngineError::of("create the network"))
    }

    pub(crate) async fn remove_network(&self, id: &str) -> Result<(), EngineError> {
        unless_missing(
            self.0
                .remove_network(id)
                .await
                .map_err(EngineError::of("remove a network")),
        )
    }
}

/// A network of the engine.
#[derive(Clone, Debug)]
pub(crate) struct Net {
    pub id: String,
    pub name: String,
    /// Whose it is, if it is an instance's.
    pub instance: Option<InstanceId>,
    pub subnets: Vec<IpNet>,
}

impl Net {
    fn of(network: Network) -> Option<Self> {
        let config = network
            .ipam
            .and_then(|ipam| ipam.config)
            .unwrap_or_default();
        Some(Self {
            id: network.id?,
            name: network.name?,
            instance: instance(&network.labels.unwrap_or_default()),
            subnets: config
                .into_iter()
                .filter_map(|part| part.subnet?.parse().ok())
                .collect(),
        })
    }

    /// The subnets, if they are as we make them.
    pub(crate) fn ours(&self) -> Option<Subnets> {
        let v4 = self.subnets.iter().find_map(|net| match net {
            IpNet::V4(v4) if v4.prefix_len() == 30 => Some(*v4),
            _ => None,
        })?;
        let v6 = self.subnets.iter().find_map(|net| match net {
            IpNet::V6(v6) => Some(*v6),
            IpNet::V4(_) => None,
        });
        Some(Subnets { v4, v6 })
    }
}
