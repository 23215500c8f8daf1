//! Dates of birth: a date shortly after a word that says so. A date alone is no
//! personal datum, hence the cue.

use super::{Found, Kind, at, back, begins, fold, number, starts_with, word_after, word_before};

/// How far before the date its cue may begin.
const REACH: usize = 40;

/// Beginnings of words that announce a birth, sorted, none beginning with another.
#[rustfmt::skip]
const STEMS: [&str; 155] = [
    "*", "aliyezaliw", "alizaliw", "aniversári", "anniversaire", "b. ", "bday", "birth", "born", "compleanno",
    "cumple", "d. nașterii", "d.o.b", "datëlindj", "dhalasho", "dhashay", "dilindj", "dob", "doğdu", "doğul",
    "doğum", "dzimis", "dzimšan", "fædd", "fèt", "född", "födelse", "fødsel", "født", "geb ", "geb.",
    "geboorte", "geboren", "geburt", "gimim", "gimė", "gimęs", "haihuwa", "ipinanganak", "jaio", "ji dayik",
    "kapanganakan", "kuzaliw", "lahir", "lindur", "nac. ", "nac.:", "nacid", "nacimi", "nació", "naissance",
    "naixement", "nar. ", "naroz", "nascid", "nasciment", "nascit", "nascut", "nata ", "nato ", "naştere",
    "nașter", "nee ", "nesans", "ngày sinh", "nilizaliw", "né ", "né(", "née", "născut", "rodjen", "rođ",
    "rugadh", "sinh", "synt. ", "syntymä", "syntynyt", "szül", "sündinud", "sünniaeg", "terak", "tug'il",
    "tugʻil", "twieled", "ur. ", "urodz", "verjaardag", "zaman lahir", "γενν", "ημ. γεν", "д.р", "дата нар",
    "народ", "роден", "родил", "рожд", "рођен", "таваллуд", "туулган", "туған", "төрсөн", "төрүл", "ծննդ",
    "ծնվ", "מולד", "נולד", "תאריך לידה", "المولود", "الميلاد", "الولاد", "تولد", "زېږېد", "لەدایک", "متولد",
    "مواليد", "مولود", "ميلاد", "ولاد", "ولد", "پیدائش", "जन्म", "জন্ম", "ਜਨਮ", "જન્મ", "ଜନ୍ମ", "பிறந்த",
    "జన్మ", "పుట్టిన", "ಜನ್ಮ", "ಹುಟ್ಟಿದ", "ജനി", "උපන්", "เกิด", "ເກີດ", "မွေး", "დაბადე", "დაიბადა", "ተወለደ",
    "ትውልድ", "የልደት", "የተወለደ", "የትውልድ", "កើត", "ថ្ងៃកំណើត", "出世", "出生", "生まれ", "生于", "生年月日", "生於", "生日", "誕生",
    "생년월일", "생일", "출생",
];

