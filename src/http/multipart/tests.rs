use bytes::Bytes;
use proptest::prelude::*;

use super::{BadPart, Multipart, Part, PartContent, Segment};

fn field(name: &str, content: &str) -> Part {
    Part {
        name: name.to_owned(),
        filename: None,
        content_type: None,
        content: PartContent::Whole(Bytes::copy_from_slice(content.as_bytes())),
    }
}

fn file(name: &str, filename: &str, length_bytes: Option<u64>) -> Part {
    Part {
        name: name.to_owned(),
        filename: Some(filename.to_owned()),
        content_type: Some("image/png".to_owned()),
        content: PartContent::Streamed { length_bytes },
    }
}

/// The bytes that are sent, with this content for each streamed part.
fn sent(form: &Multipart, streamed: &[u8]) -> Vec<u8> {
    let bytes = form.segments.iter().map(|segment| match segment {
        Segment::Bytes(bytes) => bytes.to_vec(),
        Segment::Part(_) => streamed.to_vec(),
    });
    bytes.collect::<Vec<_>>().concat()
}

#[test]
fn a_form_is_laid_out_as_rfc_7578_has_it() {
    let parts = [
        field("title", "Über\r\nuns"),
        file("photo", "a \"b\".png", Some(3)),
    ];
    let form = Multipart::with_boundary(&parts, "B").unwrap();
    let expected = "--B\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nÜber\r\nuns\r\n\
         --B\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a %22b%22.png\"\r\n\
         Content-Type: image/png\r\n\r\n123\r\n--B--\r\n";
    assert_eq!(String::from_utf8(sent(&form, b"123")).unwrap(), expected);
    assert_eq!(form.content_type, "multipart/form-data; boundary=B");
    assert_eq!(form.length_bytes, Some(expected.len() as u64));
    assert_eq!(form.segments.len(), 3);
    assert_eq!(form.segments[1], Segment::Part(1));
}

#[test]
fn a_form_without_parts_is_its_end() {
    let form = Multipart::with_boundary(&[], "B").unwrap();
    assert_eq!(sent(&form, b""), b"--B--\r\n");
}

#[test]
fn the_length_is_unknown_when_a_parts_is() {
    let parts = [file("a", "a", Some(3)), file("b", "b", None)];
    assert_eq!(
        Multipart::with_boundary(&parts, "B").unwrap().length_bytes,
        None
    );
    let beyond = [file("a", "a", Some(u64::MAX))];
    assert_eq!(
        Multipart::with_boundary(&beyond, "B").unwrap().length_bytes,
        None
    );
}

#[test]
fn names_cannot_break_out_of_their_line() {
    let parts = [
        field("a\"\r\nX-Evil: 1", ""),
        file("f", "a\r\n\"b", Some(0)),
    ];
    let form = Multipart::with_boundary(&parts, "B").unwrap();
    let text = String::from_utf8(sent(&form, b"")).unwrap();
    assert!(text.contains("name=\"a%22%0D%0AX-Evil: 1\"\r\n"), "{text}");
    assert!(text.contains("filename=\"a%0D%0A%22b\"\r\n"), "{text}");
}

#[test]
fn a_content_type_of_two_lines_is_refused() {
    let mut part = field("doc", "");
    part.content_type = Some("text/plain\r\nX-Evil: 1".to_owned());
    let refused = Multipart::new(&[part]).unwrap_err();
    assert_eq!(
        refused,
        BadPart {
            name: "doc".to_owned()
        }
    );
}

#[test]
fn large_contents_stay_in_their_own_memory() {
    let large = "x".repeat(5000);
    let form =
        Multipart::with_boundary(&[field("a", "1"), field("b", &large), field("c", "2")], "B")
            .unwrap();
    assert_eq!(form.segments.len(), 3);
    assert_eq!(form.segments[1], Segment::Bytes(Bytes::from(large)));
}

#[test]
fn each_form_has_a_boundary_of_its_own() {
    let [one, other] = [(); 2].map(|()| Multipart::new(&[field("a", "1")]).unwrap());
    assert_ne!(one.content_type, other.content_type);
}

proptest! {
    #[test]
    fn the_length_is_that_of_what_is_sent(
        contents in prop::collection::vec(("[\\PC\"\r\n]{0,9}", ".{0,30}", any::<bool>()), 0..6),
        streamed in prop::collection::vec(any::<u8>(), 0..50),
    ) {
        let parts: Vec<Part> = contents.iter().map(|(name, content, is_file)| if *is_file {
            file(name, content, Some(streamed.len() as u64))
        } else {
            field(name, content)
        }).collect();
        let form = Multipart::new(&parts).unwrap();
        prop_assert_eq!(form.length_bytes, Some(sent(&form, &streamed).len() as u64));
    }
}
