use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;

use super::{Caps, DecodeError, Decoder};

const MIB: u64 = 1 << 20;
const WIDE: Caps = Caps {
    size_bytes: 64 * MIB,
    ratio: 100_000,
};
/// `"causeway "` twenty times, by the tools brotli and zstd.
const BR: &str = "1bb300f88d946edeb406091b2bd37375777942b7606099720e";
const ZSTD: &str = "28b52ffd04588500004863617573657761792001002852e5081614eaed";
const ZSTD_WITHOUT_CHECKSUM: &str = "28b52ffd00588500004863617573657761792001002852e508";

fn text() -> Vec<u8> {
    b"causeway ".repeat(20)
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn zlib(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn bare(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

/// A zstd frame of blocks that repeat one byte: 4 bytes for 128 KiB each.
fn zstd_bomb(blocks: u32) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38];
    for block in 1..=blocks {
        let header = u32::from(block == blocks) | (1 << 1) | ((128 << 10) << 3);
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(b'0');
    }
    frame
}

fn decoder(coding: &str, caps: Caps) -> Decoder {
    Decoder::for_fields(&fields(&[coding]), caps).unwrap()
}

fn fields(codings: &[&str]) -> HeaderMap {
    let mut fields = HeaderMap::new();
    for coding in codings {
        let value = HeaderValue::from_str(coding).unwrap();
        fields.append(http::header::CONTENT_ENCODING, value);
    }
    fields
}

/// Decodes what arrives in chunks of this size.
fn decode(mut decoder: Decoder, encoded: &[u8], chunk: usize) -> Result<Vec<u8>, DecodeError> {
    let mut plain = Vec::new();
    for chunk in encoded.chunks(chunk) {
        let mut chunk = Bytes::copy_from_slice(chunk);
        while !chunk.is_empty() {
            plain.extend_from_slice(&decoder.push(&mut chunk)?);
        }
    }
    plain.extend_from_slice(&decoder.finish()?);
    Ok(plain)
}

#[test]
fn each_coding_comes_off_whatever_the_chunks() {
    let two_frames = hex::decode(ZSTD).unwrap().repeat(2);
    let skipped = [
        &hex::decode("502a4d1803000000aabbcc").unwrap(),
        &two_frames[..],
    ]
    .concat();
    let rows: [(&str, Vec<u8>, usize); 10] = [
        ("gzip", gzip(&text()), 1),
        ("X-GZIP", gzip(&text()), 1),
        ("gzip", gzip(&text()).repeat(2), 2),
        ("deflate", zlib(&text()), 1),
        ("deflate", bare(&text()), 1),
        ("br", hex::decode(BR).unwrap(), 1),
        ("zstd", hex::decode(ZSTD).unwrap(), 1),
        ("zstd", hex::decode(ZSTD_WITHOUT_CHECKSUM).unwrap(), 1),
        ("zstd", two_frames, 2),
        ("zstd", skipped, 2),
    ];
    for (coding, encoded, times) in rows {
        for chunk in [1, 2, 7, 10_000] {
            let plain = decode(decoder(coding, WIDE), &encoded, chunk);
            assert_eq!(plain.unwrap(), text().repeat(times), "{coding} by {chunk}");
        }
    }
}

#[test]
fn codings_on_top_of_each_other_come_off_from_the_last() {
    let encoded = gzip(&zlib(&text()));
    for names in [
        &["deflate, gzip"][..],
        &["deflate", "gzip"],
        &["identity, deflate,, gzip"],
    ] {
        let decoder = Decoder::for_fields(&fields(names), WIDE).unwrap();
        assert_eq!(decode(decoder, &encoded, 5).unwrap(), text());
    }
}

#[test]
fn what_is_not_known_is_left_as_it_is() {
    for names in [
        &[][..],
        &["identity"],
        &["compress"],
        &["gzip, aws-chunked"],
        &["gzip, gzip, gzip, gzip"],
        &[""],
    ] {
        assert!(
            Decoder::for_fields(&fields(names), WIDE).is_none(),
            "{names:?}"
        );
    }
}

#[test]
fn an_empty_body_has_no_coding() {
    for coding in ["gzip", "deflate", "br", "zstd"] {
        assert_eq!(decoder(coding, WIDE).finish().unwrap(), Bytes::new());
    }
}

#[test]
fn every_shortened_body_is_refused() {
    let rows = [
        ("gzip", gzip(&text())),
        ("deflate", zlib(&text())),
        ("br", hex::decode(BR).unwrap()),
        ("zstd", hex::decode(ZSTD).unwrap()),
    ];
    for (coding, encoded) in rows {
        for length in 1..encoded.len() {
            let refused = decode(decoder(coding, WIDE), &encoded[..length], 3);
            let expected = match coding {
                "gzip" => refused.is_err(),
                _ => matches!(refused, Err(DecodeError::Truncated { .. })),
            };
            assert!(expected, "{coding} cut to {length}: {refused:?}");
        }
    }
}

#[test]
fn damage_and_what_follows_the_end_are_refused() {
    let mut bad_sum = hex::decode(ZSTD).unwrap();
    *bad_sum.last_mut().unwrap() ^= 1;
    let mut bad_crc = gzip(&text());
    let at = bad_crc.len() - 8;
    bad_crc[at] ^= 1;
    let wide_window = hex::decode("28b52ffd0070010000").unwrap();
    let large_block = hex::decode("28b52ffd0038ffffff").unwrap();
    let rows = [
        ("gzip", b"no gzip at all".to_vec()),
        ("gzip", bad_crc),
        (
            "gzip",
            [gzip(&text()), b"tail of another kind".to_vec()].concat(),
        ),
        ("deflate", [zlib(&text()), b"tail".to_vec()].concat()),
        ("br", [hex::decode(BR).unwrap(), b"t".to_vec()].concat()),
        ("br", vec![0xff; 40]),
        ("zstd", b"no zstd at all".to_vec()),
        ("zstd", bad_sum),
        ("zstd", wide_window),
        ("zstd", large_block),
    ];
    for (coding, encoded) in rows {
        for chunk in [1, 10_000] {
            let refused = decode(decoder(coding, WIDE), &encoded, chunk);
            let is_corrupt = matches!(refused, Err(DecodeError::Corrupt { .. }));
            assert!(is_corrupt, "{coding} {encoded:02x?}: {refused:?}");
        }
    }
}

#[test]
fn a_bomb_is_stopped_at_its_cap() {
    let zeros = vec![0; 8 << 20];
    let br = hex::decode(BR_BOMB.trim()).unwrap();
    let bombs = [
        ("gzip", gzip(&zeros)),
        ("deflate", zlib(&zeros)),
        ("br", br),
        ("zstd", zstd_bomb(512)),
        ("gzip, gzip", gzip(&gzip(&zeros))),
    ];
    for (coding, bomb) in bombs {
        let caps = Caps {
            size_bytes: 2 * MIB,
            ..WIDE
        };
        let refused = decode(decoder(coding, caps), &bomb, 4096).unwrap_err();
        let expected = DecodeError::TooLarge { cap_bytes: 2 * MIB };
        assert_eq!(refused, expected, "{coding}");

        let dense = Caps { ratio: 200, ..WIDE };
        let refused = decode(decoder(coding, dense), &bomb, 4096).unwrap_err();
        let is_dense = matches!(refused, DecodeError::TooDense { ratio: 200, .. });
        assert!(is_dense, "{coding}: {refused:?}");
    }
}

/// 64 MiB of zeros by the tool brotli; each of its blocks holds 16 MiB.
const BR_BOMB: &str = include_str!("testdata/zeros.br.hex");

#[test]
fn a_dense_body_below_a_mebibyte_is_no_bomb() {
    let plain = vec![b' '; 1 << 20];
    let caps = Caps { ratio: 1, ..WIDE };
    assert_eq!(
        decode(decoder("gzip", caps), &gzip(&plain), 100).unwrap(),
        plain
    );
}

#[test]
fn little_comes_out_at_a_time() {
    let bomb = gzip(&vec![0; 64 << 20]);
    let mut decoder = decoder("gzip", WIDE);
    let mut input = Bytes::from(bomb);
    let mut total = 0;
    while !input.is_empty() {
        let out = decoder.push(&mut input).unwrap();
        assert!(
            out.len() <= (64 << 10) + 512 * 1032,
            "{} at once",
            out.len()
        );
        total += out.len();
    }
    assert_eq!(total + decoder.finish().unwrap().len(), 64 << 20);
}

proptest! {
    #[test]
    fn what_was_encoded_comes_back(plain: Vec<u8>, chunk in 1_usize..200, repeats in 1_usize..300) {
        let plain = plain.repeat(repeats);
        for (coding, encoded) in [("gzip", gzip(&plain)), ("deflate", zlib(&plain)), ("deflate", bare(&plain))] {
            prop_assert_eq!(&decode(decoder(coding, WIDE), &encoded, chunk).unwrap(), &plain);
        }
    }

    #[test]
    fn garbage_is_refused_or_decoded_within_the_cap(garbage: Vec<u8>, coding in 0_usize..4) {
        let coding = ["gzip", "deflate", "br", "zstd"][coding];
        let caps = Caps { size_bytes: 1000, ratio: 10 };
        if let Ok(plain) = decode(decoder(coding, caps), &garbage, 16) {
            prop_assert!(plain.len() <= 1000);
        }
    }
}