/// Month names by their beginnings, sorted, none beginning with another.
#[rustfmt::skip]
const MONTHS: [&str; 300] = [
    "abr", "ago", "agu", "aou", "aoû", "apr", "ara", "aug", "avg", "avr", "ağu", "bal", "bir", "bře", "cze",
    "dec", "dek", "des", "dez", "dic", "disye", "dub", "déc", "eki", "elo", "ene", "eyl", "feb", "feeb",
    "fev", "fév", "geg", "gen", "giu", "gru", "haz", "heinä", "helmi", "huhti", "hulyo", "hunyo", "ian",
    "iul", "iun", "jan", "joulu", "jui", "jul", "jun", "jän", "júl", "jún", "kas", "kesä", "kol", "kvě",
    "kwi", "lap", "led", "lie", "lip", "lis", "loka", "lug", "lut", "maalis", "mac", "mag", "mai", "maj",
    "mar", "may", "mei", "mrt", "máj", "már", "mär", "nis", "nobye", "noi", "nov", "oca", "oct", "okt", "ott",
    "out", "ožu", "paź", "pebre", "pro", "rugp", "rugs", "ruj", "sau", "sep", "set", "sie", "sij", "spa",
    "srp", "stu", "sty", "svi", "syys", "szept", "tammi", "tem", "touko", "tra", "vas", "velj", "wrz", "zář",
    "ápr", "úno", "čer", "říj", "şub", "απρ", "αυγ", "αύγ", "δεκ", "ιαν", "ιουλ", "ιουν", "ιούλ", "ιούν",
    "μάι", "μαΐ", "μαρ", "μαϊ", "νοέ", "νοε", "οκτ", "σεπ", "φεβ", "авг", "апр", "бер", "вер", "груд", "дек",
    "дец", "жовт", "июл", "июн", "квіт", "лип", "лист", "лют", "май", "мар", "мая", "мај", "нов", "ное",
    "ноя", "окт", "сен", "сеп", "серп", "січ", "трав", "феб", "фев", "черв", "юли", "юни", "янв", "яну",
    "јан", "јул", "јун", "אוגוסט", "אוקטובר", "אפריל", "דצמבר", "יולי", "יוני", "ינואר", "מאי", "מרץ",
    "נובמבר", "ספטמבר", "פברואר", "آب", "آذار", "آذر", "آوریل", "أبريل", "أغسطس", "أفريل", "أكتوبر", "أوت",
    "أيار", "أيلول", "إبريل", "ابريل", "اردیبهشت", "اسفند", "اكتوبر", "اوت", "اکتبر", "بهمن", "تشرين", "تموز",
    "تیر", "جانفي", "جوان", "جويلية", "حزيران", "خرداد", "دسامبر", "ديسمبر", "دی", "سبتمبر", "سپتامبر",
    "شباط", "شهریور", "فبراير", "فروردین", "فوریه", "فيفري", "كانون", "مارس", "ماي", "مرداد", "مهر", "نوامبر",
    "نوفمبر", "نيسان", "يناير", "يوليو", "يونيو", "ژانویه", "ژوئن", "ژوئیه", "अक्ट", "अक्तू", "अग", "अप्र",
    "जन", "जुल", "जून", "दिस", "नव", "फर", "फ़र", "मई", "मार्च", "सित", "অক্ট", "আগ", "এপ্র", "জানু", "জুন",
    "জুলা", "ডিসে", "নভে", "ফেব্রু", "মার্চ", "মে", "সেপ্ট", "กรกฎา", "กันยา", "กุมภา", "ตุลา", "ธันวา",
    "พฤศจิกา", "พฤษภา", "มกรา", "มิถุนา", "มีนา", "สิงหา", "เมษา", "စက်တင်ဘာ", "ဇန်နဝါရီ", "ဇူလိုင်", "ဇွန်",
    "ဒီဇင်ဘာ", "နိုဝင်ဘာ", "ဖေဖော်ဝါရီ", "မတ်", "မေ", "သြဂုတ်", "အောက်တိုဘာ", "ဧပြီ", "ဩဂုတ်", "აგვ", "აპრ",
    "დეკ", "თებ", "იან", "ივლ", "ივნ", "მაი", "მარ", "ნოე", "ოქტ", "სექ",
];

/// The end of a word of two letters or more at `i`.
fn word_end(b: &[u8], i: usize) -> Option<usize> {
    let letter = |c: u8| c.is_ascii_alphabetic() || c >= 0x80;
    let mut end = i;
    while end - i < 32 && letter(at(b, end)) {
        end += 1;
    }
    (end >= i + 2).then_some(end)
}

/// Where the number after a month at `i` begins. Looks for it first: the word after most numbers is no month, and
/// no number follows it.
fn after_month(b: &[u8], i: usize) -> Option<usize> {
    word_end(b, i).filter(|&end| at(b, gap(b, end)).is_ascii_digit())?;
    month_at(b, i).map(|end| gap(b, end))
}

/// The name of a month at `i`, or Vietnamese "tháng 5": its end.
fn month_at(b: &[u8], i: usize) -> Option<usize> {
    let end = word_end(b, i)?;
    if starts_with(b, i, "tháng ".as_bytes()) {
        return number(b, end + 1, 2).filter(|(m, _)| (1..=12).contains(m)).map(|(_, e)| e);
    }
    begins(&MONTHS, fold(b.get(i..end)?, &mut [0; 48]))?;
    Some(end)
}

