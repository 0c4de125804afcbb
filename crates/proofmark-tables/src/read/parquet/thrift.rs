//! As much of Thrift's compact protocol as it takes to look through a header: every length is compared with the bytes that
//! are there, and nothing is allocated.

/// Structures inside each other.
const DEPTH: usize = 32;

/// The bytes are cut short or no Thrift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    True,
    False,
    Byte,
    /// Of 16, 32 or 64 bits.
    Integer,
    Double,
    Binary,
    List,
    Map,
    Struct,
    Uuid,
}

impl Type {
    fn of(code: u8) -> Result<Self, Broken> {
        Ok(match code {
            1 => Self::True,
            2 => Self::False,
            3 => Self::Byte,
            4..=6 => Self::Integer,
            7 => Self::Double,
            8 => Self::Binary,
            9 | 10 => Self::List,
            11 => Self::Map,
            12 => Self::Struct,
            13 => Self::Uuid,
            _ => return Err(Broken),
        })
    }
}

/// What a field must hold. The `parquet` crate does not look at the type that the file tells, so that a field of another type
/// would be read there as something else than here.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// Either truth value.
    Truth,
    Byte,
    /// Of 16, 32 or 64 bits.
    Integer,
    Double,
    Binary,
    /// Any number of these.
    List(&'static Self),
    /// Fields by their number; others may hold anything.
    Struct(&'static [(i16, Self)]),
}

/// The bytes that are left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thrift<'b> {
    rest: &'b [u8],
}

impl<'b> Thrift<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Bytes that are left.
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    /// Calls for each field of a structure, with its number; what is not taken is passed over. Fields must be in order.
    pub(super) fn fields(&mut self, mut take: impl FnMut(i16, Type, &mut Self) -> Result<Taken, Broken>) -> Result<(), Broken> {
        let mut last: i16 = 0;
        while let Some((number, kind)) = self.field(last)? {
            if number <= last {
                return Err(Broken);
            }
            last = number;
            if take(number, kind, self)? == Taken::No {
                self.pass(kind, 0)?;
            }
        }
        Ok(())
    }

    /// Passes over a field that must have this shape.
    pub(super) fn shaped(&mut self, kind: Type, shape: Shape) -> Result<(), Broken> {
        match (shape, kind) {
            (Shape::Struct(inside), Type::Struct) => self.fields(|number, kind, thrift| thrift.taken(number, kind, inside)),
            (Shape::List(inside), Type::List) => {
                let (kind, count) = self.list()?;
                (0..count).try_for_each(|_| self.shaped(kind, *inside))
            }
            (Shape::Truth, Type::True | Type::False)
            | (Shape::Byte, Type::Byte)
            | (Shape::Integer, Type::Integer)
            | (Shape::Double, Type::Double)
            | (Shape::Binary, Type::Binary) => self.pass(kind, 0),
            _ => Err(Broken),
        }
    }

    /// Passes over a field of a structure of this shape, if it has this field.
    pub(super) fn taken(&mut self, number: i16, kind: Type, shapes: &[(i16, Shape)]) -> Result<Taken, Broken> {
        match find(shapes, number) {
            Some(shape) => self.shaped(kind, shape).map(|()| Taken::Yes),
            None => Ok(Taken::No),
        }
    }

    /// The integers of a structure of this shape, by their number less one; 0 where absent.
    pub(super) fn integers<const N: usize>(&mut self, shape: &[(i16, Shape)]) -> Result<[i32; N], Broken> {
        let mut integers = [0; N];
        self.fields(|number, kind, thrift| {
            let place = usize::try_from(number).ok().and_then(|number| integers.get_mut(number.checked_sub(1)?));
            match (find(shape, number), place) {
                (Some(Shape::Integer), Some(place)) if kind == Type::Integer => {
                    *place = thrift.integer()?;
                    Ok(Taken::Yes)
                }
                _ => thrift.taken(number, kind, shape),
            }
        })?;
        Ok(integers)
    }

    /// An integer of 32 bits.
    pub(super) fn integer(&mut self) -> Result<i32, Broken> {
        i32::try_from(self.zigzag()?).map_err(|_| Broken)
    }

    /// The head of a list: what is in it, and how many.
    pub(super) fn list(&mut self) -> Result<(Type, usize), Broken> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.varint()?,
            few => u64::from(few),
        };
        // Each takes a byte at least.
        let count = usize::try_from(count).ok().filter(|count| *count <= self.rest.len()).ok_or(Broken)?;
        // Some writers give an empty list no type.
        let kind = if count == 0 && head == 0 { Type::Struct } else { Type::of(head & 15)? };
        Ok((kind, count))
    }

    fn field(&mut self, last: i16) -> Result<Option<(i16, Type)>, Broken> {
        let head = self.byte()?;
        if head == 0 {
            return Ok(None);
        }
        let number = match head >> 4 {
            0 => i16::try_from(self.zigzag()?).map_err(|_| Broken)?,
            step => last.checked_add(i16::from(step)).ok_or(Broken)?,
        };
        Ok(Some((number, Type::of(head & 15)?)))
    }

    fn pass(&mut self, kind: Type, depth: usize) -> Result<(), Broken> {
        if depth > DEPTH {
            return Err(Broken);
        }
        match kind {
            Type::True | Type::False => Ok(()),
            Type::Byte => self.bytes(1),
            Type::Integer => self.varint().map(|_| ()),
            Type::Double => self.bytes(8),
            Type::Uuid => self.bytes(16),
            Type::Binary => {
                let length = usize::try_from(self.varint()?).map_err(|_| Broken)?;
                self.bytes(length)
            }
            Type::List => {
                let (kind, count) = self.list()?;
                (0..count).try_for_each(|_| self.pass_inside(kind, depth + 1))
            }
            Type::Map => self.pass_map(depth),
            Type::Struct => {
                let mut last = 0;
                while let Some((number, kind)) = self.field(last)? {
                    last = number;
                    self.pass(kind, depth + 1)?;
                }
                Ok(())
            }
        }
    }

    fn pass_map(&mut self, depth: usize) -> Result<(), Broken> {
        let count = self.varint()?;
        if count == 0 {
            return Ok(());
        }
        let head = self.byte()?;
        let (key, value) = (Type::of(head >> 4)?, Type::of(head & 15)?);
        (0..count).try_for_each(|_| {
            self.pass_inside(key, depth + 1)?;
            self.pass_inside(value, depth + 1)
        })
    }

    /// In a list or map a truth value is a byte, where in a structure it is in the type; the `parquet` crate takes it for
    /// nothing in both. No header that is passed over has such a list.
    fn pass_inside(&mut self, kind: Type, depth: usize) -> Result<(), Broken> {
        match kind {
            Type::True | Type::False => Err(Broken),
            kind => self.pass(kind, depth),
        }
    }

    fn byte(&mut self) -> Result<u8, Broken> {
        let (byte, rest) = self.rest.split_first().ok_or(Broken)?;
        self.rest = rest;
        Ok(*byte)
    }

    fn bytes(&mut self, count: usize) -> Result<(), Broken> {
        self.rest = self.rest.get(count..).ok_or(Broken)?;
        Ok(())
    }

    fn varint(&mut self) -> Result<u64, Broken> {
        let mut value: u64 = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return Err(Broken);
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Broken)
    }

    fn zigzag(&mut self) -> Result<i64, Broken> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }
}

