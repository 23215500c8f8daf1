//! The second held-out corpus: drawn once, after the scanner was mended by the first. Other countries, other
//! banks, other sentences; nothing of the first is used again. All names, numbers and places are made up.

use crate::held::*;

/// National forms as people write them, without the country code.
#[rustfmt::skip]
const NATIONAL_PLANS: &[&[&str]] = &[
    // Portugal
    &["9{1|2|3|6}# ### ###", "21# ### ###", "9{1|3|6}#######", "22 ### ## ##", "96#-###-###"],
    // Switzerland
    &["07{6|7|8|9} ### ## ##", "044 ### ## ##", "079/### ## ##", "079#######", "031-### ## ##"],
    // Austria
    &["0664 #######", "01/#######", "0676/### ## ##", "01 ### ## ##", "0699########", "(0316) ######"],
    // Czechia, Slovakia
    &["60# ### ###", "77# ### ###", "2## ### ###", "0905 ### ###", "02/#### ####", "73#######"],
    // Hungary
    &["06 30 ### ####", "06-20-###-####", "06 1 ### ####", "06/70-###-####", "0630#######", "(06 70) ### ####"],
    // Serbia, Bosnia, Croatia
    &["06# ### ####", "06#/###-####", "011/###-####", "09# ### ####", "01 #### ###", "033/###-###", "061 ### ###"],
    // Bulgaria, North Macedonia, Albania
    &["088# ### ###", "02 ### ####", "07# ### ###", "069 ## ## ###", "087#######", "0888/######"],
    // Norway
    &["4## ## ###", "9## ## ###", "22 ## ## ##", "9#######"],
    // Denmark
    &["{3|4|5|6}# ## ## ##", "2# ## ## ##", "4### ####", "30######"],
    // Finland, Iceland
    &["040 ### ####", "050 #######", "09 ### ####", "045#######", "8##-####", "6## ####"],
    // Ireland
    &["08{3|5|6|7} ### ####", "(01) ### ####", "01 ### ####", "087-#######", "021 ### ####", "089#######"],
    // Lithuania, Latvia, Estonia
    &["8 6## #####", "(8 5) ### ####", "2# ### ###", "5### ####", "29######"],
    // Moldova
    &["069 ### ###", "022 ## ## ##", "078######", "0{60|68|79} ## ## ##"],
    // Georgia
    &["5## ## ## ##", "(032) 2 ## ## ##", "599 ### ###", "032 2## ## ##"],
    // Armenia, Azerbaijan
    &["09# ## ## ##", "(010) ## ## ##", "050 ### ## ##", "(012) ### ## ##", "055-###-##-##", "077######"],
    // Kazakhstan, Kyrgyzstan
    &["8 701 ### ## ##", "8 (7172) ## ## ##", "8-777-###-##-##", "0555 ## ## ##", "0700 ######", "8705#######"],
    // Uzbekistan, Tajikistan
    &["90 ### ## ##", "(71) ### ## ##", "93 ### ## ##", "97-###-##-##"],
    // Iran
    &["0912 ### ####", "021-########", "(021) #### ####", "0935-###-####", "0919#######"],
    // Afghanistan
    &["07{0|7|8|9} ### ####", "07## ### ###", "0700-######", "079#######"],
    // Yemen
    &["77# ### ###", "01 ######", "73#-###-###", "71#######"],
    // Libya
    &["091-#######", "092 ### ####", "094#######", "021-#######"],
    // Saudi Arabia
    &["05# ### ####", "011 ### ####", "05########", "05#-###-####"],
    // Emirates, Kuwait, Qatar
    &["050 ### ####", "04-#######", "5### ####", "05#-#######", "9#######", "04 ### ####"],
    // Nepal, Bhutan
    &["984#-######", "98## ### ###", "01-#######", "985#######", "17 ## ## ##"],
    // Sri Lanka, Maldives
    &["07# ### ####", "011 2 ### ###", "077-#######", "0112######", "7##-####"],
    // Myanmar
    &["09 ### ### ###", "09-#########", "01 ### ###", "09 4## ### ###", "09#########"],
    // Thailand
    &["08# ### ####", "02 ### ####", "08#-###-####", "02-###-####", "06########"],
    // Cambodia, Laos
    &["012 ### ###", "0{10|77|96} ### ###", "023 ### ###", "020 #### ####", "088 ### ####"],
    // Malaysia
    &["01#-### ####", "03-#### ####", "012-#######", "011-#### ####", "01########"],
    // Singapore, Hong Kong
    &["{8|9}### ####", "6### ####", "{5|6|9}### ####", "9#######"],
    // Taiwan
    &["09##-###-###", "(02) ####-####", "02-####-####", "09## ### ###", "09########"],
    // Mongolia
    &["99## ####", "88##-####", "9#######"],
    // New Zealand, Fiji
    &["021 ### ####", "09 ### ####", "(04) ### ####", "027-###-####", "7## ####", "022#######"],
    // Uganda
    &["07## ######", "0772 ### ###", "0414-######", "075#######"],
    // Tanzania, Rwanda, Burundi
    &["07## ### ###", "022 ### ####", "078# ### ###", "79 ### ###", "071#######"],
    // Ghana
    &["024 ### ####", "0244 ### ###", "0302 ######", "055#######", "024-###-####"],
    // Côte d'Ivoire
    &["07 ## ## ## ##", "27 ## ## ## ##", "05########", "01-##-##-##-##"],
    // Cameroon
    &["6 ## ## ## ##", "6## ## ## ##", "6## ### ###", "2 ## ## ## ##"],
    // Congo, Chad
    &["08# ### ####", "099 ### ## ##", "06 ### ## ##", "66 ## ## ##", "081#######"],
    // Mali, Burkina Faso, Niger
    &["{6|7}# ## ## ##", "{7|9}# ## ## ##", "20 ## ## ##", "7#######"],
    // Zambia, Malawi, Zimbabwe
    &["097# ######", "09## ### ###", "0999 ### ###", "077# ### ###", "0211 ######", "096#######"],
    // Mozambique, Angola
    &["8{2|4|6} ### ####", "9{1|2|3} ### ## ##", "9## ### ###", "84#######"],
    // Madagascar
    &["03{2|3|4} ## ### ##", "020 22 ### ##", "034#######"],
    // Peru
    &["9## ### ###", "(01) ### ####", "01 ### ####", "9##-###-###", "9########"],
    // Ecuador
    &["09# ### ####", "02 ### ####", "(04) ###-####", "099#######"],
    // Argentina, Uruguay, Paraguay
    &["(011) ####-####", "011 15-####-####", "11 ####-####", "0351 ###-####", "09# ### ###", "0981 ### ###", "2### ####"],
    // Chile, Bolivia
    &["9 #### ####", "(2) 2### ####", "22 ### ####", "7#######", "(4) ### ####", "9########"],
    // Guatemala, Honduras, El Salvador, Nicaragua
    &["{2|3|4|5|7}###-####", "5### ####", "9###-####", "2###-####", "7### ####"],
    // Cuba, Dominican Republic, Jamaica
    &["5 ### ####", "5#######", "(809) ^##-####", "829-^##-####", "876-^##-####"],
];

