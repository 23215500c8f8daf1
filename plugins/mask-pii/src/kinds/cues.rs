//! Words before a number that say what it is, in the languages the events come in.
//!
//! Both tables are sorted by their bytes and searched by halves: a number is looked at with three words before
//! it, and comparing each with every cue took longer than all else in this plugin.

use super::{compare, lower};
use Word::{Number, Other, Phone};

/// What a word says about the number after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// It is a telephone.
    Phone,
    /// It is a number, of whatever: a telephone, unless a word before says of what.
    Number,
    /// It is something else.
    Other,
}

/// Whole words.
#[rustfmt::skip]
const EXACT: [(&str, Word); 188] = [
    ("account", Other), ("ara", Phone), ("arayin", Phone), ("arayın", Phone), ("art", Other),
    ("article", Other), ("artikel", Other), ("asset", Other), ("barcode", Other), ("batch", Other),
    ("bel", Phone), ("bestelling", Other), ("bestellnummer", Other), ("bestellung", Other),
    ("bib", Other), ("bipe", Phone), ("broj", Number), ("budget", Other), ("build", Other),
    ("call", Phone), ("calls", Phone), ("case", Other), ("caso", Other), ("cel", Phone), ("cell", Phone),
    ("cells", Phone), ("cep", Phone), ("ceptel", Phone), ("chamar", Phone), ("cnpj", Other),
    ("code", Other), ("colis", Other), ("commande", Other), ("commit", Other), ("container", Other),
    ("cpf", Other), ("decree", Other), ("dial", Phone), ("doi", Other), ("dossier", Other),
    ("ean", Other), ("encomenda", Other), ("epoch", Other), ("error", Other), ("expediente", Other),
    ("factura", Other), ("facture", Other), ("fax", Phone), ("file", Other), ("flight", Other),
    ("fone", Phone), ("fono", Phone), ("fonu", Phone), ("gsm", Phone), ("gtin", Other), ("gọi", Phone),
    ("handy", Phone), ("helpline", Phone), ("hotline", Phone), ("hp", Phone), ("id", Other),
    ("ids", Other), ("imei", Other), ("imo", Phone), ("invoice", Other), ("isbn", Other), ("iso", Other),
    ("issn", Other), ("item", Other), ("joindre", Phone), ("kira", Phone), ("kiu", Phone), ("law", Other),
    ("ligar", Phone), ("ligue", Phone), ("liguem", Phone), ("lot", Other), ("mob", Phone),
    ("mobil", Phone), ("mov", Phone), ("nazovite", Phone), ("nif", Other), ("nip", Other), ("no", Other),
    ("node", Other), ("nr", Other), ("numer", Number), ("numărul", Number), ("object", Other),
    ("order", Other), ("orders", Other), ("ordine", Other), ("paczka", Other), ("pakket", Other),
    ("parcel", Other), ("part", Other), ("pedido", Other), ("pesel", Other), ("ph", Phone),
    ("phone", Phone), ("phones", Phone), ("piga", Phone), ("pin", Other), ("plate", Other),
    ("plz", Other), ("pn", Other), ("po", Other), ("population", Other), ("portable", Phone),
    ("processo", Other), ("protocolo", Other), ("puh", Phone), ("reach", Phone), ("receipt", Other),
    ("rechnung", Other), ("ref", Other), ("reference", Other), ("registration", Other), ("rele", Phone),
    ("resolución", Other), ("resolution", Other), ("rfc", Other), ("rg", Other), ("ring", Phone),
    ("ruf", Phone), ("rufen", Phone), ("rufnummer", Phone), ("résolution", Other), ("serial", Other),
    ("signal", Phone), ("simu", Phone), ("sipariş", Other), ("siren", Other), ("siret", Other),
    ("sku", Other), ("sms", Phone), ("sn", Other), ("suivi", Other), ("sum", Other), ("sună", Phone),
    ("szám", Number), ("sđt", Phone), ("số", Number), ("tel", Phone), ("telegram", Phone),
    ("telp", Phone), ("text", Phone), ("tfno", Phone), ("thoại", Phone), ("ticket", Other),
    ("timestamp", Other), ("tlf", Phone), ("tlfn", Phone), ("total", Other), ("tracking", Other),
    ("tél", Phone), ("unix", Other), ("upc", Other), ("usc", Other), ("v", Other), ("ver", Other),
    ("version", Other), ("viber", Phone), ("vin", Other), ("vol", Other), ("wa", Phone), ("wac", Phone),
    ("wasap", Phone), ("way", Other), ("waya", Phone), ("waybill", Other), ("wsp", Phone),
    ("zamówienia", Other), ("zamówienie", Other), ("zap", Phone), ("zip", Other), ("zovite", Phone),
    ("zvoni", Phone), ("zvonite", Phone), ("číslo", Number), ("đt", Phone), ("заказ", Other),
    ("замовлення", Other), ("кел", Phone), ("моб", Phone), ("накладна", Other), ("посилка", Other),
    ("справа", Other),
];

