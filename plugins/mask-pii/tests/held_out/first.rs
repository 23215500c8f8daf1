//! The first held-out corpus: written from the README's list of kinds, by another author than the scanner's,
//! before reading the scanner or its own corpus. All names, numbers and places are made up or random.

use crate::held::*;

/// National forms as people write them, without the country code.
#[rustfmt::skip]
const NATIONAL_PLANS: &[&[&str]] = &[
    // United States, Canada
    &["(^##) ^##-####", "^##-^##-####", "^##.^##.####", "^## ^## ####", "1-^##-^##-####", "^##^######"],
    // France
    &["0{1|2|3|4|5|6|7|9} ## ## ## ##", "06.##.##.##.##", "07-##-##-##-##", "0{1|6}########", "06/##/##/##/##"],
    // Germany
    &["030 ########", "030/#######", "(030) ####-####", "0171 #######", "0151-########", "0176 ## ## ## ##"],
    // United Kingdom
    &["020 7### ####", "07### ######", "(0161) ### ####", "01### ######", "07### ### ###", "0800 ### ####"],
    // Spain
    &["6## ### ###", "6## ## ## ##", "91 ### ## ##", "6##-###-###", "6########", "9##.###.###"],
    // Italy
    &["3## #######", "3## ### ####", "06 ########", "02-########", "3##/#######", "081 ### ####"],
    // Netherlands
    &["06-########", "06 ## ## ## ##", "020-#######", "(010) ### ## ##", "06 #### ####"],
    // Belgium
    &["04## ## ## ##", "04##/##.##.##", "02 ### ## ##", "02/###.##.##", "04## ### ###"],
    // Poland
    &["{5|6|7}## ### ###", "22 ### ## ##", "6##-###-###", "(22) ### ## ##", "5########"],
    // Ukraine
    &["0{50|63|67|93} ### ## ##", "(044) ### ## ##", "067-###-##-##", "(050) ###-##-##", "0{66|68|97}#######"],
    // Russia
    &["8 (9##) ###-##-##", "8-9##-###-##-##", "8 9## ### ## ##", "89#########", "(495) ###-##-##"],
    // Türkiye
    &["053# ### ## ##", "(0212) ### ## ##", "0 (54#) ### ## ##", "05## ### ####", "5## ### ## ##", "0532#######"],
    // Greece
    &["69# ### ####", "210 ### ####", "69########", "2310 ######", "210-#######"],
    // Romania
    &["07## ### ###", "021 ### ## ##", "07##.###.###", "07##-###-###", "07########"],
    // Syria
    &["09## ### ###", "011 ### ####", "09########", "(011) #######", "0{933|944|988} ######"],
    // Lebanon
    &["03 ### ###", "7{0|1|6} ### ###", "71-######", "01/######", "03-######", "76-### ###", "03/######"],
    // Jordan
    &["07{7|8|9} ### ####", "06 ### ####", "079#######", "07 9### ####"],
    // Iraq
    &["07{5|7|8}# ### ####", "0770 #######", "075########", "0780-###-####"],
    // Egypt
    &["01{0|1|2|5}# ### ####", "01# ########", "02 #### ####", "(02) ########", "010########"],
    // Morocco
    &["06 ## ## ## ##", "06##-######", "0522-######", "0661 ## ## ##", "07########"],
    // Algeria
    &["0{5|6|7}## ## ## ##", "021 ## ## ##", "0550-##-##-##", "0661######"],
    // Tunisia
    &["{2|5|9}# ### ###", "71 ### ###", "22.###.###", "98######"],
    // Kenya
    &["07## ### ###", "07##-######", "020 ### ####", "0110 ### ###", "07########"],
    // Nigeria
    &["080# ### ####", "081########", "070#-###-####", "0803 #######", "01 ### ####"],
    // South Africa
    &["08# ### ####", "(021) ### ####", "011-###-####", "082#######"],
    // Ethiopia
    &["09## ## ## ##", "0911 ######", "011 ### ####", "0911-##-##-##", "09########"],
    // Somalia
    &["061 #######", "061-#######", "0615 ######", "0615######"],
    // Sudan
    &["09## ### ###", "0912 ######", "0123 ######", "091#######"],
    // Senegal
    &["77 ### ## ##", "33 ### ## ##", "77-###-##-##", "78#######"],
    // India
    &["9#### #####", "022 #### ####", "(011) ########", "98##-###-###", "9#########", "080-########", "0#### ######"],
    // Pakistan
    &["03## #######", "03##-#######", "(042) #### ####", "021-########", "03#########"],
    // Bangladesh
    &["017##-######", "01### ######", "02-#######", "017########", "018## ### ###"],
    // Indonesia
    &["08##-####-####", "08## #### ####", "(021) ### ####", "021-########", "0812########"],
    // Philippines
    &["09## ### ####", "(02) 8### ####", "09##-###-####", "09#########", "0917 #######"],
    // Viet Nam
    &["09# ### ## ##", "090# ### ###", "024 #### ####", "098.###.####", "03########"],
    // China
    &["13# #### ####", "18#-####-####", "010-########", "0755-########", "13#########", "(010) ########"],
    // Japan
    &["03-####-####", "090-####-####", "0##-###-####", "0120-###-###", "(03) ####-####", "06(####)####"],
    // Korea
    &["010-####-####", "02-###-####", "031-###-####", "010 #### ####", "010.####.####", "010########"],
    // Brazil
    &["(11) 9####-####", "11 9####-####", "(21) 3###-####", "0800 ### ####", "(011) 9####-####", "21 9########"],
    // Mexico
    &["55 #### ####", "(55) ####-####", "33 #### ####", "(^##) ### ## ##", "81########"],
    // Colombia
    &["3## ### ####", "(601) ### ####", "3##-###-####", "604 ### ## ##", "31########"],
    // Venezuela
    &["0412-#######", "(0212) ### ## ##", "0414 ### ## ##", "0424-###.##.##", "0426-###-####"],
    // Haiti
    &["3###-####", "3### ####", "2###-####", "37 ## ## ##"],
    // Australia
    &["04## ### ###", "(02) #### ####", "02 #### ####", "1300 ### ###", "04########"],
    // Israel, Palestine
    &["05#-###-####", "05#-#######", "02-###-####", "0599 ### ###", "0599-######", "08 ### ####"],
    // Sweden
    &["070-### ## ##", "08-### ## ##", "070 ### ## ##", "031-## ## ##", "073#######"],
];