/// Behind the country code, in the groups of the country.
#[rustfmt::skip]
const INTERNATIONAL: &[&str] = &[
    "351 9## ### ###", "41 79 ### ## ##", "43 664 #######", "420 60# ### ###", "36 30 ### ####",
    "381 6# ### ####", "385 9# ### ####", "359 88 ### ####", "47 4## ## ###", "45 ## ## ## ##",
    "358 40 ### ####", "353 87 ### ####", "370 6## #####", "371 2# ### ###", "372 5### ####",
    "995 5## ## ## ##", "374 9# ######", "994 50 ### ## ##", "998 90 ### ## ##", "996 555 ## ## ##",
    "992 90 ### ####", "98 912 ### ####", "966 5# ### ####", "971 50 ### ####", "965 5### ####",
    "974 3### ####", "95 9 ### ### ###", "66 8# ### ####", "855 12 ### ###", "60 12 ### ####", "65 8### ####",
    "852 6### ####", "886 912 ### ###", "976 99## ####", "64 21 ### ####", "255 7## ### ###",
    "250 78# ### ###", "257 79 ### ###", "233 24 ### ####", "225 07 ## ## ## ##", "242 06 ### ## ##",
    "235 66 ## ## ##", "223 7# ## ## ##", "226 7# ## ## ##", "227 9# ## ## ##", "260 97# ######",
    "265 999 ### ###", "263 77# ### ###", "258 84 ### ####", "244 92# ### ###", "261 34 ## ### ##",
    "51 9## ### ###", "593 99 ### ####", "54 9 11 #### ####", "56 9 #### ####", "591 7### ####",
    "502 5### ####", "504 9###-####", "53 5 ### ####", "1 809 ^## ####", "211 92 ### ####", "232 76 ######",
    "231 77 ### ####", "224 62# ## ## ##", "228 9# ## ## ##", "229 01 ## ## ## ##", "236 7# ## ## ##",
    "291 7 ### ###", "253 77 ## ## ##", "268 76## ####", "679 7## ####", "675 7### ####", "670 77## ####",
    "389 70 ### ###",
];

#[rustfmt::skip]
const IBANS: &[(&str, &str)] = &[
    ("AD", "###########\\A######\\A#"), ("AL", "###########\\A######\\A#####"),
    ("AZ", "\\A\\A\\A\\A###\\A######\\A######\\A##"), ("BA", "################"),
    ("BG", "\\A\\A\\A\\A#########\\A####"), ("BH", "\\A\\A\\A\\A###\\A######\\A###"),
    ("BI", "#######################"), ("BY", "###\\A#######\\A######\\A#####"), ("CR", "##################"),
    ("CY", "########################"), ("DJ", "#######################"),
    ("DO", "###\\A####################"), ("EE", "################"), ("FO", "##############"),
    ("GI", "\\A\\A\\A\\A###\\A######\\A####"), ("GL", "##############"),
    ("GT", "###\\A###\\A######\\A######\\A##"), ("HR", "#################"), ("IL", "###################"),
    ("IS", "######################"), ("KW", "\\A\\A\\A\\A###\\A######\\A######\\A####"),
    ("KZ", "######\\A######\\A##"), ("LI", "########\\A######\\A#"), ("LT", "################"),
    ("LU", "################"), ("LV", "\\A\\A\\A\\A###\\A######\\A##"), ("LY", "#####################"),
    ("MC", "#############\\A######\\A##"), ("MD", "#####\\A######\\A######\\A"), ("ME", "##################"),
    ("MK", "######\\A########"), ("MU", "\\A\\A\\A\\A###################\\A\\A\\A"),
    ("QA", "\\A\\A\\A\\A###\\A######\\A######\\A###"), ("RS", "##################"),
    ("SC", "\\A\\A\\A\\A####################\\A\\A\\A"), ("SD", "##############"), ("SI", "###############"),
    ("SK", "####################"), ("SM", "\\A#############\\A######\\A#"), ("ST", "#####################"),
    ("SV", "\\A\\A\\A\\A####################"), ("TL", "###################"), ("VA", "##################"),
    ("VG", "\\A\\A\\A\\A################"), ("XK", "################"),
];

