//! Arrow columns to the contract's, and back with every claim of the guest checked.

use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Float64Array, Int64Array, StringArray,
    TimestampMicrosecondArray, UInt64Array,
};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{Float64Type, Int64Type, TimestampMicrosecondType, UInt64Type};
use event::Kind;

use crate::contract::types;

/// The zone of all timestamps: one text for all arrays.
static UTC: LazyLock<Arc<str>> = LazyLock::new(|| Arc::from("+00:00"));

/// Buffers that a lent column needs beside Arrow's own: kept between calls, so that a call allocates
/// nothing once they have grown.
#[derive(Default)]
struct Scratch {
    bytes: Vec<u8>,
    ends: Vec<u32>,
    validity: Vec<u8>,
    valid: bool,
}

impl Scratch {
    /// Fills the buffers for one column.
    fn prepare(&mut self, column: &ArrayRef) {
        self.bytes.clear();
        self.ends.clear();
        self.validity.clear();
        self.valid = column.null_count() == 0;
        if let (false, Some(nulls)) = (self.valid, column.nulls()) {
            self.copy_validity(nulls.inner());
        }
        if let Some(bools) = column.as_boolean_opt() {
            self.bytes.extend(bools.values().iter().map(u8::from));
        } else if let Some(text) = column.as_string_opt::<i32>() {
            self.ends.extend(ends(text.value_offsets()));
        } else if let Some(blob) = column.as_binary_opt::<i32>() {
            self.ends.extend(ends(blob.value_offsets()));
        }
    }

    fn copy_validity(&mut self, valid: &BooleanBuffer) {
        let size = valid.len().div_ceil(8);
        if let (0, Some(bytes)) = (valid.offset(), valid.values().get(..size)) {
            self.validity.extend_from_slice(bytes);
            // Arrow may have bits of other rows behind the last one.
            if let (Some(last), used @ 1..) = (self.validity.last_mut(), valid.len() % 8) {
                *last &= !(u8::MAX << used);
            }
            return;
        }
        self.validity.extend(valid.bit_chunks().iter().flat_map(u64::to_le_bytes));
        self.validity.extend(valid.bit_chunks().remainder_bits().to_le_bytes());
        self.validity.truncate(size);
    }

    /// The column as the contract has it, lent from Arrow's buffers and these.
    fn lend<'a>(&'a self, column: &'a ArrayRef) -> Option<types::ColumnParam<'a>> {
        let values = if column.as_boolean_opt().is_some() {
            types::ValuesParam::U8s(&self.bytes)
        } else if let Some(v) = column.as_primitive_opt::<Int64Type>() {
            types::ValuesParam::S64s(v.values())
        } else if let Some(v) = column.as_primitive_opt::<TimestampMicrosecondType>() {
            types::ValuesParam::S64s(v.values())
        } else if let Some(v) = column.as_primitive_opt::<UInt64Type>() {
            types::ValuesParam::U64s(v.values())
        } else if let Some(v) = column.as_primitive_opt::<Float64Type>() {
            types::ValuesParam::F64s(v.values())
        } else if let Some(v) = column.as_string_opt::<i32>() {
            let bytes = used(v.value_data(), v.value_offsets())?;
            let chars = simdutf8::basic::from_utf8(bytes).ok()?;
            types::ValuesParam::Text(types::TextParam { chars, ends: &self.ends })
        } else if let Some(v) = column.as_binary_opt::<i32>() {
            let bytes = used(v.value_data(), v.value_offsets())?;
            types::ValuesParam::Blob(types::BlobParam { bytes, ends: &self.ends })
        } else {
            return None;
        };
        let validity = (!self.valid).then_some(self.validity.as_slice());
        Some(types::ColumnParam { values, validity })
    }
}

/// Lends whole sets of columns, keeping the buffers between calls.
#[derive(Default)]
pub(crate) struct Lender {
    scratch: Vec<Scratch>,
}

impl Lender {
    /// The columns as the contract has them; none if one is of a kind that it has not.
    pub(crate) fn lend<'a>(&'a mut self, columns: &'a [ArrayRef]) -> Option<Vec<types::ColumnParam<'a>>> {
        if self.scratch.len() < columns.len() {
            self.scratch.resize_with(columns.len(), Scratch::default);
        }
        for (scratch, column) in self.scratch.iter_mut().zip(columns) {
            scratch.prepare(column);
        }
        self.scratch.iter().zip(columns).map(|(scratch, column)| scratch.lend(column)).collect()
    }
}

/// A column of the host's own, copied for the guest.
pub(crate) fn give(column: &ArrayRef) -> Option<types::ColumnResult> {
    use types::{ColumnParam, ValuesParam, ValuesResult};
    let mut scratch = Scratch::default();
    scratch.prepare(column);
    let ColumnParam { values, validity } = scratch.lend(column)?;
    let values = match values {
        ValuesParam::U8s(v) => ValuesResult::U8s(v.into()),
        ValuesParam::S64s(v) => ValuesResult::S64s(v.into()),
        ValuesParam::U64s(v) => ValuesResult::U64s(v.into()),
        ValuesParam::F64s(v) => ValuesResult::F64s(v.into()),
        ValuesParam::Text(t) => {
            ValuesResult::Text(types::TextResult { chars: t.chars.into(), ends: t.ends.into() })
        }
        ValuesParam::Blob(b) => {
            ValuesResult::Blob(types::BlobResult { bytes: b.bytes.into(), ends: b.ends.into() })
        }
    };
    Some(types::ColumnResult { values, validity: validity.map(Into::into) })
}

