//! The third held-out corpus: drawn once, after the scanner was mended a second time, and smaller. Countries that
//! neither of the others has, and the small towns' numbers of some they have; other sentences.

use crate::held::*;

/// National forms as people write them, without the country code.
#[rustfmt::skip]
const NATIONAL_PLANS: &[&[&str]] = &[
    // Slovenia
    &["0{31|40|41|51} ### ###", "01 ### ## ##", "041-###-###", "0409#####"],
    // Luxembourg
    &["6{2|6|9}1 ### ###", "26 ## ## ##", "621######"],
    // Malta
    &["79## ####", "21## ####", "99######"],
    // Cyprus
    &["99 ######", "22 ######", "96######"],
    // Belarus
    &["8 (029) ### ## ##", "029 ###-##-##", "(017) ###-##-##", "8 044 ### ## ##", "8029#######"],
    // Montenegro, Kosovo
    &["067 ### ###", "020/###-###", "04{4|5|9} ### ###", "069######"],
    // Turkmenistan
    &["8 6# ######", "(12) ##-##-##", "8 61 ## ## ##"],
    // Bahrain, Oman
    &["3### ####", "9### ####", "1### ####", "39######"],
    // Israel's landlines
    &["03-###-####", "(04) ###-####", "09-#######", "077-###-####"],
    // Mauritius, Seychelles
    &["5### ####", "2 ## ## ##", "52######"],
    // Botswana, Namibia
    &["7{1|2|4} ### ###", "081 ### ####", "061 ### ###", "081#######"],
    // Lesotho, Eswatini
    &["5### ####", "76## ####", "62######"],
    // Sierra Leone, Liberia
    &["076 ######", "077-######", "0886 ### ###", "088#######", "030 ######"],
    // Gambia, Guinea
    &["7## ## ##", "62# ## ## ##", "3## ####", "622######"],
    // Togo, Benin
    &["9# ## ## ##", "01 9# ## ## ##", "22 ## ## ##", "90######"],
    // Gabon, Central African Republic
    &["07# ## ## ##", "7# ## ## ##", "066######", "74 ## ## ##"],
    // South Sudan, Eritrea, Djibouti
    &["092# ### ###", "07 ### ###", "77 ## ## ##", "091#######"],
    // Costa Rica, Panama
    &["8### ####", "6###-####", "8###-####", "2## ####"],
    // Jamaica, Trinidad
    &["876 ^## ####", "(868) ^##-####", "876.^##.####"],
    // Guyana, Suriname
    &["6## ####", "6##-####", "8## ####"],
    // Papua New Guinea, Samoa, Timor
    &["7### ####", "72 #####", "77## ####", "7#######"],
    // Brunei, Macao
    &["8## ####", "6### ####", "66######"],
    // German towns
    &["04131 / ######", "0761-######", "08031 ## ## ##", "02331 / ## ## ##", "(06151) #####", "015# ########"],
    // Italian towns
    &["0461 ######", "0984/######", "011-#######", "055 ### ## ##", "34# ## ## ###"],
    // French numbers for all
    &["0 800 ### ###", "08 ## ## ## ##", "0 825 ## ## ##", "09.##.##.##.##"],
    // Russian and Ukrainian towns
    &["8 (48439) 2-##-##", "(04622) 4-##-##", "8(383)###-##-##", "(8552) ##-##-##", "8 495 ### ####", "0 800 ### ###"],
    // Turkish offices
    &["0(312) ###-##-##", "0 312 ### ## ##", "444 # ###", "0 850 ### ## ##"],
    // Indian towns
    &["04884-######", "(0484) #######", "0141 ### ####", "98### ## ###", "{7|8|9}#########"],
    // Chinese and Japanese towns
    &["0571-8#######", "0467-##-####", "0898 ########", "050-####-####", "(0467) ##-####", "400-###-####"],
    // Brazilian and Mexican forms
    &["(011) 9 ####-####", "0{21|31} 3### ####", "61 9 ####-####", "01 (55) #### ####", "044 55 #### ####", "(662) ###-####"],
    // British and Irish towns
    &["01### ## ## ##", "(01###) ######", "028 9### ####", "074 #### ####"],
    // American letters' cousins
    &["1 (^##) ^##-####", "^##/^##-####", "(^##)^##-####", "1.^##.^##.####", "(^##) ^## ####"],
];