/// All digits but the last, and the lengths of the groups.
#[rustfmt::skip]
const CARDS: &[(&str, &[usize])] = &[
    ("4##############", &[4]), ("4##############", &[4]), ("4##############", &[4]),
    ("5{1|2|3|4|5}#############", &[4]), ("5{1|2|3|4|5}#############", &[4]), ("22{3|4|9}############", &[4]),
    ("26#############", &[4]), ("37############", &[4, 6, 5]), ("38###########", &[4, 6, 4]),
    ("30{0|5}##########", &[4, 6, 4]), ("64{4|7}############", &[4]), ("35{31|42|69}###########", &[4]),
    ("62{1|2|5}############", &[4]), ("62{1|2}###############", &[4]), ("5019###########", &[4]),
    ("606282#########", &[4]), ("636297#########", &[4]), ("506{1|2}###########", &[4]),
    ("5061##############", &[4]), ("8600###########", &[4]), ("9860###########", &[4]),
    ("970436#########", &[4]), ("{603799|610433|621986|502229}#########", &[4]), ("2202###########", &[4]),
    ("6521###########", &[4]), ("5612###########", &[4]), ("676{1|3}###########", &[4]),
];

#[rustfmt::skip]
const IPS_4: &[&str] = &[
    "10.0.~.~#", "172.{17|20|31}.#.1~#", "192.168.1.2{0|4}~", "100.64.~#.~#", "1.1.1.1", "185.~#.~#.2~",
    "91.198.1~#.2~", "255.255.255.0", "0.0.0.0", "169.254.~#.~#", "213.6.~#.1##", "102.1~#.~#.~",
];
#[rustfmt::skip]
const IPS_6: &[&str] = &[
    "2a02:\\h\\h\\h:\\h\\h\\h\\h::~", "2001:470:~\\h:~::{1|2|ff}", "fe80::~", "ff02::{1|2|fb}",
    "2c0f:f\\h\\h8:\\h\\h\\h\\h:\\h\\h00::", "::ffff:10.0.~.~", "2001:db8::192.0.2.~", "FD12:3456:789A:~::~",
    "2400:cb00:2048:1::\\h\\h\\h\\h:\\h\\h\\h\\h", "2001:db8:85a3::8a2e:370:7\\h\\h~",
    "2a0{1|6}:4f8:\\h\\h\\h:\\h\\h\\h~:\\h\\h\\h\\h:\\h\\hff:fe\\h\\h:\\h\\h\\h\\h",
    "2001:0000:4136:e378:8000:63bf:3fff:fdd\\h", "2002:c000:02\\h\\h::",
];

#[rustfmt::skip]
const LOCALS: &[&str] = &[
    "thandiwe.m", "khaled_h19##", "b.o.nnet", "secretariat", "hr", "ngo-coordination", "nguyen.van.a",
    "d'angelo", "søren.å", "łukasz", "διευθυντής", "मनीष", "محمد", "田中", "ivan.petrov+{nato|logistik|w2}",
    "x\\a\\a#\\a", "Ms.Okonkwo", "donations+tag-#", "7even#", "_team_", "q&a", "john.smith.{1|2|3}", "zoë",
    "{abuse|postmaster|helpdesk}", "wash_cluster.{aleppo|goma}", "u\\h\\h\\h\\h\\h\\h", "владислав.к", "f",
    "A_B-C.D", "s.i.r-##", "{newsletter|alerts|list|noc|bounce+amina=example.net}",
];
#[rustfmt::skip]
const DOMAINS: &[&str] = &[
    "example.ng", "example.co.ke", "eu.west.example.cloud", "example.travel", "hospital-3.example.gov",
    "exämple.de", "почта.example.ru", "मेल.भारत", "مثال.إختبار", "例子.测试", "xn--e1afmkfd.example",
    "4u.example.org", "mx1.a.b.c.example.net", "outlook.example", "example.photography",
    "yahoo.example.com.ph", "ExAmple.Net", "city.example.lg.jp", "uni-x.example.ac.za", "example.quebec",
];

#[rustfmt::skip]
const HANDLES: &[&str] = &[
    "@{kofi|lina|tarek|wanjiru}", "@{cruz|croix}_rouge_{ml|td}", "@news.{goma|beira}", "@x_\\a\\a\\a##",
    "@{Dr|Prof}{Amal|Hien|Nkosi}", "@mapper@en.osm.example", "@h0sp1tal\\a", "@ONG_agua", "@__night__",
    "@TeamRescue20{1|2}#",
];

