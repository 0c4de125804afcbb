//! What is checked before the `parquet` crate reads: that footer and page headers are whole, shallow, and claim no more bytes
//! or rows than can be there.

use ::parquet::basic::Compression;
use ::parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use ::parquet::file::reader::ChunkReader;

use crate::error::TableError;

use super::thrift::{Broken, Taken, Thrift, Type};
use super::{Found, Open, damaged, shapes, shown};

/// Bytes of the footer.
const FOOTER: u64 = 16 << 20;

/// Groups inside each other in the schema.
const DEPTH: usize = 64;

/// Bytes that a page becomes; writers make pages of a megabyte, some one page for each group of rows.
const PAGE: i32 = 512 << 20;

/// Bytes in which a page header is looked for at first, and at last.
const HEADER: [usize; 2] = [512, 1 << 20];

/// Checks the end of the file, up to the shape of the schema: the `parquet` crate recurses as deep as it says.
pub(super) fn footer<R: ChunkReader>(file: &R, size: u64) -> Result<(), TableError> {
    let tail = match size.checked_sub(8) {
        Some(start) if start >= 4 => file.get_bytes(start, 8)?,
        _ => return Err(damaged("the file is too short")),
    };
    let Some((length, magic)) = tail.split_first_chunk::<4>() else { return Err(damaged("the file is too short")) };
    match magic {
        b"PAR1" => {}
        b"PARE" => return Err(TableError::Unsupported { told: "encryption".to_owned() }),
        _ => return Err(damaged("it does not end as a Parquet file does")),
    }
    let length = u64::from(u32::from_le_bytes(*length));
    let start = size.checked_sub(12 + length).filter(|_| length <= FOOTER).ok_or_else(|| damaged("the footer is larger than it can be"))?;
    let bytes = file.get_bytes(start + 4, length as usize)?;
    schema(&bytes).map_err(|Broken| damaged("the footer is broken or its schema is nested too deep"))
}

fn schema(footer: &[u8]) -> Result<(), Broken> {
    const SCHEMA: i16 = 2;
    Thrift::new(footer).fields(|number, kind, thrift| {
        let (kind, count) = match (number, kind) {
            (SCHEMA, Type::List) => thrift.list()?,
            _ => return thrift.taken(number, kind, shapes::FILE),
        };
        if kind != Type::Struct {
            return Err(Broken);
        }
        // Children that are still to come, of each group that is open.
        let mut open: Vec<i32> = Vec::new();
        for _ in 0..count {
            while open.pop_if(|left| *left == 0).is_some() {}
            if let Some(left) = open.last_mut() {
                *left -= 1;
            }
            let [_, _, _, _, children, ..] = thrift.integers::<9>(shapes::ELEMENT)?;
            if children < 0 || open.len() >= DEPTH {
                return Err(Broken);
            }
            if children > 0 {
                open.push(children);
            }
        }
        Ok(Taken::Yes)
    })
}

/// One column of one group of rows, whose pages add up.
pub(super) struct Chunk<'m> {
    pub(super) metadata: &'m ColumnChunkMetaData,
    pub(super) rows: usize,
    /// Bytes in the file.
    pub(super) bytes: u64,
}

/// Checks a column of a group of rows.
pub(super) fn chunk<'m, R: ChunkReader>(file: &'m Open<R>, group: &'m RowGroupMetaData, column: &Found) -> Result<Chunk<'m>, TableError> {
    let metadata = group.columns().get(column.leaf).ok_or_else(|| damaged("a group of rows lacks columns"))?;
    let name = shown(&column.name);
    if metadata.file_path().is_some_and(|path| !path.is_empty()) {
        return Err(TableError::Unsupported { told: format!("column `{name}` in another file") });
    }
    let compression = metadata.compression();
    match compression {
        Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::GZIP(_) => {}
        Compression::LZ4 | Compression::LZ4_RAW | Compression::ZSTD(_) => {}
        other => return Err(TableError::Unsupported { told: format!("{} compression of column `{name}`", word(other)) }),
    }
    let start = u64::try_from(metadata.dictionary_page_offset().unwrap_or(metadata.data_page_offset())).ok();
    let bytes = u64::try_from(metadata.compressed_size()).ok();
    let is_inside = |(start, bytes): &(u64, u64)| start.checked_add(*bytes).is_some_and(|end| end <= file.size);
    let (start, bytes) = start.zip(bytes).filter(is_inside).ok_or_else(|| damaged("a column is outside of the file"))?;
    if metadata.num_values() != group.num_rows() {
        return Err(damaged("a column has other rows than its group"));
    }
    let rows = usize::try_from(group.num_rows()).map_err(|_| damaged("a group of rows has less than none"))?;
    let is_plain = compression == Compression::UNCOMPRESSED;
    let has_levels = metadata.column_descr().max_def_level() > 0;
    pages(&*file.file, (start, bytes), rows as u64, |header| header.is_sound(is_plain, has_levels))?;
    Ok(Chunk { metadata, rows, bytes })
}

fn word(compression: Compression) -> String {
    let text = format!("{compression:?}").to_lowercase();
    text.split('(').next().unwrap_or_default().to_owned()
}

