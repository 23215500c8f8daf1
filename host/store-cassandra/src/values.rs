//! Columns as CQL has them.
//!
//! Unsigned numbers are H3 cells: texts of 15 hexadecimal digits, as every tool for cells writes them and as
//! the other stores have them; `bigint` would lose large ones and be read by nobody. Times are CQL timestamps,
//! in ms, rounded down, as that is what every client reads and draws; the column that orders a table has its µs
//! beside it (`timestamp_us`, see `shape`).

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, BinaryArray, BooleanArray, Float64Array, Int64Array, ListArray,
    StringArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType, UInt64Type};
use scylla::serialize::writers::{CellOverflowError, CellWriter, WrittenCellProof};

/// A type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scalar {
    Text,
    Bigint,
    Double,
    Boolean,
    Timestamp,
    Date,
    Blob,
    Int,
    Uuid,
}

/// A type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cql {
    One(Scalar),
    List(Scalar),
}

impl Scalar {
    fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Bigint => "bigint",
            Self::Double => "double",
            Self::Boolean => "boolean",
            Self::Timestamp => "timestamp",
            Self::Date => "date",
            Self::Blob => "blob",
            Self::Int => "int",
            Self::Uuid => "uuid",
        }
    }

    fn of_arrow(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Utf8 | DataType::UInt64 => Self::Text,
            DataType::Int64 => Self::Bigint,
            DataType::Float64 => Self::Double,
            DataType::Boolean => Self::Boolean,
            DataType::Timestamp(TimeUnit::Microsecond, _) => Self::Timestamp,
            DataType::Binary => Self::Blob,
            _ => return None,
        })
    }
}

impl Cql {
    /// As the server writes it.
    pub(crate) fn name(self) -> String {
        match self {
            Self::One(scalar) => scalar.name().into(),
            Self::List(scalar) => format!("frozen<list<{}>>", scalar.name()),
        }
    }

    /// The type for an Arrow column; none: it cannot be stored.
    pub(crate) fn of_arrow(data_type: &DataType) -> Option<Self> {
        match data_type {
            DataType::List(item) => Scalar::of_arrow(item.data_type()).map(Self::List),
            other => Scalar::of_arrow(other).map(Self::One),
        }
    }
}

/// A column of a batch.
#[derive(Clone)]
pub(crate) enum Values {
    Text(StringArray),
    Cell(UInt64Array),
    Int(Int64Array),
    Float(Float64Array),
    Boolean(BooleanArray),
    Time(TimestampMicrosecondArray),
    Blob(BinaryArray),
    List(ListArray, Box<Values>),
}

type Written<'w> = Result<WrittenCellProof<'w>, CellOverflowError>;

impl Values {
    pub(crate) fn new(column: &ArrayRef) -> Option<Self> {
        Some(match column.data_type() {
            DataType::Utf8 => Self::Text(column.as_string_opt::<i32>()?.clone()),
            DataType::UInt64 => Self::Cell(column.as_primitive_opt::<UInt64Type>()?.clone()),
            DataType::Int64 => Self::Int(column.as_primitive_opt::<Int64Type>()?.clone()),
            DataType::Float64 => Self::Float(column.as_primitive_opt::<Float64Type>()?.clone()),
            DataType::Boolean => Self::Boolean(column.as_boolean_opt()?.clone()),
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                Self::Time(column.as_primitive_opt::<TimestampMicrosecondType>()?.clone())
            }
            DataType::Binary => Self::Blob(column.as_binary_opt::<i32>()?.clone()),
            DataType::List(_) => {
                let list = column.as_list_opt::<i32>()?;
                Self::List(list.clone(), Box::new(Self::new(list.values())?))
            }
            _ => return None,
        })
    }

    pub(crate) fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Text(a) => a.is_null(row),
            Self::Cell(a) => a.is_null(row),
            Self::Int(a) => a.is_null(row),
            Self::Float(a) => a.is_null(row),
            Self::Boolean(a) => a.is_null(row),
            Self::Time(a) => a.is_null(row),
            Self::Blob(a) => a.is_null(row),
            Self::List(a, _) => a.is_null(row),
        }
    }

    /// A row's text; none: it has none, or this is no column of texts.
    pub(crate) fn text(&self, row: usize) -> Option<&str> {
        match self {
            Self::Text(a) if a.is_valid(row) => Some(a.value(row)),
            _ => None,
        }
    }

    /// A row's time, in µs since 1970.
    pub(crate) fn time_us(&self, row: usize) -> Option<i64> {
        match self {
            Self::Time(a) if a.is_valid(row) => Some(a.value(row)),
            Self::Int(a) if a.is_valid(row) => Some(a.value(row)),
            _ => None,
        }
    }

    /// What a row's value takes, in bytes, where that is not a few.
    pub(crate) fn bytes(&self, row: usize) -> usize {
        match self {
            Self::Text(a) => a.value_length(row).unsigned_abs() as usize,
            Self::Blob(a) => a.value_length(row).unsigned_abs() as usize,
            Self::List(a, items) => list_range(a, row).map(|i| 12 + items.bytes(i)).sum(),
            _ => 0,
        }
    }

    /// Writes a row's value as CQL has it on the wire; the row must not be null.
    pub(crate) fn write<'w>(&self, row: usize, cell: CellWriter<'w>) -> Written<'w> {
        match self {
            Self::Text(a) => cell.set_value(a.value(row).as_bytes()),
            Self::Cell(a) => cell.set_value(&hexadecimal(a.value(row))),
            Self::Int(a) => cell.set_value(&a.value(row).to_be_bytes()),
            Self::Float(a) => cell.set_value(&a.value(row).to_be_bytes()),
            Self::Boolean(a) => cell.set_value(&[u8::from(a.value(row))]),
            Self::Time(a) => cell.set_value(&a.value(row).div_euclid(1_000).to_be_bytes()),
            Self::Blob(a) => cell.set_value(a.value(row)),
            Self::List(a, items) => {
                let range = list_range(a, row);
                let mut builder = cell.into_value_builder();
                // More items than 2^31 do not fit an Arrow list.
                builder.append_bytes(&i32::try_from(range.len()).unwrap_or(i32::MAX).to_be_bytes());
                for item in range {
                    let sub = builder.make_sub_writer();
                    if items.is_null(item) {
                        sub.set_null();
                    } else {
                        items.write(item, sub)?;
                    }
                }
                builder.finish()
            }
        }
    }
}