#[rustfmt::skip]
const COORDINATE_PAIRS: &[&str] = &[
    "15.5###, 32.5###", "-19.8####,34.8####", "15.5###N 32.5###E", "13,5###; 2,1###", "S33.86### E151.20###",
    "36°1~'N 37°0~'E", "-3.38## 29.36##", "12.97####,77.59####", "N33°30.### E036°16.###",
    "lat. 15.5### lng. 32.5###", "15.5###° N, 32.5###° E", "15° 33′ 1#″ N, 32° 31′ 5#″ E",
    "lat -13.96## / lon 33.77##", "latitud 4.7###, longitud -74.0###", "latitude: 9.03##, longitude: 38.74##",
    "[15.5###, 32.5###]", "15.55## , 32.53##", "широта 49.99##, довгота 36.23##",
    "14°41'3~.2\"N, 17°26'4~.8\"W", "enlem 37.06##, boylam 37.38##", "\"lat\":15.55##,\"lng\":32.53##",
    "Breite 48.20##, Länge 16.37##", "+34.05##, -118.24##", "0.3476## N, 32.5825## E", "7°22'S 112°44'E",
    "23.81####/90.41####", "POINT(32.53## 15.55##)",
];

#[rustfmt::skip]
const EMAIL_CONTEXTS: &[&str] = &[
    "You can reach the desk at <email>, day and night.", "E-mail:<email>", "Courriel : <email> (Mme Diallo)",
    "Correo: <email>.", "<email>, <email>", "Kontakt: <email>?", "Please CC «<email>» from now on.",
    "MAILTO:<email>?subject=water", "napište na <email> prosím", "skriv till <email>", "'<email>'",
    "| <email> |", "a: <email>\tb: <email>", "Kirjoita <email> niin autamme", "email pe <email> bhejein",
    "电邮：<email>", "이메일 <email>로 보내주세요", "ایمیل <email>", "gửi về <email> nhé",
    "Il mio indirizzo (<email>) non funziona", "To: \"Ngozi\" \\<<email>>", "<email> - Logistics",
    "ktoś z <email>?", "\\#water <email> \\#help", "kuma <email>", "<email>;",
    "https://forms.example.org/?u=<email>", "meu e-mail: <email>\n", "|<email>|", "отправьте на <email>.",
];

#[rustfmt::skip]
const PHONE_CONTEXTS: &[&str] = &[
    "If you see her please ring <phone>", "Ops room <phone>", "We can be reached at <phone> after dark",
    "Emergency contact <phone> (brother)", "my no is <phone>", "Ph: <phone>", "M: <phone>",
    "Joignable au <phone>", "Numéro d'urgence : <phone>", "contactez Awa au <phone>", "Tél <phone> / <phone>",
    "tel. kom. <phone>", "volejte <phone>", "Hívjon: <phone>", "sunați la <phone>", "pozovite <phone>",
    "Soita <phone>", "Ring meg på <phone>", "skambinkite <phone>", "zvani <phone>",
    "دەتوانن پەیوەندی بکەن <phone>", "الرقم <phone>", "واتساب <phone>", "شماره من <phone>",
    "నా ఫోన్ <phone>", "โทร <phone>", "ဖုန်း <phone>", "ទូរស័ព្ទ <phone>", "ໂທ <phone>", "утас <phone>",
    "ტელ: <phone>", "հեռ. <phone>", "рақами <phone>", "telefon raqamim <phone>", "meu zap <phone>",
    "mi cel <phone>", "fono <phone>", "Comuníquese al <phone>", "llamen a Rosa <phone>", "piga simu <phone>",
    "kira <phone>", "pe mi <phone>", "shaya ucingo <phone>", "antsoy <phone>", "hamagara <phone>",
    "wac <phone>", "ስልክ <phone>", "Old man alone in the house, neighbour Tomasz <phone>",
    "Insulin needed for Nadia. <phone>", "<phone>", "Grace <phone>\nPeter <phone>",
    "Plus de farine au village, Issa <phone>", "No hay luz en la zona, doña Carmen <phone>",
    "Sem água desde ontem, José <phone>", "Nincs áram, Katalin <phone>",
    "Bez prúdu už tri dni, Zuzana <phone>", "Strøm borte, Kari <phone>",
    "Kein Strom mehr. Familie Huber, <phone>", "ไม่มีน้ำ สมชาย <phone>", "Mất điện, anh Tuấn <phone>",
    "Tsy misy rano, Rakoto <phone>", "two adults, one baby; <phone>; roof", "driver: Moses, <phone>.",
    "[<phone>]", "Dr. Bekele - <phone>", "boat needed!! <phone>!!", "Olga(<phone>)",
];

#[rustfmt::skip]
const IBAN_CONTEXTS: &[&str] = &[
    "Please send it to <iban>", "Bank: Example Bank, <iban>, ref WATER", "Virement sur <iban> svp",
    "Número de cuenta: <iban>", "konto <iban>.", "račun <iban>", "сметка <iban>", "llogaria <iban>",
    "hesab: <iban>", "الآيبان: <iban>", "IBAN/<iban>", "«<iban>»", "my account is <iban> (Example Bank)",
    "számlaszám <iban>", "sąskaita <iban>", "<iban>\n", "pay <iban> 50 EUR", "[<iban>]", "IBAN No. <iban>",
    "שולם אל <iban>",
];

