//! From the struct of one event to the columns that the host takes back.

use crate::bindings::vigie::plugin::types::{Blob, Column, Text, Values};
use crate::{FieldSpec, Kind, Timestamp};

/// What a plugin writes of one event; derive it.
///
/// It is implemented for the struct with `'static` for its lifetime, and stands for it with any.
pub trait Writes {
    /// The columns under construction, one a field.
    type Columns;
    /// The struct with the lifetime of what its texts are borrowed from.
    type Row<'a>;
    /// The fields in their order.
    const FIELDS: &'static [FieldSpec];
    /// Empty columns with room for so many rows.
    fn columns(rows: usize) -> Self::Columns;
    /// Appends an event.
    fn push(columns: &mut Self::Columns, row: Self::Row<'_>);
    /// Appends a slot that the host ignores, as its row is refused.
    fn skip(columns: &mut Self::Columns);
    /// Hands over the finished columns, in the order of the fields.
    fn finish(columns: Self::Columns, sink: &mut Sink);
    /// Makes the columns of rows that are all there already: a field at a time, which takes less than
    /// appending the fields of one row after the other.
    fn gather(rows: Vec<Self::Row<'_>>, sink: &mut Sink);
}

/// Takes the finished columns of a call, and drops those of fields that the step leaves alone.
#[derive(Debug)]
pub struct Sink {
    written: std::vec::IntoIter<bool>,
    pub(crate) columns: Vec<Column>,
}

impl Sink {
    /// `written`: for each field, whether the host was told that it is written.
    pub(crate) fn new(written: Vec<bool>) -> Self {
        Self { columns: Vec::with_capacity(written.len()), written: written.into_iter() }
    }

    /// Takes the next field's column.
    pub fn next_column(&mut self, column: Column) {
        if self.written.next() == Some(true) {
            self.columns.push(column);
        }
    }
}

/// A Rust type that a written field can have: `bool`, `i64`, `u64`, `f64`, [`Timestamp`], `&str`,
/// `String`, `Vec<u8>`, and an `Option` of these.
#[diagnostic::on_unimplemented(
    message = "a plugin cannot write a field as `{Self}`",
    note = "fields are bool, i64, u64, f64, vigie::Timestamp, &str, String, Vec<u8>, or an Option of one of these"
)]
pub trait WriteCell {
    /// The kind of the field.
    const KIND: Kind;
    /// Whether the value may be missing.
    const OPTIONAL: bool = false;
    /// A column under construction.
    type Column;
    /// One value.
    type Value<'a>: Default;
    /// An empty column with room for so many rows.
    fn column(rows: usize) -> Self::Column;
    /// Appends a value.
    fn push(column: &mut Self::Column, value: Self::Value<'_>);
    /// Appends a slot that nobody reads.
    fn skip(column: &mut Self::Column);
    /// The contract's column.
    fn finish(column: Self::Column) -> Column;
    /// The contract's column of all its values.
    fn gather<'a>(values: impl ExactSizeIterator<Item = Self::Value<'a>>) -> Column {
        let mut column = Self::column(values.len());
        values.for_each(|value| Self::push(&mut column, value));
        Self::finish(column)
    }
}

macro_rules! write_cell {
    ($type:ty, $kind:ident, $variant:ident, $item:ty, $make:expr) => {
        impl WriteCell for $type {
            const KIND: Kind = Kind::$kind;
            type Column = Vec<$item>;
            type Value<'a> = $type;
            fn column(rows: usize) -> Vec<$item> {
                Vec::with_capacity(rows)
            }
            fn push(column: &mut Vec<$item>, value: $type) {
                column.push($make(value));
            }
            fn skip(column: &mut Vec<$item>) {
                column.push(<$item>::default());
            }
            fn finish(column: Vec<$item>) -> Column {
                Column { values: Values::$variant(column), validity: None }
            }
            fn gather<'a>(values: impl ExactSizeIterator<Item = Self::Value<'a>>) -> Column {
                Self::finish(values.map($make).collect())
            }
        }
    };
}