/// Beginnings of words, since most languages inflect them. None begins with another: the last that is not
/// greater than a word is then the only one that can begin it.
#[rustfmt::skip]
const STEMS: [(&str, Word); 149] = [
    ("anruf", Phone), ("antso", Phone), ("appel", Phone), ("calling", Phone), ("cellul", Phone),
    ("celul", Phone), ("chiam", Phone), ("comuniq", Phone), ("comuníq", Phone), ("contact", Phone),
    ("contato", Phone), ("contatt", Phone), ("deitu", Phone), ("dzwon", Phone), ("dzwoń", Phone),
    ("emergenc", Phone), ("ffoni", Phone), ("foonu", Phone), ("fowun", Phone), ("hamagar", Phone),
    ("handyn", Phone), ("helist", Phone), ("hringdu", Phone), ("hubungi", Phone), ("hívj", Phone),
    ("joign", Phone), ("kontakt", Phone), ("llam", Phone), ("llám", Phone), ("marcar", Phone),
    ("mobile", Phone), ("mobiln", Phone), ("móvil", Phone), ("nambari", Number), ("nimero", Phone),
    ("nimewo", Number), ("nomor", Number), ("notruf", Phone), ("numara", Number), ("number", Number),
    ("numeri", Number), ("numero", Number), ("nummer", Number), ("numri", Number), ("numéro", Number),
    ("número", Number), ("pozov", Phone), ("raqam", Phone), ("shaya", Phone), ("skamb", Phone),
    ("soita", Phone), ("sunat", Phone), ("sunaț", Phone), ("taleefan", Phone), ("taleph", Phone),
    ("tawag", Phone), ("telef", Phone), ("telemov", Phone), ("telemóv", Phone), ("telep", Phone),
    ("telfon", Phone), ("telphon", Phone), ("teléf", Phone), ("telép", Phone), ("terefon", Phone),
    ("truca", Phone), ("truqu", Phone), ("téléph", Phone), ("ucingo", Phone), ("urgenc", Phone),
    ("volej", Phone), ("whats", Phone), ("zadzwo", Phone), ("zavolej", Phone), ("zvanie", Phone),
    ("αριθμ", Number), ("επικοιν", Phone), ("καλέσ", Phone), ("κινητ", Phone), ("τηλ", Phone),
    ("вайбер", Phone), ("ватсап", Phone), ("вотсап", Phone), ("дзвон", Phone), ("зателеф", Phone),
    ("звон", Phone), ("контакт", Phone), ("мобил", Phone), ("мобіл", Phone), ("номер", Number),
    ("обад", Phone), ("подзвон", Phone), ("позвон", Phone), ("рақам", Phone), ("тел", Phone),
    ("тэл", Phone), ("утас", Phone), ("հեռ", Phone), ("דברו", Phone), ("טלפון", Phone), ("להתקשר", Phone),
    ("נייד", Phone), ("اتصال", Phone), ("اتصل", Phone), ("الرقم", Number), ("الهاتف", Phone),
    ("الهواتف", Phone), ("برقم", Number), ("تلفن", Phone), ("تلفون", Phone), ("تلیفون", Phone),
    ("تماس", Phone), ("جوال", Phone), ("رقم", Number), ("شماره", Number), ("فون", Phone),
    ("للاتصال", Phone), ("موبايل", Phone), ("موبایل", Phone), ("نمبر", Number), ("هاتف", Phone),
    ("هواتف", Phone), ("واتس", Phone), ("कॉल", Phone), ("नंबर", Number), ("फोन", Phone),
    ("मोबाइल", Phone), ("मोबाईल", Phone), ("संपर्क", Phone), ("सम्पर्क", Phone), ("কল", Phone),
    ("নম্বর", Number), ("ফোন", Phone), ("মোবাইল", Phone), ("যোগাযোগ", Phone), ("ਫ਼ੋਨ", Phone),
    ("ਫੋਨ", Phone), ("ફોન", Phone), ("ଫୋନ", Phone), ("தொலைபேசி", Phone), ("போன்", Phone), ("ఫోన్", Phone),
    ("ಫೋನ್", Phone), ("ഫോൺ", Phone), ("දුරකථන", Phone), ("მობ", Phone), ("ტელ", Phone), ("ስልክ", Phone),
    ("ፎን", Phone),
];