/// Takes a column that the guest asks with: of whatever kind and length it has.
pub(crate) fn take_any(column: types::ColumnResult) -> Result<ArrayRef, &'static str> {
    use types::ValuesResult as Values;
    let (kind, rows) = match &column.values {
        Values::U8s(v) => (Kind::Boolean, v.len()),
        Values::S64s(v) => (Kind::Int64, v.len()),
        Values::U64s(v) => (Kind::Uint64, v.len()),
        Values::F64s(v) => (Kind::Float64, v.len()),
        Values::Text(text) => (Kind::Utf8, text.ends.len()),
        Values::Blob(blob) => (Kind::Binary, blob.ends.len()),
    };
    take(column, kind, rows)
}

/// Offsets of a slice, from its own start.
fn ends(offsets: &[i32]) -> impl Iterator<Item = u32> + '_ {
    let start = offsets.first().copied().unwrap_or(0);
    offsets.iter().skip(1).map(move |end| end.wrapping_sub(start) as u32)
}

fn used<'a>(data: &'a [u8], offsets: &[i32]) -> Option<&'a [u8]> {
    let from = usize::try_from(*offsets.first()?).ok()?;
    let to = usize::try_from(*offsets.last()?).ok()?;
    data.get(from..to)
}

/// Takes a column from the guest as `rows` values of `kind`.
///
/// # Errors
/// A fixed text that says what is wrong with it.
pub(crate) fn take(column: types::ColumnResult, kind: Kind, rows: usize) -> Result<ArrayRef, &'static str> {
    use types::ValuesResult as Values;
    let nulls = take_validity(column.validity, rows)?;
    let of_length = |len: usize| {
        if len == rows { Ok(()) } else { Err("a column has the wrong number of values") }
    };
    Ok(match (kind, column.values) {
        (Kind::Boolean, Values::U8s(v)) => {
            of_length(v.len())?;
            if v.iter().any(|b| *b > 1) {
                return Err("a boolean is neither 0 nor 1");
            }
            let bits = BooleanBuffer::collect_bool(rows, |i| v.get(i) == Some(&1));
            Arc::new(BooleanArray::new(bits, nulls))
        }
        (Kind::Int64, Values::S64s(v)) => {
            of_length(v.len())?;
            Arc::new(Int64Array::new(v.into(), nulls))
        }
        (Kind::Timestamp, Values::S64s(v)) => {
            of_length(v.len())?;
            Arc::new(TimestampMicrosecondArray::new(v.into(), nulls).with_timezone(UTC.clone()))
        }
        (Kind::Uint64, Values::U64s(v)) => {
            of_length(v.len())?;
            Arc::new(UInt64Array::new(v.into(), nulls))
        }
        (Kind::Float64, Values::F64s(v)) => {
            of_length(v.len())?;
            Arc::new(Float64Array::new(v.into(), nulls))
        }
        (Kind::Utf8, Values::Text(text)) => take_text(text.chars.into_bytes(), &text.ends, rows, nulls)?,
        (Kind::Utf8, Values::Blob(blob)) => take_text(blob.bytes, &blob.ends, rows, nulls)?,
        (Kind::Binary, Values::Blob(blob)) => {
            let offsets = take_ends(&blob.ends, blob.bytes.len(), rows)?;
            let array = BinaryArray::try_new(offsets, Buffer::from_vec(blob.bytes), nulls)
                .map_err(|_| "a binary column has wrong ends")?;
            Arc::new(array)
        }
        _ => return Err("a column is of another kind than planned"),
    })
}

fn take_text(
    bytes: Vec<u8>,
    ends: &[u32],
    rows: usize,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, &'static str> {
    let offsets = take_ends(ends, bytes.len(), rows)?;
    // try_new checks that it is UTF-8, and that every offset is a character boundary.
    let array = StringArray::try_new(offsets, Buffer::from_vec(bytes), nulls)
        .map_err(|_| "a text column is not UTF-8, or cut inside a character")?;
    Ok(Arc::new(array))
}

fn take_validity(validity: Option<Vec<u8>>, rows: usize) -> Result<Option<NullBuffer>, &'static str> {
    let Some(bytes) = validity else { return Ok(None) };
    if bytes.len() != rows.div_ceil(8) {
        return Err("a column's validity has the wrong length");
    }
    Ok(Some(NullBuffer::new(BooleanBuffer::new(Buffer::from_vec(bytes), 0, rows))))
}

fn take_ends(ends: &[u32], size: usize, rows: usize) -> Result<OffsetBuffer<i32>, &'static str> {
    if ends.len() != rows {
        return Err("a column has the wrong number of values");
    }
    let mut offsets = Vec::with_capacity(rows + 1);
    offsets.push(0_i32);
    let mut last = 0;
    for end in ends {
        let end = i32::try_from(*end).map_err(|_| "a column's ends are out of range")?;
        if end < last {
            return Err("a column's ends decrease");
        }
        offsets.push(end);
        last = end;
    }
    if usize::try_from(last).ok() != Some(size) {
        return Err("a column's last end is not its size");
    }
    Ok(OffsetBuffer::new(ScalarBuffer::from(offsets)))
}

/// A column of no rows.
pub(crate) fn empty(kind: Kind) -> ArrayRef {
    match kind {
        Kind::Boolean => Arc::new(BooleanArray::new(BooleanBuffer::new_unset(0), None)),
        Kind::Int64 => Arc::new(Int64Array::new(Vec::new().into(), None)),
        Kind::Uint64 => Arc::new(UInt64Array::new(Vec::new().into(), None)),
        Kind::Float64 => Arc::new(Float64Array::new(Vec::new().into(), None)),
        Kind::Timestamp => {
            Arc::new(TimestampMicrosecondArray::new(Vec::new().into(), None).with_timezone("+00:00"))
        }
        Kind::Utf8 => Arc::new(StringArray::new_null(0)),
        Kind::Binary => Arc::new(BinaryArray::new_null(0)),
    }
}