/// Behind the country code, in the groups of the country.
#[rustfmt::skip]
const INTERNATIONAL: &[&str] = &[
    "1 ^## ^## ####", "33 6 ## ## ## ##", "49 171 #######", "49 30 ########", "44 7### ######",
    "44 20 #### ####", "34 6## ### ###", "39 3## ### ####", "39 06 ########", "31 6 ########",
    "32 4## ## ## ##", "48 5## ### ###", "380 67 ### ## ##", "7 9## ### ## ##", "90 53# ### ## ##",
    "30 69# ### ####", "40 7## ### ###", "963 9## ### ###", "961 3 ### ###", "961 71 ### ###",
    "962 7 9### ####", "964 77# ### ####", "20 10 #### ####", "212 6## ######", "213 5## ## ## ##",
    "216 2# ### ###", "254 7## ######", "234 80# ### ####", "27 8# ### ####", "251 91 ### ####",
    "252 61 #######", "249 91 ### ####", "221 77 ### ## ##", "91 9#### #####", "92 3## #######",
    "880 17## ######", "62 8## #### ####", "63 9## ### ####", "84 9# ### ## ##", "86 13# #### ####",
    "81 90 #### ####", "82 10 #### ####", "55 11 9#### ####", "52 1 55 #### ####", "57 3## ### ####",
    "58 412 #######", "509 3### ####", "61 4## ### ###", "970 59 ### ####", "972 5# ### ####",
    "46 70 ### ## ##", "93 70 ### ####", "977 98## ######", "373 69 ### ###", "256 77# ######",
    "243 8## ### ###", "237 6 ## ## ## ##", "967 77# ### ###", "218 91 #######", "94 7# ### ####",
];

#[rustfmt::skip]
const IBANS: &[(&str, &str)] = &[
    ("DE", "##################"), ("FR", "##########\\A\\A########\\A##"), ("ES", "####################"),
    ("IT", "\\A######################"), ("GB", "\\A\\A\\A\\A##############"),
    ("NL", "\\A\\A\\A\\A##########"), ("BE", "############"), ("CH", "#################"),
    ("AT", "################"), ("PL", "########################"), ("PT", "#####################"),
    ("SE", "####################"), ("NO", "###########"), ("DK", "##############"), ("FI", "##############"),
    ("IE", "\\A\\A\\A\\A##############"), ("GR", "#######################"),
    ("RO", "\\A\\A\\A\\A\\A\\A##############"), ("CZ", "####################"),
    ("HU", "########################"), ("UA", "#########################"), ("TR", "######################"),
    ("LB", "####\\A\\A##################"), ("JO", "\\A\\A\\A\\A######################"),
    ("SA", "##################\\A#"), ("AE", "###################"),
    ("PS", "\\A\\A\\A\\A#####################"), ("TN", "####################"),
    ("EG", "#########################"), ("PK", "\\A\\A\\A\\A################"),
    ("BR", "#######################\\A#"), ("MT", "\\A\\A\\A\\A#####\\A###############\\A\\A"),
    ("GE", "\\A\\A################"), ("MR", "#######################"),
    ("IQ", "\\A\\A\\A\\A###############"),
];

