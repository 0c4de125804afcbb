use std::io::Write as _;

use proptest::prelude::*;

use super::*;

const FILE: &str = r#"{"metrics": [{"name": "accuracy-score", "numberValue": 0.93, "format": "PERCENTAGE"},
    {"name": "loss", "numberValue": "0.5"}, {"name": "odd", "numberValue": NaN}]}"#;

fn entry(name: &str, kind: u8, content: &[u8]) -> Vec<u8> {
    let mut head = vec![0; BLOCK];
    head[..name.len()].copy_from_slice(name.as_bytes());
    head[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
    head[156] = kind;
    head.extend_from_slice(content);
    head.resize(head.len().next_multiple_of(BLOCK), 0);
    head
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

#[test]
fn a_file_is_found_packed_or_not() {
    let archive = [entry("a/", b'5', b""), entry("x", b'x', b"12 a=b\n"), entry("a/m.json", b'0', FILE.as_bytes()), vec![0; 1024]].concat();
    for bytes in [packed(&archive), archive.clone(), packed(FILE.as_bytes()), FILE.as_bytes().to_vec()] {
        let metrics = unpacked(&bytes).and_then(|text| read(&text)).expect("metrics");
        assert_eq!(metrics[..2], [("accuracy-score".to_owned(), 0.93), ("loss".to_owned(), 0.5)]);
        assert!(metrics[2].1.is_nan());
    }
}

#[test]
fn what_is_damaged_or_too_large_is_said() {
    let archive = packed(&entry("m", b'0', FILE.as_bytes()));
    let cases: [(Vec<u8>, &str); 6] = [
        (archive[..archive.len() / 2].to_vec(), "it cannot be unpacked"),
        (packed(&vec![b' '; 2 << 20]), "it is too large"),
        (entry("m", b'0', FILE.as_bytes())[..600].to_vec(), "its archive is cut short"),
        (entry("m/", b'5', b""), "its archive holds no file"),
        (vec![b'x'; BLOCK], "its archive is damaged"),
        (Vec::new(), "its archive holds no file"),
    ];
    for (bytes, expected) in cases {
        assert_eq!(unpacked(&bytes), Err(expected));
    }
    assert_eq!(read("[]"), Err("it is no file of metrics"));
    assert_eq!(read(r#"{"metrics": [{"name": "a", "numberValue": "many"}]}"#), Err("a metric in it is no number"));
    assert_eq!(read("{}"), Ok(Vec::new()));
}

#[test]
fn tries_of_a_step_are_the_step() {
    assert_eq!((step("train(1)"), step("train"), step("train(0:x)"), step("(1)")), ("train", "train", "train(0:x)", "(1)"));
}

proptest! {
    #[test]
    fn any_bytes_can_be_looked_at(bytes in proptest::collection::vec(any::<u8>(), 0..1200)) {
        let _ = unpacked(&bytes);
        let _ = unpacked(&packed(&bytes));
    }
}
