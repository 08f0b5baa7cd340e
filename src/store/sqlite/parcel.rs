//! An insert as bytes, for the process that does it: kind, record and payload.
//!
//! A version stands in front, so that two releases on one store never misread each other: who finds
//! another one leaves the work to whom it came from.

use crate::store::{Kind, Record};

/// Grows with every change of what follows it.
const VERSION: u8 = 1;
/// Version, kind, whether there is a payload, and how long the columns are.
const HEAD_BYTES: usize = 7;

/// The bytes of an insert; `None` where they would be longer than `at_most`.
pub(in crate::store) fn wrap(kind: Kind, record: &Record, at_most: usize) -> Option<Vec<u8>> {
    let payload = record.payload.as_deref();
    let payload_bytes = payload.map_or(0, <[u8]>::len);
    // Most that are too long are so by their payload, and need not be written first.
    if payload_bytes > at_most {
        return None;
    }
    let mut bytes = Vec::with_capacity(at_most.min(payload_bytes.saturating_add(1024)));
    let kind = Kind::ALL.iter().position(|known| *known == kind)?;
    bytes.extend([VERSION, u8::try_from(kind).ok()?, payload.is_some().into()]);
    bytes.extend([0; 4]);
    serde_json::to_writer(&mut bytes, record).ok()?;
    let columns = u32::try_from(bytes.len().saturating_sub(HEAD_BYTES)).ok()?;
    bytes
        .get_mut(3..HEAD_BYTES)?
        .copy_from_slice(&columns.to_le_bytes());
    bytes.extend_from_slice(payload.unwrap_or_default());
    (bytes.len() <= at_most).then_some(bytes)
}

/// What [`wrap`] made; `None` for anything else.
pub(in crate::store) fn unwrap(bytes: &[u8]) -> Option<(Kind, Record)> {
    let ([version, kind, has_payload, columns @ ..], rest) =
        bytes.split_first_chunk::<HEAD_BYTES>()?;
    if *version != VERSION {
        return None;
    }
    let kind = *Kind::ALL.get(usize::from(*kind))?;
    let columns = usize::try_from(u32::from_le_bytes(*columns)).ok()?;
    let (columns, payload) = rest.split_at_checked(columns)?;
    let mut record: Record = serde_json::from_slice(columns).ok()?;
    record.payload = match has_payload {
        0 if payload.is_empty() => None,
        1 => Some(payload.to_vec()),
        _ => return None,
    };
    Some((kind, record))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Key;

    fn record(payload: Option<Vec<u8>>) -> Record {
        Record {
            lease_until_ms: 7,
            token: -1,
            detail: "{\"type\":\"\u{e9}\"}".to_owned(),
            payload,
            ..Record::new(Key::of(&[b"a"]), "crm", "evt \u{0} 1", "pending", i64::MAX)
        }
    }

    #[test]
    fn what_is_wrapped_is_unwrapped_again() {
        for payload in [None, Some(Vec::new()), Some(vec![0, 255, 10])] {
            for kind in Kind::ALL {
                let record = record(payload.clone());
                let bytes = wrap(kind, &record, 4096).unwrap();
                assert_eq!(unwrap(&bytes), Some((kind, record)));
            }
        }
    }

    #[test]
    fn what_is_too_long_is_not_wrapped() {
        let record = record(Some(vec![1; 100]));
        let bytes = wrap(Kind::Inbox, &record, 4096).unwrap().len();
        assert!(wrap(Kind::Inbox, &record, bytes).is_some());
        assert_eq!(wrap(Kind::Inbox, &record, bytes - 1), None);
        assert_eq!(wrap(Kind::Inbox, &record, 99), None);
    }

    #[test]
    fn anything_else_is_nothing() {
        let bytes = wrap(Kind::Outbox, &record(None), 4096).unwrap();
        for end in 0..bytes.len() {
            assert_eq!(unwrap(&bytes[..end]), None, "{end} bytes");
        }
        for (at, value) in [(0, VERSION + 1), (1, 5), (2, 2), (2, 1), (3, 255), (6, 1)] {
            let mut other = bytes.clone();
            other[at] = value;
            let is_other_payload = (at, value) == (2, 1);
            assert_eq!(
                unwrap(&other).is_some(),
                is_other_payload,
                "{value} at {at}"
            );
        }
        assert_eq!(unwrap(&[&bytes[..], b"x"].concat()), None);
    }
}