/// All digits but the last, and the lengths of the groups.
#[rustfmt::skip]
const CARDS: &[(&str, &[usize])] = &[
    ("4##############", &[4]), ("4##############", &[4]), ("5{1|2|3|4|5}#############", &[4]),
    ("222{1|5|9}###########", &[4]), ("27{0|1}############", &[4]), ("3{4|7}############", &[4, 6, 5]),
    ("36###########", &[4, 6, 4]), ("6011###########", &[4]), ("65#############", &[4]),
    ("3{53|55|56|58}############", &[4]), ("62#############", &[4]), ("62################", &[6, 13]),
    ("{5018|6304|6759}###########", &[4]), ("220{0|4}###########", &[4]), ("508{5|8}###########", &[4]),
    ("9792###########", &[4]),
];

#[rustfmt::skip]
const IPS_4: &[&str] = &[
    "192.168.#.1~#", "10.~#.#.~", "172.16.#.~#", "203.0.113.~#", "198.51.100.~", "8.8.{4.4|8.8}",
    "41.~#.1##.~", "127.0.0.1",
];

#[rustfmt::skip]
const IPS_6: &[&str] = &[
    "2001:db8:\\h\\h\\h\\h:\\h\\h\\h\\h:\\h\\h\\h\\h:\\h\\h\\h\\h:\\h\\h\\h\\h:\\h\\h\\h\\h", "2001:db8::~",
    "2001:DB8:0:0:\\H\\H\\H\\H::~", "fe80::\\h\\h\\h\\h:\\h\\h\\h\\h:\\h\\h\\h\\h:\\h\\h\\h\\h", "::1",
    "::ffff:192.0.2.~#", "64:ff9b::192.0.2.~#", "fd00:~:~::\\h\\h",
    "2001:0db8:0000:0000:0000:\\h\\h\\h\\h:0000:000~", "2a01:e0a:\\h\\h:\\h\\h\\h0::~",
    "::ffff:c000:02\\h\\h", "2001:db8:~::",
];

#[rustfmt::skip]
const MACS: &[&str] = &[
    "\\h\\h:\\h\\h:\\h\\h:\\h\\h:\\h\\h:\\h\\h", "\\H\\H:\\H\\H:\\H\\H:\\H\\H:\\H\\H:\\H\\H",
    "\\H\\H-\\H\\H-\\H\\H-\\H\\H-\\H\\H-\\H\\H", "\\h\\h-\\h\\h-\\h\\h-\\h\\h-\\h\\h-\\h\\h",
    "\\h\\h\\h\\h.\\h\\h\\h\\h.\\h\\h\\h\\h", "\\H\\H\\H\\H.\\H\\H\\H\\H.\\H\\H\\H\\H",
];

#[rustfmt::skip]
const LOCALS: &[&str] = &[
    "amina.yusuf", "j.doe", "field-office", "info", "petrenko_o", "maria+relief", "jean.dupont+don{1|2|3}",
    "o'brien", "r{a|b|c}shid##", "shelter.lead.{north|south}", "a", "X.Y.Z", "fatima19##", "Contact",
    "николай", "josé.garcía", "用户", "müller", "no-reply", "ops+{2024|2025}-q#", "{\\a|\\a\\a}\\a\\a\\a",
    "##\\a\\a\\a##", "m_k-l.p", "user%example",
];
#[rustfmt::skip]
const DOMAINS: &[&str] = &[
    "example.org", "example.com", "mail.example.net", "gmail.example", "north.ngo.example.org",
    "relief-hub.example.co.uk", "example.info", "bücher.example", "пример.рф", "例え.jp",
    "correo.ejemplo.com.mx", "xn--bcher-kva.example", "h-q.example.int", "EXAMPLE.ORG", "sub.a1.example.io",
    "unhcr.example.ch", "παράδειγμα.ελ", "1und1.example.de", "example.museum", "posta.example.com.tr",
];