#[rustfmt::skip]
const INTERNATIONAL: &[&str] = &[
    "386 41 ### ###", "352 621 ### ###", "356 79## ####", "357 99 ######", "375 29 ### ## ##",
    "382 67 ### ###", "383 44 ### ###", "993 6# ######", "973 3### ####", "968 9### ####", "230 5### ####",
    "248 2 ### ###", "267 7# ### ###", "264 81 ### ####", "266 5### ####", "220 7## ####", "241 07# ## ## ##",
    "506 8### ####", "507 6###-####", "592 6## ####", "597 8## ####", "685 7# #####", "673 8## ####",
    "853 6### ####", "1 876 ^## ####", "49 4131 ######", "39 0461 ######", "7 48439 # ## ##",
    "91 484 #######", "86 571 8### ####", "1 (^##) ^##-####", "850 2 ### ####", "354 ### ####", "298 ######",
    "299 ## ## ##",
];

#[rustfmt::skip]
const IBANS: &[(&str, &str)] = &[
    ("DE", "##################"), ("UA", "#########################"), ("PL", "########################"),
    ("FR", "####################\\A##"), ("NI", "\\A\\A\\A\\A####################"),
    ("OM", "###############\\A###"), ("SO", "###################"),
    ("YE", "\\A\\A\\A\\A######################"), ("HN", "\\A\\A\\A\\A####################"),
    ("MN", "################"),
];

#[rustfmt::skip]
const CARDS: &[(&str, &[usize])] = &[
    ("4##############", &[4]), ("5{1|2|3|4|5}#############", &[4]), ("25#############", &[4]),
    ("34############", &[4, 6, 5]), ("6011###########", &[4]), ("3566###########", &[4]),
    ("62{3|6|8}############", &[4]), ("220{1|3}###########", &[4]), ("39###########", &[4, 6, 4]),
    ("6706###########", &[4]),
];

#[rustfmt::skip]
const IPS: &[&str] = &[
    "194.~#.1##.~", "77.2{1|3}~.~.~#", "10.255.~.~", "192.0.{0|2}.~#", "2a0e:\\h\\h\\h:~::\\h\\h",
    "2606:4700::\\h\\h\\h\\h", "::ffff:198.51.100.~#", "2001:db8:0:1:2:3:4:\\h\\h", "fd7a:115c:a1e0::~",
];

#[rustfmt::skip]
const PHONE_CONTEXTS: &[&str] = &[
    "for pick-up text my wife <phone>", "Hotline <phone> 24h", "<phone> - ask for Sister Agnes",
    "village chief Mr Tembo <phone>", "can someone phone <phone>?", "no signal here, try <phone>",
    "Landline: <phone>", "(<phone>)", "Besoin de lait, maman Chantal <phone>", "rappelez-moi au <phone>",
    "Standard : <phone>", "Mobil <phone>", "Büro <phone>", "Bitte melden unter <phone>", "Rückruf <phone>",
    "mi número es el <phone>", "avisar a Lucía <phone>", "Whatsapp: <phone> gracias",
    "recado com Dona Maria <phone>", "fala com ele: <phone>", "il numero di casa è <phone>",
    "telefonare ore pasti <phone>", "Pokličite <phone>", "nazovite <phone>", "позвоніть мамі <phone>",
    "мой телефон <phone>", "наберите <phone>", "связь: <phone>", "тэлефон <phone>", "numaramız <phone>",
    "bana ulaşın <phone>", "رقم الجوال <phone>", "كلموني على <phone>", "با من <phone> تماس بگیرید",
    "मेरा नंबर <phone> है", "আমার নাম্বার <phone>", "எண் <phone>", "请打 <phone>", "联系人王 <phone>",
    "連絡は <phone> まで", "전화번호 <phone>", "nomor saya <phone>", "số của tôi <phone>",
    "namba yangu <phone>", "lambar waya <phone>", "nimewo telefòn <phone>", "Food finished, Amadou <phone>",
    "Roof gone. Teresa Nkomo <phone>", "Ntate Thabo, <phone>", "Kontaktperson: Marko <phone>", "<phone>",
    "<phone>/<phone>", "T: <phone> F: <phone>",
];

#[rustfmt::skip]
const OTHER_CONTEXTS: &[&str] = &[
    "answer to <email> only", "<email> (office)", "E: <email>", "Adresse électronique <email>",
    "пиши на <email>", "ايميلي <email>", "電子郵件 <email>", "to=\\<<email>>", "<email>\n<email>",
    "Skype/email: <email>", "donate: <iban>", "Spendenkonto <iban> Danke", "на рахунок <iban>.",
    "compte n° <iban>", "<iban> (EUR)", "IBAN\n<iban>", "cuenta bancaria <iban>", "lost card <card>",
    "<card> 12/27", "Kreditkarte <card>", "картка моно <card>", "cartão de crédito: <card>", "ビザ <card>",
    "charge <card> please", "router <ip>", "connect to <ip> now", "IP <ip>, mask /24", "сервер <ip>.",
    "adresse <ip> bloquée", "[<ip>]", "peer <ip> timed out", "<ip> <ip>",
];

