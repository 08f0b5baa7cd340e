//! Bytes as a request: lines of header fields, an empty line, and the body.

/// The fields' names and values.
pub(crate) type Fields<'d> = Vec<(&'d [u8], &'d [u8])>;

/// The first line, the fields and the body.
pub(crate) fn of(data: &[u8]) -> (&[u8], Fields<'_>, &[u8]) {
    let (first, mut rest) = line(data);
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let (field, after) = line(rest);
        rest = after;
        if field.is_empty() {
            break;
        }
        let at = field.iter().position(|b| *b == b':');
        let (name, value) = field.split_at(at.unwrap_or(field.len()));
        fields.push((name, value.get(1..).unwrap_or_default()));
    }
    (first, fields, rest)
}

fn line(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|b| *b == b'\n') {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, &[]),
    }
}
