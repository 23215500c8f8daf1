//! Columns to JSON, an object a row.

use std::sync::Arc;

use arrow::array::{
    Array, AsArray as _, RecordBatch, StringArray, StructArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow::datatypes::{DataType, Field, FieldRef, TimestampMicrosecondType, UInt64Type};
use arrow::error::ArrowError;
use arrow::json::writer::{Encoder as Column, EncoderFactory, EncoderOptions, NullableEncoder, make_encoder};
use bytes::Bytes;

use crate::schema::Kind;
use crate::{Error, time};

/// Writes batches, each into memory that its rows share.
pub struct Encoder {
    options: EncoderOptions,
    /// What the largest batch took.
    most_bytes: usize,
}

/// The rows of one batch.
pub struct Encoded {
    bytes: Bytes,
    ends: Vec<usize>,
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Encoder {
    /// An encoder.
    #[must_use]
    pub fn new() -> Self {
        Self { options: EncoderOptions::default().with_encoder_factory(Arc::new(Own)), most_bytes: 0 }
    }

    /// Writes a batch; missing values are left out, times are RFC 3339, uint64 is hexadecimal text.
    ///
    /// # Errors
    /// [`Error::Arrow`].
    pub fn encode(&mut self, batch: &RecordBatch) -> Result<Encoded, Error> {
        let rows = StructArray::from(batch.clone());
        let field = Arc::new(Field::new_struct("", rows.fields().clone(), false));
        let mut encoder = make_encoder(&field, &rows, &self.options)?;
        let (mut bytes, mut ends) = (Vec::with_capacity(self.most_bytes), Vec::with_capacity(rows.len()));
        for row in 0..rows.len() {
            encoder.encode(row, &mut bytes);
            ends.push(bytes.len());
        }
        self.most_bytes = self.most_bytes.max(bytes.len());
        Ok(Encoded { bytes: bytes.into(), ends })
    }
}

/// Columns that Arrow would not write as they are to be, or not as fast.
#[derive(Debug)]
struct Own;

impl EncoderFactory for Own {
    fn make_default_encoder<'a>(
        &self,
        _: &'a FieldRef,
        column: &'a dyn Array,
        _: &'a EncoderOptions,
    ) -> Result<Option<NullableEncoder<'a>>, ArrowError> {
        let encoder: Box<dyn Column + 'a> = match column.data_type() {
            DataType::UInt64 => Box::new(Hexadecimals(column.as_primitive::<UInt64Type>())),
            DataType::Utf8 => Box::new(Texts(column.as_string::<i32>())),
            utc if *utc == Kind::Timestamp.arrow() => {
                let times = column.as_primitive::<TimestampMicrosecondType>();
                if !times.iter().flatten().all(time::is_plausible) {
                    return Ok(None);
                }
                Box::new(Times(times))
            }
            _ => return Ok(None),
        };
        Ok(Some(NullableEncoder::new(encoder, column.nulls().cloned())))
    }
}

/// Texts without leading zeros.
struct Hexadecimals<'a>(&'a UInt64Array);

impl Column for Hexadecimals<'_> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        let mut digits = [b'0'; 16];
        // There is room for two digits a byte.
        let _ = hex::encode_to_slice(self.0.value(row).to_be_bytes(), &mut digits);
        let zeros = digits.iter().take(15).take_while(|digit| **digit == b'0').count();
        out.push(b'"');
        out.extend(digits.iter().skip(zeros));
        out.push(b'"');
    }
}

struct Texts<'a>(&'a StringArray);

impl Column for Texts<'_> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        let text = self.0.value(row);
        // Most have nothing to escape (RFC 8259, section 7); without a branch many bytes are looked at at once.
        let plain = |plain, byte| plain & (byte >= b' ') & (byte != b'"') & (byte != b'\\');
        if text.bytes().fold(true, plain) {
            out.push(b'"');
            out.extend_from_slice(text.as_bytes());
            out.push(b'"');
        } else {
            // Into memory: there is nothing that could fail.
            let _ = sonic_rs::to_writer(out, text);
        }
    }
}