#[rustfmt::skip]
const HANDLES: &[&str] = &[
    "@{amina|olek|pedro|sara|nurse|rescue}_{help|ua|sy|ht|news}", "@{field|medic|driver}{Team|Bot|Kharkiv}##",
    "@relief@mastodon.{example|social}", "@\\a\\a\\a\\a\\a\\a\\a", "@Jean.Dupont##", "@_ayse_",
    "@user@example.org", "@RedTeam",
];

#[rustfmt::skip]
const COORDINATE_PAIRS: &[&str] = &[
    "33.5###, 36.2###", "-1.28###,36.81###", "48.#####, 37.#####", "(15.3###, 44.2###)",
    "-12.0####, -77.0####", "50.45####;30.52####", "33.5###°N, 36.2###°E", "33.5###° N 36.2###° E",
    "N 33.5### E 36.2###", "18°32'{1|2|3}#\"N 72°20'{1|2|3}#\"W", "33° 30' {1|2|4}#\" N, 36° 16' 3#\" E",
    "49°59.###'N 36°13.###'E", "N 49° 59.### E 36° 13.###", "lat: 33.5###, lon: 36.2###",
    "lat=33.5### lon=36.2###", "33.51### 36.27###", "18.5###N, 72.3###W", "12°58′{1|2|3}#″N 77°35′4#″E",
    "lat 9.0###, long 38.7###", "S 12°02.### W 077°01.###",
];

#[rustfmt::skip]
const DATES: &[&str] = &[
    "{0|1|2}~/0~/{19|20}{0|1}#", "{0|1|2}~.0~.19##", "19##-0~-1#", "~ {May|June|July|March} 19##",
    "{January|Feb|August} 1~, 19##", "1~ {mars|juin|août|décembre} 19##", "~. {März|Juli|Oktober} 19##",
    "1# de {marzo|julio|enero} de 19##", "1~-0~-19##", "~/~/{8|9}#", "1~ {травня|липня|серпня} 19##",
    "2~ {мая|июля|января} 19##", "1~ {Ocak|Mayıs|Haziran} 19##", "19##/1{0|1|2}/0~",
];

#[rustfmt::skip]
const EMAIL_CONTEXTS: &[&str] = &[
    "Please write to <email> before Friday.", "Contact: <email>", "<email>",
    "Mail me (<email>) or ask at the desk.", "mailto:<email>", "Écrivez à <email>, merci.",
    "Mon adresse est <email>; je n'ai plus de téléphone.", "Escriba a <email>.", "Meine E-Mail: <email>!",
    "Пишіть на <email>, відповімо за добу", "Почта <email> больше не работает", "e-posta adresim <email>",
    "بريدي <email> وشكرا", "Name \\<<email>>", "cc:<email>;<email>", "\"<email>\" bounced", "Is <email>?",
    "[<email>]", "write to <email>...", "メール：<email>まで", "请联系 <email>。", "from <email> to <email>",
    "email=<email>&x=1", "href=\"mailto:<email>\"", "*<email>*", "Barua pepe: <email>",
    "my email is <email> and I live near the bridge", "<email>/<email>",
    "Envoyé par <email>: besoin de couvertures", "imeyl <email> tanpri",
];

/// With and without a word that says what follows.
#[rustfmt::skip]
const PHONE_CONTEXTS: &[&str] = &[
    "Call <phone> for the shelter.", "My number is <phone>", "Tel: <phone>", "tel.<phone>",
    "phone <phone>, ask for Amina", "WhatsApp <phone>", "Appelez le <phone> svp", "Tél. : <phone>",
    "Mon numéro <phone> ne marche plus", "Rufen Sie <phone> an.", "Handy: <phone>", "Llámame al <phone>",
    "Teléfono <phone>", "Meu celular é <phone>", "Ligue para <phone> por favor", "Chiamare il <phone>",
    "Cell. <phone>", "Телефон: <phone>", "Дзвоніть <phone>", "Звоните <phone> в любое время", "тел. <phone>",
    "Telefon numaram <phone>", "Ara: <phone>", "هاتف <phone>", "اتصلوا على <phone>", "رقمي <phone>",
    "تماس بگیرید <phone>", "फोन <phone>", "মোবাইল <phone>", "电话：<phone>", "電話<phone>", "전화 <phone>",
    "Nambari yangu ni <phone>", "Nimewo mwen se <phone>", "Hubungi <phone>", "tawagan <phone>",
    "Τηλ. <phone>", "Zadzwoń: <phone>", "Bel <phone>", "gọi <phone>",
    "We are five people trapped on the roof, <phone>", "Ahmed, <phone>, needs insulin",
    "Water is needed here. <phone>", "Besoin d'eau. Marie <phone>", "Necesitamos agua, Pedro <phone>",
    "contact: Olena (<phone>)", "Nurse Grace - <phone> - on duty", "<phone>", "<phone> Yusuf, camp block C",
    "Wir brauchen Decken. Jana, <phone>.", "Потрібна вода, Оксана <phone>", "Нужны лекарства, <phone> Иван",
    "نحتاج خيمة، أبو محمد <phone>", "su lazım, Ayşe <phone>", "tunahitaji maji, Juma <phone>",
    "<phone> or <phone>", "Family of 6, reach them on <phone>!",
];

