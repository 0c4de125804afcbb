//! Pages on their way to the decoder, where that believes them too much.

use ::parquet::basic::{Encoding, Type};
use ::parquet::column::page::{Page, PageMetadata, PageReader};
use ::parquet::errors::Result;
use bytes::Bytes;

/// Pages whose plain texts end in a length that no page has.
///
/// The decoder of plain texts takes four bytes as the length of the next text without asking whether there are four. With these
/// behind the last text, it finds a text that is too long, which is an error instead of a panic: cut anywhere, the length that
/// it puts together has its highest byte from here, and is beyond the size of any page. A text that reaches into them is not UTF-8.
pub(super) struct Guard<R> {
    pages: R,
    physical: Type,
}

const TOO_LONG: [u8; 4] = [0xff; 4];

impl<R: PageReader> Guard<R> {
    pub(super) fn new(pages: R, physical: Type) -> Self {
        Self { pages, physical }
    }

    fn guard(&self, mut page: Page) -> Page {
        if self.physical != Type::BYTE_ARRAY {
            return page;
        }
        match &mut page {
            Page::DataPage { buf, encoding: Encoding::PLAIN, .. }
            | Page::DataPageV2 { buf, encoding: Encoding::PLAIN, .. }
            | Page::DictionaryPage { buf, .. } => *buf = Bytes::from([buf.as_ref(), &TOO_LONG].concat()),
            Page::DataPage { .. } | Page::DataPageV2 { .. } => {}
        }
        page
    }
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