#[rustfmt::skip]
const CARD_CONTEXTS: &[&str] = &[
    "Somebody used my card <card>", "Mastercard <card>, CVV lost", "Numéro de carte : <card>",
    "Karte: <card>.", "número da tarjeta <card>", "kartı <card> bloke edin", "переказ на <card>",
    "номер карты: <card>", "شماره کارت <card>", "<card>", "[<card>]", "card=<card>;", "kortnummer <card>",
    "kártya <card>", "thẻ <card> bị mất", "my debit card (<card>) is blocked", "карта\n<card>",
    "ATM kept <card> yesterday", "karta raqami <card>",
];

#[rustfmt::skip]
const IP_CONTEXTS: &[&str] = &[
    "The camera answers on <ip>", "inet <ip4> netmask <ip4>", "from=<ip>, proto=udp", "blocked: <ip>;",
    "ssh root@<ip4>", "«<ip>»", "IPv6 <ip6>", "<ip4> - - GET /index 200", "adresa <ip>", "Adresse IP <ip>!",
    "dirección <ip>", "https://<ip4>:8443/login?x=1", "coap://[<ip6>]/t", "<ip4>-<ip4>", "nameserver <ip>",
    "<ip>\n<ip>", "ip:<ip4>", "the gateway (<ip>) does not reply", "X-Forwarded-For: <ip4>, <ip4>",
    "<ip6>%eth0 is up", "آی پی <ip>", "default via <ip4> dev wlan0",
];

#[rustfmt::skip]
const MACS: &[&str] = &[
    "02:\\h\\h:\\h\\h:\\h\\h:\\h\\h:\\h\\h", "DE-AD-\\H\\H-\\H\\H-\\H\\H-\\H\\H",
    "\\h\\h\\ha.\\h\\h\\h\\h.\\h\\h\\h\\h", "3C:\\H\\H:\\H\\H:\\H\\H:\\H\\H:\\H\\H",
];
#[rustfmt::skip]
const MAC_CONTEXTS: &[&str] = &[
    "ether <mac> txqueuelen 1000", "phone's MAC is <mac>", "BSSID <mac>,", "<mac> -> <mac>", "[<mac>]",
    "адрес <mac>", "client \"<mac>\" left", "wlan0: <mac>.", "arp: <ip4> at <mac>",
];

#[rustfmt::skip]
const CREDENTIAL_CONTEXTS: &[&str] = &[
    "log in: https://<credentials>@hub.example.org.", "smb://<credentials>@nas.example.net/share",
    "mysql://<credentials>@127.0.0.1/ops", "curl -s http://<credentials>@example.net/api?id=3",
    "amqps://<credentials>@mq.example.io:5671", "«https://<credentials>@example.org/map»",
    "enlace https://<credentials>@datos.example.mx y listo",
    "proxy=http://<credentials>@proxy.example.com:3128",
];
#[rustfmt::skip]
const CREDENTIALS_FORMS: &[&str] = &["guest:guest", "mapper-~:Xk~\\a\\a_#", "deploy:\\A\\a\\A\\a\\A\\a##", "field.user:correct-horse", "api:sk_\\h\\h\\h\\h\\h\\h", "u%2Bx:p%40ss"];

#[rustfmt::skip]
const HANDLE_CONTEXTS: &[&str] = &[
    "ask <handle>", "<handle>: bridge is open again", "photo by <handle>", "suivez <handle> !",
    "IG: <handle>", "…<handle>", "dm <handle>/<handle>", "sígannos en <handle>.", "по данным <handle>",
    "«<handle>»", "شكرا <handle>", "kiitos <handle>",
];

#[rustfmt::skip]
const COORDINATE_CONTEXTS: &[&str] = &[
    "Pin dropped at <coordinates>", "boat stuck, <coordinates>", "well no. 4: <coordinates>", "<coordinates>",
    "Coordonnées : <coordinates>.", "estamos en <coordinates>", "Koordinaten <coordinates>",
    "координаты: <coordinates>", "toạ độ <coordinates>", "https://osm.example.org/?ll=<pair>&z=12",
    "geo:<pair>?z=19", "https://maps.example.net/place/@<pair>,17z/data", "loc=<pair>",
    "our house <coordinates> two storeys", "(<coordinates>)",
];