#[rustfmt::skip]
const IBAN_CONTEXTS: &[&str] = &[
    "IBAN <iban>", "IBAN: <iban>.", "Donations to <iban>, thank you", "Mon compte: <iban>",
    "Bitte auf <iban> überweisen", "iban:<iban>", "(<iban>)", "cuenta <iban>, gracias", "Рахунок <iban>",
    "счёт <iban>", "hesap no <iban>", "حساب <iban>", "account <iban> in my name", "<iban>",
    "Konto: <iban>; BIC follows", "IBAN=<iban>", "transfer 200 EUR to <iban> today", "Conto corrente <iban>",
    "rekening <iban> graag",
];

#[rustfmt::skip]
const CARD_CONTEXTS: &[&str] = &[
    "My card <card> was stolen", "card number: <card>", "Carte <card>, expire 0#/2#", "Kartennummer <card>",
    "tarjeta <card>", "<card>", "(<card>)", "карта <card>", "картка <card>, дякую", "kart no: <card>",
    "بطاقة <card>", "Visa <card> exp 1{0|1|2}/2#", "Please block <card>!", "cartão <card>",
    "paid with <card> at the pharmacy", "卡号<card>", "\"<card>\"", "carta <card>, rubata ieri",
    "pay to card <card> Olena K",
];

#[rustfmt::skip]
const IP_CONTEXTS: &[&str] = &[
    "Login from <ip> refused", "host <ip>", "<ip>", "ping <ip>, no answer", "from <ip4>:{80|443|8080}",
    "[<ip6>]:443 open", "http://[<ip6>]:8080/", "<ip4>/24 is blocked", "<ip6>/64 is blocked",
    "http://<ip4>/status", "IP: <ip>.", "(<ip>)", "adresse <ip>", "My router shows <ip>", "IP-адреса <ip>",
    "server <ip> down since 10:40", "src=<ip> dst=<ip>", "the address is <ip>, please unblock",
    "modem <ip> antwortet nicht",
];

#[rustfmt::skip]
const MAC_CONTEXTS: &[&str] = &[
    "MAC <mac>", "device <mac> joined", "<mac>", "(<mac>)", "mac=<mac>,", "adresse MAC : <mac>.",
    "telefonun MAC adresi <mac>", "hwaddr <mac> up", "MAC: <mac>; vlan 12", "прилад <mac> зник",
];

#[rustfmt::skip]
const CREDENTIAL_CONTEXTS: &[&str] = &[
    "https://<credentials>@portal.example.org/login", "use ftp://<credentials>@files.example.net/maps",
    "postgres://<credentials>@db.example.org:5432/camp", "(http://<credentials>@192.0.2.7:8080/)",
    "mongodb+srv://<credentials>@cluster.example.net/?w=1", "lien: https://<credentials>@example.org, merci",
    "git clone https://<credentials>@git.example.org/map.git", "sftp://<credentials>@h.example.org",
    "rtsp://<credentials>@cam.example.org/1",
];
#[rustfmt::skip]
const CREDENTIALS_FORMS: &[&str] = &[
    "admin:admin", "user:p4ss\\a\\a##", "olena:T\\a\\a\\a!9", "svc-map:\\h\\h\\h\\h\\h\\h\\h\\h", "a.b:x_y-z",
    "amina%40example.org:s3cret", "root:%23pass~",
];

#[rustfmt::skip]
const HANDLE_CONTEXTS: &[&str] = &[
    "follow <handle> for news", "<handle> please help", "via <handle>: road closed", "telegram <handle>",
    "thanks <handle>!", "(<handle>)", "cc <handle>, <handle>", "Telegram: <handle>.", "merci <handle>",
    "пишите <handle>", "RT <handle>: water point open", "інстаграм <handle>", "<handle>",
];

