//! Doors to parsers that the room keeps to itself: for the fuzz targets (`tests/fuzz`) alone.

use super::sqlite::parcel;
use super::{Kind, Record};

/// An insert that another process posted, and the bytes that post it again.
pub fn posted(bytes: &[u8]) -> Option<(Kind, Record, Vec<u8>)> {
    let (kind, record) = parcel::unwrap(bytes)?;
    let again = parcel::wrap(kind, &record, usize::MAX)?;
    Some((kind, record, again))
}
