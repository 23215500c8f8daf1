//! What is kept for keys: a row of words a key, which crosses the plugin boundary as it is. `wit/plugin.wit` says
//! what the words are.
//!
//! In memory and in the log a row is packed: its words, little-endian, texts as their lengths; then the texts.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray,
    UInt64Array,
};

use crate::{Field, Kind};

const STATE: u64 = 1;
const TIMER: u64 = 1 << 1;
/// Words before the fields, and bits before theirs.
const HEAD: usize = 2;
const WORD_BYTES: usize = 8;

/// What is kept for keys, a row of words each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The rows.
    pub words: Vec<u64>,
    /// The texts that words point to.
    pub bytes: Vec<u8>,
}

/// What the words of a row mean: the fields of a plan's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptFields {
    /// Kind, and whether every key with state has it.
    fields: Vec<(Kind, bool)>,
    has_texts: bool,
}

/// One row, and the texts that it points to.
#[derive(Clone, Copy, Debug)]
pub struct KeptRow<'a> {
    words: &'a [u64],
    bytes: &'a [u8],
}

impl KeptRow<'_> {
    /// Whether the key has state.
    #[must_use]
    pub fn has_state(&self) -> bool {
        bits(self.words) & STATE != 0
    }

    /// The key's timer, in microseconds since 1970, UTC.
    #[must_use]
    pub fn timer_us(&self) -> Option<i64> {
        (bits(self.words) & TIMER != 0).then(|| self.words.get(1).copied().unwrap_or_default().cast_signed())
    }

    /// A field's word, if it has a value.
    fn word(&self, field: usize) -> Option<u64> {
        self.words.get(HEAD + field).copied().filter(|_| bits(self.words) >> (HEAD + field) & 1 == 1)
    }

    /// A text field's value.
    fn text(&self, field: usize) -> Option<&[u8]> {
        self.bytes.get(span(self.word(field)?))
    }
}

fn bits(words: &[u64]) -> u64 {
    words.first().copied().unwrap_or_default()
}

fn span(word: u64) -> Range<usize> {
    (word >> 32) as usize..word as u32 as usize
}

impl KeptFields {
    /// More fields have no bit in a word.
    pub const MOST: usize = 64 - HEAD;

    /// The meaning of rows for these fields; none: they are too many.
    #[must_use]
    pub fn new(fields: &[Field]) -> Option<Self> {
        let has_texts = fields.iter().any(|f| is_text(f.kind));
        let fields: Vec<(Kind, bool)> = fields.iter().map(|f| (f.kind, f.required)).collect();
        (fields.len() <= Self::MOST).then_some(Self { fields, has_texts })
    }

    /// Words of a row.
    #[must_use]
    pub fn width(&self) -> usize {
        HEAD + self.fields.len()
    }

    /// Rows of keys without state.
    #[must_use]
    pub fn none(&self, keys: usize) -> Kept {
        Kept { words: vec![0; keys * self.width()], bytes: Vec::new() }
    }

