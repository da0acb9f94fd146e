//! Reading all tables at one moment, and filling a database with what was read.
//!
//! Which tables there are is never listed: it is what the migrations make (`catalogue`).

mod catalogue;
mod restoration;
mod snapshot;
mod text_index;

pub use catalogue::{Catalogue, Column, Kind, Table};
pub use restoration::Restoration;
pub use snapshot::Snapshot;

/// What a column of a row holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// A number.
    Integer(i64),
    /// A number with a fraction.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}
