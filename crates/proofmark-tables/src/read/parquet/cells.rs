//! The values of a column of one group of rows, a batch at a time.

use std::sync::Arc;

use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use ::parquet::data_type::{DataType, Int96};
use ::parquet::file::reader::ChunkReader;
use ::parquet::file::serialized_reader::SerializedPageReader;

use crate::column::scalar::Scalar;
use crate::error::TableError;
use crate::read::builder::Builders;
use crate::source::Limits;

use super::check::Chunk;
use super::guard::Guard;
use super::meaning::{self, Meaning};
use super::{Found, Open, damaged};

/// Rows at once.
const BATCH: usize = 4096;

/// Where the values of a column go.
struct Target<'b> {
    builders: &'b mut Builders,
    index: usize,
    limits: &'b Limits,
    meaning: Meaning,
    /// Room for a text that is made of a value.
    room: String,
}

/// Reads the column of one group into its builder.
pub(super) fn read<R: ChunkReader + 'static>(
    file: &Open<R>,
    chunk: &Chunk<'_>,
    column: &Found,
    builders: &mut Builders,
    index: usize,
    limits: &Limits,
) -> Result<(), TableError> {
    if chunk.rows == 0 {
        return Ok(());
    }
    let optional = chunk.metadata.column_descr().max_def_level();
    let pages = SerializedPageReader::new(Arc::clone(&file.file), chunk.metadata, chunk.rows, None)?;
    let pages = Guard::new(pages, chunk.metadata.column_type(), optional > 0);
    let reader = get_column_reader(chunk.metadata.column_descr_ptr(), Box::new(pages));
    let mut target = Target { builders, index, limits, meaning: column.meaning, room: String::new() };
    let rows = (chunk.rows, optional);
    match reader {
        ColumnReader::BoolColumnReader(reader) => target.all(reader, rows, |target, value| target.put(Scalar::Boolean(*value), b"")),
        ColumnReader::Int32ColumnReader(reader) => target.all(reader, rows, |target, value| target.int32(*value)),
        ColumnReader::Int64ColumnReader(reader) => target.all(reader, rows, |target, value| target.int64(*value)),
        ColumnReader::Int96ColumnReader(reader) => target.all(reader, rows, |target, value| {
            let value = nanoseconds(value).ok_or_else(|| damaged("a time beyond 64 bits"))?;
            target.put(Scalar::Integer(value), b"")
        }),
        ColumnReader::FloatColumnReader(reader) => {
            target.all(reader, rows, |target, value| target.put(Scalar::Number(f64::from(*value)), b""))
        }
        ColumnReader::DoubleColumnReader(reader) => target.all(reader, rows, |target, value| target.put(Scalar::Number(*value), b"")),
        ColumnReader::ByteArrayColumnReader(reader) => target.all(reader, rows, |target, value| target.bytes(value)),
        ColumnReader::FixedLenByteArrayColumnReader(reader) => target.all(reader, rows, |target, value| target.bytes(value)),
    }
}

impl Target<'_> {
    /// All values of a reader; `optional` is the level at which a value is there, 0 where it always is.
    fn all<T: DataType>(
        &mut self,
        mut reader: ColumnReaderImpl<T>,
        (rows, optional): (usize, i16),
        put: impl Fn(&mut Self, &T::T) -> Result<(), TableError>,
    ) -> Result<(), TableError> {
        let mut left = rows;
        let (mut values, mut levels) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
        while left > 0 {
            values.clear();
            levels.clear();
            let (records, _, _) = reader.read_records(left.min(BATCH), (optional > 0).then_some(&mut levels), None, &mut values)?;
            let fitting = left.checked_sub(records).filter(|_| records > 0);
            left = fitting.ok_or_else(|| damaged("a column has other rows than it says"))?;
            let mut present = values.iter();
            if optional == 0 {
                present.by_ref().try_for_each(|value| put(self, value))?;
            }
            for level in &levels {
                match *level == optional {
                    true => put(self, present.next().ok_or_else(|| damaged("values are missing"))?)?,
                    false => self.put(Scalar::Empty, b"")?,
                }
            }
            self.builders.check_held()?;
        }
        Ok(())
    }

    fn put(&mut self, scalar: Scalar, text: &[u8]) -> Result<(), TableError> {
        match self.builders.column(self.index) {
            Some(column) => column.push(scalar, text, 0, self.limits),
            None => Ok(()),
        }
    }

    fn int32(&mut self, value: i32) -> Result<(), TableError> {
        match self.meaning {
            Meaning::Unsigned => self.put(Scalar::Integer(i64::from(value.cast_unsigned())), b""),
            Meaning::Date => {
                let mut room = std::mem::take(&mut self.room);
                meaning::date(value, &mut room);
                self.text(room)
            }
            _ => self.int64(i64::from(value)),
        }
    }

    fn int64(&mut self, value: i64) -> Result<(), TableError> {
        match self.meaning {
            Meaning::Decimal(scale) if scale > 0 => {
                let value = meaning::decimal(i128::from(value), scale, &mut self.room);
                self.put(Scalar::Number(value), b"")
            }
            // The text is needed when there is a wider one among them.
            Meaning::Unsigned if value < 0 => self.put(Scalar::Wide, value.cast_unsigned().to_string().as_bytes()),
            Meaning::Unsigned => self.put(Scalar::Integer(value), value.to_string().as_bytes()),
            _ => self.put(Scalar::Integer(value), b""),
        }
    }

    fn bytes(&mut self, value: &impl AsRef<[u8]>) -> Result<(), TableError> {
        match (self.meaning, value.as_ref()) {
            (Meaning::Decimal(scale), bytes) => {
                let value = meaning::big_endian(bytes).ok_or_else(|| damaged("a decimal of no or too many digits"))?;
                match i64::try_from(value) {
                    Ok(value) if scale == 0 => self.put(Scalar::Integer(value), value.to_string().as_bytes()),
                    Err(_) if scale == 0 => self.put(Scalar::Wide, value.to_string().as_bytes()),
                    _ => {
                        let value = meaning::decimal(value, scale, &mut self.room);
                        self.put(Scalar::Number(value), b"")
                    }
                }
            }
            (Meaning::Half, [low, high]) => self.put(Scalar::Number(meaning::half(u16::from_le_bytes([*low, *high]))), b""),
            (Meaning::Uuid, bytes) => {
                let mut room = std::mem::take(&mut self.room);
                meaning::uuid(bytes, &mut room);
                self.text(room)
            }
            (_, bytes) => self.put(Scalar::Text, bytes),
        }
    }

    /// Puts a text, and keeps its room.
    fn text(&mut self, room: String) -> Result<(), TableError> {
        let put = self.put(Scalar::Text, room.as_bytes());
        self.room = room;
        put
    }
}

/// Nanoseconds since 1970 of the time type that old writers use: nanoseconds of the day, and the Julian day.
fn nanoseconds(value: &Int96) -> Option<i64> {
    let &[low, high, day] = value.data() else { return None };
    let of_day = i64::try_from(u64::from(high) << 32 | u64::from(low)).ok()?;
    (i64::from(day) - 2_440_588).checked_mul(86_400_000_000_000)?.checked_add(of_day)
}
