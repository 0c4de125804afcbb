//! One file out of a zip file of a stranger, in memory. Nothing is written anywhere; what is odd is refused as a whole.

use std::io::{Cursor, Read as _};

use zip::ZipArchive;

/// A report travels with little beside it.
const MOST_ENTRIES: usize = 100;
/// Above this many headers a file is not even indexed: the index would take more memory than the file.
const MOST_HEADERS: usize = 4096;
/// Every row of a zip file's directory begins with this.
const HEADER: &[u8] = b"PK\x01\x02";

/// Why a zip file is not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ZipRefusal {
    /// It is damaged or no zip file.
    #[error("it cannot be read as a zip file: {0}")]
    Unreadable(String),
    /// Too many files.
    #[error("it holds more than {MOST_ENTRIES} files")]
    TooManyFiles,
    /// A name that could lead out of a folder.
    #[error("it holds a file with the name `{0}`, which could lead elsewhere")]
    Name(String),
    /// Two files of one name: programs differ in which they take.
    #[error("it holds two files of one name")]
    Duplicate,
    /// A symbolic link.
    #[error("it holds the symbolic link `{0}`")]
    Link(String),
    /// A file behind a password.
    #[error("it holds the encrypted file `{0}`")]
    Encrypted(String),
    /// The file is not there.
    #[error("it does not hold `{0}` at its top")]
    Missing(String),
    /// The file is larger than allowed, whatever the zip file says of it.
    #[error("the file in it is larger than the {limit} bytes that are read")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
}

/// The bytes of the file `name`, which stands at the top of the zip file.
pub(super) fn file(zip: &[u8], name: &str, limit: usize) -> Result<Vec<u8>, ZipRefusal> {
    if zip.windows(HEADER.len()).filter(|window| *window == HEADER).nth(MOST_HEADERS).is_some() {
        return Err(ZipRefusal::TooManyFiles);
    }
    let mut archive = ZipArchive::new(Cursor::new(zip)).map_err(unreadable)?;
    if archive.len() > MOST_ENTRIES {
        return Err(ZipRefusal::TooManyFiles);
    }
    if archive.has_duplicate_names() {
        return Err(ZipRefusal::Duplicate);
    }
    let mut wanted = None;
    for at in 0..archive.len() {
        let entry = archive.by_index_data(at).map_err(unreadable)?;
        let raw = entry.name_raw();
        let shown = || String::from_utf8_lossy(raw).chars().take(100).collect::<String>().escape_debug().to_string();
        if leads_elsewhere(raw) {
            return Err(ZipRefusal::Name(shown()));
        }
        if entry.is_symlink() {
            return Err(ZipRefusal::Link(shown()));
        }
        if entry.encrypted() {
            return Err(ZipRefusal::Encrypted(shown()));
        }
        if raw.eq_ignore_ascii_case(name.as_bytes()) && wanted.replace((at, raw == name.as_bytes())).is_some() {
            return Err(ZipRefusal::Duplicate);
        }
    }
    let Some((at, true)) = wanted else { return Err(ZipRefusal::Missing(name.to_owned())) };
    let entry = archive.by_index(at).map_err(unreadable)?;
    // The size that the directory tells may be a lie: what counts is what comes out. No room is made beforehand.
    let mut bytes = Vec::new();
    entry.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(|error| ZipRefusal::Unreadable(error.to_string()))?;
    if bytes.len() > limit { Err(ZipRefusal::TooLarge { limit }) } else { Ok(bytes) }
}

/// Whether some program on some system would put it outside of the folder it unpacks into.
fn leads_elsewhere(name: &[u8]) -> bool {
    let drive = name.len() >= 2 && name[1] == b':';
    let plain = !name.is_empty() && !name.starts_with(b"/") && !drive && !name.contains(&b'\\') && !name.contains(&0);
    !plain || name.split(|byte| *byte == b'/').any(|part| part == b"..")
}