write_cell!(bool, Boolean, U8s, u8, u8::from);
write_cell!(i64, Int64, S64s, i64, |value| value);
write_cell!(u64, Uint64, U64s, u64, |value| value);
write_cell!(f64, Float64, F64s, f64, |value| value);
write_cell!(Timestamp, Timestamp, S64s, i64, |time: Timestamp| time.0);

macro_rules! write_text {
    ($type:ty, $a:lifetime, $value:ty) => {
        impl WriteCell for $type {
            const KIND: Kind = Kind::Utf8;
            type Column = Text;
            type Value<$a> = $value;
            fn column(rows: usize) -> Text {
                Text { chars: String::new(), ends: Vec::with_capacity(rows) }
            }
            fn push(column: &mut Text, value: Self::Value<'_>) {
                column.chars.push_str(value.as_ref());
                <Self as WriteCell>::skip(column);
            }
            fn skip(column: &mut Text) {
                // A wasm32 memory ends before u32 does.
                column.ends.push(u32::try_from(column.chars.len()).unwrap_or(u32::MAX));
            }
            fn finish(column: Text) -> Column {
                Column { values: Values::Text(column), validity: None }
            }
        }
    };
}

write_text!(&'static str, 'a, &'a str);
write_text!(String, 'a, String);

impl WriteCell for Vec<u8> {
    const KIND: Kind = Kind::Binary;
    type Column = Blob;
    type Value<'a> = Vec<u8>;

    fn column(rows: usize) -> Blob {
        Blob { bytes: Vec::new(), ends: Vec::with_capacity(rows) }
    }

    fn push(column: &mut Blob, value: Vec<u8>) {
        column.bytes.extend(value);
        Self::skip(column);
    }

    fn skip(column: &mut Blob) {
        column.ends.push(u32::try_from(column.bytes.len()).unwrap_or(u32::MAX));
    }

    fn finish(column: Blob) -> Column {
        Column { values: Values::Blob(column), validity: None }
    }
}

/// Which rows of an optional column have a value: a bit a row, least significant first.
#[derive(Debug, Default)]
pub struct Bits {
    /// Empty until a row has none: most columns need no bits.
    bytes: Vec<u8>,
    rows: usize,
}

impl Bits {
    fn push(&mut self, valid: bool) {
        if !(valid && self.bytes.is_empty()) {
            self.set(valid);
        }
        self.rows += 1;
    }

    fn set(&mut self, valid: bool) {
        let (byte, bit) = (self.rows / 8, self.rows % 8);
        if self.bytes.is_empty() {
            self.bytes.resize(byte, u8::MAX);
            self.bytes.push((1 << bit) - 1);
        } else if bit == 0 {
            self.bytes.push(0);
        }
        if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(valid) << bit;
        }
    }

    fn finish(self) -> Option<Vec<u8>> {
        Some(self.bytes).filter(|bytes| !bytes.is_empty())
    }
}

impl<T: WriteCell> WriteCell for Option<T> {
    const KIND: Kind = T::KIND;
    const OPTIONAL: bool = true;
    type Column = (Bits, T::Column);
    type Value<'a> = Option<T::Value<'a>>;

    fn column(rows: usize) -> Self::Column {
        (Bits::default(), T::column(rows))
    }

    fn push((bits, values): &mut Self::Column, value: Option<T::Value<'_>>) {
        bits.push(value.is_some());
        match value {
            Some(value) => T::push(values, value),
            None => T::skip(values),
        }
    }

    fn skip(column: &mut Self::Column) {
        Self::push(column, None);
    }

    fn finish((bits, values): Self::Column) -> Column {
        Column { validity: bits.finish(), ..T::finish(values) }
    }

    fn gather<'a>(values: impl ExactSizeIterator<Item = Option<T::Value<'a>>>) -> Column {
        let (mut bytes, mut row, mut missing) = (vec![0_u8; values.len().div_ceil(8)], 0, false);
        let values = T::gather(values.map(|value| {
            if let Some(byte) = bytes.get_mut(row / 8) {
                *byte |= u8::from(value.is_some()) << (row % 8);
            }
            row += 1;
            missing |= value.is_none();
            value.unwrap_or_default()
        }));
        Column { validity: missing.then_some(bytes), ..values }
    }
}
