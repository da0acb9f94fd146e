//! Reading a row's columns into typed values.

use std::fmt;

use skep_model::{
    Address, Bytes, Timestamp,
    ids::{EventId, GroupId, InstanceId, SensorId, UserId},
};
use sqlx::{Row, any::AnyRow};

use crate::StoreError;

/// Typed reading of columns by name.
pub(crate) trait Read {
    fn number(&self, column: &str) -> Result<i64, StoreError>;
    fn maybe_number(&self, column: &str) -> Result<Option<i64>, StoreError>;
    fn text(&self, column: &str) -> Result<String, StoreError>;
    fn maybe_text(&self, column: &str) -> Result<Option<String>, StoreError>;
    fn bytes(&self, column: &str) -> Result<Vec<u8>, StoreError>;
    fn maybe_bytes(&self, column: &str) -> Result<Option<Vec<u8>>, StoreError>;

    fn time(&self, column: &str) -> Result<Timestamp, StoreError> {
        self.number(column).map(Timestamp)
    }

    fn maybe_time(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.maybe_number(column)?.map(Timestamp))
    }

    fn count(&self, column: &str) -> Result<u32, StoreError> {
        Ok(u32::try_from(self.number(column)?).unwrap_or(u32::MAX))
    }

    fn data(&self, column: &str) -> Result<Bytes, StoreError> {
        self.bytes(column).map(Bytes)
    }

    fn parsed<T>(
        &self,
        column: &'static str,
        parse: impl Fn(i64) -> Option<T>,
    ) -> Result<T, StoreError> {
        parse(self.number(column)?).ok_or(StoreError::Unreadable(column))
    }

    fn id<T: FromBytes>(&self, column: &'static str) -> Result<T, StoreError> {
        T::from_bytes(&self.bytes(column)?).ok_or(StoreError::Unreadable(column))
    }

    fn maybe_id<T: FromBytes>(&self, column: &'static str) -> Result<Option<T>, StoreError> {
        Ok(self
            .maybe_bytes(column)?
            .and_then(|bytes| T::from_bytes(&bytes)))
    }

    fn word<T: std::str::FromStr<Err: fmt::Display>>(
        &self,
        column: &'static str,
    ) -> Result<T, StoreError> {
        self.text(column)?
            .parse()
            .map_err(|_| StoreError::Unreadable(column))
    }
}

impl Read for AnyRow {
    fn number(&self, column: &str) -> Result<i64, StoreError> {
        Ok(self.try_get(column)?)
    }

    fn maybe_number(&self, column: &str) -> Result<Option<i64>, StoreError> {
        Ok(self.try_get(column)?)
    }

    fn text(&self, column: &str) -> Result<String, StoreError> {
        Ok(self.try_get(column)?)
    }

    fn maybe_text(&self, column: &str) -> Result<Option<String>, StoreError> {
        Ok(self.try_get(column)?)
    }

    fn bytes(&self, column: &str) -> Result<Vec<u8>, StoreError> {
        Ok(self.try_get(column)?)
    }

    fn maybe_bytes(&self, column: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.try_get(column)?)
    }
}

/// What the database keeps as 16 bytes.
pub(crate) trait FromBytes: Sized {
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
}

macro_rules! from_bytes {
    ($($type:ty),+) => {
        $(impl FromBytes for $type {
            fn from_bytes(bytes: &[u8]) -> Option<Self> {
                <$type>::from_slice(bytes)
            }
        })+
    };
}

from_bytes!(
    Address,
    EventId,
    GroupId,
    InstanceId,
    SensorId,
    skep_model::ids::SessionId,
    UserId,
    skep_model::ids::TokenId
);