fn list_range(list: &ListArray, row: usize) -> std::ops::Range<usize> {
    let offset = |at: usize| list.value_offsets().get(at).map_or(0, |o| o.unsigned_abs() as usize);
    offset(row)..offset(row + 1)
}

/// 15 digits, or 16 where they are needed.
fn hexadecimal(cell: u64) -> impl std::ops::Deref<Target = [u8]> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [b'0'; 16];
    for (nibble, place) in text.iter_mut().rev().enumerate() {
        let digit = (cell >> (4 * nibble)) & 15;
        *place = DIGITS.get(digit as usize).copied().unwrap_or(b'0');
    }
    Digits { text, from: usize::from(cell >> 60 == 0) }
}

struct Digits {
    text: [u8; 16],
    from: usize,
}

impl std::ops::Deref for Digits {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.text.get(self.from..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::ListBuilder;
    use arrow::array::StringBuilder;

    use super::*;

    fn written(column: ArrayRef, row: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        Values::new(&column).unwrap().write(row, CellWriter::new(&mut bytes)).unwrap();
        // The first four are the length.
        bytes.split_off(4)
    }

    #[test]
    fn values_are_written_as_cql_has_them() {
        let cells = Arc::new(UInt64Array::from(vec![0x0871_fb46_62ff_ffff, u64::MAX, 0]));
        for (row, text) in [(0, "871fb4662ffffff"), (1, "ffffffffffffffff"), (2, "000000000000000")] {
            assert_eq!(written(cells.clone(), row), text.as_bytes());
        }
        let times = Arc::new(TimestampMicrosecondArray::from(vec![1_999, -1, i64::MIN]));
        for (row, ms) in [(0, 1_i64), (1, -1), (2, i64::MIN.div_euclid(1_000))] {
            assert_eq!(written(times.clone(), row), ms.to_be_bytes());
        }
        assert_eq!(written(Arc::new(Float64Array::from(vec![1.5])), 0), 1.5_f64.to_be_bytes());
        assert_eq!(written(Arc::new(BooleanArray::from(vec![true])), 0), [1]);
        assert_eq!(written(Arc::new(StringArray::from(vec!["é"])), 0), "é".as_bytes());
    }

    #[test]
    fn a_list_is_written_with_its_items() {
        let mut lists = ListBuilder::new(StringBuilder::new());
        lists.append_value([Some("skipped")]);
        lists.append_value([Some("a"), None]);
        let lists: ArrayRef = Arc::new(lists.finish());
        let expected = [&[0, 0, 0, 2, 0, 0, 0, 1, b'a'][..], &[255; 4]].concat();
        assert_eq!(written(lists.clone(), 1), expected);
        assert_eq!(Values::new(&lists).unwrap().bytes(0), 12 + 7);
        assert_eq!(Cql::of_arrow(lists.data_type()).unwrap().name(), "frozen<list<text>>");
    }
}