/// `<=...>` is a date of birth by its own pattern, in the words of the sentence's language.
#[rustfmt::skip]
const BIRTH_CONTEXTS: &[&str] = &[
    "b. <=1~ May 19##>", "her birthday is <=~/1{0|1|2}/20{0|1}#>", "DoB: <=19##-0~-2#>",
    "D.O.B.: <=2~-0~-19##>", "Birthdate <=0~/2#/19##>", "was born in Juba on <={March|April|June} 1~, 19##>",
    "born <=1~th {of |}August 19##>", "date de naissance : <=1~ {février|avril|septembre} 19##>",
    "né(e) le <=0~.1{0|1|2}.19##>", "f. nac. <=1~/0~/19##>",
    "nació el <=~ de {febrero|octubre|diciembre} de 19##>",
    "Geburtsdatum <=1~. {Jänner|November|April} 19##>", "geb. am <=0~.0~.20{0|1}#>",
    "nascido a <=1~ de {maio|setembro|fevereiro} de 19##>",
    "nato a Bari il <=~ {gennaio|giugno|ottobre} 19##>", "geboortedatum <=1~-1{0|1}-19##>",
    "narozena <=1~. {dubna|října|května} 19##>", "született: <=19##. {március|augusztus} 1~.>",
    "născut la <=1~ {ianuarie|iulie} 19##>", "rođen <=1~.0~.19##.>", "født <=1~. {mai|oktober} 19##>",
    "född <=19##-1{0|1|2}-0~>", "syntynyt <=1~.~.19##>", "ur. <=1~ {stycznia|czerwca} 19##>",
    "γεννήθηκε <=1~/0~/19##>", "роден на <=1~.0~.19##>", "народився <=~ {жовтня|березня} 19## року>",
    "Родилась <=1~ {ноября|февраля} 19##>", "туған күні <=1~.0~.19##>", "doğum: <=1~.0~.19##>",
    "lahir <=1~ {Agustus|Desember} 19##>", "sinh ngày <=1~/~/19##>",
    "ipinanganak noong <={Hunyo|Enero} 1~, 19##>", "出生日期：<=19##年~月1~日>",
    "生年月日 <=19##年1{0|1|2}月~日>", "생년월일: <=19##년 ~월 1~일>", "जन्म तिथि <=1~/0~/19##>",
    "জন্ম তারিখ <=1~-0~-19##>", "تاريخ الولادة: <=1~/~/19##>", "متولد <=13{5|6|7}#/0~/1#>",
    "תאריך לידה <=1~.0~.19##>", "alizaliwa <=1~ {Machi|Agosti} 19##>", "wuxuu dhashay <=1~/0~/19##>",
    "የትውልድ ቀን <=1~/0~/19##>", "gimė <=19##-0~-1#>", "dzimis <=1~.0~.19##>", "teraka tamin'ny <=1~/0~/19##>",
];

#[rustfmt::skip]
const FILLER: &[&str] = &[
    "Half of the village left on foot.", "Le puits est à sec.", "La carretera está cortada en dos puntos.",
    "Nachts ist es sehr kalt.", "Most jest zamknięty.", "Nincs ivóvíz.", "Drumul este blocat.",
    "السوق مغلق اليوم.", "آب آشامیدنی نداریم.", "ဆန်လိုတယ်", "ต้องการผ้าห่ม", "Cần thuốc và sữa.",
    "Tunaomba chakula.", "Muna bukatar abinci.", "ውሃ የለም።", "पानी नहीं है।", "道路被水淹没。",
    "停電が続いています。", "정전입니다.", "წყალი არ გვაქვს.", "Su kesik.", "Não temos remédios.",
    "Δεν έχουμε ρεύμα.", "Everyone here is safe for now.", "Bitte weitersagen!", "", "", "", "", "", "",
];

