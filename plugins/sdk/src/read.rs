//! From the columns that the host hands over to the struct of one event.

use crate::bindings::vigie::plugin::types::{Blob, Column, Text, Values};
use crate::{FieldSpec, Kind, Timestamp};

/// What a plugin reads of one event; derive it.
///
/// It is implemented for the struct with `'static` for its lifetime, and stands for it with any.
pub trait Reads {
    /// The batch, a typed column a field, from which rows are made without looking at kinds again.
    type Columns;
    /// The struct with the lifetime of the batch that its texts are borrowed from.
    type Row<'a>;
    /// The fields in their order.
    const FIELDS: &'static [FieldSpec];
    /// Takes the columns of a batch, in the order of the fields.
    fn columns(source: &mut Source) -> Self::Columns;
    /// The event of a row.
    fn row(columns: &Self::Columns, row: usize) -> Self::Row<'_>;
}

/// The events of a batch, before the first has its turn.
pub struct Events<'a, R: Reads> {
    columns: &'a R::Columns,
    rows: usize,
}

impl<'a, R: Reads> Events<'a, R> {
    pub(crate) fn new(columns: &'a R::Columns, rows: usize) -> Self {
        Self { columns, rows }
    }

    /// All events, in the order of their rows.
    pub fn iter(&self) -> impl Iterator<Item = R::Row<'a>> + use<'a, R> {
        let columns = self.columns;
        (0..self.rows).map(move |row| R::row(columns, row))
    }
}

/// The columns of a call; fields that do not reach the step have none.
#[derive(Debug)]
pub struct Source {
    columns: std::vec::IntoIter<Column>,
    present: std::vec::IntoIter<bool>,
}

impl Source {
    /// `present`: for each read field, whether the host was told that it is read.
    pub(crate) fn new(columns: Vec<Column>, present: Vec<bool>) -> Self {
        Self { columns: columns.into_iter(), present: present.into_iter() }
    }

    /// The next field's column.
    pub fn next_column(&mut self) -> Option<Column> {
        if self.present.next()? { self.columns.next() } else { None }
    }
}

/// A Rust type that a read field can have: `bool`, `i64`, `u64`, `f64`, [`Timestamp`], `&str`,
/// `String`, `Vec<u8>`, and an `Option` of these. The last two own their values, as state does.
///
/// Any other type does not compile:
/// ```compile_fail,E0277
/// #[derive(vigie::Reads)]
/// struct Event { number: i32 }
/// ```
/// Nor does a struct whose fields have no names:
/// ```compile_fail
/// #[derive(vigie::Reads)]
/// struct Event(i64);
/// ```
#[diagnostic::on_unimplemented(
    message = "a plugin cannot read a field as `{Self}`",
    note = "fields are bool, i64, u64, f64, vigie::Timestamp, &str, String, Vec<u8>, or an Option of one of these"
)]
pub trait ReadCell {
    /// The kind of the field.
    const KIND: Kind;
    /// Whether the value may be missing.
    const OPTIONAL: bool = false;
    /// A batch of values.
    type Column;
    /// One value, borrowed from the batch if it is a text.
    type Value<'a>;
    /// Unwraps the contract's column; one of another kind is as good as none.
    fn take(column: Option<Column>) -> Self::Column;
    /// The value of a row. A row past the end has the type's default.
    fn get(column: &Self::Column, row: usize) -> Self::Value<'_>;
}

macro_rules! read_cell {
    ($type:ty, $kind:ident, $variant:ident, $item:ty, $make:expr) => {
        impl ReadCell for $type {
            const KIND: Kind = Kind::$kind;
            type Column = Vec<$item>;
            type Value<'a> = $type;
            fn take(column: Option<Column>) -> Vec<$item> {
                match column {
                    Some(Column { values: Values::$variant(values), .. }) => values,
                    _ => Vec::new(),
                }
            }
            fn get(column: &Vec<$item>, row: usize) -> $type {
                $make(column.get(row).copied().unwrap_or_default())
            }
        }
    };
}

read_cell!(bool, Boolean, U8s, u8, |byte| byte != 0);
read_cell!(i64, Int64, S64s, i64, |value| value);
read_cell!(u64, Uint64, U64s, u64, |value| value);
read_cell!(f64, Float64, F64s, f64, |value| value);
read_cell!(Timestamp, Timestamp, S64s, i64, Timestamp);

impl ReadCell for &'static str {
    const KIND: Kind = Kind::Utf8;
    type Column = Text;
    type Value<'a> = &'a str;

    fn take(column: Option<Column>) -> Text {
        match column {
            Some(Column { values: Values::Text(text), .. }) => text,
            _ => Text { chars: String::new(), ends: Vec::new() },
        }
    }

    fn get(column: &Text, row: usize) -> &str {
        let from = row.checked_sub(1).map_or(0, |before| end(column, before));
        column.chars.get(from..end(column, row)).unwrap_or_default()
    }
}

impl ReadCell for String {
    const KIND: Kind = Kind::Utf8;
    type Column = Text;
    type Value<'a> = String;

    fn take(column: Option<Column>) -> Text {
        <&'static str>::take(column)
    }

    fn get(column: &Text, row: usize) -> String {
        <&'static str>::get(column, row).into()
    }
}

impl ReadCell for Vec<u8> {
    const KIND: Kind = Kind::Binary;
    type Column = Blob;
    type Value<'a> = Vec<u8>;

    fn take(column: Option<Column>) -> Blob {
        match column {
            Some(Column { values: Values::Blob(blob), .. }) => blob,
            _ => Blob { bytes: Vec::new(), ends: Vec::new() },
        }
    }

    fn get(column: &Blob, row: usize) -> Vec<u8> {
        let end = |row: usize| column.ends.get(row).map_or(0, |end| *end as usize);
        let from = row.checked_sub(1).map_or(0, end);
        column.bytes.get(from..end(row)).unwrap_or_default().into()
    }
}

fn end(text: &Text, row: usize) -> usize {
    text.ends.get(row).map_or(0, |end| *end as usize)
}

/// The rows of an optional field that have a value.
#[derive(Debug)]
pub struct Validity {
    /// Every row has one.
    all: bool,
    /// A bit a row, least significant first; of a field that does not reach the step, none.
    bits: Vec<u8>,
}

impl Validity {
    #[inline]
    fn has(&self, row: usize) -> bool {
        self.all || has(&self.bits, row)
    }
}

/// A bit a row, least significant first.
pub(crate) fn has(bytes: &[u8], row: usize) -> bool {
    bytes.get(row / 8).is_some_and(|byte| byte >> (row % 8) & 1 == 1)
}

impl<T: ReadCell> ReadCell for Option<T> {
    const KIND: Kind = T::KIND;
    const OPTIONAL: bool = true;
    type Column = (Validity, T::Column);
    type Value<'a> = Option<T::Value<'a>>;

    fn take(mut column: Option<Column>) -> Self::Column {
        let bits = column.as_mut().and_then(|column| column.validity.take());
        let validity = Validity { all: column.is_some() && bits.is_none(), bits: bits.unwrap_or_default() };
        (validity, T::take(column))
    }

    fn get((validity, values): &Self::Column, row: usize) -> Option<T::Value<'_>> {
        validity.has(row).then(|| T::get(values, row))
    }
}