/// Skips what stands between the parts of a written date.
fn gap(b: &[u8], mut i: usize) -> usize {
    let ordinal = [at(b, i).to_ascii_lowercase(), at(b, i + 1).to_ascii_lowercase()];
    i += match &ordinal {
        b"st" | b"nd" | b"rd" | b"th" | b"er" => 2,
        [b'.', _] => 1,
        _ => 0,
    };
    while matches!(at(b, i), b' ' | b',' | b'-' | b'/') {
        i += 1;
    }
    if !matches!(at(b, i), b'd' | b'D' | b'o' | b'O' | b'n' | b'N') {
        return i;
    }
    let words = [&b"de "[..], b"of ", b"do ", b"del ", b"n\xC4\x83m "];
    i + words.into_iter().find(|word| starts_with(b, i, word)).map_or(0, <[u8]>::len)
}

fn year(b: &[u8], i: usize) -> Option<usize> {
    let (value, end) = number(b, i, 5)?;
    // The years from 2420 are Thailand's.
    let known = (1880..=2100).contains(&value) || (2420..=2600).contains(&value);
    ((end - i == 4 && known) || end - i == 2).then_some(end)
}

/// Is there a date at `p`? Its end.
#[inline(never)]
pub(crate) fn date(b: &[u8], p: usize) -> Option<usize> {
    let (first, i) = number(b, p, 5)?;
    let sep = at(b, i);
    // ISO 8601, and its order with other separators
    let parted = matches!(sep, b'-' | b'/' | b'.') && at(b, i + 1).is_ascii_digit();
    // The years 1300 to 1420 are those of Iran and Afghanistan.
    if i - p == 4 && parted && matches!(first, 1300..=1420 | 1880..=2100) {
        let (m, j) = number(b, i + 1, 2)?;
        let (d, end) = number(b, j + 1, 2).filter(|_| at(b, j) == sep)?;
        return ((1..=12).contains(&m) && (1..=31).contains(&d)).then_some(end);
    }
    if i - p == 4 && (1880..=2100).contains(&first) {
        return chinese(b, i).or_else(|| {
            let (day, end) = number(b, after_month(b, gap(b, i))?, 3)?;
            (1..=31).contains(&day).then_some(end)
        });
    }
    if i - p > 2 || !(1..=31).contains(&first) {
        return None;
    }
    if matches!(sep, b'/' | b'.' | b'-') {
        let spaced = |k: usize| if at(b, k) == b' ' { k + 1 } else { k };
        if let Some((second, j)) = number(b, spaced(i + 1), 2) {
            let fits = (1..=31).contains(&second) && (first <= 12 || second <= 12);
            if fits && at(b, j) == sep {
                return year(b, spaced(j + 1));
            }
        }
    }
    year(b, after_month(b, gap(b, i))?)
}

/// `年3月12日` behind a year, also in Korean.
fn chinese(b: &[u8], i: usize) -> Option<usize> {
    let mut end = i;
    for (k, (han, hangul)) in [("年", "년"), ("月", "월"), ("日", "일")].into_iter().enumerate() {
        if k > 0 {
            let space = usize::from(at(b, end) == b' ');
            end = number(b, end + space, 2).filter(|(n, _)| (1..=31).contains(n))?.1;
        }
        if !starts_with(b, end, han.as_bytes()) && !starts_with(b, end, hangul.as_bytes()) {
            return None;
        }
        end += han.len();
    }
    Some(end)
}

/// A date whose first digits stand from `p` to `run`, or whose month's name ends before
/// them, if a cue stands before.
#[inline(never)]
pub(crate) fn detect(b: &[u8], p: usize, run: usize, floor: usize) -> Option<Found> {
    if p > floor && word_before(b, p) {
        return None;
    }
    // A date goes on with a number or with the name of a month.
    let next = at(b, gap(b, run));
    if !(next.is_ascii_alphanumeric() || next >= 0x80) {
        return None;
    }
    let (start, end) = match date(b, p) {
        Some(end) => (p, end),
        None if next.is_ascii_digit() => month_first(b, p, floor)?,
        None => return None,
    };
    // "06.11.08.82.52" only begins like a date.
    if word_after(b, end) || at(b, end) == b'.' && at(b, end + 1).is_ascii_digit() {
        return None;
    }
    (announced(b, start, floor) || explained(b, end)).then_some(Found { start, end, kind: Kind::BirthDate })
}