/// What looks like personal data and is none.
#[rustfmt::skip]
const NEGATIVES: &[&str] = &[
    "your request \\#####-## is open", "Bon de commande n° 20{23|24}/0###", "pedido 701-#######-#######",
    "zamówienie nr ########", "order ID: 4########", "Sendungsnummer 00340#############",
    "n° de suivi LX#########FR", "AWB 176-########", "track RR#########DE", "container TGHU###### of the aid",
    "convoy KM-202#-0## left at 05:40", "ISBN 978-0-###-#####-#", "ISBN: 979#########",
    "ISMN 979-0-####-####-#", "doi 10.1371/journal.pone.0######", "PMID 3#######", "DUNS 12-345-####",
    "barcode 54########## ~", "GTIN 0##########", "Öffnungszeiten 9:00 - 17:30", "distribution 07h00 à 11h30",
    "10:00-12:00, 14:00-16:00", "starts 6.30 pm", "between 2100 and 0430 hrs",
    "202#-1{0|1|2}-2#T1#:3#:00+02:00", "since 12.11.202#", "by 2~/0~/2#", "la semaine du 1~/0~/202#",
    "from 1967 to 1973", "1975-1990 war", "2011/2012 census", "2020, 2021 et 2022", "années 2008 à 2014",
    "the years 1914–1918", "season 2015-16", "202~-202~", "app 4.19.2", "v10.2.0.1", "Version 22.04.3 LTS",
    "iOS 17.2.1", "driver 535.129.03", "release 2024.1.0.7", "paragraph 5.3.2.1", "Art. 12.4.1.1",
    "rule 4.4.1", "USD ###,###.##", "€ 1.2##.###", "~## ### XOF", "~ ### ### F CFA", "Rp ~.###.###",
    "Rp~#.###.000", "₹ ~,##,###", "₦~##,###", "~##.### kr", "CHF 12'###.50", "KSh ~#,###", "PKR ### ###",
    "~ ### ### ### LBP", "₽ ## ###", "~#,### RUB", "R$ ~.###,##", "¥ 12,###", "~## ### ### IQD",
    "~,###,### inhabitants", "1 ### ### habitants", "4~#.### Menschen", "~# ### évacués", "~## ### ménages",
    "около ~# ### семей", "~.### hogares", "nearly ~## ### children", "a total of ~ ### ### vaccinated",
    "counted ## ### heads of cattle", "targets 2 3## ### people in need", "river gauge 5.~# m (+0.12)",
    "flow 1 250 m3/s", "H = 412.7 cm", "level 101.325 kPa", "Pegel 6,~# m", "tide 0.4 m - 3.2 m",
    "rainfall 12.5, 30.1, 8.0 mm", "Mw 6.8, 12.1 km", "wind 35-50 kt", "snow 120-150 cm", "27.5 °C / 31.0 °C",
    "at 1 013 hPa", "altitude 2 355 m", "grid ref SU 123 ###", "UTM 36N 4##### 16#####",
    "MGRS 36RUU1234#56789", "waypoint 0##", "track \\#0###", "zone 33T", "48.2N", "about 15.5 N",
    "map sheet NE-36-~", "tile 14/9###/6###", "scale 1:100 000", "1/25000", "12.5, 30.1", "geohash sv8wr#k",
    "OSM way 2########", "node 61########", "\\#Beira202#", "\\#24horas", "\\#SOS{Goma|Gaza|Derna}",
    "\\#7dias", "\\#MH370", "plate KCA ###\\A", "immatriculation AB-###-CD", "matrícula #### \\A\\A\\A",
    "rego 1\\A\\A-#\\A\\A", "RZ 12##\\A", "number plate 12-\\A-345##", "UN 2###-###", "SPZ 3A# ####",
    "licence \\A\\A ##\\A\\A ####", "~# sacks x 50 kg", "6 x 1.5 l", "boxes of 24/48", "#### of #### done",
    "~# x ~# m tarpaulins", "5-7 per tent", "pallets 12 (of 40)", "1500+ blankets", "2x500 ml",
    "~## liters/day", "10 000 sheets A4", "N95 x 2000", "100-120 persons/h",
    "need 350 jerry cans, 400 mats, 1200 soaps",
    "\\h\\h\\h\\h\\h\\h\\h\\h-\\h\\h\\h\\h-7\\h\\h\\h-8\\h\\h\\h-\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h",
    "rev \\h\\h\\h\\h\\h\\h\\h\\h\\h\\h", "etag \"\\h\\h\\h\\h\\h\\h\\h\\h-\\h\\h\\h\\h\"",
    "crc32 \\h\\h\\h\\h\\h\\h\\h\\h", "key \\H\\H\\H\\H-\\H\\H\\H\\H-\\H\\H\\H\\H-\\H\\H\\H\\H",
    "object 5f\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h", "\\#\\h\\h\\h\\h\\h\\h",
    "U+1F6\\H\\H", "0b10110010", "sha256:\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h", "17 * 23 = 391", "(3+4)/7=1",
    "x\\^2+y\\^2=25", "e = 2.71828", "1/3 = 0.333333", "100000/365 = 273.97", "0.5 \\< p \\< 0.95",
    "p=0.0312, n=1250", "mean 4.521 (sd 1.034)", "95% CI 1.234-2.345", "1.234, 2.345, 3.456", "-40 to +50",
    "12e6", "5:1", "1:500", "16:9", "3840x2160", "~ : ~", "2-0 (1-0)", "3:1 (25:23, 22:25, 25:19, 25:20)",
    "6:3, 7:6", "104-99", "21-17 21-19", "Real 2 Betis 2", "34-27-12", "Elo 1850", "N1 road km 245",
    "A104 highway", "M1/M25", "RN 4, PK 88", "BR-319", "CA-1", "E80 Ausfahrt 12", "bridge no. 17", "exit 24B",
    "I-95 mile 112", "ET 302", "KQ100", "flight PS 752 of 8/1", "QR 1441", "voo TP 1363", "UNHAS 5Y-BVR",
    "train 9784", "Bus 17A", "seat 14C", "gate B22", "room 1-204", "Zimmer 312", "apt 5/12", "floor -1",
    "bed 04-17", "shelter 3.14", "plot 45/2019", "parcel 12/3456", "lot 7-A", "row 12, tent 7",
    "dossier n° 22/04###", "caso 2021-0###", "file A/HRC/49/77", "S/2023/###", "decree 2021-###",
    "Law No. 2011-001", "ICD-10 J18.9", "A00.1", "code P0420", "SOP-12.3", "ISO 22000:2018", "IPSAS 23",
    "Form I-589", "VAT 19%", "annex 3.2.1", "table 12-4", "p 34-36", "vol 3 no 2", "Psalm 23:1-6",
    "sura 2:255", "batch AZ####", "Lot: 20##A1#", "exp 0~/202#", "S/N 5CG#######", "P/N 0445-110-###",
    "SKU 88-###-##", "model X-2000", "IMEI 35###########~#", "meter no. 04######### read",
    "policy 22/######/7", "voucher 00######", "receipt 1#####", "check 4###", "Rechnung 2024-1####",
    "student 20######", "2.5 mg", "BP 130/85", "pulse 72-88", "MUAC 11.5 cm", "T 38.4", "GCS 15/15", "G2P1",
    "dose 0.5 ml", "12/8 h", "FiO2 0.40", "Hb 9.8", "gravida 3", "IV 1000 ml/8h", "LOT-2", "50 Hz, 230 V",
    "156.8 MHz", "446.00625 MHz", "VHF 16", "5.8 GHz", "144.800 MHz, 432.500 MHz", "AM 1089", "13.56 MHz",
    "call 999", "dial 117", "numéro vert 1414", "101 or 102", "USSD *144\\#", "short code 1198", "PIN 0000",
    "ext. 204", "opt 3", "meet @ 18:00", "5 kg @ 3.20", "@ 10 km", "US$5 @ each", "CP 11000", "C.P. 06700",
    "10115 Berlin", "75011 Paris", "postcode 2000", "zip 33101", "SW1A 1AA", "BT12 4#\\A", "B.P. 1234",
    "unix 16########", "ts=1700######", "pid 12345", "error -2147467259", "HTTP/1.1 503", ":8443",
    "load 0.45 0.50 0.61", "ttl=57 time=23.4 ms", "64 bytes", "uptime 3:04:05", "00:12:45.678",
    "15:04:05,123", "3h45", "J+3", "D-1", "T1 2024", "Q3/2023", "S2 2019", "KW 34/2024", "week 12-14",
    "30/60/90 days", "9/11", "24/7", "50/50", "4x4", "1-2-3",
];

