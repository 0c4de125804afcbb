//! Bytes in blocks: counted, hashed and limited on the way.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

use crate::error::TableError;

/// Bytes read at once.
pub(super) const BLOCK: usize = 256 << 10;

/// The bytes of a file as they are stored: hashed, and told as progress.
pub(super) struct Counted<'p, R> {
    inner: R,
    hash: Sha256,
    done: u64,
    size: u64,
    told: &'p dyn Fn(u64),
}

impl<'p, R: Read> Counted<'p, R> {
    /// No more than `size` bytes are read: a file that grows meanwhile is read as it was.
    pub(super) fn new(inner: R, size: u64, told: &'p dyn Fn(u64)) -> Self {
        Self { inner, hash: Sha256::new(), done: 0, size, told }
    }

    /// The SHA-256 of all bytes, those that nobody asked for too.
    pub(super) fn digest(mut self) -> io::Result<[u8; 32]> {
        let mut rest = vec![0; BLOCK];
        while self.read(&mut rest)? > 0 {}
        Ok(self.hash.finalize().into())
    }
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.size - self.done).unwrap_or(usize::MAX).min(buffer.len());
        let buffer = buffer.get_mut(..most).unwrap_or_default();
        let count = self.inner.read(buffer)?;
        self.hash.update(buffer.get(..count).unwrap_or_default());
        self.done += count as u64;
        if count > 0 {
            (self.told)(self.done);
        }
        Ok(count)
    }
}

/// The bytes that rows are made of, in a window that moves: what is not consumed stays when more is read.
pub(super) struct Input<R> {
    inner: R,
    window: Vec<u8>,
    start: usize,
    end: usize,
    left: u64,
    limit: u64,
}

impl<R: Read> Input<R> {
    /// At most `limit` bytes, which also stops files that only compress well.
    pub(super) fn new(inner: R, limit: u64) -> Self {
        Self { inner, window: vec![0; BLOCK], start: 0, end: 0, left: limit, limit }
    }

    /// What is read and not consumed.
    pub(super) fn window(&self) -> &[u8] {
        self.window.get(self.start..self.end).unwrap_or_default()
    }

    /// Passes over the first bytes of the window.
    pub(super) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }

    /// Reads more behind what is there; false at the end of the file.
    pub(super) fn more(&mut self) -> Result<bool, TableError> {
        self.window.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.window.len() {
            self.window.resize(self.window.len() * 2, 0);
        }
        let mut grown = false;
        // Filled whole, so that the beginning of a file is never seen in smaller parts than need be.
        while let Some(room) = self.window.get_mut(self.end..).filter(|room| !room.is_empty()) {
            let count = match self.inner.read(room) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            if count == 0 {
                break;
            }
            grown = true;
            self.end += count;
            self.left = self.left.checked_sub(count as u64).ok_or(TableError::TooLarge { what: "bytes in the file", limit: self.limit })?;
        }
        Ok(grown)
    }
}
