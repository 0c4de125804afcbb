//! Pages on their way to the decoder, where that believes them too much.

use ::parquet::basic::{Encoding, Type};
use ::parquet::column::page::{Page, PageMetadata, PageReader};
use ::parquet::errors::Result;
use bytes::Bytes;

/// Pages whose plain texts end in a length that no page has.
///
/// The decoder of plain texts takes four bytes as the length of the next text without asking whether there are four. With these
/// behind the last whole text it finds a text that is too long, which is an error instead of a panic.
pub(super) struct Guard<R> {
    pages: R,
    is_text: bool,
    has_levels: bool,
}

const TOO_LONG: [u8; 4] = [0xff; 4];

impl<R: PageReader> Guard<R> {
    /// Levels stand before the values of a column in which some may be missing.
    pub(super) fn new(pages: R, physical: Type, has_levels: bool) -> Self {
        Self { pages, is_text: physical == Type::BYTE_ARRAY, has_levels }
    }

    fn guard(&self, mut page: Page) -> Page {
        match &mut page {
            _ if !self.is_text => {}
            Page::DictionaryPage { buf, .. } => *buf = ended(buf, 0),
            Page::DataPage { buf, encoding: Encoding::PLAIN, .. } => {
                let length = buf.first_chunk().filter(|_| self.has_levels).map(|length| u32::from_le_bytes(*length) as usize);
                *buf = ended(buf, length.map_or(0, |length| length.saturating_add(4)));
            }
            Page::DataPageV2 { buf, encoding: Encoding::PLAIN, def_levels_byte_len, rep_levels_byte_len, .. } => {
                *buf = ended(buf, (*def_levels_byte_len as usize).saturating_add(*rep_levels_byte_len as usize));
            }
            Page::DataPage { .. } | Page::DataPageV2 { .. } => {}
        }
        page
    }
}

/// The page up to its last whole text, and what ends it; texts begin at this place.
fn ended(page: &Bytes, start: usize) -> Bytes {
    let mut rest = page.get(start..).unwrap_or_default();
    while let Some((length, after)) = rest.split_first_chunk() {
        match after.get(u32::from_le_bytes(*length) as usize..) {
            Some(after) => rest = after,
            None => break,
        }
    }
    let whole = page.get(..page.len() - rest.len()).unwrap_or_default();
    Bytes::from([whole, &TOO_LONG].concat())
}

impl<R: PageReader> Iterator for Guard<R> {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl<R: PageReader> PageReader for Guard<R> {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = self.pages.get_next_page()?;
        Ok(page.map(|page| self.guard(page)))
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.pages.at_record_boundary()
    }
}
