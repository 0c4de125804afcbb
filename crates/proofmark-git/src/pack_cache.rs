//! The last objects decoded from packs.
//!
//! Versions of a metrics file are stored as differences to one another, in chains of up to fifty. Read one after the
//! other, each needs only its neighbour; without a memory each needs the whole chain again.

use std::collections::HashMap;

use gix::objs::Kind;
use gix::odb::pack::cache::DecodeEntry;

/// The bytes that are kept by one thread; then everything is forgotten, which is simple and rarely happens.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// Larger objects are not kept.
const LARGEST: usize = 2 * 1024 * 1024;

#[derive(Default)]
pub(crate) struct PackCache {
    /// By the pack and the place in it.
    objects: HashMap<(u32, u64), Decoded>,
    bytes: usize,
}

struct Decoded {
    kind: Kind,
    compressed_size: usize,
    data: Box<[u8]>,
}

impl DecodeEntry for PackCache {
    fn put(&mut self, pack_id: u32, offset: u64, data: &[u8], kind: Kind, compressed_size: usize) {
        if data.len() > LARGEST {
            return;
        }
        if self.bytes + data.len() > MOST_BYTES {
            self.objects.clear();
            self.bytes = 0;
        }
        if self.objects.insert((pack_id, offset), Decoded { kind, compressed_size, data: data.into() }).is_none() {
            self.bytes += data.len();
        }
    }

    fn get(&mut self, pack_id: u32, offset: u64, out: &mut Vec<u8>) -> Option<(Kind, usize)> {
        let found = self.objects.get(&(pack_id, offset))?;
        out.clear();
        out.extend_from_slice(&found.data);
        Some((found.kind, found.compressed_size))
    }
}
