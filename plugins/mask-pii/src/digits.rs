//! Digits of other scripts. In half of the world people write their numbers in them, and every pattern
//! here is one of ASCII digits.

use crate::kinds::Found;

/// A text with ASCII digits in the place of others.
pub struct Folded {
    /// The text.
    pub text: String,
    /// For each byte of it, and its end, where that lies in the text as it was.
    places: Vec<usize>,
}

impl Folded {
    /// A find in the folded text, in the text as it was.
    pub fn unfold(&self, found: Found) -> Found {
        let place = |at: usize| self.places.get(at).copied().unwrap_or(usize::MAX);
        Found { start: place(found.start), end: place(found.end), ..found }
    }
}

/// Folds a text; none: it has no digit of another script, as most.
pub fn fold(text: &str) -> Option<Folded> {
    if !may_have(text.as_bytes()) || !text.chars().any(|c| value(c).is_some()) {
        return None;
    }
    let mut folded = Folded { text: String::with_capacity(text.len()), places: Vec::new() };
    for (at, c) in text.char_indices() {
        folded.text.push(value(c).map_or(c, char::from));
        folded.places.resize(folded.text.len(), at);
    }
    folded.places.push(text.len());
    Some(folded)
}

/// Can a text have digits of another script? Nearly never says yes without one, and decodes nothing.
fn may_have(b: &[u8]) -> bool {
    // D9 begins Arabic's, and none begins with less: Latin, Greek and Cyrillic texts end here.
    any(b, b, |c, _| c >= 0xD9) && b.get(1..).is_some_and(|after| any(b, after, ends_digit))
}

/// Are these the last two bytes of a digit that [`value`] knows?
fn ends_digit(last_but_one: u8, last: u8) -> bool {
    let from = |first: u8| last.wrapping_sub(first) < 10;
    let is = |byte: u8| last_but_one == byte;
    let indic = (last_but_one & 1 == 1) & (last_but_one.wrapping_sub(0xA5) <= 0x10);
    (from(0xA6) & indic)
        | (from(0xA0) & (is(0xD9) | is(0xBC) | is(0x9F)))
        | (from(0x90) & (is(0xB9) | is(0xBB) | is(0xBC)))
        | (from(0xB0) & is(0xDB))
        | (from(0x80) & is(0x81))
}

/// Does `test` hold for a pair of bytes at the same place?
#[inline(always)]
fn any(a: &[u8], b: &[u8], test: impl Fn(u8, u8) -> bool) -> bool {
    let a = a.get(..b.len()).unwrap_or_default();
    let (Some(last_a), Some(last_b)) = (a.last_chunk(), b.last_chunk()) else {
        return a.iter().zip(b).any(|(&a, &b)| test(a, b));
    };
    let mut chunks = a.as_chunks().0.iter().zip(b.as_chunks().0);
    // The last sixteen once more, as fewer would take longer.
    chunks.any(|(a, b)| any_of_16(a, b, &test)) || any_of_16(last_a, last_b, &test)
}

/// As [`any`]. Each pair has its own answer and there is no branch: so this compiles to vector instructions where
/// the target has them.
#[inline(always)]
fn any_of_16(a: &[u8; 16], b: &[u8; 16], test: impl Fn(u8, u8) -> bool) -> bool {
    let mut answers = [0_u8; 16];
    answers.iter_mut().zip(a.iter().zip(b)).for_each(|(answer, (&a, &b))| *answer = u8::from(test(a, b)));
    answers != [0; 16]
}

/// The ASCII digit of the same value, by the Unicode standard's tables of decimal digits.
fn value(c: char) -> Option<u8> {
    let c = u32::from(c);
    let digit = match c {
        0..=0x65F => return None,
        // Arabic, Persian
        0x660..=0x669 | 0x6F0..=0x6F9 => c & 0xF,
        // Devanagari, Bengali, Gurmukhi, Gujarati, Odia, Tamil, Telugu, Kannada, Malayalam: each 128 apart
        0x966..=0xD6F => (c & 0x7F).checked_sub(0x66)?,
        // Thai, Lao, Tibetan, Burmese, Khmer, full width
        0xE50..=0xE59
        | 0xED0..=0xED9
        | 0xF20..=0xF29
        | 0x1040..=0x1049
        | 0x17E0..=0x17E9
        | 0xFF10..=0xFF19 => c & 0xF,
        _ => return None,
    };
    u8::try_from(digit).ok().filter(|digit| *digit < 10).map(|digit| b'0' + digit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::Kind;

    #[test]
    fn digits_of_every_script_have_their_value() {
        let rows = [
            "٠١٢٣٤٥٦٧٨٩",
            "۰۱۲۳۴۵۶۷۸۹",
            "०१२३४५६७८९",
            "০১২৩৪৫৬৭৮৯",
            "੦੧੨੩੪੫੬੭੮੯",
            "૦૧૨૩૪૫૬૭૮૯",
            "୦୧୨୩୪୫୬୭୮୯",
            "௦௧௨௩௪௫௬௭௮௯",
            "౦౧౨౩౪౫౬౭౮౯",
            "೦೧೨೩೪೫೬೭೮೯",
            "൦൧൨൩൪൫൬൭൮൯",
            "๐๑๒๓๔๕๖๗๘๙",
            "໐໑໒໓໔໕໖໗໘໙",
            "༠༡༢༣༤༥༦༧༨༩",
            "၀၁၂၃၄၅၆၇၈၉",
            "០១២៣៤៥៦៧៨៩",
            "０１２３４５６７８９",
        ];
        for row in rows {
            assert_eq!(fold(row).unwrap().text, "0123456789", "{row}");
            // Each of them, wherever it stands.
            for digit in row.chars() {
                for before in 0..34 {
                    let text = format!("{}{digit}", "x".repeat(before));
                    assert!(
                        fold(&text).is_some() && fold(&(text + "xyz")).is_some(),
                        "{digit} after {before}"
                    );
                }
            }
        }
        assert!(fold("größer als 12").is_none() && fold("12").is_none());
    }

    #[test]
    fn a_find_lies_where_the_text_had_it() {
        let text = "ফোন ০১৭ x";
        let folded = fold(text).unwrap();
        let start = folded.text.find("017").unwrap();
        let found = folded.unfold(Found { kind: Kind::Phone, start, end: start + 3 });
        assert_eq!(&text[found.start..found.end], "০১৭");
        let end = folded.unfold(Found { kind: Kind::Phone, start: 0, end: folded.text.len() });
        assert_eq!((end.start, end.end), (0, text.len()));
    }
}