/// Ends of the text before a number in scripts that put no spaces between words.
const UNSPACED: [(&str, Word); 24] = [
    ("電話", Phone),
    ("电话", Phone),
    ("手机", Phone),
    ("手機", Phone),
    ("联系", Phone),
    ("聯絡", Phone),
    ("致电", Phone),
    ("拨打", Phone),
    ("携帯", Phone),
    ("連絡先", Phone),
    ("電話番号", Phone),
    ("전화", Phone),
    ("전화번호", Phone),
    ("연락처", Phone),
    ("핸드폰", Phone),
    ("휴대폰", Phone),
    ("โทร", Phone),
    ("เบอร์", Phone),
    ("ဖုန်း", Phone),
    ("ទូរស័ព្ទ", Phone),
    ("号码", Number),
    ("番号", Number),
    ("번호", Number),
    ("ໂທ", Phone),
];

/// Longest word that is looked up, in bytes.
const LONGEST: usize = 48;

/// What `word` says, in any case. Punctuation beyond ASCII may cling to it.
#[inline(never)]
pub(crate) fn class(word: &[u8]) -> Option<Word> {
    let mut folded = [0u8; LONGEST];
    let word = if word.is_ascii() {
        let into = folded.get_mut(..word.len())?;
        into.copy_from_slice(word);
        into.make_ascii_lowercase();
        &*into
    } else {
        let text = std::str::from_utf8(word).ok()?.trim_matches(|c: char| !c.is_alphanumeric() && !joins(c));
        if text.chars().next_back().is_some_and(|c| c >= UNSPACED_FROM)
            && let Some((_, class)) = UNSPACED.iter().find(|(cue, _)| text.ends_with(cue))
        {
            return Some(*class);
        }
        let mut length = 0;
        for c in text.chars() {
            length += lower(c, folded.get_mut(length..)?)?;
        }
        folded.get(..length)?
    };
    if let Ok(i) = EXACT.binary_search_by(|(cue, _)| compare(cue.as_bytes(), word)) {
        return EXACT.get(i).map(|(_, class)| *class);
    }
    let i = STEMS.partition_point(|(stem, _)| compare(stem.as_bytes(), word).is_le()).checked_sub(1)?;
    STEMS.get(i).filter(|(stem, _)| word.starts_with(stem.as_bytes())).map(|(_, class)| *class)
}

/// Thai, the first of the scripts without spaces.
const UNSPACED_FROM: char = '\u{e00}';

/// Signs of Indic scripts and their neighbours that are part of a word and yet no letters.
fn joins(c: char) -> bool {
    ('\u{900}'..'\u{1100}').contains(&c) && !matches!(c, '\u{964}' | '\u{965}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_can_be_searched_by_halves() {
        assert!(EXACT.is_sorted_by(|a, b| a.0.as_bytes() < b.0.as_bytes()));
        assert!(STEMS.is_sorted_by(|a, b| a.0.as_bytes() < b.0.as_bytes() && !b.0.starts_with(a.0)));
    }

    #[test]
    fn words() {
        assert_eq!(class("Телефону".as_bytes()), Some(Phone));
        assert_eq!(class("请拨打电话：".as_bytes()), Some(Phone));
        assert_eq!(class(b"WhatsApp"), Some(Phone));
        assert_eq!(class(b"hotel"), None);
        assert_eq!(class("رقمي".as_bytes()), Some(Number));
        assert_eq!(class(b"Order"), Some(Other));
        assert_eq!(class(&[b'a'; 60]), None);
    }
}
