//! From the words that the host keeps for a key to the author's struct, and back.

use crate::{FieldSpec, Kind, Timestamp};

/// What a plugin keeps for a key: a struct that owns its values; derive it.
pub trait State: Default {
    /// The fields in their order.
    const FIELDS: &'static [FieldSpec];
    /// The struct of the fields' words.
    fn load(words: Words<'_>) -> Self;
    /// Writes the fields' words.
    fn store(self, words: WordsMut<'_>);
}

/// A Rust type that a field of state can have: `bool`, `i64`, `u64`, `f64`, [`Timestamp`], `String`, `Vec<u8>`, and
/// an `Option` of these.
#[diagnostic::on_unimplemented(
    message = "a plugin cannot keep a field as `{Self}`",
    note = "fields of state are bool, i64, u64, f64, vigie::Timestamp, String, Vec<u8>, or an Option of one of these"
)]
pub trait StateCell {
    /// The kind of the field.
    const KIND: Kind;
    /// Whether the value may be missing.
    const OPTIONAL: bool = false;
    /// The value of a word.
    fn load(word: u64, bytes: &[u8]) -> Self;
    /// The word of the value.
    fn store(self, bytes: &mut Vec<u8>) -> u64;
    /// The value of a word that may have none.
    fn load_if(has: bool, word: u64, bytes: &[u8]) -> Self
    where
        Self: Sized,
    {
        let _ = has;
        Self::load(word, bytes)
    }
    /// Whether the value is there.
    fn is_some(&self) -> bool {
        true
    }
}

macro_rules! state_cell {
    ($type:ty, $kind:ident, $load:expr, $store:expr) => {
        impl StateCell for $type {
            const KIND: Kind = Kind::$kind;
            fn load(word: u64, _: &[u8]) -> $type {
                $load(word)
            }
            fn store(self, _: &mut Vec<u8>) -> u64 {
                $store(self)
            }
        }
    };
}

state_cell!(bool, Boolean, |word| word != 0, u64::from);
state_cell!(i64, Int64, u64::cast_signed, i64::cast_unsigned);
state_cell!(u64, Uint64, |word| word, |value| value);
state_cell!(f64, Float64, f64::from_bits, f64::to_bits);
state_cell!(Timestamp, Timestamp, |word: u64| Timestamp(word.cast_signed()), |time: Timestamp| time
    .0
    .cast_unsigned());

impl StateCell for Vec<u8> {
    const KIND: Kind = Kind::Binary;

    fn load(word: u64, bytes: &[u8]) -> Self {
        bytes.get((word >> 32) as usize..word as u32 as usize).unwrap_or_default().into()
    }

    fn store(self, bytes: &mut Vec<u8>) -> u64 {
        let from = bytes.len() as u64;
        bytes.extend(self);
        from << 32 | bytes.len() as u64
    }
}

impl StateCell for String {
    const KIND: Kind = Kind::Utf8;

    fn load(word: u64, bytes: &[u8]) -> Self {
        // The host has checked it; it is only the type that is not known to be text.
        Self::from_utf8(Vec::load(word, bytes)).unwrap_or_default()
    }

    fn store(self, bytes: &mut Vec<u8>) -> u64 {
        self.into_bytes().store(bytes)
    }
}

impl<T: StateCell + Default> StateCell for Option<T> {
    const KIND: Kind = T::KIND;
    const OPTIONAL: bool = true;

    fn load(word: u64, bytes: &[u8]) -> Self {
        Some(T::load(word, bytes))
    }

    fn load_if(has: bool, word: u64, bytes: &[u8]) -> Self {
        has.then(|| T::load(word, bytes))
    }

    fn store(self, bytes: &mut Vec<u8>) -> u64 {
        self.map_or(0, |value| value.store(bytes))
    }

    fn is_some(&self) -> bool {
        self.is_some()
    }
}

/// Bits of a row's first word, and words before those of the fields.
pub(crate) const STATE: u64 = 1;
pub(crate) const TIMER: u64 = 1 << 1;
const HEAD: usize = 2;

/// The words of a row of so many state fields.
pub(crate) const fn width(fields: usize) -> usize {
    HEAD + fields
}

/// The fields' words of a key that has state.
#[derive(Debug)]
pub struct Words<'a> {
    bits: u64,
    fields: std::slice::Iter<'a, u64>,
    bytes: &'a [u8],
}

impl Words<'_> {
    /// The next field.
    #[inline]
    pub fn next_cell<T: StateCell>(&mut self) -> T {
        let word = self.fields.next().copied().unwrap_or_default();
        let has = self.bits & 1 == 1;
        self.bits >>= 1;
        T::load_if(has, word, self.bytes)
    }
}

/// Room for the fields' words of a key.
#[derive(Debug)]
pub struct WordsMut<'a> {
    bits: &'a mut u64,
    bit: u64,
    fields: std::slice::IterMut<'a, u64>,
    bytes: &'a mut Vec<u8>,
}

impl WordsMut<'_> {
    /// The next field.
    #[inline]
    pub fn next_cell<T: StateCell>(&mut self, value: T) {
        let bit = if value.is_some() { self.bit } else { 0 };
        *self.bits |= bit;
        self.bit <<= 1;
        let word = value.store(self.bytes);
        if let Some(slot) = self.fields.next() {
            *slot = word;
        }
    }
}

/// State and timer of a key's row; none and no timer for a key that has no state.
pub(crate) fn load<S: State>(row: &[u64], bytes: &[u8]) -> (Option<S>, Option<i64>) {
    let [bits, timer, fields @ ..] = row else { return (None, None) };
    let timer = (bits & TIMER != 0).then(|| timer.cast_signed());
    let state =
        (bits & STATE != 0).then(|| S::load(Words { bits: bits >> HEAD, fields: fields.iter(), bytes }));
    (state, timer)
}

/// Writes a key's row: no state, no timer either.
pub(crate) fn store<S: State>(row: &mut [u64], bytes: &mut Vec<u8>, state: Option<S>, timer: Option<i64>) {
    let [bits, at, fields @ ..] = row else { return };
    *bits = 0;
    let Some(state) = state else { return };
    *bits = STATE | if timer.is_some() { TIMER } else { 0 };
    *at = timer.unwrap_or_default().cast_unsigned();
    state.store(WordsMut { bits, bit: 1 << HEAD, fields: fields.iter_mut(), bytes });
}