fn email(rng: &mut Rng) -> String {
    format!("{}@{}", expand(rng.pick(LOCALS), rng), expand(rng.pick(DOMAINS), rng))
}

fn international(rng: &mut Rng) -> String {
    let number = expand(rng.pick(INTERNATIONAL), rng);
    let (code, rest) = number.split_once(' ').unwrap();
    match rng.below(11) {
        0..3 => format!("+{number}"),
        3 | 4 => format!("+{}", number.replace([' ', '-'], "")),
        5 => format!("+{code}-{}", rest.replace(' ', "-")),
        6 => format!("00{}", number.replace([' ', '-'], "")),
        7 => format!("00 {number}"),
        8 => format!("(00{code}) {rest}"),
        9 => format!("+{code} {}", rest.replace(' ', "")),
        _ => format!("+{code}/{}", rest.replace(' ', "")),
    }
}

fn account(rng: &mut Rng) -> String {
    let (country, bban) = IBANS[rng.below(IBANS.len())];
    let compact = iban(country, &expand(bban, rng));
    match rng.below(9) {
        0..4 => compact,
        4..7 => grouped(&compact, &[4], " "),
        7 => grouped(&compact, &[4], "\u{a0}"),
        // As banks print it: the head apart from the account.
        _ => grouped(&compact, &[4, 99], " "),
    }
}

fn card(rng: &mut Rng) -> String {
    let (number, groups) = CARDS[rng.below(CARDS.len())];
    let compact = luhn(&expand(number, rng));
    match rng.below(7) {
        0..3 => compact,
        3..6 => grouped(&compact, groups, " "),
        _ => grouped(&compact, groups, "-"),
    }
}

fn fill(name: &str, rng: &mut Rng, out: &mut Labelled) {
    match name {
        "email" => out.label(EMAIL, &email(rng)),
        "phone" if rng.percent(28) => out.label(PHONE, &international(rng)),
        "phone" => {
            let plan = NATIONAL_PLANS[rng.below(NATIONAL_PLANS.len())];
            out.label(NATIONAL, &expand(rng.pick(plan), rng));
        }
        "iban" => out.label(IBAN, &account(rng)),
        "card" => out.label(CARD, &card(rng)),
        "ip" if rng.percent(50) => out.label(IP, &expand(rng.pick(IPS_6), rng)),
        "ip" | "ip4" => out.label(IP, &expand(rng.pick(IPS_4), rng)),
        "ip6" => out.label(IP, &expand(rng.pick(IPS_6), rng)),
        "mac" => out.label(MAC, &expand(rng.pick(MACS), rng)),
        "credentials" => out.label(CREDENTIALS, &expand(rng.pick(CREDENTIALS_FORMS), rng)),
        "handle" => out.label(HANDLE, &expand(rng.pick(HANDLES), rng)),
        "coordinates" => out.label(COORDINATES, &expand(rng.pick(COORDINATE_PAIRS), rng)),
        "pair" => out.label(COORDINATES, &expand("{-19|15|6}.8####,{34|-10|101}.5####", rng)),
        date => out.label(BIRTH, &expand(date.strip_prefix('=').unwrap(), rng)),
    }
}

fn one(rng: &mut Rng) -> Labelled {
    let contexts = match rng.below(100) {
        0..8 => EMAIL_CONTEXTS,
        8..34 => PHONE_CONTEXTS,
        34..40 => IBAN_CONTEXTS,
        40..46 => CARD_CONTEXTS,
        46..51 => IP_CONTEXTS,
        51..54 => MAC_CONTEXTS,
        54..57 => CREDENTIAL_CONTEXTS,
        57..60 => HANDLE_CONTEXTS,
        60..64 => COORDINATE_CONTEXTS,
        64..68 => BIRTH_CONTEXTS,
        _ => NEGATIVES,
    };
    let mut out = Labelled::default();
    let between = |out: &mut Labelled, rng: &mut Rng| {
        if !out.text.is_empty() {
            out.text.push_str(rng.pick(&[" ", " ", " ", "\n", " - "]));
        }
    };
    if rng.percent(60) {
        out.text.push_str(rng.pick(FILLER));
    }
    between(&mut out, rng);
    out.expand(rng.pick(contexts), rng, &fill);
    if rng.percent(18) {
        between(&mut out, rng);
        out.expand(rng.pick(NEGATIVES), rng, &fill);
    }
    between(&mut out, rng);
    out.text.push_str(rng.pick(FILLER));
    out
}

#[test]
fn second_corpus() {
    measure("Second held-out corpus", 0x5eed_0002, 20_000, one).assert_goals();
}
