//! A store elsewhere that speaks S3.

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

use object_store::{ClientOptions, ObjectStore, aws::AmazonS3Builder, prefix::PrefixStore};

use crate::RegistryError;

/// How long the store may say nothing while an answer is read.
const SILENCE: Duration = Duration::from_secs(30);

/// Where such a store is, and who may use it.
#[derive(Clone)]
pub struct S3 {
    /// Its address, such as `https://s3.example.org`, or `http://…` for one without TLS; without any it is Amazon's.
    pub endpoint: Option<String>,
    /// The region.
    pub region: String,
    /// The bucket.
    pub bucket: Bucket,
    /// The name of the key.
    pub access_key: String,
    /// The key.
    pub secret_key: String,
}

/// A bucket of such a store, written `s3://BUCKET` or `s3://BUCKET/PREFIX`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// What the names of all objects begin with, so that others may use the bucket, too.
    pub prefix: String,
}

impl FromStr for Bucket {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let place = text.strip_prefix("s3://").unwrap_or_default();
        let (name, prefix) = place.split_once('/').unwrap_or((place, ""));
        if name.is_empty() {
            return Err("it is written s3://BUCKET or s3://BUCKET/PREFIX".to_owned());
        }
        Ok(Self {
            name: name.to_owned(),
            prefix: prefix.trim_end_matches('/').to_owned(),
        })
    }
}

impl S3 {
    /// The store. Nothing is asked of it yet. The program must have chosen a provider of cryptography for rustls.
    pub fn open(&self) -> Result<Arc<dyn ObjectStore>, RegistryError> {
        // However long a sensor takes for a layer: only silence ends an answer.
        let patience = ClientOptions::new()
            .with_timeout_disabled()
            .with_read_timeout(SILENCE);
        let mut builder = AmazonS3Builder::new()
            .with_client_options(patience)
            .with_region(&self.region)
            .with_bucket_name(&self.bucket.name)
            .with_access_key_id(&self.access_key)
            .with_secret_access_key(&self.secret_key);
        if let Some(endpoint) = &self.endpoint {
            let plain = endpoint.starts_with("http://");
            builder = builder.with_endpoint(endpoint).with_allow_http(plain);
        }
        let store = builder.build()?;
        Ok(Arc::new(PrefixStore::new(
            store,
            self.bucket.prefix.as_str(),
        )))
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

#[cfg(test)]
mod tests {
    use super::Bucket;

    #[test]
    fn a_bucket_is_written_as_everywhere() {
        let read = |text: &str| {
            let read = text.parse::<Bucket>().ok()?;
            Some((read.name, read.prefix))
        };
        let bucket = |name: &str, prefix: &str| Some((name.to_owned(), prefix.to_owned()));
        assert_eq!(read("s3://skep"), bucket("skep", ""));
        assert_eq!(read("s3://skep/images/"), bucket("skep", "images"));
        for wrong in ["", "skep", "s3://", "s3:///images", "https://skep"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