#[rustfmt::skip]
const FILLER: &[&str] = &[
    "We walked all night.", "The well pump is broken.", "Il n'y a plus de place à l'école.",
    "Las lluvias siguen.", "Das Wasser steigt.", "Міст підірвано.", "Нет света и газа.", "Ekmek yok.",
    "المدرسة مغلقة", "غذا نداریم", "दवा नहीं है।", "খাবার নেই।", "没有药了。", "水がありません。",
    "약이 없습니다.", "Tidak ada listrik.", "Không có điện.", "Chakula kimeisha.", "Ba ruwa.",
    "Tsy misy sakafo.", "Pa gen kouran.", "Sem luz.", "Manca il gas.", "Nie ma wody.", "Lipsesc medicamente.",
    "Children are sick.", "", "", "",
];

/// What looks like personal data and is none.
#[rustfmt::skip]
const NEGATIVES: &[&str] = &[
    "Your parcel 1Z\\H##\\H##03######## is late", "DHL ##########", "commande 40#-#######-#######",
    "Auftrag 7#########", "order #####-#####", "consignment CP#########GB", "seal no. 0######",
    "BL MEDU#######", "reference 2024/117/##", "ISBN 3-446-#####-#", "ISBN 978-5-17-######-#",
    "ISSN 1##6-0#8#", "ark:/12148/bpt6k######", "hdl:10568/######", "SKU ###-####", "barcode 40###########",
    "model WH-1000XM4", "tyre 205/55 R16", "VIN WVWZZZ1JZ3W######", "open 8h-12h et 14h-18h",
    "from 0800 to 1700", "06:30-07:15", "on 5/6 and 7/6", "12-18.03.202#", "202#/0~/1~ 04:05:06",
    "Thu, 0~ Feb 202# 10:00:00 GMT", "in 1998-99", "1939–1945", "1990, 1995, 2000", "the 2000s",
    "from 2019 until 2023", "node 18.17.1", "v0.12.3-beta.2", "Windows 10.0.22631", "gcc 13.2.0",
    "firmware 3.10.2.5", "section 2.3.4", "§ 5.1.2.3", "chapter 12.4", "item 4.2.1", "TLS 1.3, HTTP 1.1",
    "$1,2##,###.00", "~##.### €", "~ ### ### Ar", "~#.###.### Gs", "UGX ~,###,###", "MWK ~##,###",
    "~## ### ### Kč", "₺~#.###", "₴ ~## ###", "PLN ~ ###,##", "~# ### ### so'm", "HTG ~#,###", "Q ~,###.##",
    "~## ### MGA", "1 5## ### tenge", "~### zł", "~ ### ### residents", "~## ### voters", "~##,### cattle",
    "~.### Haushalte", "~# ### personnes déplacées", "~ ### ### мешканців", "~#,### doses", "~## ### litres",
    "about ~ ### ### people", "~## schools and ~### pupils", "river at 3.45 m, 3.52 m, 3.61 m",
    "flow 850-900 m3/s", "level +2.35", "gauge 07/12: 415", "M 5.4 at 35 km", "wind 120 km/h, gusts 150",
    "rain 40-60 mm", "-12.5 to 3.8 °C", "1 002.5 hPa", "0.345, 0.412, 0.388", "snow 1.20 m",
    "grid TQ 123 456", "UTM 32U 6##### 5######", "zone 12-B", "sheet 3514-II", "track 0042-A", "1:50.000",
    "plot 12/34/56", "elev. 1 234 m", "15.5, 32.5", "tile 12/2345/1456", "bearing 045-050", "\\#flood24",
    "\\#Day100", "\\#7Feb", "plate \\A\\A-##-\\A\\A", "plate ###-\\A\\A\\A", "reg. T ### \\A\\A\\A",
    "Kfz B-\\A\\A ####", "plaque 1234 TU 56", "а###вс 77", "truck no. 14-562", "20 x 25 kg", "3 x 1000 l",
    "box 12/40", "350 g x 24", "10-12 per room", "60-70 %", "500/750 vaccinated", "lots of 50, 100, 200",
    "12+13+14 = 39", "a kit for 4-5 people",
    "\\h\\h\\h\\h\\h\\h\\h\\h-\\h\\h\\h\\h-1\\h\\h\\h-9\\h\\h\\h-\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h",
    "hash \\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h", "commit \\h\\h\\h\\h\\h\\h\\h\\h",
    "id=\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h", "key A1B2-C3D4-E5F6", "25 * 4 = 100", "7/8 - 3/8 = 4/8",
    "1e-5", "pi = 3.14159265", "sqrt(2)=1.41421", "x1=0.5, x2=0.75", "12 345.678", "p \\< 0.001",
    "n = 12 450", "100 000 : 7", "ratio 4:3:2", "1-1 (4-3 pens)", "25-23 25-19 25-21", "6-3, 4-6, 10-8",
    "88:79", "Ajax - PSV 2-1", "set 7-6(5)", "A1/E55", "B 96 km 12,5", "exit 45A", "SS 113", "Rte 66", "M-40",
    "ER-101 to Juba", "RD 906", "SN 501", "LH2034 at 14:20", "ICE 1602", "bus 12/14", "seat 23F", "gate 7",
    "room 12.03", "house 14/2", "block 3-B, flat 42", "tent 12-34", "ward 5", "Table 3.1", "annex B-2",
    "Form 1040", "case 45/2024", "S/RES/2417", "A/78/345", "Law 4/2009", "Reg. (EU) 2016/679", "DIN 4102-1",
    "Art. 6", "GCS 13", "BP 110/70", "0.9 % NaCl", "500 mg/8 h", "38.5-39.2", "dose 2/3", "LMP 12/03",
    "50/60 Hz", "24 V 7 Ah", "433.92 MHz", "3.5 mm", "dial 1122", "SMS 7070", "*123\\#", "PIN 1234",
    "P.O. Box 30###", "NW1 4\\A\\A", "01067 Dresden", "13001 Marseille", "CEP 01310-100", "〒100-0001",
    "postcode 0810", "4x100 m", "at 6 @ 7 USD", "exit code 137", "uptime 12 d 03:04", "errno 111",
    "ETA 14:35Z", "T+48h", "Q1-Q3 2024",
];