#[rustfmt::skip]
const COORDINATE_CONTEXTS: &[&str] = &[
    "We are at <coordinates>", "Position <coordinates>.", "<coordinates>",
    "trapped near <coordinates>, send boat", "GPS: <coordinates>", "Nous sommes à <coordinates>",
    "координати <coordinates>", "konum <coordinates>", "ubicación: <coordinates>", "الموقع <coordinates>",
    "(<coordinates>)", "https://maps.example.org/?q=<coordinates-url>", "geo:<coordinates-url>",
    "https://maps.example.org/@<coordinates-url>,15z",
];

#[rustfmt::skip]
const BIRTH_CONTEXTS: &[&str] = &[
    "born <birth>", "She was born on <birth> in Mosul", "date of birth: <birth>", "DOB <birth>",
    "d.o.b. <birth>", "Né le <birth>", "née le <birth> à Alep", "Geboren am <birth>", "geb. <birth>",
    "Geburtsdatum: <birth>", "nacido el <birth>", "fecha de nacimiento <birth>", "nata il <birth>",
    "data di nascita: <birth>", "nascido em <birth>", "data de nascimento <birth>", "родился <birth>",
    "дата рождения: <birth>", "народилася <birth>", "дата народження <birth>", "doğum tarihi <birth>",
    "data urodzenia <birth>", "تاريخ الميلاد <birth>", "مواليد <birth>", "geboren op <birth>",
    "My son (born <birth>) is missing", "tarehe ya kuzaliwa <birth>", "ur. <birth>",
];

#[rustfmt::skip]
const FILLER: &[&str] = &[
    "The road to the clinic is blocked since this morning.", "Nous avons besoin de tentes et de couvertures.",
    "El puente se cayó anoche.", "Die Schule ist geschlossen.", "Вода в будинку відсутня.",
    "Дорога размыта, проехать нельзя.", "Köprü yıkıldı, yardım bekliyoruz.", "الطريق مقطوع منذ أمس",
    "Maji hakuna tangu jana.", "村里没有电。", "Nou bezwen dlo ak manje.", "Kami perlu selimut.",
    "सड़क बंद है।", "Three families are sheltering in the mosque.", "L'hôpital ne répond plus.",
    "Please share this with the coordinator.", "A água subiu muito depressa.", "La strada è interrotta.",
    "Brak prądu w całej wsi.", "Ο δρόμος είναι κλειστός.",
    "Generator broke down again, no light in the ward.", "", "", "", "", "",
];