fn find(shapes: &[(i16, Shape)], number: i16) -> Option<Shape> {
    shapes.iter().find(|(known, _)| *known == number).map(|(_, shape)| *shape)
}

/// Whether a field was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    Yes,
    No,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_zigzag() {
        for (bytes, value) in [(vec![0], 0), (vec![1], -1), (vec![2], 1), (vec![0xfe, 0xff, 0xff, 0xff, 0x0f], i32::MAX)] {
            assert_eq!(Thrift::new(&bytes).integer(), Ok(value));
        }
        // More than 32 bits, more than 64 bits, cut short.
        for bytes in [vec![0x80, 0x80, 0x80, 0x80, 0x20], vec![0xff; 10], vec![0x80]] {
            assert_eq!(Thrift::new(&bytes).integer(), Err(Broken));
        }
    }

    #[test]
    fn what_is_not_taken_is_passed_over() {
        // 1: binary of two bytes, 2: list of three small integers, 3: an integer, end.
        let bytes = [0x18, 2, b'a', b'b', 0x19, 0x35, 2, 4, 6, 0x15, 14, 0, 99];
        let (mut thrift, mut seen) = (Thrift::new(&bytes), Vec::new());
        thrift
            .fields(|number, kind, thrift| {
                if number == 3 {
                    seen.push((kind, thrift.integer()?));
                    return Ok(Taken::Yes);
                }
                Ok(Taken::No)
            })
            .expect("three fields");
        assert_eq!(seen, [(Type::Integer, 7)]);
        assert_eq!(thrift.left(), 1);
        assert_eq!(Thrift::new(&[0x19, 0, 0]).fields(|_, _, _| Ok(Taken::No)), Ok(()));
    }

    #[test]
    fn a_field_has_the_type_that_it_must_have() {
        const SHAPE: Shape = Shape::Struct(&[(1, Shape::Integer), (2, Shape::Truth), (3, Shape::Struct(&[(1, Shape::Byte)]))]);
        let is = |bytes: &[u8]| Thrift::new(bytes).shaped(Type::Struct, SHAPE).is_ok();
        assert!(is(&[0x15, 2, 0x11, 0x1c, 0x13, 9, 0, 0x18, 1, b'x', 0]));
        assert!(!is(&[0x18, 1, b'x', 0]) && !is(&[0x25, 2, 0]) && !is(&[0x3c, 0x15, 2, 0, 0]));
        let integers = Thrift::new(&[0x15, 2, 0x11, 0]).integers::<2>(&[(1, Shape::Integer), (2, Shape::Truth)]);
        assert_eq!(integers, Ok([1, 0]));
    }

    #[test]
    fn lengths_beyond_the_end_and_endless_depth_are_broken() {
        assert_eq!(Thrift::new(&[0x15, 2, 0x05, 2, 2, 0]).fields(|_, _, _| Ok(Taken::No)), Err(Broken), "not in order");
        for bytes in
            [vec![0x18, 0xff, 0xff, 3], vec![0x19, 0xf5, 0xff, 0xff, 0xff, 3, 0], vec![0x1c; 1000], vec![0x1b, 0xff, 0xff, 3, 0x55]]
        {
            assert_eq!(Thrift::new(&bytes).fields(|_, _, _| Ok(Taken::No)), Err(Broken));
        }
    }
}
