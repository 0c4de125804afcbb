//! Loose objects, read without going through the object database.
//!
//! The database reads a loose object by mapping its file into memory and making a new decompressor each time, after
//! it has looked through all packs. A working clone has its newest commits loose, and these are what gets compared,
//! so that this short way (one buffer, one decompressor, three system calls) is worth its lines. What it does not
//! find (packed, in an alternate, not there) is left to the database.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use gix::hash::oid;
use gix::objs::Kind;
use gix::zlib::{Decompress, FlushDecompress, Status};

use crate::objects::ObjectError;

/// A loose object's header is at most `commit `, twenty digits and NUL.
const HEADER: usize = 64;

/// What one call reads; few metrics files are larger than this once compressed.
const AT_ONCE: usize = 16 * 1024;

/// The buffers that reading needs.
pub(crate) struct LooseReader {
    inflate: Decompress,
    raw: Vec<u8>,
}

impl LooseReader {
    pub(crate) fn new() -> Self {
        Self { inflate: Decompress::new(), raw: Vec::new() }
    }

    /// Puts the object into `out`; `None` when it is not loose in the folder `objects`.
    pub(crate) fn read(&mut self, objects: &Path, id: &oid, limit: u64, out: &mut Vec<u8>) -> Result<Option<Kind>, ObjectError> {
        let refused = |error: std::io::Error| ObjectError::Refused(error.to_string());
        let mut file = match File::open(path(objects, id)) {
            Ok(file) => file,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            Err(error) => return Err(refused(error)),
        };
        self.raw.resize(AT_ONCE, 0);
        let count = file.read(&mut self.raw).map_err(refused)?;
        self.raw.truncate(count);
        if count < AT_ONCE {
            // All of it, as a rule, without asking for the size or the end. The format tells when it was not.
            match self.decode(limit, out) {
                Err(ObjectError::Refused(_)) => {}
                done => return done.map(Some),
            }
        } else {
            let (_, size, _) = self.header()?;
            if size > limit {
                return Err(ObjectError::TooLarge(size));
            }
        }
        file.read_to_end(&mut self.raw).map_err(refused)?;
        self.decode(limit, out).map(Some)
    }

    /// Decodes the head of `raw`: the kind, the size, the bytes after the header, and how much was consumed.
    fn header(&mut self) -> Result<(Kind, u64, Start), ObjectError> {
        self.inflate.reset();
        let mut bytes = [0; HEADER];
        let status = self.inflate.decompress(&self.raw, &mut bytes, FlushDecompress::None).map_err(|_| damaged())?;
        let written = usize::try_from(self.inflate.total_out()).map_err(|_| damaged())?;
        let consumed = usize::try_from(self.inflate.total_in()).map_err(|_| damaged())?;
        let (kind, size, header) = gix::objs::decode::loose_header(&bytes[..written]).map_err(|_| damaged())?;
        Ok((kind, size, Start { bytes, header, written, consumed, ended: status == Status::StreamEnd }))
    }

    fn decode(&mut self, limit: u64, out: &mut Vec<u8>) -> Result<Kind, ObjectError> {
        let (kind, size, start) = self.header()?;
        if size > limit {
            return Err(ObjectError::TooLarge(size));
        }
        let size = usize::try_from(size).map_err(|_| damaged())?;
        out.clear();
        out.extend_from_slice(&start.bytes[start.header..start.written]);
        if !start.ended {
            let held = out.len();
            if held > size {
                return Err(damaged());
            }
            // One byte more than expected: room for the end of the stream, where its checksum is verified.
            out.resize(size + 1, 0);
            let status =
                self.inflate.decompress(&self.raw[start.consumed..], &mut out[held..], FlushDecompress::Finish).map_err(|_| damaged())?;
            if status != Status::StreamEnd {
                return Err(damaged());
            }
            let total = usize::try_from(self.inflate.total_out()).map_err(|_| damaged())?;
            out.truncate(total - start.header);
        }
        if out.len() == size { Ok(kind) } else { Err(damaged()) }
    }
}

/// Where an object lies when it is loose.
pub(crate) fn path(objects: &Path, id: &oid) -> PathBuf {
    let hex = id.to_hex().to_string();
    objects.join(&hex[..2]).join(&hex[2..])
}

struct Start {
    bytes: [u8; HEADER],
    header: usize,
    written: usize,
    consumed: usize,
    ended: bool,
}

fn damaged() -> ObjectError {
    ObjectError::Refused("the object file is damaged; `git fsck` tells more".to_owned())
}