/// Walks through the page headers of a column.
fn pages<R: ChunkReader>(
    file: &R,
    (mut start, mut left): (u64, u64),
    rows: u64,
    is_sound: impl Fn(&Header) -> bool,
) -> Result<(), TableError> {
    let (mut seen, mut has_dictionary) = (0_u64, false);
    let broken = || damaged("a page is not what its header says");
    while left > 0 && seen < rows {
        let (header, length) = page_header(file, start, left)?;
        let body = u64::try_from(header.compressed).map_err(|_| broken())?;
        let values = u64::try_from(header.values).map_err(|_| broken())?;
        let whole = length.checked_add(body).filter(|whole| *whole <= left).ok_or_else(broken)?;
        if matches!(header.kind, Page::Data) && !header.is_known() {
            return Err(TableError::Unsupported { told: "a rare encoding of values".to_owned() });
        }
        if !is_sound(&header) {
            return Err(broken());
        }
        match header.kind {
            // A page that needs a dictionary before there is one is a panic.
            Page::Data if header.needs_dictionary() && !has_dictionary => return Err(broken()),
            Page::Data => seen += values,
            Page::Dictionary if has_dictionary => return Err(broken()),
            Page::Dictionary => has_dictionary = true,
            Page::Index => {}
        }
        start += whole;
        left -= whole;
    }
    if seen == rows { Ok(()) } else { Err(damaged("the pages of a column have other rows than its group")) }
}

/// What a page header says.
#[derive(Debug, Default)]
struct Header {
    kind: Page,
    uncompressed: i32,
    compressed: i32,
    values: i32,
    encoding: i32,
    /// How the levels are written that tell which values are there.
    level_encoding: i32,
    /// Bytes of levels before the values, where the header tells.
    levels: i32,
    /// The field with what belongs to the kind.
    part: i16,
}

impl Header {
    /// The values are plain, in a dictionary, runs of truth values or differences of integers. Texts by their differences (6
    /// and 7) and streams (9) are not among them: the `parquet` crate believes their lengths, and panics.
    fn is_known(&self) -> bool {
        matches!(self.encoding, 0 | 2 | 3 | 5 | 8)
    }

    /// Sizes fit each other, and levels are runs where there are levels: the old packed ones are sliced by numbers of the file.
    fn is_sound(&self, is_plain: bool, has_levels: bool) -> bool {
        const RUNS: i32 = 3;
        let sizes = (0..=PAGE).contains(&self.uncompressed) && (!is_plain || self.uncompressed == self.compressed);
        sizes
            && match self.kind {
                Page::Data => self.levels <= self.compressed.min(self.uncompressed) && (!has_levels || self.level_encoding == RUNS),
                // The smallest value in a dictionary is a truth value, of a bit.
                Page::Dictionary => i64::from(self.values) <= i64::from(self.uncompressed) * 8,
                Page::Index => true,
            }
    }

    /// The values are places in a dictionary.
    fn needs_dictionary(&self) -> bool {
        const PLAIN_DICTIONARY: i32 = 2;
        const RLE_DICTIONARY: i32 = 8;
        matches!(self.encoding, PLAIN_DICTIONARY | RLE_DICTIONARY)
    }
}

#[derive(Debug, Default, Clone, Copy)]
enum Page {
    Data,
    Dictionary,
    #[default]
    Index,
}

/// The header at a place, and its length.
fn page_header<R: ChunkReader>(file: &R, start: u64, left: u64) -> Result<(Header, u64), TableError> {
    for most in HEADER {
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(most);
        let bytes = file.get_bytes(start, length)?;
        let mut thrift = Thrift::new(&bytes);
        if let Ok(header) = parse_header(&mut thrift) {
            return Ok((header, (bytes.len() - thrift.left()) as u64));
        }
    }
    Err(damaged("a page header is broken"))
}

fn parse_header(thrift: &mut Thrift<'_>) -> Result<Header, Broken> {
    let mut header = Header { level_encoding: 3, ..Header::default() };
    let mut kind_part = 0;
    thrift.fields(|number, kind, thrift| {
        if (5..=8).contains(&number) && std::mem::replace(&mut header.part, number) != 0 {
            return Err(Broken);
        }
        match (number, kind) {
            (1, Type::Integer) => {
                (header.kind, kind_part) = match thrift.integer()? {
                    0 => (Page::Data, 5),
                    1 => (Page::Index, 6),
                    2 => (Page::Dictionary, 7),
                    3 => (Page::Data, 8),
                    _ => return Err(Broken),
                };
            }
            (2, Type::Integer) => header.uncompressed = thrift.integer()?,
            (3, Type::Integer) => header.compressed = thrift.integer()?,
            (5, Type::Struct) => [header.values, header.encoding, header.level_encoding, _] = thrift.integers(shapes::DATA)?,
            (6, Type::Struct) => return Ok(Taken::No),
            (7, Type::Struct) => [header.values, header.encoding] = thrift.integers(shapes::DICTIONARY)?,
            (8, Type::Struct) => {
                let [values, nulls, rows, encoding, definitions, repetitions] = thrift.integers(shapes::DATA_2)?;
                if nulls < 0 || nulls > values || rows != values || definitions < 0 || repetitions < 0 {
                    return Err(Broken);
                }
                (header.values, header.encoding) = (values, encoding);
                header.levels = definitions.checked_add(repetitions).ok_or(Broken)?;
            }
            (..=8, _) if (number, kind) != (4, Type::Integer) => return Err(Broken),
            _ => return Ok(Taken::No),
        }
        Ok(Taken::Yes)
    })?;
    if header.part == kind_part { Ok(header) } else { Err(Broken) }
}