/// What looks like personal data and is none.
#[rustfmt::skip]
const NEGATIVES: &[&str] = &[
    "Order no. ####-####-## was delivered.", "order \\####### confirmed",
    "Bestellnummer 4##-#######-####### ist da", "commande n° FR########", "invoice INV-20{23|24|25}-0####",
    "Tracking 1Z\\H##\\H##A03########", "tracking number \\A\\A#########CN", "colis 6A###########",
    "parcel JD0146#############", "waybill 157-########", "container \\A\\A\\AU ####### sealed",
    "ISBN 978-3-16-######-#", "ISBN 978 2 07 ###### #", "ISBN-10: 0-###-#####-#", "ISSN ####-###~",
    "doi:10.1016/j.dis.202#.######", "EAN 4######{0|1}#####", "arXiv:2{0|1|2}0~.#####",
    "The clinic opens 08:00-16:30.", "bus at 7.45 and 9.15", "between 14:05 and 15:40", "at 06:12:44 UTC",
    "20{23|24|25}-0~-1#T0#:##:##Z", "0~/1~/202#", "1#.0~.202# 14:30", "on ~ May 202#", "le 1# mars 202#",
    "du 03/04 au 1#/04", "2018-2019", "winter 2021/2022", "the 1994-1996 drought",
    "2015, 2016, 2017 and 2018", "1990–2000", "FY 2023-24", "version 2.14.3", "Firmware 10.0.1904~.###",
    "v1.2.3-rc.4", "Android 13.0.1", "kernel 5.15.0-1##-generic", "build 202#0~1#.~",
    "Section 4.2.1.3 of the manual", "see 3.1.4 and 3.1.5", "It costs ~,###.00 USD", "1.###.###,50 €",
    "12 ### ### FCFA", "budget of ### ### ### euros", "Rs. 1,##,###", "£~#,###,###", "UAH ## ###",
    "prix: 1 250 000 LL", "~ ### ### ₴", "¥###,###", "sum of 3 400 500 dollars", "~## ### TL toplandı",
    "2 500 000 people displaced", "population ~#,###,###", "population: 1 ### ###", "~## ### refugees",
    "1.3##.### Einwohner", "около 450 000 человек", "water level ~.## m", "level 3.4~ m, rising 0.05 m/h",
    "gauge 412.35 cm", "рівень води 4~# см", "river at 7.2~, 7.3~ and 7.4~ m", "rain 112.5 mm in 24 h",
    "depth 10.5 km, magnitude 6.3", "33.5, 36.3", "lat 48.2", "about 2.5, 3.5 km apart",
    "elevation 1234.567 m", "pH 7.125", "scale 1:50 000", "1:25000 map sheet", "temperature 36.6, 37.2",
    "ratio 3:2:1", "mix 1:2:4", "track GPS-202#0~1#-0###", "waypoint WP00##", "UTM 37S 2##### 37#####",
    "MGRS 37SCT########", "grid 4QFJ123678", "plus code 8G~QFJ5~+XX", "what3words filled.count.soap",
    "\\#Flood202#", "\\#SOS \\#help\\#now", "\\#1 priority", "plate \\A\\A ### \\A\\A",
    "plate \\A\\A-\\A\\A ####", "Kennzeichen M-\\A\\A ####", "plaka 34 \\A\\A\\A ##", "номер авто AA####BB",
    "plate KBX ###\\A", "~## kg rice, ~# l oil", "5000 x 20 l jerrycans", "12x400 g", "24 boxes of 500",
    "received 1200/1500 kits", "~# of ~## wells work", "2 x 3 x 4 m", "3,5 t de farine", "10-15 families",
    "120–150 persons",
    "\\h\\h\\h\\h\\h\\h\\h\\h-\\h\\h\\h\\h-4\\h\\h\\h-a\\h\\h\\h-\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h",
    "commit \\h\\h\\h\\h\\h\\h\\h",
    "sha1 \\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h",
    "md5: \\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h",
    "0x\\h\\h\\h\\h\\h\\h\\h\\h", "colour \\#\\H\\H\\H\\H\\H\\H", "12 + 34 = 46", "3.14159 * 2.71828",
    "(a+b)\\^2 = 25", "2\\^32 = 4294967296", "x = 0.125, y = 0.250 (mm)", "1024*768", "1920x1080", "f(3)=9",
    "won 3-1", "lost 2:4 after 1:1", "6-4 3-6 7-5", "score 102-98", "Brasil 4 x 1 Peru", "M20 motorway",
    "route A-4 km 12", "RN7 PK 214", "highway 401", "E40 exit 12", "Straße B 96", "flight TK 1823",
    "AF 1124 delayed", "flight UN-0~#H", "train ICE 578", "bus 42", "room 204", "block C-12", "tent 118",
    "Building 7, floor 3", "sector 5/7", "case 202#/00###", "dossier 2024-00####",
    "registration 202#-0~-00###", "ticket \\######", "case ID KBL-00-######", "file 12/345/2023",
    "resolution 2254 (2015)", "SCR 1325", "law 1136-2019", "ISO 9001:2015", "RFC 5321", "IEC 61850-7-4",
    "EN 14126:2003", "batch 0~##-##A", "lot LT202#-####", "serial SN########\\A", "part 12-3456-78",
    "PO 4500######", "ref: 20####/##", "item 1234-5678", "p. 112-118", "pp. 45–67", "vol. 12(3): 234-245",
    "chapter 3.2", "fig. 4.1.2", "50 % done", "12.5 % to 17.25 %", "120/80 mmHg", "SpO2 96", "CD4 350-500",
    "5 mg/kg x 3", "Hb 11.2 g/dl", "220 V 50 Hz", "3 x 400 V", "12.6 kW", "radio 145.500 MHz", "VHF 156.800",
    "channel 16", "freq 7.050, 14.300 MHz", "call 112", "dial 911", "call 15 or 18", "SMS to 4040",
    "short code 70700", "PIN 4821", "unit 12@5 USD", "meet @ 5 pm", "size 42/44", "WO-2024-######",
    "grade 7-9", "Mk 4:12", "Luke 10:25-37", "90210", "zip 10001-####", "P.O. Box 4512",
    "timestamp 17########", "epoch 17########123", "error 0x80070005", "HTTP 404 at 10:15", "port 8080",
    "uptime 12:34:56", "12h30-14h00", "3 to 5 days", "at 1500 hrs", "0600-1800", "0530Z", "~## metres",
    "1 234.56", "0.001",
];

fn email(rng: &mut Rng) -> String {
    format!("{}@{}", expand(rng.pick(LOCALS), rng), expand(rng.pick(DOMAINS), rng))
}

