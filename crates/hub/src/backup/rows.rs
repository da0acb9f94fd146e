//! Rows as CBOR (RFC 8949): each an array of null, integer, double, text or bytes.

use cbor4ii::core::{
    dec::{Decode, Read as _},
    enc::Encode,
    major, marker, types,
    utils::{BufWriter, SliceReader},
};
use skep_store::Cell;

/// Rows on their way into a member.
pub(super) struct Encoder(BufWriter);

impl Encoder {
    pub(super) fn new() -> Self {
        Self(BufWriter::new(vec![]))
    }

    /// How many bytes there are.
    pub(super) fn len(&self) -> usize {
        self.0.buffer().len()
    }

    /// Adds a row; `None` if there is no memory for it.
    pub(super) fn add(&mut self, row: &[Cell]) -> Option<()> {
        let out = &mut self.0;
        types::Array::bounded(row.len(), out).ok()?;
        for cell in row {
            match cell {
                Cell::Null => types::Null.encode(out),
                Cell::Integer(number) => number.encode(out),
                Cell::Real(number) => number.encode(out),
                Cell::Text(text) => text.as_str().encode(out),
                Cell::Bytes(bytes) => types::Bytes(bytes.as_slice()).encode(out),
            }
            .ok()?;
        }
        Some(())
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0.into_inner()
    }
}

/// Rows out of a member, one by one. `Err` for what is no row of this many columns; nothing follows it.
pub(super) struct Decoder<'a> {
    reader: SliceReader<'a>,
    columns: usize,
}

/// What stands there is no row.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoRow;

impl<'a> Decoder<'a> {
    pub(super) fn new(content: &'a [u8], columns: usize) -> Self {
        Self {
            reader: SliceReader::new(content),
            columns,
        }
    }

    fn peek(&mut self) -> Option<u8> {
        let Ok(next) = self.reader.fill(1);
        next.as_ref().first().copied()
    }

    fn row(&mut self) -> Option<Vec<Cell>> {
        // Before any memory is taken for them.
        if types::Array::len(&mut self.reader).ok()? != Some(self.columns) {
            return None;
        }
        (0..self.columns).map(|_| self.cell()).collect()
    }

    fn cell(&mut self) -> Option<Cell> {
        let first = self.peek()?;
        let reader = &mut self.reader;
        Some(match first >> 5 {
            major::UNSIGNED | major::NEGATIVE => Cell::Integer(i64::decode(reader).ok()?),
            major::BYTES => Cell::Bytes(<types::Bytes<&[u8]>>::decode(reader).ok()?.0.to_vec()),
            major::STRING => Cell::Text(<&str>::decode(reader).ok()?.to_owned()),
            _ if first == marker::F64 => Cell::Real(f64::decode(reader).ok()?),
            _ if first == marker::NULL => {
                reader.advance(1);
                Cell::Null
            }
            _ => return None,
        })
    }
}

impl Iterator for Decoder<'_> {
    type Item = Result<Vec<Cell>, NoRow>;

    fn next(&mut self) -> Option<Self::Item> {
        self.peek()?;
        let row = self.row();
        if row.is_none() {
            self.reader = SliceReader::new(&[]);
        }
        Some(row.ok_or(NoRow))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cell() -> impl Strategy<Value = Cell> {
        prop_oneof![
            Just(Cell::Null),
            any::<i64>().prop_map(Cell::Integer),
            prop::num::f64::NORMAL.prop_map(Cell::Real),
            ".*".prop_map(Cell::Text),
            any::<Vec<u8>>().prop_map(Cell::Bytes),
        ]
    }

    proptest! {
        #[test]
        fn rows_come_back_as_they_were(rows in prop::collection::vec(prop::collection::vec(cell(), 4), 0..20)) {
            let mut encoder = Encoder::new();
            for row in &rows {
                prop_assert!(encoder.add(row).is_some());
            }
            let bytes = encoder.into_bytes();
            let read: Result<Vec<_>, _> = Decoder::new(&bytes, 4).collect();
            prop_assert_eq!(read, Ok(rows));
        }

        #[test]
        fn what_is_no_row_is_said_to_be_none(bytes: Vec<u8>, columns in 1..50_usize) {
            for row in Decoder::new(&bytes, columns).flatten() {
                prop_assert_eq!(row.len(), columns);
            }
        }
    }

    #[test]
    fn lengths_that_are_not_there_take_no_memory() {
        // An array, a text, bytes and nested arrays of 2^60.
        let huge = 0x1000_0000_0000_0000_u64.to_be_bytes();
        for kind in [0x9B_u8, 0x5B, 0x7B] {
            let mut bytes = vec![0x81, kind];
            bytes.extend(huge);
            let rows: Vec<_> = Decoder::new(&bytes, 1).collect();
            assert_eq!(rows, [Err(NoRow)]);
        }
        let nested = [0x81; 10_000];
        assert_eq!(Decoder::new(&nested, 1).collect::<Vec<_>>(), [Err(NoRow)]);
    }
}