    /// The row of a key.
    #[must_use]
    pub fn row<'a>(&self, kept: &'a Kept, key: usize) -> KeptRow<'a> {
        let width = self.width();
        KeptRow {
            words: kept.words.get(key * width..(key + 1) * width).unwrap_or_default(),
            bytes: &kept.bytes,
        }
    }

    /// The rows of all keys.
    pub fn rows<'a>(&self, kept: &'a Kept) -> impl ExactSizeIterator<Item = KeptRow<'a>> + Clone + use<'a> {
        kept.words.chunks_exact(self.width()).map(|words| KeptRow { words, bytes: &kept.bytes })
    }

    /// Takes a key's state and timer away.
    pub fn forget(&self, kept: &mut Kept, key: usize) {
        if let Some(bits) = kept.words.get_mut(key * self.width()) {
            *bits = 0;
        }
    }

    /// Sets or takes away the timer of a key with state, in microseconds since 1970, UTC.
    pub fn set_timer(&self, kept: &mut Kept, key: usize, timer_us: Option<i64>) {
        if let Some([bits, timer]) =
            kept.words.get_mut(key * self.width()..).and_then(|w| w.first_chunk_mut())
            && *bits & STATE != 0
        {
            *bits = if timer_us.is_some() { *bits | TIMER } else { *bits & !TIMER };
            *timer = timer_us.unwrap_or_default().cast_unsigned();
        }
    }

    /// Some keys' rows, with their own texts alone.
    #[must_use]
    pub fn slice(&self, kept: &Kept, keys: Range<usize>) -> Kept {
        let mut slice = Kept::default();
        keys.for_each(|key| self.push(&mut slice, self.row(kept, key)));
        slice
    }

    /// Puts other rows in the place of some keys' rows.
    pub fn replace(&self, kept: &mut Kept, keys: Range<usize>, with: &Kept) {
        let mut all = self.slice(kept, 0..keys.start);
        self.rows(with).for_each(|row| self.push(&mut all, row));
        (keys.end..kept.words.len() / self.width()).for_each(|key| self.push(&mut all, self.row(kept, key)));
        *kept = all;
    }

    fn push(&self, kept: &mut Kept, row: KeptRow<'_>) {
        let start = kept.words.len();
        kept.words.extend_from_slice(row.words);
        for field in self.texts() {
            let Some(text) = row.text(field) else { continue };
            let from = kept.bytes.len();
            kept.bytes.extend_from_slice(text);
            if let Some(word) = kept.words.get_mut(start + HEAD + field) {
                *word = (from as u64) << 32 | kept.bytes.len() as u64;
            }
        }
    }

    fn texts(&self) -> impl Iterator<Item = usize> {
        let fields = if self.has_texts { self.fields.as_slice() } else { &[] };
        fields.iter().enumerate().filter(|(_, (kind, _))| is_text(*kind)).map(|(field, _)| field)
    }

    /// Checks what a guest gave for so many keys, and tells how many bytes the texts of the key have that has most.
    ///
    /// # Errors
    /// A fixed text that says what is wrong.
    pub fn check(&self, kept: &Kept, keys: usize) -> Result<usize, &'static str> {
        if kept.words.len() != keys * self.width() {
            return Err("the state has the wrong number of words");
        }
        let known = u64::MAX >> (64 - HEAD - self.fields.len());
        let required = self.fields.iter().enumerate().filter(|(_, (_, required))| *required);
        let required = required.fold(0, |bits, (field, _)| bits | 1 << (HEAD + field));
        for row in self.rows(kept) {
            let bits = bits(row.words);
            if bits & !known != 0 || (bits & STATE == 0 && bits != 0) {
                return Err("a bit of the state is set that says nothing");
            }
            if bits & STATE != 0 && bits & required != required {
                return Err("a required state has no value");
            }
        }
        self.check_booleans(kept)?;
        if self.has_texts { self.check_texts(kept) } else { Ok(0) }
    }

    fn check_booleans(&self, kept: &Kept) -> Result<(), &'static str> {
        for (field, (kind, _)) in self.fields.iter().enumerate() {
            if *kind == Kind::Boolean && self.rows(kept).any(|row| row.word(field) > Some(1)) {
                return Err("a boolean is neither 0 nor 1");
            }
        }
        Ok(())
    }

    /// Texts lie behind one another, so that a few bytes cannot stand for many.
    fn check_texts(&self, kept: &Kept) -> Result<usize, &'static str> {
        let (mut end, mut most_bytes) = (0, 0);
        for row in self.rows(kept) {
            let start = end;
            for (field, (kind, _)) in self.fields.iter().enumerate().filter(|(_, (kind, _))| is_text(*kind)) {
                let Some(word) = row.word(field) else { continue };
                let at = span(word);
                if at.start != end {
                    return Err("the texts of the state do not lie behind one another");
                }
                end = at.end;
                let text = kept.bytes.get(at).ok_or("a text of the state is out of range")?;
                if *kind == Kind::Utf8 && simdutf8::basic::from_utf8(text).is_err() {
                    return Err("a text of the state is not UTF-8");
                }
            }
            most_bytes = most_bytes.max(end - start);
        }
        Ok(most_bytes)
    }

    /// Appends a row as memory and log have it.
    pub fn pack(&self, row: KeptRow<'_>, packed: &mut Vec<u8>) {
        let bits = bits(row.words);
        for (at, word) in row.words.iter().enumerate() {
            // What no bit stands for is nothing, so that equal rows have equal bytes.
            let stands = at == 0 || bits >> at & 1 == 1;
            let word = if stands { *word } else { 0 };
            packed.extend_from_slice(&word.to_le_bytes());
        }
        let start = packed.len() - row.words.len() * WORD_BYTES;
        for field in self.texts() {
            let Some(text) = row.text(field) else { continue };
            let at = start + (HEAD + field) * WORD_BYTES;
            if let Some(word) = packed.get_mut(at..at + WORD_BYTES) {
                word.copy_from_slice(&(text.len() as u64).to_le_bytes());
            }
            packed.extend_from_slice(text);
        }
    }

    /// Appends a packed row; none if it is damaged, and then nothing is appended that counts.
    #[must_use]
    pub fn unpack(&self, packed: &[u8], kept: &mut Kept) -> Option<()> {
        let (words, mut texts) = packed.split_at_checked(self.width() * WORD_BYTES)?;
        let start = kept.words.len();
        kept.words.extend(words.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)));
        let bits = kept.words.get(start).copied()?;
        for field in self.texts().filter(|field| bits >> (HEAD + field) & 1 == 1) {
            let word = kept.words.get_mut(start + HEAD + field)?;
            let (text, rest) = texts.split_at_checked(usize::try_from(*word).ok()?)?;
            let from = kept.bytes.len();
            kept.bytes.extend_from_slice(text);
            *word = (from as u64) << 32 | kept.bytes.len() as u64;
            texts = rest;
        }
        texts.is_empty().then_some(())
    }

    /// Whether a packed row is whole.
    #[must_use]
    pub fn fits(&self, packed: &[u8]) -> bool {
        let Some((words, texts)) = packed.split_at_checked(self.width() * WORD_BYTES) else { return false };
        let word = |at: usize| words.as_chunks().0.get(at).map_or(0, |word| u64::from_le_bytes(*word));
        let bytes =
            self.texts().filter(|field| word(0) >> (HEAD + field) & 1 == 1).map(|field| word(HEAD + field));
        bytes.fold(0, u64::saturating_add) == texts.len() as u64
    }

    /// The timer of a packed row.
    #[must_use]
    pub fn packed_timer_us(packed: &[u8]) -> Option<i64> {
        let [bits, timer, ..] = packed.as_chunks::<WORD_BYTES>().0 else { return None };
        (u64::from_le_bytes(*bits) & TIMER != 0).then(|| i64::from_le_bytes(*timer))
    }

    /// The fields' columns and the timers, a value a key, to be looked at.
    #[must_use]
    pub fn columns(&self, kept: &Kept) -> Vec<ArrayRef> {
        let fields = self.fields.iter().enumerate().map(|(field, (kind, _))| self.column(kept, field, *kind));
        let timers = self.rows(kept).map(|row| row.timer_us());
        let timers = TimestampMicrosecondArray::from_iter(timers).with_timezone("+00:00");
        fields.chain([Arc::new(timers) as ArrayRef]).collect()
    }

    fn column(&self, kept: &Kept, field: usize, kind: Kind) -> ArrayRef {
        let words = self.rows(kept).map(|row| row.word(field));
        let signed = words.clone().map(|word| word.map(u64::cast_signed));
        let text = |row: KeptRow<'_>| Some(String::from_utf8_lossy(row.text(field)?).into_owned());
        match kind {
            Kind::Boolean => Arc::new(words.map(|word| word.map(|word| word == 1)).collect::<BooleanArray>()),
            Kind::Int64 => Arc::new(signed.collect::<Int64Array>()),
            Kind::Uint64 => Arc::new(words.collect::<UInt64Array>()),
            Kind::Float64 => Arc::new(words.map(|word| word.map(f64::from_bits)).collect::<Float64Array>()),
            Kind::Timestamp => Arc::new(TimestampMicrosecondArray::from_iter(signed).with_timezone("+00:00")),
            Kind::Utf8 => Arc::new(self.rows(kept).map(text).collect::<StringArray>()),
            Kind::Binary => {
                let bytes = |row: KeptRow<'_>| row.text(field).map(<[u8]>::to_vec);
                Arc::new(self.rows(kept).map(bytes).collect::<BinaryArray>())
            }
        }
    }
}

fn is_text(kind: Kind) -> bool {
    matches!(kind, Kind::Utf8 | Kind::Binary)
}

#[cfg(test)]
mod tests;