struct Times<'a>(&'a TimestampMicrosecondArray);

impl Column for Times<'_> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        out.push(b'"');
        time::write(self.0.value(row), out);
        out.push(b'"');
    }
}

impl Encoded {
    /// Row `row`.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<Bytes> {
        let from = match row.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        let end = *self.ends.get(row)?;
        Some(self.bytes.slice(from..end))
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Float64Array};
    use arrow::json::LineDelimitedWriter;

    use super::*;

    /// Rows as Arrow's own writer writes them.
    fn by_arrow(batch: &RecordBatch) -> Vec<String> {
        let mut bytes = Vec::new();
        let mut writer = LineDelimitedWriter::new(&mut bytes);
        writer.write(batch).unwrap();
        writer.finish().unwrap();
        String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
    }

    fn by_us(batch: &RecordBatch) -> Vec<String> {
        let encoded = Encoder::new().encode(batch).unwrap();
        let row = |row| String::from_utf8(encoded.get(row).unwrap().to_vec()).unwrap();
        assert!(encoded.get(encoded.len()).is_none());
        (0..encoded.len()).map(row).collect()
    }

    fn times(us: impl IntoIterator<Item = Option<i64>>) -> ArrayRef {
        Arc::new(us.into_iter().collect::<TimestampMicrosecondArray>().with_timezone("+00:00"))
    }

    #[test]
    fn texts_times_and_numbers_are_written_as_arrow_writes_them() {
        let (mut texts, mut us) = (Vec::new(), Vec::new());
        let mut seed = 7_u64;
        let mut by_chance = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        let letters: Vec<char> =
            "\0\u{1}\u{8}\t\n\u{c}\r\u{1f} !\"\\/az\u{7f}é\u{2028}家🚒".chars().collect();
        for number in 0..4000 {
            // Half of them have nothing to escape.
            let from = if number % 2 == 0 { 0 } else { 13 };
            let (most, of) = (by_chance(80), u64::try_from(letters.len()).unwrap() - from);
            let letter = |_| letters[usize::try_from(from + by_chance(of)).unwrap()];
            texts.push((number % 9 != 0).then(|| (0..most).map(letter).collect::<String>()));
            let seconds = i64::try_from(by_chance(1 << 31) * 3 + by_chance(3)).unwrap();
            let fraction = [0, 1, 1000, 500_000, 123_456, 999_999][usize::try_from(by_chance(6)).unwrap()];
            us.push((number % 7 != 0).then_some(seconds * 1_000_000 + fraction));
        }
        let numbers = us.iter().map(|us| us.map(|us| us as f64 / 7e9)).collect::<Float64Array>();
        let columns: [(&str, ArrayRef); 3] = [
            ("a \"text\"", Arc::new(StringArray::from(texts))),
            ("at", times(us)),
            ("number", Arc::new(numbers)),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        assert_eq!(by_us(&batch), by_arrow(&batch));
        let part = batch.slice(1000, 100);
        assert_eq!(by_us(&part), by_arrow(&part));
    }

    #[test]
    fn times_of_no_event_are_left_to_arrow() {
        let batch =
            RecordBatch::try_from_iter([("at", times([Some(-1), Some(i64::MAX), None, Some(0)]))]).unwrap();
        assert_eq!(by_us(&batch), by_arrow(&batch));
    }

    #[test]
    fn uint64_is_hexadecimal_text() {
        let cells =
            UInt64Array::from(vec![Some(0), None, Some(0x871f_1d48_9fff_ffff), Some(u64::MAX), Some(16)]);
        let batch = RecordBatch::try_from_iter([("cell", Arc::new(cells) as ArrayRef)]).unwrap();
        let texts = ["\"0\"", "", "\"871f1d489fffffff\"", "\"ffffffffffffffff\"", "\"10\""];
        let row = |text: &str| if text.is_empty() { "{}".into() } else { format!("{{\"cell\":{text}}}") };
        assert_eq!(by_us(&batch), texts.map(row));
    }
}
