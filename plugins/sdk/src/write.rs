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
    /// Appends so many slots that nobody reads.
    fn skip_rows(column: &mut Self::Column, rows: usize);
    /// Appends a slot that nobody reads.
    fn skip(column: &mut Self::Column) {
        Self::skip_rows(column, 1);
    }
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
            fn skip_rows(column: &mut Vec<$item>, rows: usize) {
                column.resize(column.len() + rows, <$item>::default());
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
                column.ends.push(end(column.chars.len()));
            }
            fn skip_rows(column: &mut Text, rows: usize) {
                column.ends.resize(column.ends.len() + rows, end(column.chars.len()));
            }
            fn finish(Text { chars, ends }: Text) -> Column {
                // As bytes, which the host checks once; it would check a text twice.
                Column { values: Values::Blob(Blob { bytes: chars.into_bytes(), ends }), validity: None }
            }
        }
    };
}

/// A wasm32 memory ends before u32 does.
fn end(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
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
        column.ends.push(end(column.bytes.len()));
    }

    fn skip_rows(column: &mut Blob, rows: usize) {
        column.ends.resize(column.ends.len() + rows, end(column.bytes.len()));
    }

    fn finish(column: Blob) -> Column {
        Column { values: Values::Blob(column), validity: None }
    }
}

/// Which rows of an optional column have a value: a bit a row, least significant first. In most batches all have
/// one or none has: until the first that differs, rows are only counted.
#[derive(Debug, Default)]
pub struct Bits {
    /// Empty until a row has none: most columns need no bits.
    bytes: Vec<u8>,
    rows: usize,
    /// Whether those that are only counted have a value.
    valid: bool,
    /// The last rows, so many, have no slot among the values yet.
    owed: usize,
}

impl Bits {
    fn push(&mut self, valid: bool) {
        if self.bytes.is_empty() {
            if self.rows == 0 || self.valid == valid {
                self.valid = valid;
                self.rows += 1;
                return;
            }
            self.spell_out();
        }
        let bit = self.rows % 8;
        if bit == 0 {
            self.bytes.push(0);
        }
        if let Some(byte) = self.bytes.last_mut() {
            *byte |= u8::from(valid) << bit;
        }
        self.rows += 1;
    }

    fn spell_out(&mut self) {
        self.bytes.resize(self.rows.div_ceil(8), if self.valid { u8::MAX } else { 0 });
        if let Some(byte) = self.bytes.last_mut().filter(|_| !self.rows.is_multiple_of(8)) {
            *byte &= (1 << (self.rows % 8)) - 1;
        }
    }

    /// The contract's bits; none if all rows have a value.
    fn finish(mut self) -> Option<Vec<u8>> {
        if self.bytes.is_empty() && !self.valid {
            self.spell_out();
        }
        (!self.bytes.is_empty()).then_some(self.bytes)
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
            Some(value) => {
                if bits.owed > 0 {
                    T::skip_rows(values, std::mem::take(&mut bits.owed));
                }
                T::push(values, value);
            }
            None => bits.owed += 1,
        }
    }

    fn skip_rows(column: &mut Self::Column, rows: usize) {
        for _ in 0..rows {
            Self::push(column, None);
        }
    }

    fn finish((bits, mut values): Self::Column) -> Column {
        T::skip_rows(&mut values, bits.owed);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn column(values: &[Option<i64>]) -> Column {
        let mut column = <Option<i64>>::column(values.len());
        values.iter().for_each(|value| <Option<i64>>::push(&mut column, *value));
        <Option<i64>>::finish(column)
    }

    #[test]
    fn validity_is_spelled_out_where_rows_differ() {
        let all = column(&[Some(3); 9]);
        assert_eq!((all.values, all.validity), (Values::S64s(vec![3; 9]), None));
        let none = column(&[None; 9]);
        assert_eq!((none.values, none.validity), (Values::S64s(vec![0; 9]), Some(vec![0, 0])));
        let last = column(&[Some(3), Some(3), None]);
        assert_eq!((last.values, last.validity), (Values::S64s(vec![3, 3, 0]), Some(vec![0b011])));
        let rows: Vec<_> = (0..18).map(|row| (row > 8 && row != 16).then_some(row)).collect();
        let mixed = column(&rows);
        assert_eq!(mixed.validity, Some(vec![0, 0b1111_1110, 0b10]));
        assert_eq!(mixed.values, Values::S64s(rows.iter().map(|row| row.unwrap_or(0)).collect()));
    }
}