/// `(DOB)`: the cue stands in brackets right behind the date.
fn explained(b: &[u8], end: usize) -> bool {
    let open = end + usize::from(at(b, end) == b' ');
    let window = b.get(open + 1..b.len().min(open + 25)).unwrap_or(&[]);
    at(b, open) == b'(' && begins(&STEMS, fold(window, &mut [0; 32])).is_some()
}

/// `March 12, 1985`: the month stands before the digit at `p`.
fn month_first(b: &[u8], p: usize, floor: usize) -> Option<(usize, usize)> {
    let (day, i) = number(b, p, 3)?;
    if !(1..=31).contains(&day) || i - p > 2 {
        return None;
    }
    let end = year(b, gap(b, i)).filter(|&end| end > i + 3)?;
    let (from, to) = super::last_word(b, p, 20).filter(|&(s, _)| s >= floor)?;
    let letters = b.get(from..to)?.iter().rev().take_while(|c| c.is_ascii_alphabetic()).count();
    // "出生日期：Jan 14, 1994": Chinese puts no space before it.
    let start = if month_at(b, from).is_some() { from } else { to - letters };
    month_at(b, start).map(|_| (start, end))
}

/// A cue begins within reach, with no other digit between it and the date.
#[inline(never)]
fn announced(b: &[u8], start: usize, floor: usize) -> bool {
    let from = start.saturating_sub(REACH).max(floor);
    for i in (from..start).rev() {
        let c = at(b, i);
        if c.is_ascii_digit() || c == b'\n' {
            return false;
        }
        if (back(b, i, 1).is_ascii_alphanumeric() && c < 0x80) || (c & 0xC0) == 0x80 {
            continue;
        }
        // Alphabets written with spaces: only the beginning of a word. (C2 begins no letter of theirs.)
        if (0xC3..0xE0).contains(&c) && wordish(b, i) {
            continue;
        }
        let window = b.get(i..start.min(i + 24)).unwrap_or(&[]);
        if begins(&STEMS, fold(window, &mut [0; 32])).is_some() && (c != b'*' || start - i <= 2) {
            return true;
        }
    }
    false
}

/// Does a letter end just before `i`?
fn wordish(b: &[u8], i: usize) -> bool {
    let c = back(b, i, 1);
    c.is_ascii_alphanumeric() || (c >= 0x80 && back(b, i, 2) != 0xC2 && back(b, i, 3) != 0xE2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_can_be_searched_by_halves() {
        assert!(super::super::prefix_free(&STEMS) && super::super::prefix_free(&MONTHS));
    }

    #[test]
    fn dates() {
        for text in [
            "1985年3月12日",
            "12 tháng 5 năm 1985",
            "1985. március 12",
            "3 ТРАВНЯ 1985",
            "1. kolovoza 1985",
            "5 มีนาคม 2528",
            "12 ဇွန် 1985",
            "9 जनवरी 1985",
        ] {
            assert_eq!(date(text.as_bytes(), 0), Some(text.len()), "{text}");
        }
        assert_eq!(date(b"12 more of 1985", 0), None);
    }

    #[test]
    fn cues_beside_a_date() {
        for (text, at, date) in [
            ("Ana: 15 de julio de 1940 (DOB)", 5, Some("15 de julio de 1940")),
            ("Ana: 15 de julio de 1940 (signed)", 5, None),
            ("出生日期：Jan 14, 1994", 19, Some("Jan 14, 1994")),
            ("日期：Jan 14, 1994", 13, None),
        ] {
            let run = at + 2;
            let found = detect(text.as_bytes(), at, run, 0).and_then(|f| text.get(f.start..f.end));
            assert_eq!(found, date, "{text}");
        }
    }
}
