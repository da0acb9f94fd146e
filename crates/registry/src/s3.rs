//! A store elsewhere that speaks S3.

use std::{fmt, sync::Arc};

use object_store::{ObjectStore, aws::AmazonS3Builder, prefix::PrefixStore};

use crate::RegistryError;

/// Where such a store is, and who may use it.
#[derive(Clone)]
pub struct S3 {
    /// Its address, such as `https://s3.example.org`; without one it is Amazon's.
    pub endpoint: Option<String>,
    /// The region.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// What the names of all objects begin with, so that others may use the bucket, too.
    pub prefix: String,
    /// The name of the key.
    pub access_key: String,
    /// The key.
    pub secret_key: String,
    /// Whether it may be reached without TLS.
    pub insecure_http: bool,
}

impl S3 {
    /// The store. Nothing is asked of it yet. The program must have chosen a provider of cryptography for rustls.
    pub fn open(&self) -> Result<Arc<dyn ObjectStore>, RegistryError> {
        let mut builder = AmazonS3Builder::new()
            .with_region(&self.region)
            .with_bucket_name(&self.bucket)
            .with_access_key_id(&self.access_key)
            .with_secret_access_key(&self.secret_key)
            .with_allow_http(self.insecure_http);
        if let Some(endpoint) = &self.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        let store = builder.build()?;
        Ok(Arc::new(PrefixStore::new(store, self.prefix.as_str())))
    }
}

/// Shows no secret.
impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3")
            .field("endpoint", &self.endpoint)
            .field("bucket", &self.bucket)
            .finish_non_exhaustive()
    }
}