fn unreadable(error: zip::result::ZipError) -> ZipRefusal {
    ZipRefusal::Unreadable(error.to_string().chars().take(200).collect::<String>().escape_debug().to_string())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;
    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    use super::*;

    fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (at, (name, bytes)) in files.iter().enumerate() {
            let method = if at % 2 == 0 { CompressionMethod::Deflated } else { CompressionMethod::Stored };
            writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).expect("a file");
            writer.write_all(bytes).expect("its bytes");
        }
        writer.finish().expect("a zip file").into_inner()
    }

    /// The zip file with another text of the same length in place of each `from`.
    fn patched(mut zip: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
        assert_eq!(from.len(), to.len());
        let places: Vec<usize> = zip.windows(from.len()).enumerate().filter(|(_, window)| *window == from).map(|(at, _)| at).collect();
        assert!(!places.is_empty(), "nothing to patch");
        for at in places {
            zip[at..at + to.len()].copy_from_slice(to);
        }
        zip
    }

    fn report(zip: &[u8]) -> Result<Vec<u8>, ZipRefusal> {
        file(zip, "report.json", 1000)
    }

    #[test]
    fn the_file_at_the_top_is_read() {
        assert_eq!(report(&zip(&[("a.md", b"x"), ("report.json", b"{}"), ("b/report.json", b"[]")])), Ok(b"{}".to_vec()));
        assert_eq!(report(&zip(&[("b/report.json", b"[]")])), Err(ZipRefusal::Missing("report.json".to_owned())));
        assert_eq!(report(&zip(&[("REPORT.json", b"[]")])), Err(ZipRefusal::Missing("report.json".to_owned())));
        assert!(matches!(report(b"<html>"), Err(ZipRefusal::Unreadable(_))));
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        let good = zip(&[("report.json", b"{}"), ("xx/yy", b"")]);
        for name in ["../yy", "xx/..", "/x/yy", "xx\\yy", "C:/yy", "x\0/yy"] {
            let bad = patched(good.clone(), b"xx/yy", format!("{name:y<5}").get(..5).expect("five").as_bytes());
            assert!(matches!(report(&bad), Err(ZipRefusal::Name(_))), "{name}: {:?}", report(&bad));
        }
    }

    #[test]
    fn two_of_one_name_are_refused() {
        let two = patched(zip(&[("report.json", b"{}"), ("REPORT.jsox", b"[]")]), b"REPORT.jsox", b"report.json");
        assert_eq!(report(&two), Err(ZipRefusal::Duplicate));
        assert_eq!(report(&zip(&[("report.json", b"{}"), ("REPORT.JSON", b"[]")])), Err(ZipRefusal::Duplicate));
    }

    #[test]
    fn links_and_passwords_are_refused() {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.add_symlink("report.json", "/etc/passwd", SimpleFileOptions::default()).expect("a link");
        let link = writer.finish().expect("a zip file").into_inner();
        assert_eq!(report(&link), Err(ZipRefusal::Link("report.json".to_owned())));
        // The first bit of the flags, in the local header and in the directory.
        let mut locked = zip(&[("report.json", b"{}")]);
        let row = locked.windows(4).position(|window| window == HEADER).expect("a directory");
        locked[6] |= 1;
        locked[row + 8] |= 1;
        assert_eq!(report(&locked), Err(ZipRefusal::Encrypted("report.json".to_owned())));
    }

    #[test]
    fn too_many_files_are_refused() {
        let names: Vec<String> = (0..MOST_ENTRIES).map(|at| format!("f{at}")).collect();
        let mut files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
        files.push(("report.json", b"{}"));
        assert_eq!(report(&zip(&files)), Err(ZipRefusal::TooManyFiles));
        assert_eq!(report(&zip(&files[1..])), Ok(b"{}".to_vec()));
        assert_eq!(report(&HEADER.repeat(MOST_HEADERS + 1)), Err(ZipRefusal::TooManyFiles));
    }

    #[test]
    fn bombs_are_refused_whatever_they_say() {
        let bomb = zip(&[("report.json", &[b' '; 1 << 20])]);
        assert!(bomb.len() < 4000);
        assert_eq!(report(&bomb), Err(ZipRefusal::TooLarge { limit: 1000 }));
        // The same with a lie about its size.
        let lying = patched(bomb, &(1_u32 << 20).to_le_bytes(), &10_u32.to_le_bytes());
        assert!(report(&lying).is_err());
        assert_eq!(report(&zip(&[("report.json", &[b' '; 1000])])), Ok(vec![b' '; 1000]));
    }

    proptest! {
        #[test]
        fn damaged_files_never_do_more_than_be_refused(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
            cut in prop::option::of(any::<prop::sample::Index>()),
            size in 0_usize..3000,
        ) {
            let whole = vec![b'7'; size];
            let mut bytes = zip(&[("report.json", &whole), ("b/c.md", b"text"), ("d", b"")]);
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            if let Ok(out) = report(&bytes) {
                prop_assert!(out.len() <= 1000);
            }
        }

        #[test]
        fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = report(&bytes);
            let _ = report(&[b"PK\x03\x04", &bytes[..], b"PK\x05\x06\0\0\0\0\x01\0\x01\0", &bytes[..bytes.len().min(10)]].concat());
        }
    }
}