fn international(rng: &mut Rng) -> String {
    let number = expand(rng.pick(INTERNATIONAL), rng);
    let (code, rest) = number.split_once(' ').unwrap();
    match rng.below(12) {
        0..4 => format!("+{number}"),
        4 => format!("+{}", number.replace(' ', "")),
        5 => format!("+{}", number.replace(' ', "-")),
        6 => format!("00{number}"),
        7 => format!("00{}", number.replace(' ', "")),
        // Only where the trunk zero is dropped from abroad, and written so.
        8 if ["33", "44", "49", "31", "32", "46"].contains(&code) => format!("+{code} (0){rest}"),
        8 | 9 => format!("(+{code}) {rest}"),
        10 => format!("+{code}.{}", rest.replace(' ', ".")),
        _ => format!("+{}", number.replace(' ', "\u{a0}")),
    }
}

fn account(rng: &mut Rng) -> String {
    let (country, bban) = IBANS[rng.below(IBANS.len())];
    let compact = iban(country, &expand(bban, rng));
    match rng.below(10) {
        0..4 => grouped(&compact, &[4], " "),
        4..8 => compact,
        8 => grouped(&compact, &[4], "-"),
        _ => compact.to_lowercase(),
    }
}

fn card(rng: &mut Rng) -> String {
    let (number, groups) = CARDS[rng.below(CARDS.len())];
    let compact = luhn(&expand(number, rng));
    match rng.below(8) {
        0..4 => grouped(&compact, groups, " "),
        4..6 => compact,
        6 => grouped(&compact, groups, "-"),
        _ => grouped(&compact, groups, "\u{a0}"),
    }
}

fn fill(name: &str, rng: &mut Rng, out: &mut Labelled) {
    match name {
        "email" => out.label(EMAIL, &email(rng)),
        "phone" if rng.percent(30) => out.label(PHONE, &international(rng)),
        "phone" => {
            let plan = NATIONAL_PLANS[rng.below(NATIONAL_PLANS.len())];
            out.label(NATIONAL, &expand(rng.pick(plan), rng));
        }
        "iban" => out.label(IBAN, &account(rng)),
        "card" => out.label(CARD, &card(rng)),
        "ip" => {
            let set = if rng.percent(50) { IPS_4 } else { IPS_6 };
            out.label(IP, &expand(rng.pick(set), rng));
        }
        "ip4" => out.label(IP, &expand(rng.pick(IPS_4), rng)),
        "ip6" => out.label(IP, &expand(rng.pick(IPS_6), rng)),
        "mac" => out.label(MAC, &expand(rng.pick(MACS), rng)),
        "credentials" => out.label(CREDENTIALS, &expand(rng.pick(CREDENTIALS_FORMS), rng)),
        "handle" => out.label(HANDLE, &expand(rng.pick(HANDLES), rng)),
        "coordinates" => out.label(COORDINATES, &expand(rng.pick(COORDINATE_PAIRS), rng)),
        "coordinates-url" => out.label(COORDINATES, &expand("{33|-12|48}.5####,{36|-77}.2####", rng)),
        "birth" => out.label(BIRTH, &expand(rng.pick(DATES), rng)),
        other => unreachable!("slot {other}"),
    }
}

/// One to three sentences: filler, and one that matters; at times a negative beside a find.
fn one(rng: &mut Rng) -> Labelled {
    let contexts = match rng.below(100) {
        0..8 => EMAIL_CONTEXTS,
        8..36 => PHONE_CONTEXTS,
        36..42 => IBAN_CONTEXTS,
        42..48 => CARD_CONTEXTS,
        48..53 => IP_CONTEXTS,
        53..56 => MAC_CONTEXTS,
        56..59 => CREDENTIAL_CONTEXTS,
        59..62 => HANDLE_CONTEXTS,
        62..66 => COORDINATE_CONTEXTS,
        66..70 => BIRTH_CONTEXTS,
        _ => NEGATIVES,
    };
    let mut out = Labelled::default();
    out.text.push_str(rng.pick(FILLER));
    if rng.percent(15) {
        out.text.push_str(if out.text.is_empty() { "" } else { " " });
        out.expand(rng.pick(NEGATIVES), rng, &fill);
        out.text.push_str(rng.pick(&["", ".", ",", ";"]));
    }
    out.text.push_str(if out.text.is_empty() { "" } else { " " });
    out.expand(rng.pick(contexts), rng, &fill);
    let last = rng.pick(FILLER);
    if !last.is_empty() {
        out.text.push(if rng.percent(20) { '\n' } else { ' ' });
        out.text.push_str(last);
    }
    out
}

#[test]
fn first_corpus() {
    measure("First held-out corpus", 0x5eed_0001, 20_000, one).assert_goals();
}
