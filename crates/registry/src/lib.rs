//! The registry of container images: an embedded one that `docker` and `skopeo` push to and pull from, and the reading
//! of archives that people upload instead.

mod archive;
mod digest;
mod error;
mod http;
mod image;
mod manifest;
mod name;
mod objects;
mod parked;
mod remote;
mod s3;
mod staging;
mod storage;

pub use object_store;

pub use archive::{Archive, ArchiveError, ArchiveKind, PortAssignment, ServiceMetadata};
pub use digest::Digest;
pub use error::RegistryError;
pub use http::{
    Action, Address, Authorise, Credentials, Denied, Pushed, Receive, Wanted, content_range,
    router, wanted_range,
};
pub use image::{CONFIG_LENGTH, Image, Port, Transport};
pub use manifest::{Descriptor, MANIFEST_LENGTH, Manifest, MediaType, Needs, Platform};
pub use name::{REPOSITORY_LENGTH, Reference, Repository, TAG_LENGTH, Tag};
pub use parked::{Parked, ParkedLimits, Parking, Turn};
pub use remote::{Fetched, ListedHost, Login, Place, Progress, Reach, Remote, WrongHost};
pub use s3::{Bucket, S3};
pub use storage::{Collected, Limits, Storage, Stored, Tags, UploadId};
