//! One growing column a field: values are staged for an event, and appended when all of it is good.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Float64Builder, Int64Builder, StringArray, StringBuilder,
    TimestampMicrosecondBuilder, UInt64Builder, new_null_array,
};
use arrow::datatypes::DataType;

use crate::reject::{IMPLAUSIBLE_TIME, OUT_OF_RANGE, WRONG_TYPE};
use crate::schema::{Kind, TimeFormat};
use crate::{Reject, time};

/// A number as JSON has it.
#[derive(Clone, Copy)]
pub(crate) enum Number {
    Signed(i64),
    Unsigned(u64),
    Float(f64),
}

enum Builder {
    Boolean(BooleanBuilder),
    Int64(Int64Builder),
    Uint64(UInt64Builder),
    Float64(Float64Builder),
    Timestamp(TimestampMicrosecondBuilder),
    Utf8(StringBuilder),
    Binary(BinaryBuilder),
}

/// A column, and the value that the event at hand has for it.
pub(crate) struct Column {
    builder: Builder,
    pub(crate) required: bool,
    pub(crate) time: TimeFormat,
    pub(crate) scale: Option<f64>,
    /// The event at hand has this key, if only with null.
    pub(crate) seen: bool,
    pub(crate) valid: bool,
    bits: u64,
    text: String,
}

impl Column {
    pub(crate) fn new(kind: Kind, required: bool) -> Self {
        let builder = match kind {
            Kind::Boolean => Builder::Boolean(BooleanBuilder::new()),
            Kind::Int64 => Builder::Int64(Int64Builder::new()),
            Kind::Uint64 => Builder::Uint64(UInt64Builder::new()),
            Kind::Float64 => Builder::Float64(Float64Builder::new()),
            Kind::Timestamp => Builder::Timestamp(TimestampMicrosecondBuilder::new().with_timezone("+00:00")),
            Kind::Utf8 => Builder::Utf8(StringBuilder::new()),
            Kind::Binary => Builder::Binary(BinaryBuilder::new()),
        };
        let text = String::new();
        let time = TimeFormat::default();
        Self { builder, required, time, scale: None, seen: false, valid: false, bits: 0, text }
    }

    /// The value that every event has.
    pub(crate) fn with_constant(mut self, constant: &str) -> Self {
        self.text.push_str(constant);
        self.seen = true;
        self.valid = true;
        self
    }

    /// A column that no event decides: the constant, or nothing, in every row.
    pub(crate) fn filled(&self, kind: &DataType, rows: usize) -> ArrayRef {
        if self.valid {
            Arc::new(StringArray::from_iter_values(std::iter::repeat_n(&self.text, rows)))
        } else {
            new_null_array(kind, rows)
        }
    }

    pub(crate) fn reset(&mut self) {
        self.seen = false;
        self.valid = false;
    }

    pub(crate) fn stage_text(&mut self, text: &str) -> Result<(), Reject> {
        match self.builder {
            Builder::Utf8(_) | Builder::Binary(_) => {
                self.text.clear();
                self.text.push_str(text);
            }
            Builder::Timestamp(_) => {
                let us = time::of_text(text, self.time).ok_or(IMPLAUSIBLE_TIME)?;
                self.bits = us.cast_unsigned();
            }
            Builder::Uint64(_) => {
                let digits = text.len() <= 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
                let bits = u64::from_str_radix(text, 16).ok().filter(|_| digits);
                self.bits = bits.ok_or(WRONG_TYPE)?;
            }
            _ => return Err(WRONG_TYPE),
        }
        self.valid = true;
        Ok(())
    }

    pub(crate) fn stage_bool(&mut self, value: bool) -> Result<(), Reject> {
        let Builder::Boolean(_) = self.builder else { return Err(WRONG_TYPE) };
        self.bits = u64::from(value);
        self.valid = true;
        Ok(())
    }

    pub(crate) fn stage_number(&mut self, number: Number) -> Result<(), Reject> {
        let number = self.scale.map_or(number, |scale| Number::Float(number.float() * scale));
        self.bits = match self.builder {
            Builder::Int64(_) => number.signed().ok_or(OUT_OF_RANGE)?.cast_unsigned(),
            Builder::Uint64(_) => number.unsigned().ok_or(OUT_OF_RANGE)?,
            Builder::Float64(_) => {
                let value = number.float();
                if !value.is_finite() {
                    return Err(OUT_OF_RANGE);
                }
                value.to_bits()
            }
            Builder::Timestamp(_) => time::of_number(number.float(), number.signed(), self.time)
                .ok_or(IMPLAUSIBLE_TIME)?
                .cast_unsigned(),
            _ => return Err(WRONG_TYPE),
        };
        self.valid = true;
        Ok(())
    }

    /// Appends what was staged, or a missing value.
    pub(crate) fn append(&mut self) {
        let valid = self.valid;
        let bits = self.bits;
        match &mut self.builder {
            Builder::Boolean(b) => b.append_option(valid.then_some(bits == 1)),
            Builder::Int64(b) => b.append_option(valid.then_some(bits.cast_signed())),
            Builder::Uint64(b) => b.append_option(valid.then_some(bits)),
            Builder::Float64(b) => b.append_option(valid.then(|| f64::from_bits(bits))),
            Builder::Timestamp(b) => b.append_option(valid.then_some(bits.cast_signed())),
            Builder::Utf8(b) => b.append_option(valid.then_some(self.text.as_str())),
            Builder::Binary(b) => b.append_option(valid.then_some(self.text.as_bytes())),
        }
    }

    pub(crate) fn finish(&mut self) -> ArrayRef {
        match &mut self.builder {
            Builder::Boolean(b) => Arc::new(b.finish()),
            Builder::Int64(b) => Arc::new(b.finish()),
            Builder::Uint64(b) => Arc::new(b.finish()),
            Builder::Float64(b) => Arc::new(b.finish()),
            Builder::Timestamp(b) => Arc::new(b.finish()),
            Builder::Utf8(b) => Arc::new(b.finish()),
            Builder::Binary(b) => Arc::new(b.finish()),
        }
    }
}

impl Number {
    fn float(self) -> f64 {
        match self {
            Self::Signed(n) => n as f64,
            Self::Unsigned(n) => n as f64,
            Self::Float(x) => x,
        }
    }

    /// The number if it is whole and in range; a float is taken where it is exact.
    fn signed(self) -> Option<i64> {
        match self {
            Self::Signed(n) => Some(n),
            Self::Unsigned(n) => i64::try_from(n).ok(),
            Self::Float(x) => (x.fract() == 0.0 && x.abs() < 9.0e15).then_some(x as i64),
        }
    }

    fn unsigned(self) -> Option<u64> {
        match self {
            Self::Unsigned(n) => Some(n),
            other => other.signed().and_then(|n| u64::try_from(n).ok()),
        }
    }
}