fn fill(name: &str, rng: &mut Rng, out: &mut Labelled) {
    match name {
        "email" => {
            let local = "{grace|t.banda|omar_s|office+f#|лікарня|zeynep.k|père.luc|0\\a\\a1|info-goma|陈}";
            let domain = "{example.mw|clinic.example.org|пошта.укр|example.co.zw|x.y.example.com|münchen.example|EXAMPLE.net}";
            out.label(EMAIL, &expand(&format!("{local}@{domain}"), rng));
        }
        "phone" if rng.percent(22) => {
            let number = expand(rng.pick(INTERNATIONAL), rng);
            let compact = number.replace([' ', '-', '(', ')'], "");
            let forms =
                [format!("+{number}"), format!("+{compact}"), format!("00{compact}"), format!("+ {number}")];
            out.label(PHONE, &forms[rng.below(forms.len())]);
        }
        "phone" => {
            let plan = NATIONAL_PLANS[rng.below(NATIONAL_PLANS.len())];
            out.label(NATIONAL, &expand(rng.pick(plan), rng));
        }
        "iban" => {
            let (country, bban) = IBANS[rng.below(IBANS.len())];
            let compact = iban(country, &expand(bban, rng));
            out.label(IBAN, &if rng.percent(50) { compact } else { grouped(&compact, &[4], " ") });
        }
        "card" => {
            let (number, groups) = CARDS[rng.below(CARDS.len())];
            let compact = luhn(&expand(number, rng));
            out.label(CARD, &if rng.percent(50) { compact } else { grouped(&compact, groups, " ") });
        }
        "ip" => out.label(IP, &expand(rng.pick(IPS), rng)),
        other => unreachable!("slot {other}"),
    }
}

fn one(rng: &mut Rng) -> Labelled {
    let mut out = Labelled::default();
    out.text.push_str(rng.pick(FILLER));
    let contexts = match rng.below(100) {
        0..32 => PHONE_CONTEXTS,
        32..64 => OTHER_CONTEXTS,
        _ => NEGATIVES,
    };
    for set in [contexts, NEGATIVES].into_iter().take(1 + usize::from(rng.percent(12))) {
        out.text.push_str(if out.text.is_empty() { "" } else { "\n" });
        out.expand(rng.pick(set), rng, &fill);
    }
    for _ in 0..rng.below(3) {
        out.text.push_str(rng.pick(&[" ", "\n"]));
        out.text.push_str(rng.pick(FILLER));
    }
    out
}

#[test]
fn third_corpus() {
    let measured = measure("Third held-out corpus", 0x5eed_0003, 20_000, one);
    // Of the goals, that for mistakes is not met.
    for row in [EMAIL, IBAN, CARD, IP] {
        assert!(measured.recall(row) >= 0.99, "recall of row {row}");
    }
    assert!(measured.recall(NATIONAL) >= 0.96, "recall of national phones");
    assert!(measured.mistaken() <= 0.0013, "words masked by mistake");
}
