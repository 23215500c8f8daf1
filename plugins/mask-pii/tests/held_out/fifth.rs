//! The fifth held-out corpus: by an author who never read the scanner nor the sentences of the other corpora, from the
//! page's kinds and actions, the harness and the public numbering plans. Messages of people in crises, of those who
//! come to help and of the desks that count, each in a language of its country, with that country's numbers.

use crate::held::*;

/// A country: its name, its weight, the zero of the digits that are also in use there (else `0`), how numbers are
/// written at home, and abroad after the `+`, and messages in which `<tel>` is one of its numbers.
type Plan =
    (&'static str, usize, char, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

#[rustfmt::skip]
const PLANS: &[Plan] = &[
    ("sd", 12, '٠',
        &["09{1|2|6|9|0}#######", "09{1|2|9}# ### ###", "09{1|2|6} ### ####", "01{2|1}#######", "012 ### ####", "09{1|9}-###-####", "0183 ######"],
        &["249 9{1|2|9} ### ####", "2499{1|2|6}#######", "249 12# ######", "249 9{12|23} ### ###"],
        &["اهلنا في الفاشر محتاجين موية و دقيق للتواصل <tel>", "تكية الحي محتاجة دعم بنكك او كاش {رقم|تلفون} <tel> الله يجزيكم خير",
          "مفقود من يوم السبت في ام درمان عمره ~# سنة، من يعرف عنه شي يتصل <tel>", "دكتور نساء وتوليد في مدني؟\nالرد على <tel>",
          "in El Fasher the community kitchen feeds ~## families, contact Um Salma <tel>", "عربية ماشة من كوستي للأبيض بكرة الصباح <tel> او <tel>",
          "need insulin in omdurman karari plz call <tel> urgent"]),
    ("ye", 6, '٠',
        &["77#######", "7{3|1|0}#######", "77# ### ###", "7{1|3}# ## ## ##", "01-^#####", "04 ^#####", "0{2|5}/^#####", "7{7|1}#-###-###"],
        &["967 77# ### ###", "9677{1|3|7}#######", "967 1 ^#####"],
        &["السيول جرفت الخيام في مخيم الجفينة، مندوب المخيم: <tel>", "حالة سوء تغذية وخيم طفلة عمرها ~ اشهر نحتاج نقل الى حجة ت <tel>",
          "للتبليغ عن الالغام في حيس اتصلوا على <tel>", "بئر القرية نشف ومحتاجين وايت ماء جوال <tel> ابو علي", "focal point Marib camps {mobile|mob|cell} <tel> (arabic only)"]),
    ("af", 7, '۰',
        &["07{0|2|4|7|8|9}#######", "07{8|9}# ### ###", "07{0|7|9} ### ####", "07##-######", "020 2## ####", "07{4|8}-###-####"],
        &["93 7{0|7|9} ### ####", "937{2|8|9}#######", "93 (0) 7{8|9}# ### ###"],
        &["زلزله در نورگل کنر، خانه‌ها خراب شده، شماره تماس <tel>", "د ننګرهار روغتون کې وینې ته اړتیا ده، اړیکه <tel>",
          "مهاجرین برگشته از تورخم به خیمه ضرورت دارند. تماس: <tel> عبدالله", "موتر امبولانس برای ولسوالی زنده جان کار است {موبایل|نمبر} <tel>",
          "Kunar EQ: shura head Mazar Dara, {ph|phone no} <tel>, road open only on foot"]),
    ("ua", 12, '0',
        &["0{50|63|66|67|68|73|93|95|96|97|98|99}#######", "0{50|67|63|99} ### ## ##", "(0{66|68|97}) ### ## ##", "0{95|96|73}-###-##-##", "0{50|67|99}-#######",
          "8-0{50|66}-###-##-##", "0{57|56|61}2 ## ## ##", "0{50|97} ### ####", "8 0{67|98} #######", "0{66|97} ## ## ###"],
        &["380 {50|66|93} ### ## ##", "380{67|68|95|99}#######", "38(0{50|97})###-##-##", "38 0{63|73} ### ####", "38-0{66|98}-###-##-##"],
        &["Евакуація з Покровська завтра о 0{7|8|9}:00, запис за тел. <tel>", "шукаю маму, Куп'янськ, зв'язку нема з 1#.1{0|1|2}, хто щось знає дзвоніть <tel>",
          "Генератор ^ кВт віддам лікарні, {телефон|моб|дзвонити}: <tel> (Сергій)", "нужна вода на Салтовку, дом без лифта, бабушка ^# лет. мой номер <tel>",
          "Волонтери Херсон: човни, бензин, {вайбер|телеграм|вотсап} <tel>", "Пункт незламності працює цілодобово!!! питання <tel>, <tel>",
          "прильот по складу, є поранені\nчергова лікарка <tel>"]),
    ("ps", 9, '٠',
        &["059#######", "0599-######", "059# ### ###", "059-#######", "056#######", "0569 ### ###", "08-28#####", "08 2{8|6}# ####", "02-29#####"],
        &["970 59 ### ####", "97059#######", "970 56#######", "972 59-###-####", "970-59#-######"],
        &["نازحين في مواصي خانيونس بدون خيمة من اسبوع جوال <tel>", "عائلة {تحت الانقاض|محاصرة} في الزيتون رقم ابنهم <tel> مشان الله",
          "محتاجين حليب اطفال نوع ~ لطفل عمره ~ شهور دير البلح <tel>", "نقطة طبية شارع الرشيد تستقبل الحالات\nللاستفسار <tel>",
          "water truck driver Nuseirat <tel>, can do ~ trips per day", "جوال ابو محمد <tel> وبديل <tel>"]),
    ("mm", 6, '၀',
        &["09{4|7|9|2}########", "09{45|77|96|25}#######", "09-{4|7|9}########", "09 {42|79|97}# ### ###", "09 5######", "02-#####~~", "09-{77|26}#-######"],
        &["95 9{4|7} ### #####", "959{7|4|9}########", "95 9 {77|42}# ### ###"],
        &["မန္တလေးမှာ အဆောက်အအုံပြိုကျ၊ လူ~#ဦး ပိတ်မိနေ၊ ဖုန်း <tel>", "စစ်ကိုင်းကို ရေသန့်နဲ့ မိုးကာ လိုပါတယ် ဆက်သွယ်ရန် <tel>",
          "ကယ်ဆယ်ရေးအဖွဲ့ <tel> , <tel> ကို ခေါ်ပါ", "Sagaing bridge down, boat owner Ko Min <tel>", "သွေးအမျိုးအစား O လိုအပ် ဖုန်း-<tel>"]),
    ("cd", 9, '0',
        &["0{81|82|84|85|89|97|98|99|90}#######", "0{99|81|82} ### ####", "0{81|97}# ### ###", "0{99|85} ## ## ###", "0{81|89}-###-####", "0 {81|99} ### ## ##"],
        &["243 {81|97|99} ### ####", "243{82|85|99}#######", "243 {81|99}# ### ###", "243 (0) {81|97} ### ## ##"],
        &["Déplacés de Rutshuru arrivés à Kanyaruchinya, chef de bloc {tél|tel|numéro} <tel>", "cas suspect de choléra à Minova, l'IT du centre: <tel>",
          "Wakimbizi wa Masisi hawana chakula, piga simu <tel>", "na Bukavu mai ekoti ndako, benga biso na <tel>", "Pour la fiche de triangulation appeler M. Baraka au <tel> svp",
          "M-Pesa du comité : <tel>, retrait ~#00 FC de frais", "alerte Mpox zone de santé Karisimbi contact ECZ <tel>/<tel>"]),
    ("ht", 5, '0',
        &["3{1|3|4|6|7|8}##-####", "4{1|2|4|6|8}## ####", "3{4|6|7} ## ## ##", "4{0|3|7}######", "28##-####", "3{2|9}## ####", "4{1|8} ##-####"],
        &["509 {3|4}{1|6|7}## ####", "509{3|4}{4|8}######", "509-3{6|7}##-####"],
        &["nou bloke nan Kafou Fèy, ~# moun, rele <tel>", "Sit deplase Lekòl Nasyonal la bezwen dlo ak manje tel: <tel>", "gang mete dife nan Solino, pitit mwen pèdi, nimewo mwen se <tel>",
          "Centre d'hébergement de Delmas, responsable joignable au <tel>", "Whatsapp <tel> pou moun ki gen kolera nan Site Solèy"]),
    ("so", 5, '0',
        &["061#######", "061 #######", "061-#-######", "063-4######", "0907######", "61# ## ## ##", "061 # ## ## ##", "063 4## ####", "068 #######"],
        &["252 61 # ######", "25261#######", "252 63 4######", "252-90-7######"],
        &["Abaar daran ayaa ka jira Baardheere, fadlan la soo xiriir <tel>", "Daad ayaa ku dhuftay Beledweyne, qoysas ~## ah, taleefan <tel>", "caawimaad biyo iyo raashin xerada Kaxda, tel <tel>",
          "IDP leader Baidoa site B\\#~# {tel|mobile} <tel> says wells dry", "EVC plus <tel> magac Xaliimo"]),
    ("ss", 4, '0',
        &["09{2|1|8}#######", "09{2|8}# ### ###", "092 ### ####", "0912-######"],
        &["211 92 ### ####", "2119{1|2|8}#######", "211 (0) 92# ### ###"],
        &["Bentiu dyke breached again boma chief <tel> no fuel for pumps", "cholera ward Malakal full, nurse Nyakuoth {on|at|call} <tel>", "Thuraya not working use mtn <tel>",
          "returnees at Renk {abt|about} ~## hh stranded, RRC focal <tel>"]),
    ("et", 5, '0',
        &["09########", "09{11|14|20} ## ## ##", "0{911|913|921}-######", "07########", "0{91|93}# ### ###", "034 4## ## ##", "09## ######"],
        &["251 9{1|2|3}# ### ###", "2519########", "251-9{11|14}-######", "251 7## ## ## ##"],
        &["በመቀሌ የተፈናቃዮች መጠለያ መድኃኒት የለም ስልክ <tel>", "ጎርፍ በጋሞ ዞን ቤቶች ወሰደ ይደውሉ <tel>", "ወላጆቹን ያጣ ህፃን ሸራሮ ይገኛል፣ ስ.ቁ <tel>", "Borena drought: cattle dying, woreda office <tel>",
          "Lola keenyatti bishaan hin jiru, bilbila <tel>"]),
    ("ng", 7, '0',
        &["080{2|3|5|6|8|9}#######", "081{0|3|6}#######", "070{3|6}#######", "090{2|3|6} ### ####", "080{3|5}-###-####", "08{03|06} ### ####", "091 #### ####", "0803 ## ## ###"],
        &["234 80{3|6} ### ####", "23481{3|6}#######", "234(0)80{3|5}#######", "234 70{3|6} ###-####"],
        &["Ambaliya ta rusa gidaje a Maiduguri, ku kira <tel>", "we dey trapped for Mokwa since yesterday abeg call <tel>", "yan bindiga sun tafi da mutum ~# a Zurmi, lambar sarki <tel>",
          "SEMA desk officer Alh. Bukar, {GSM|phone|tel no:} <tel>", "pls who get pump machine for Makurdi? <tel> / <tel>", "send recharge card to <tel> network na MTN only"]),
    ("bf", 4, '0',
        &["7{0|1|4|6|8} ## ## ##", "6{0|5|7} ## ## ##", "5{4|5} ## ## ##", "0{1|2|5|7} ## ## ##", "7{0|6}######", "25 3# ## ##", "7{1|8}-##-##-##", "6{4|6}.##.##.##"],
        &["226 7{0|6} ## ## ##", "2266{4|5}######", "226 25 3# ## ##"],
        &["PDI de Djibo sans vivres depuis ~# jours contact du CVD <tel>", "besoin d'un véhicule Kaya-Barsalogho appelez <tel> ou <tel>", "infirmier de Titao : {tel|cel|port.} <tel>",
          "les mamans du site 3# demandent du savon, Orange money <tel>"]),
    ("ml", 3, '0',
        &["7{0|5|6|9} ## ## ##", "6{5|6|9} ## ## ##", "9{0|1|4}######", "7{4|8}######", "20 2# ## ##", "8{3|2} ## ## ##"],
        &["223 7{6|9} ## ## ##", "2236{6|9}######", "223 20 2# ## ##"],
        &["Inondations à Gao quartier Aljanabandja, maire adjoint <tel>", "an bɛ dɛmɛ ɲini Mopti, wele <tel>", "attaque sur l'axe Bandiagara, blessés vers Sévaré, Dr Coulibaly <tel>"]),
    ("ne", 3, '0',
        &["9{0|6|7|8} ## ## ##", "8{0|8|9} ## ## ##", "9{0|6}######", "20 7# ## ##", "9{1|4}-##-##-##"],
        &["227 9{6|0} ## ## ##", "2278{0|9}######"],
        &["Sinistrés de Maradi logés à l'école, directeur {tél|joindre} <tel>", "Ruwa ya shiga gari a Zinder, waya <tel>", "ménages de Diffa sans bâches, relais com. <tel>"]),
    ("td", 4, '0',
        &["6{2|3|5|6} ## ## ##", "9{0|1|5|9} ## ## ##", "6{6|8}######", "9{5|9}######", "22 5# ## ##", "6{0|2}-##-##-##"],
        &["235 6{6|3} ## ## ##", "2359{0|5|9}######"],
        &["Adré: nouveaux arrivants ~### personnes, point focal CNARR <tel>", "لاجئين جدد في فرشنا بدون مشمعات تلفون <tel>", "pompe en panne forage ~, Goz Beïda, réparateur au <tel>",
          "Amsinéné inondé, pirogue dispo tel <tel>"]),
    ("cm", 3, '0',
        &["6{7|9|5}# ## ## ##", "6 {77|99|55|70} ## ## ##", "6{7|9|5}#######", "2{22|33} ## ## ##", "6{79|94}-##-##-##", "6{5|7}# ### ###"],
        &["237 6{7|9}# ## ## ##", "2376{7|9|5}#######", "237 6 99 ## ## ##"],
        &["Glissement de terrain à Mbankolo, voisins: <tel>", "school don burn for Kumba, teacher im number na <tel>", "Yagoua: digue rompue, chef du quartier <tel> (orange) <tel> (mtn)"]),
    ("cf", 2, '0',
        &["7{0|2|4|5|7} ## ## ##", "7{2|5}######", "72-##-##-##"], &["236 7{2|5} ## ## ##", "2367{0|2|7}######"],
        &["Ala yeke na ngu pepe na Birao, iri <tel>", "site de Bria PK~, comité des déplacés <tel>", "évacuation sanitaire Zemio appeler le major <tel> avant midi"]),
    ("mg", 4, '0',
        &["03{2|3|4|8} ## ### ##", "03{2|4|8}#######", "034.##.###.##", "020 22 ### ##", "03{2|4}-##-###-##", "038 ## ## ###"],
        &["261 3{2|4|8} ## ### ##", "2613{3|4}#######", "261 (0) 34 ## ### ##"],
        &["Tondra-drano ny Mananjary, mila fanampiana, antsoy <tel>", "rivodoza: tsy misy tafo intsony ny EPP, finday <tel>", "Kere any Amboasary, responsable tél <tel>", "cyclone cat ~ : le maire de Vohipeno <tel> demande des bâches"]),
    ("mz", 4, '0',
        &["8{2|3|4|5|6|7} ### ####", "8{4|6|7}#######", "8{2|4} ## ## ###", "8{4|5}-###-####", "21 ### ###", "8{4|7}# ### ###"],
        &["258 8{4|2} ### ####", "2588{4|6|7}#######", "258 8{2|6}-###-####"],
        &["ciclone destruiu casas em Mecúfi, líder {cel|contacto|tel} <tel>", "precisamos barco em Búzi, ~# pessoas no telhado ligar <tel>", "deslocados de Macomia chegaram a Chiúre, secretário do bairro <tel>",
          "mpesa <tel> nome Amélia, é para comprar lonas"]),
    ("mw", 2, '0',
        &["0{99|88}# ### ###", "0{99|88|98}#######", "0{888|999} ## ## ##", "01 ### ###"], &["265 {99|88}# ### ###", "265{99|88}#######", "265 (0) 999 ### ###"],
        &["Madzi osefukira ku Nsanje, imbani foni <tel>", "camp chair Bangula pse call <tel> no maize left", "cholera case Mangochi HSA <tel>"]),
    ("bd", 7, '০',
        &["01{3|5|6|7|8|9}########", "01{7|8|9}##-######", "01{6|7|9}## ######", "01{7|8} #### ####", "01{5|7|9}##-###-###", "0821-7#####", "02-2{2|3}######"],
        &["880 1{7|8|9}##-######", "8801{6|7|9}########", "880 1{3|8}## ### ###", "880-1{7|9}-########"],
        &["ফেনীতে পানি বেড়ে গেছে, নৌকা লাগবে, যোগাযোগ <tel>", "ক্যাম্প ১৫ তে আগুন লেগেছে, মাঝির {মোবাইল|নম্বর} <tel>", "বিকাশ <tel> ({পার্সোনাল|এজেন্ট}) ত্রাণের টাকা পাঠান",
          "amader bari dube gese chadpur e, number <tel>", "রক্ত লাগবে এবি নেগেটিভ ঢাকা মেডিকেল <tel>, <tel>", "majhi of block D\\-~ camp ~#W {cell|mob no.} <tel>"]),
    ("ph", 7, '0',
        &["09{17|18|20|27|39|45|95|99}#######", "09{17|27|56} ### ####", "09{18|08}-###-####", "09{15|28}-#######", "(032) ^##-####", "032-^##-####", "(02) 8^##-####", "8{6|7|9}##-####"],
        &["63 9{17|18|56} ### ####", "639{20|27|95}#######", "63-9{08|39}-###-####", "63 (0)917 ### ####"],
        &["Patulong po nasa bubong kami sa Tumana Marikina <tel>", "naa mi sa evac center Bogo City kulang tubig, tawag lang <tel>", "MDRRMO hotline {globe|smart|dito}: <tel>", "Gcash <tel> J. D. para sa nasalanta ng bagyo",
          "lindol sa Davao Oriental, nawawala si lola, txt nyo ko <tel>", "RESCUE PLS 2 adults ~ kids brgy san roque {cp|cp\\#|contact no} <tel>"]),
    ("id", 5, '0',
        &["08{12|13|21|52|53|57|78|96}########", "08{12|22}-####-####", "08{13|52} #### ####", "08{11|16}######", "(0651) ^#####", "021-^#######", "08{23|95}-###-####", "0{641|751} 7####~"],
        &["62 8{12|21}-####-####", "628{13|52|22}########", "62 8{57|96} #### ####"],
        &["Banjir bandang Aceh Tamiang, butuh perahu, hub <tel>", "posko pengungsi Batang Toru {CP|WA|telp}: <tel> (bu Yanti)", "longsor di Sibolga jalan putus, ada korban, {hp|no hp} saya <tel>",
          "Donasi via Dana <tel> an. posko"]),
    ("pk", 6, '0',
        &["03{00|01|12|21|33|45}-#######", "03{00|13|34|46}#######", "03{02|23} #######", "03{00|45} ### ####", "091-5######", "0{946|937}-######", "(042) 3#######"],
        &["92 3{00|33|45} #######", "923{01|12|21}#######", "92-3{00|13}-#######", "92 3{45|00} ### ####"],
        &["بونیر میں سیلاب سے راستے بند ہیں رابطہ نمبر <tel>", "خیموں اور راشن کی ضرورت ہے موبائل <tel> جاوید", "swat me pul toot gya hai, log phansay hue hain, call kren <tel>", "Easypaisa <tel> for flood victims Jalalpur Pirwala",
          "Union council Beshonai, nazim {cell|ph\\#} <tel>, need excavators"]),
    ("in", 6, '०',
        &["{9|8|7}#########", "9#### #####", "{98|94|88|70}###-#####", "0{9|8}#########", "{99|94}## ## ## ##", "{98|97}# ### ####", "0194-2######", "0487 2######", "044-2### ####"],
        &["91 9#### #####", "91{9|8|7}#########", "91-{98|94}########", "91 {94|80}## ### ###"],
        &["धराली में बाढ़ आई है, मेरे भाई का फोन नंबर <tel>", "wayanad chooralmala missing, please call <tel>", "पानी घर में घुस गया, {मोबाइल|संपर्क} <tel>, जल्दी नाव भेजो",
          "ஊருக்குள் தண்ணீர் வந்துவிட்டது உதவிக்கு <tel>", "Punjab village Ajnala needs fodder, sarpanch ji {mob|m:|Ph.} <tel>", "gpay/phonepe <tel> only for relief kits"]),
    ("lk", 4, '0',
        &["07{7|1|6|0|5|2}#######", "07{7|1|6} ### ####", "07{7|1}-#######", "011 2 ### ###", "011-2######", "0{81|55} 2######", "07{0|8} # ### ###"],
        &["94 7{7|1|6} ### ####", "947{0|1|7}#######", "94-77-#######"],
        &["ගංවතුරෙන් අපි හිරවෙලා, කඩුවෙල, අමතන්න <tel>", "மண்சரிவு நுவரெலியா, தொடர்பு <tel>", "landslide Badulla Hali Ela GN officer <tel>, road A~# blocked", "cyclone - dry rations for ~# families Kelaniya, {call|tp} <tel>"]),
    ("np", 4, '०',
        &["98########", "98{41|51|03|13}-######", "97########", "98{41|45|60} ######", "01-4######", "01-5######", "087-5#####"],
        &["977 98########", "977-98{41|51}######", "97798########", "977-1-4######"],
        &["जाजरकोटमा भूकम्पले घर भत्कियो, सम्पर्क नं <tel>", "बाढीले बगाएको पुल, वडाध्यक्ष {मो|फोन} <tel>", "Rasuwa flood, trekkers stuck at Syabru, guide <tel>", "hamro gau ma tripal chaiyo <tel>"]),
    ("tr", 5, '0',
        &["05{32|33|42|55|05} ^## ## ##", "05{36|46|44}^######", "0 (5{32|52}) ^## ## ##", "5{35|41} ^## ## ##", "0 5{06|43} ^######", "0(5{05|37})^##-##-##", "0422 ^## ## ##", "0212-^##-####"],
        &["90 5{32|42} ^## ## ##", "905{33|55}^######", "90 (5{05|36}) ^## ## ##", "90 422 ^## ## ##"],
        &["Enkaz altında sesi var!! Malatya Bostanbaşı, yakını {tel|telefon|gsm}: <tel>", "konteyner kentte su yok, muhtar <tel>", "Yangın Bilecik Osmaneli'ne yaklaştı, hayvan taşıyacak kamyon lazım <tel>",
          "ekmek fırını için un lazım iletişim <tel> Ahmet usta", "kayıp kedi değil kayıp insan arıyoruz lütfen arayın <tel> ya da <tel>"]),
    ("sy", 5, '٠',
        &["09{3|4|5|8|9}#######", "09{33|44|88} ### ###", "09{32|55|91}-######", "022 ^######", "041-^######", "011 ^######"],
        &["963 9{33|44|88} ### ###", "9639{3|5|9}#######", "963 41 ^######"],
        &["حريق كبير بريف اللاذقية قسطل معاف بدنا صهاريج ماء تواصل <tel>", "مفقودين بالسويداء اسم العيلة عنا للي بيعرف <tel>", "مخيم اطمة الخيم غرقت {هاتف|واتس|موبايل} <tel>", "Hama spare parts for ambulance, call Dr Yaman <tel>"]),
    ("iq", 3, '٠',
        &["07{70|71|80|81|50|51}#######", "07{70|80} ### ####", "07{50|70}-###-####", "07{71|81} #######"],
        &["964 7{70|80} ### ####", "9647{50|71|81}#######", "964 (0) 750 ### ####"],
        &["حريق في مول الكوت، مستشفى الكرامة يحتاج دم رقم <tel>", "پێویستیمان بە ئاوە لە کەمپی خازر، تەلەفۆن <tel>", "نازحين قرب سنجار ماكو مي شربنا موبايل <tel>"]),
    ("lb", 4, '0',
        &["03 ### ###", "03/######", "03-######", "7{0|1|6|8|9} ### ###", "7{0|1|6}/######", "7{0|6|8}-######", "8{1} ######", "07 7## ###", "03######"],
        &["961 3 ### ###", "961 7{0|1|6} ### ###", "96171######", "961-3-######"],
        &["نازحين من الخيام بمدرسة صيدا بدنا فرش وحرامات <tel>", "fi 3ayleh bel south ma m3on akel, 7akouni 3a <tel>", "générateur de l'hôpital de Tyr en panne, technicien <tel>", "دم O سلبي مستشفى النبطية {اتصال|رقم} <tel>"]),
    ("ly", 3, '0',
        &["09{1|2|4}-#######", "09{1|2|4|3}#######", "09{1|2} ### ####", "081-^#####", "09{2|4}# ### ###"],
        &["218 9{1|2|4} ### ####", "2189{1|2}#######", "218-91-#######"],
        &["درنة حي البلاد فيه جثث تحت الركام الهلال الاحمر <tel>", "مهاجرين عالقين في البحر قبالة زوارة {هاتف|الرقم} <tel>", "Kufra: refugees from Sudan, doctor Faraj {no.|tel} <tel>"]),
    ("ma", 3, '0',
        &["06 ## ## ## ##", "06########", "06{61|62|70}-######", "07 ## ## ## ##", "05 24 ## ## ##", "0524######", "06.##.##.##.##", "06## ## ## ##"],
        &["212 6 ## ## ## ##", "2126########", "212 6{61|70}-######", "212 (0)6 ## ## ## ##"],
        &["douar Tafeghaghte ma kayn walo, khiyam lah yjazikom {nmra|tel} <tel>", "فيضانات اسفي بغينا لي يعاونا <tel>", "Association Amizmiz, {GSM|tél.} <tel>, couvertures et lampes"]),
    ("ve", 4, '0',
        &["04{12|14|16|24|26}-^######", "04{12|14|24}^######", "04{16|24} ^## ## ##", "04{12|14}-^##-##-##", "0{4121|4242}######", "(0212) ^##-####", "0274-^######", "04{14|26}.^##.##.##"],
        &["58 4{12|14} ^######", "584{24|16}^######", "58-414-^######", "58 412-^##-##-##"],
        &["Se desbordó el río Chama en Mérida, damnificados, {telf|tlf|contacto} <tel>", "pago móvil <tel> CI aparte, banco 0102, para medicinas", "mi primo desapareció en La Guaira cualquier info al <tel> o <tel>", "necesito insulina NPH urgente llamar <tel>"]),
    ("co", 5, '0',
        &["3{00|01|10|12|15|20} ### ####", "3{11|13|18}#######", "3{14|16} ### ## ##", "3{02|17}-###-####", "60{1|4|2} ^######", "(604) ^## ## ##", "3{10|21} ### ###~"],
        &["57 3{00|15} ### ####", "573{10|12|20}#######", "57 60{1|4} ^######", "(57) 311 ### ####"],
        &["Desplazados del Catatumbo en el estadio de Cúcuta, líder {cel|celular|cel.} <tel>", "avalancha en Mocoa barrio San Miguel, llamar al <tel>", "Nequi <tel> para mercados de las familias de Tibú", "mina antipersonal en la trocha, el profe avisa <tel>"]),
    ("pe", 3, '0',
        &["9## ### ###", "9########", "9##-###-###", "(01) ^## ####", "01-^######", "073-3#####", "9#### ####"], &["51 9## ### ###", "519########", "51 1 ^######"],
        &["huayco en Chosica quebrada Carosio, {cel|fono|wsp} <tel>", "yape <tel> para olla común de Ventanilla", "posta de Chulucanas sin suero antiofídico, obstetra <tel>"]),
    ("ec", 3, '0',
        &["09# ### ####", "09########", "09{8|9} ### ####", "(05) 2###-###", "02-2######", "04 2### ###"], &["593 9# ### ####", "5939########", "593 2 2### ###"],
        &["derrame de petróleo en Quinindé, dirigente <tel>", "aluvión Baños - familias aisladas llamar {al|a} <tel>", "Albergue Esmeraldas necesita pañales, Lcda. Mina <tel>"]),
    ("hn", 2, '0',
        &["9{4|5|7|8|9}##-####", "3{1|2|3}##-####", "8{7|8|9}######", "2{5|6|7}##-####", "9{6|8}## ####"], &["504 9{5|8}##-####", "5043{2|3}######", "504 2{2|5}##-####"],
        &["el bordo del Ulúa reventó en Potrerillos, {tel|cel} <tel>", "patronato de La Lima pide lanchas <tel> o <tel>", "Tigo money <tel> doña Suyapa"]),
    ("mx", 4, '0',
        &["782 ~## ####", "7{46|71|68} ~## ## ##", "55 ^### ####", "55^#######", "(744) ~## ## ##", "744-~##-##-##", "81-^###-####", "044 55 ^### ####", "782~######"],
        &["52 782 ~## ####", "52 1 744 ~## ####", "5255^#######", "52 (55) ^### ####"],
        &["Poza Rica colonia Las Gaviotas, el agua llegó al techo, {marcar|tel|cel} <tel>", "centro de acopio en la Del Valle whats <tel>", "Busco a mi papá, vive en Huehuetla Hgo, soy su hija <tel>", "Huauchinango sin luz ni paso, delegado {lada incluida|tel.} <tel>"]),
    ("br", 5, '0',
        &["({51|53|54|45|24}) 9{8|9|6}###-####", "{51|54|45} 9{8|9}###-####", "{51|45}9{8|9}#######", "9{8|9|6}###-####", "(51) 3###-####", "51 9 {8|9}### ####", "{51|55} 9{9|8}#######"],
        &["55 {51|45} 9{8|9}###-####", "55{51|54}9{8|9}#######", "55 (51) 9{8|9}###-####", "55 51 3###-####"],
        &["Rio Bonito do Iguaçu: tornado destelhou tudo, {fone|zap|contato} <tel>", "abrigo em Canoas precisa de ração e colchão, falar com a Jéssica <tel>", "pix celular <tel> pra ajudar a cozinha solidária", "barco com motor em Eldorado do Sul? meu whats <tel>"]),
    ("cl", 2, '0',
        &["9 #### ####", "9########", "(32) 2## ####", "9-####-####", "09 #### ####", "2 2### ####"], &["56 9 #### ####", "569########", "56 32 2## ####"],
        &["Incendio Villa Independencia Viña, perdimos todo, {fono|cel} <tel>", "junta de vecinos El Olivar, coordinar con la Sra. Rosa <tel>", "agua no llega a Penco hace ~ días <tel>"]),
    ("gr", 3, '0',
        &["69{4|7|8}# ### ###", "69########", "69{44|72|85} ######", "24210 #####", "24410-~####", "210 ^### ###", "693-#######", "2310 ### ###"],
        &["30 69## ### ###", "3069########", "30 210 ^######", "30 24210 #####"],
        &["Φωτιά στην Κερατέα, γείτονες με αναπηρία, {τηλ|κιν|κινητό} <tel>", "πλημμύρα στον Παλαμά, είμαστε στη στέγη πάρτε <tel>", "Κέντρο φιλοξενίας Κρήτη: ρούχα, βρεφικό γάλα, επικοινωνία <tel>"]),
    ("es", 3, '0',
        &["6## ## ## ##", "6########", "6## ### ###", "7{1|2|4}# ## ## ##", "96{1|2|3} ## ## ##", "96 1## ## ##", "6##-###-###", "96# ### ###"],
        &["34 6## ### ###", "346########", "34 96 ### ## ##", "34 6## ## ## ##"],
        &["Paiporta calle llena de barro, mis abuelos solos, {tel|móvil|tfno} <tel>", "Catarroja: bombas de achique, preguntar por Vicent <tel>", "es crema la Serra de la Culebra, ramader amb ovelles {truqueu|tel.} <tel>"]),
    ("it", 2, '0',
        &["3{20|28|33|38|47|49} #######", "3{29|35|40}#######", "3{33|48} ## ## ###", "0545 ######", "0545-#####", "3{20|92} ### ####", "3{31|39}/#######"],
        &["39 3{20|33|47} #######", "393{28|49}#######", "39 0545 #####", "39 3{38|40} ### ####"],
        &["Faenza via Renaccio allagata, mia zia disabile al piano terra, {tel|cell} <tel>", "frana a Niscemi, sfollati, il parroco risponde al <tel>", "protezione civile di Lugo cerca idrovore <tel>"]),
    ("vn", 4, '0',
        &["09########", "09## ### ###", "0{9|3|7|8}#.####.###", "03########", "09##.###.###", "0{90|91|98} ### ####", "024 3### ####", "0208 3### ###", "08########"],
        &["84 9## ### ###", "849########", "84 {3|7}# ### ####", "84-9#-###-####"],
        &["Nhà em ở Hòa Mỹ ngập tới nóc, có bà bầu, sđt <tel>", "Cần xuồng cứu trợ xã Tây Hòa, liên hệ anh Tâm <tel>", "sạt lở đèo, {đt|zalo|sđt}: <tel>", "nuoc len nhanh qua cuu voi <tel> <tel>"]),
    ("th", 3, '0',
        &["08{1|3|6|9}-###-####", "09{1|3|5|8}-###-####", "06{1|2|5} ### ####", "08{1|4|9}-#######", "09########", "074-^##-###", "06#-###-####"],
        &["66 8{1|6|9} ### ####", "669########", "66 8#-###-####"],
        &["น้ำท่วมหาดใหญ่ คุณยายติดอยู่ชั้น~ โทร <tel>", "ต้องการเรือด่วนค่ะ เบอร์<tel>", "ศูนย์พักพิงศรีสะเกษ ติดต่อ ผญบ. <tel> หรือ <tel>", "ขาดนมผงเด็ก {เบอร์|โทร.|มือถือ} <tel> ครับ"]),
    ("jp", 3, '0',
        &["0{9|8|7}0-####-####", "0{9|8}0########", "0768-^#-####", "0761(^#)####", "0{90|80} #### ####", "03-^###-####", "0120-^##-###"],
        &["81 90-####-####", "81 80 #### ####", "81-768-^#-####"],
        &["輪島市で断水中、給水車をお願いします。電話は<tel>です", "母と連絡が取れません 情報は<tel>まで", "避難所代表 {TEL|携帯|電話}：<tel>", "熊本の豪雨ボランティア募集\n申込 <tel>（平日9時〜17時）"]),
    ("cn", 3, '0',
        &["1{35|38|39|50|59|86|88}########", "1{36|37|58} #### ####", "1{39|89}-####-####", "0892-8######", "010-6#######", "1{30|52|77}####~###"],
        &["86 1{38|39} #### ####", "861{35|59|86}########", "86-1{36|58}########"],
        &["定日县地震急需帐篷棉被，联系人扎西 <tel>", "我在怀柔琉璃庙被困，{手机|电话}<tel>", "榕江洪水退了需要清淤设备，联系电话：<tel>", "寻人 父亲走失~天 看到请打<tel>谢谢"]),
    ("vu", 1, '0', &["7{1|3|7}# ####", "5{3|5|9}#####", "7{7|3}#####"], &["678 7{1|7}# ####", "678 5{3|9}#####"],
        &["Graon i sek bigwan long Vila, haos i foldaon, ring <tel>", "clinic Emae no power, nurse {mob|tel} <tel>"]),
    ("us", 5, '0',
        &["(^##) ^##-####", "^##-^##-####", "^##.^##.####", "^##^######", "1-^##-^##-####", "^## ^## ####", "(^##)^##-####", "^##-####"],
        &["1 ^## ^## ####", "1 (^##) ^##-####", "1-^##-^##-####", "1^##^######"],
        &["Kerrville cabin 1# kids not accounted for, dad's {cell|phone|number} is <tel>", "Swannanoa: elderly couple on oxygen, no road, text <tel>", "hay and fencing for fire evacuees Altadena to Acton, call Deb <tel> anytime",
          "Lost our horse trailer w/ ~ mares <tel> or <tel>", "shelter needs spanish speaker asap <tel>"]),
];

/// Little or nothing says that it is a phone.
#[rustfmt::skip]
const BARE: &[&str] = &[
    "<any>", "<any>\n<any>", "<any> / <any>", "ok <any>", "Fatima <any>", "write me <any>", "its <any> thx", "João - <any>", "<any> Ibrahim (driver)",
    "1) Halima <any>\n2) Moussa <any>\n3) Aisha <any>", "Dr. K. <any>, Dr. N. <any>", "who is this? <any>", "new one: <any>", "RT pls share!! <any>", "contact <any>.",
    "Please forward: <any>!", "[<any>]", "sitrep annex, name;role;no\nOkello;WASH;<any>\nPetit;log;<any>", "😭😭 <any>", "📞<any>", "☎️ <any>", "➡️ <any> 🙏", "tel:<any>",
    "Signal <any> / WhatsApp <any>", "wa.me/<wa>", "https://wa.me/<wa>?text=help", "<any> (wife), <any> (brother)", "<any>,<any>", "sms to <any> \"WATER\"", "*<any>*", "sender: <any>",
    "ring <any> before 18:00", "<any> - no answer since yesterday", "sat phone <sat>", "Thuraya <sat>, HF as backup", "Iridium <sat>",
    "who took blue boat call <any> owner is angry", "from <any>: we are ~# persons in the church", "night guard <any>\nday guard <any>",
];

#[rustfmt::skip]
const OTHER: &[&str] = &[
    "write to <email>", "{email|e-mail|E-Mail|mail}: <email>", "send the 5W to <email> and cc <email> by friday", "<email>", "contact us at <email>.", "البريد <email> للتقديم", "пишіть на <email>, відповімо",
    "correo <email> para donativos", "merci d'envoyer la liste à <email> avant midi", "Registration (mailto:<email>)", "cluster coordinator \\<<email>\\>", "E-posta:<email>", "邮箱<email>",
    "From: <email>\nTo: <email>\nSubject: fuel", "kirim data ke <email> atau <email>;", "\"<email>\" bounced twice", "email <email> ya no funciona usar <email>", "メール：<email>", "ईमेल <email> पर भेजें",
    "my mail is <email> pls dont publish", "Skype/mail <email>, tel <any>", "<email>/<any>", "IM focal <email>,<any>,Goma",
    "IBAN <iban>", "donations to {IBAN|account|acct} <iban> (EUR)", "рахунок <iban> на дрони для ДСНС", "الحساب <iban> باسم الجمعية", "IBAN: <iban>\nBIC: \\A\\A\\A\\AUAUK", "Spendenkonto <iban> Stichwort Erdbeben",
    "virement <iban> motif inondation", "bağış için <iban> (AFAD değil, dernek)", "λογαριασμός <iban>", "cuenta <iban> a nombre de la parroquia", "konto <iban> dopisek POWÓDŹ", "cont <iban> pentru sinistrați",
    "payroll cash for work: <iban>, ~## days", "conto corrente <iban> causale alluvione", "NIB/IBAN <iban>.", "acc title: relief trust, <iban>",
    "card {no|number|nr} <card>", "картка Монобанк <card> збір на генератор", "карта <card> для помощи", "my card <card> was charged twice for donation", "tarjeta <card> clonada en el albergue", "kart no <card> lütfen iptal",
    "Приват <card> (Ольга)", "carte <card> exp 0~/2~", "<card> 0~/2~ cvv lost", "the prepaid card <card> of beneficiary is empty", "банка: <card>\nдякую всім", "kartu <card> tertelan atm posko", "卡号<card>已冻结", "verve <card> block am abeg",
    "login from <ip>", "router at the hub has {ip|IP address|IP} <ip>, reboot it", "spam registrations from <ip> and <ip>", "ssh to <ip> port 22 fails", "server <ip4>:8080 down since 0~:{0|1|3|5}#", "camera http://<ip4>/view", "VSAT modem <ip4>/29 gw <ip4>",
    "dns <ip>, lease 3600 s", "blocked <ip> after ~## tries", "ping <ip> = ~## ms, loss ~ %", "адрес {сервера|роутера} <ip> не отвечает", "ip publique <ip> du site de Kalémie", "[<ip>]: connection refused",
    "Form sent by <ip> at 1#:{0|3|5}#, agent Mozilla/5.0", "denied <ip4> -> <ip4> proto tcp",
    "tablet mac <mac>", "whitelist {MAC|mac address} <mac> on the camp wifi", "AP <mac> offline 2 days", "dhcp: <mac> -> <ip>", "starlink router <mac> stolen in Kassala", "MAC-Adresse <mac> bitte freischalten",
    "{https|http|ftp|sftp}://<cred>@files.relief-hub.example/upload", "rtsp://<cred>@10cam.example/live", "pushed to https://<cred>@git.example/ops.git by mistake", "mqtt://<cred>@gauges.example:1883 for the river gauges",
    "via <handle>", "follow <handle> for updates", "{DM|dm|msg} <handle> if you have a boat", "<handle> <handle> please help!!", "cc <handle>, <handle>", "تابعوا <handle>", "инфа от <handle> в телеге", "insta <handle> recibe donaciones", "thx <handle> 🙏",
    "according to <handle> the bridge at km ~# is gone", "info {lewat|via|par|di} <handle> ya", "<handle>: road closed", "nuestro canal <handle>",
    "pin <geo>", "we are at <geo> send help", "{location|ubicación|موقع|локація|lokasi|position}: <geo>", "<geo>", "GPS <geo> (roof with red sheet)", "https://maps.google.com/?q=<geourl>", "https://www.google.com/maps/@<geourl>,15z", "geo:<geourl>",
    "landing zone <geo>, elevation ~### m, slope 3%", "konum <geo> acil", "boat with ~# people last seen <geo>", "lat/lon <geo> acc ~ m", "координати <geo>, третій під'їзд", "WP0~ <geo>\nWP0~ <geo>", "mass grave reported near <geo>", "<geolong>", "borehole <geolong> yield 0.~ l/s",
    "distress position <geo> at 0~{15|40}Z",
    "born <dob>", "{DOB|D.O.B.|dob|date of birth}: <dob>", "missing girl, born on <dob>, pink dress", "né le <dob> à Bunia", "née le <dob>, enfant non accompagnée", "nacido el <dob> en Tumaco", "fecha de nacimiento <dob>", "дата народження <dob>", "родилась <dob>, рост 1~#",
    "doğum tarihi <dob>", "geboren am <dob> in Aleppo", "تاريخ الميلاد <dob>", "مواليد <dob> غزة", "data de nascimento: <dob>", "nascida em <dob>", "tanggal lahir <dob>", "sinh ngày <dob>", "生年月日 <dob>", "出生日期：<dob>", "nato il <dob>", "জন্ম তারিখ <dob>", "जन्म तिथि <dob>", "γεννήθηκε <dob>",
    "birth date <dob>, sex F, case opened 1#.0~.2025", "patient b. <dob>? bed ~#", "the twins were born <dob> at the clinic",
    "name Nadia, born <dob>, mob <any>, mail <email>", "Beneficiary: <dob> (DOB), phone <any>, {IBAN|bank} <iban>",
];

/// What looks like it and is not.
#[rustfmt::skip]
const NEGATIVES: &[&str] = &[
    // Case, ticket and file numbers.
    "case \\A\\A\\A-2025-00#### still open", "ticket \\##### closed", "incident no 2025/~####/\\A", "ref: OCHA/SDN/2025/0##", "case id ~#######, referred to child protection", "dossier n° 25-0####/CNR en attente", "caso 2025-####### radicado en la Defensoría", "справа №~##/####/25-ц", "صك رقم ~######## لسنة 14~#",
    "UNHCR individual no ~##-00###### not active", "household id 6~#########12 duplicate", "HH-~###-~### moved out", "reg no 10~######## in ProGres", "progres case 5~#-##C##### merged", "FIR no ~##/2025 u/s 3##", "BO n. ~###.2025.00####", "boletim de ocorrência ~######/2025", "protocolo 2025.~###.###.### gerado",
    "GLIDE EQ-2025-000#~#-MMR", "GLIDE FL-2024-0002##-TCD", "appeal MDR\\A\\A0~#", "CAP id urn:oid:2.49.0.1.~##.0.2025.1.##.#.#.##", "hazard uuid \\h\\h\\h\\h\\h\\h\\h\\h-\\h\\h\\h\\h-4\\h\\h\\h-a\\h\\h\\h-\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h", "commit \\h\\h\\h\\h\\h\\h\\h\\h\\h fixed the form", "md5 \\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h\\h",
    "survey form _id 5~#######, version 3.2.1", "ODK submission 2025-0~-1#T0~:{1|3|5}#:{0|2|4}#.###+03:00", "kobo asset a\\A\\h\\H\\A\\a~\\A\\a\\h", "row ~#### col ~# empty", "line ~##, ~##, ~## and ~#### of the sheet do not sum up", "permit 00~##/DGM/2025 signed", "visa no ~#######~ expired", "mission order OM/~##/25", "PR \\#~#### / PO 45000~####",
    // Tracking, orders, batches, serials.
    "tracking no 1Z~\\A##\\A\\A0~########", "parcel RR~########CN stuck in customs", "waybill 071-~#######", "AWB 176-~#### ###~", "BL MEDU\\A~###### 2x40ft", "container MSKU ~######-# at gate ~", "container TCLU~###### reefer -18C", "order no ~#########-~# (tarps)", "order 10#-~######-~###### of water filters", "pedido ~######### entregado", "замовлення 20~########### у відділенні \\#~#", "Нова пошта ТТН 5900~#########",
    "batch {no|number|nr} ~#######", "lot 0~\\A####\\A exp 1{0|1|2}/2026", "OCV lot EUV~#\\A##, ~### doses", "vaccine batch 3~#\\AL###, VVM stage 2", "lote ~######## vence 0~/27", "S/N ~\\A\\A####### generator ~# kVA", "serial 4~##########", "IMEI 35~############ of stolen tablet", "SKU ~####-~###", "barcode 590~#########", "UNICEF item S00~####", "HS code 3004.90.~#", "catalogue 2-~##-####", "invoice INV-~####/25 unpaid", "facture n°~####### du 1#/0~/2025", "fatura no GIB2025000~#####",
    "receipt ~########## for diesel", "cheque no 00~#### bounced", "MTCN ~###-~##-~### ready? no, MTCN expired", "transaction id CI2~0~1#.~###.\\A~####", "bKash TrxID \\A\\H~\\A\\H\\H~\\A\\H\\A", "voucher 00~##-~### to 00~##-~### not scanned",
    // People and money.
    "population ~ ### ### (census 2014)", "~#,###,### people in need", "~.~ million in IPC 4", "~## ### déplacés dont ~# ### enfants", "population 2.~##.### habitantes", "1.~## ton beras dan ~.### dus mi instan", "~##.### personas afectadas, ~.### viviendas", "displaced: ~#,###\nreturned: ~,###\nmissing: ~##", "مجموع النازحين ~##,### منهم ~#,### طفل", "عدد المتضررين ٢٣٤٥٠ أسرة", "постраждали ~ ### осіб, з них ~## дітей", "toplam ~#.### çadır ~##.### battaniye", "死者~##人、行方不明~##人、避難者~####人",
    "受灾人口~####~人，转移安置~####人", "ผู้ประสบภัย ~##,### ครัวเรือน", "~#,###+ families, ~,### HH registered", "\\$~,###,### pledged, \\$~##,### paid", "USD ~ ### ### for WASH", "EUR 1.~##.###,00 freigegeben", "~## ### ### FCFA décaissés", "KES ~,###,### per county", "SDG ~##,### for one sack of sorghum", "Rp ~.###.###.### dana desa", "Rs. ~,##,##,###/- released", "₦~##,###,###.00 budget", "₴~## ### зібрали", "~#### грн за ніч", "R\\$ ~.###,## por família", "S/ ~ ###.50", "Bs. ~##.###,## el kilo", "COP ~.###.### por hogar", "сума ~#~ ###.00 грн", "MVR ~###, PHP ~#,###.~#",
    "price of maize ~## -> ~### MWK/kg", "exchange rate 1 USD = ~,~## SSP", "rate 89500 LBP, bread 65000", "~## FC le bidon de 20 l", "dólar ~##,## paralelo ~##,##", "cash transfer ~## x ~,### = ~,###,###", "budget line ~.~.~ has ~#,###.## left", "cost 12 500 000 000 MGA", "amount 1~ 000 000 000 lost", "debt of 3 450 000",
    // Goods and measures.
    "~## MT sorghum, ~# MT pulses, ~# MT oil", "~#00 tarps 4x6m, ~### jerrycans 10L/20L", "~# trucks x ~# t", "kits: ~## hygiene, ~## dignity, ~## kitchen", "~ ### moustiquaires, ~ ### savons", "rations 2100 kcal/p/d, 15 l/p/d", "chlorine 65-70% HTH, dose 5 mg/l, residual 0.5", "turbidity ~## NTU pH 7.~ EC ~### µS/cm", "1 latrine per ~# persons, target 20", "MUAC 11~ mm, weight 6.~ kg, WHZ \\<-3", "BP 1~0/~0 pulse 1~# SpO2 9~% temp 38.~", "amoxicillin 250 mg 10x10, ORS ~###, RUTF ~## cartons", "paracetamol 500mg ~ 000 tabs", "Hb 7.~ g/dl, glucose ~## mg/dl",
    "tank T~5 ~# m3, pump head ~# m, ~ bar", "generator ~## kVA, ~### h, oil 15W-40", "fuel ~ ### l diesel, ~## l/day", "battery 12V 200Ah x ~", "cable 3x2.5 mm2 ~00 m", "panel 550 Wp, 8 strings, Voc 49.~", "tent 29 m2, ~## pcs, 55 kg each", "0.~# 0.~# 1.~# 2.~#", "size 38 39 40 41 42 43 shoes needed", "diapers size 3, 4, 5 - ~# packs", "sacos de 50kg: ~##, latas 400g: ~###",
    // Counters per household, tables.
    "hh1 5, hh2 7, hh3 4, hh4 9, hh5 6", "block A ~## B ~## C ~## D ~##", "12 15 09 33 21 08", "mon ~## tue ~## wed ~## thu ~##", "m/f: ~##/~##, \\<5: ~##, 60+: ~#", "HH ~##; pers ~###; F ~##; M ~##", "0-4: ~##\n5-11: ~##\n12-17: ~##\n18-59: ~##\n60+: ~#", "tent 1-45 ok, 46-90 flooded, 91-120 empty", "site,hh,ind\nKaya,~##,~###\nDori,~##,~###", "S01 ~## S02 ~## S03 ~## S04 ~##", "2021: ~### 2022: ~### 2023: ~### 2024: ~###", "week 31 32 33 34: ~# ~# ~# ~#", "attendance 45/50, 38/50, 41/50", "AWD cases ~## (~ deaths), CFR ~.~%", "tirage: ~ rouges, ~# jaunes, ~# verts, ~ noirs", "casa 1: 4 pessoas; casa 2: 6; casa 3: 11", "menores ~#, adultos ~#, mayores ~",
    "score 12-14-10-9 total 45", "Q1 3 Q2 2 Q3 5 Q4 1", "FCS 28.5, rCSI 17, HHS 3", "~##%, ~#%, ~#% and ~.~% resp.", "n=~##, 95% CI ~#.~-~#.~, p=0.0~#", "IPC3 ~# % IPC4 ~# % IPC5 ~ %", "rise of ~#,~ % to ~### ###",
    // Dates and times.
    "0~/1#/2025 1~:{0|1|3|5}# update", "2025-0~-1# 0~:{1|3|5}#:{0|2|4}#", "on 1#.0~.2025 at 0~.{0|1|3|5}#", "since 1#/0~ no aid", "1# Ramadan 1446", "distribution 0~:30-12:00 and 14:00-17:30", "DTG 1~0~{00|30}ZSEP25", "METAR HSSK 1~0~00Z 34012KT 9999 SKC 3~/1~ Q1010", "TAF LTAJ 1~1640Z 1~18/1~18 27010KT", "epoch 17########", "timestamp 17########### bad", "20250~1~0~{1|4}#{0|5}#.jpg", "IMG_20250~1~_1~{1|4}#{0|5}#.jpg", "WhatsApp Image 2025-0~-1# at 1~.{0|3}#.{1|5}#", "IMG-20250~1~-WA00##", "VID_0~1~_1~{1|4}#{0|5}#.mp4", "sitrep 1# covers 01/0~/2025-15/0~/2025", "le 1# à 1~h30, réunion CCCM", "1#日0~時{1|3|5}#分ごろ震度6弱", "ngày 1#/1~/2025 lúc 0~h{1|3|5}#",
    "ETA 1~30 ETD 1~45 local", "until 31-12-2025", "2024/2025 season, 2025/26 plan", "10-11-12 nov meeting", "dal 1#-0~-2025 al 2#-0~-2025", "у ніч на 1#.0~ о 0~:{0|1|3|5}#", "يوم 1#/0~/2025 الساعة 1~:{0|1|3|5}#", "closed 24/12-02/01",
    // Places: grids, waypoints, roads, postcodes, heights.
    "UTM 36P ~##### 1~#####", "grid 38S MB ~#### ~####", "MGRS 36PUB~########", "UTM 37N 4~#### 11~####", "plus code 7GXH+~C", "around 15.5, 32.6 on the map", "zone 18N, E 7~#~##, N 20~####", "WP 01~ to WP 02~, then track 3", "waypoint 0~# elev ~### m dist 4.~ km", "wpt A1 A2 A3 ok, B7 blocked", "km ~## on the RN2, pk ~+~00", "road A43 cut at km ~#, N5 open", "route nationale 27 et RD 815", "carretera 15D km ~##+~00", "BR-386 km ~##, RS-130 km ~#", "NH-44 blocked b/w km ~## and ~##", "E40 M03 P45", "autopista AP-7, A-3, V-31", "I-40 mm ~# both lanes, US-64, NC 9",
    "elevation 2~## m, peak 4~## m", "river at ~.~# m, alert ~.50 danger ~.00", "gauge 12.~# (+0.~#) 6h", "nivel do Guaíba ~,~# m às 1{0|1|2}h15", "PIN 19~~##", "PIN code 67~###, dist Wayanad", "CEP 9~##0-0#0", "zip 28~## and 91001-2~##", "〒928-00~#", "CAP 480~#", "C.P. 9~##0 Poza Rica", "postal code ~#### ", "plot ~##/~, khasra ~##, ward ~#", "block 14, lane 3, house 27/B", "camp 4 ext, sub-block D-12, shelter 104", "calle 45 # 12-~# barrio Motilones", "Cra 7 No. 12-~# piso 3", "sector 10-B, street ~, tent ~##", "Sok. No:12 D:~ Kat:3", "вул. Миру 1~#/2 кв ~##, 3 під'їзд, 9 поверх", "pcode SD0~0~#", "admin2 MMR010~, admin3 MMR0100~#", "h3 cell 8\\h\\h\\h\\h\\h\\h\\hfffffff",
    "mag 6.~ depth 10 km, 16 km NE of Sagaing", "M7.7 28-Mar-2025 06:20:54 UTC", "wind 1~5 km/h gusts ~~0, 9~# hPa", "rain ~## mm/24h, ~## mm/72h", "-12°C tonight, 41°C noon", "temp. máx 44,~ °C", "snow 1~0 cm, -~#.~ °C", "fire ~ ### ha, 45% contained", "spread 3x5 km, front 2,5 km", "NDVI 0.~# 0.~# 0.~#", "PGA 0.~# g, MMI VIII-IX", "radius 500 m, 1000 m, 3000 m", "crater 5m x 3m x 2m, 155mm",
    // Radio, ships, flights, plates, versions, books.
    "VHF ch 16, HF 7.~## MHz", "freq 145.~##, tone 88.5", "UHF 446.00625 / 433.~##", "HF 14.300 kHz USB, selcall ~###", "FM 9~.~ radio Okapi", "repeater 147.3~0 +600", "flight ET~## ADD-JUB 0~:{0|1|3|5}#", "UNHAS UN-~##H, 5Y-\\A\\A\\A", "UN0~##P seats ~#", "vol AF~## annulé", "TK~### IST-GZT", "MV Ocean Viking IMO ~######", "IMO 9~##### MMSI 6~#######", "MMSI ~######## no AIS", "squawk 7700", "hull 3~#, boat no. 1~", "plate 34 \\A\\A\\A ~##", "matrícula ~### \\A\\A\\A", "plaka 46 \\A ~####", "AE ~### \\A\\A", "placa \\A\\A\\A-~## blanca", "plaque ~### \\A\\A 0~", "truck KBX ~##\\A, trailer ZF ~###", "АА ~### ВР ні, АХ ~### ЕС так", "لوحة السيارة خ ~ - ~####", "LA 1~ \\A ~###", "品川 300 あ 12-~#", "UN car 12-0~#, UNCD-~##",
    "v2.~.~ of the app", "android 1~.0.~, build TP1A.220624.01~", "KoboCollect v2025.1.~", "firmware 4.1~.~ fails", "excel 2016 16.0.~####", "Chrome/120.0.~###.1~", "python 3.1~.~ numpy 1.2~.~", "protocol 1.~ rev \\A", "ISBN 978-92-~##-~###-~", "ISBN 978~#########", "ISSN ~###-~##~", "doi:10.1016/j.ijdrr.2025.10~###", "ISO 22324:2015", "A/RES/79/~##", "S/2025/~##, para 12-14", "resolution 2~## (2023)", "art. 15 inc. 2 dec. 4~##/2024", "Sphere 2018 p. ~## std 2.1", "order 1325/2000", "ley 1448 de 2011, decreto 4800", "page 1/3 2/3 3/3", "https://reliefweb.int/node/4~#####", "https://t.me/flood_info/~####", "https://x.com/i/status/19~#################", "bit.ly/3\\A~\\a\\A\\h", "zoom id ~## ~### ~###\\, passcode ~#####" ,
    // Short numbers and codes.
    "call 112", "dial 911 or 101", "ring 999 dont wait", "llamen al 123 o 119", "composer le 117 ou 118", "дзвоніть 101, 102, 103", "SMS SOS to 4777", "text 898211", "*384*~##\\# for registration", "dial *182*1\\# then 2", "usuário digita *144\\#", "short code 3~3, ext. ~##", "ext 4~#", "room ~##, bed 12", "OTP ~#####", "code 4~#-~##", "password is the year", "PUK lost, PIN ~###", "scale 1:50000, sheet 34-D-~", "sheet NE-36-~",
    // Handles and mail that are none.
    "2 kg @ 350 each", "meet @ school gate @ 1~:00", "@ km ~#", "5 @ 20 L", "a@b is not an address", "e.g. name (at) org (dot) org", "C\\# and .NET", "\\#flood2025 \\#help", "10.5@20C", "//todo ask ops", "http://relief.example:8080/a?b=~##&c=~#", "ops-portal.example/login?next=/home", "3::1 ratio, 2::5", "10.~/8 is what he said", "::: news :::", "aa-bb-cc team", "sections 4.3.2.1.1", "clause 12.4.1", "figure 10.2.3",
    // Words near numbers that make a reader think of phones.
    "phone network down, ~# of 1~# towers", "no phone signal since 1#/0~, ~ ### HH cut off", "mobile team ~ saw ~## patients", "mobile clinic no 1~ treated ~,### ppl", "tel aviv ~## km", "cell 12, sector 4, ~## HH", "contact tracing: ~## contacts of ~# cases, 21 days", "whatsapp group full 1024/1024", "call centre got ~,### calls, ~## % water", "hotline 24/7, ~### calls 0~/2025", "numéro de tente ~##, bloc 1~", "numero de familias: ~###", "nomor antrian ~##", "номер палати ~##, ліжко ~", "رقم الخيمة ~## بلوك ~", "رقم الجواز A0~######", "passport \\A\\A~###### lost", "phones distributed ~##, sim cards ~,###", "signal 3 raised, typhoon 1~5 kph", "Telegram chat has ~#### people", "SIM ICCID 8925~##############", "charge 2 phones, 5V 2.1A, 10000 mAh", "line 2 tel. ok, line 3 no", "cel. 3 nivel B",
    "mobile money limit ~##,### per day", "wifi password in room ~##, 5 GHz ch 36", "appel à 1~h, durée {1|2}#:{1|3}#", "contact at 0~00 1~00 1~00Z", "tel que prévu le 1#/0~: ~ ### colis", "fax machine 220V 50Hz broken",
    // Ids that are long.
    "NID ~############", "NIC ~########V", "NIK 3~0~############ KK tidak ada", "cédula 1.0~#.###.###", "CC ~#.###.###", "CURP no trae", "DNI ~#######\\A", "RUT 1~.###.###-~", "CPF não precisa", "tazkira 1~##-0~##-~####", "CNIC 3~###-~######-~", "TC kimlik yok, dosya ~########", "ІПН не треба, довідка ВПО ~###-50####~###", "рішення 3~##-~########", "bank acct 00~######## (no iban)", "SWIFT \\A\\A\\A\\ASDKH", "a/c no 1~########### branch 0~##", "tax id ~##-~#-~###", "stock card 00~##-0~##-~", "ration card 1~ 0~## ~###", "scope card 1000~######", "SCOPE id 10~###### inactive", "meter no 0~#########, arrears ~,###", "token 1~## ~### 0~## ~### 1~##",
];

/// Around the message, in English wherever it is from, or in a language of the countries named.
#[rustfmt::skip]
const FILLER: &[(&str, &[&str])] = &[
    ("", &["", "", "", "pls help", "URGENT", "god help us", "more tomorrow", "road is very bad", "no light no water", "we are fine for now", "thank you", "copy that", "any news?", "please verify before sharing", "the bridge is gone",
        "Two children are with me", "still waiting for the trucks", "source: local staff", "(unconfirmed)", "repeat:", "fwd", "as of 0~:00", "day ~", "~# people", "😢", "🙏🙏", "❗❗"]),
    ("sd ye ps sy iq lb ly ma td", &["", "الله يستر", "الحمد لله على كل حال", "ما في نت", "لا كهرباء ولا ماء", "عاجل جدا", "ساعدونا"]),
    ("af", &["", "کمک عاجل", "لطفا شریک کنید", "مرسته وکړئ"]),
    ("ua", &["", "дуже терміново", "поки тихо", "світла немає", "спасибо", "ждём"]),
    ("tr", &["", "acil", "yardım edin lütfen", "su kesik"]),
    ("cd bf ml ne td cm cf mg ht ma lb", &["", "merci de partager", "rien mangé depuis hier", "la route est coupée", "svp"]),
    ("ve co pe ec hn mx cl es", &["", "por favor ayuda", "sin luz desde anoche", "urgente difundir", "compartan"]),
    ("br mz", &["", "obrigado", "estamos ilhados", "por favor compartilhem"]),
    ("id", &["", "tolong segera", "mohon bantuan"]),
    ("ph", &["", "salamat po", "tubig po please"]),
    ("ht", &["", "tanpri ede nou", "mèsi"]),
    ("bd", &["", "মানুষ আটকে আছে", "দ্রুত সাহায্য দরকার"]),
    ("in np", &["", "कृपया मदद करें", "पानी बढ़ रहा है"]),
    ("pk", &["", "سب کو بتائیں", "مدد کی اپیل"]),
    ("mm", &["", "ကူညီပါ", "ကျေးဇူးပါ"]),
    ("th", &["", "ช่วยด้วย", "ด่วนมาก"]),
    ("vn", &["", "cứu với", "nước còn lên"]),
    ("jp", &["", "助けてください", "拡散希望"]),
    ("cn", &["", "急急急", "请转发"]),
    ("gr", &["", "σας παρακαλώ βοήθεια"]),
    ("it", &["", "aiuto subito"]),
    ("ng cm", &["", "abeg help", "Wallahi no food"]),
    ("et", &["", "እባካችሁ እርዱን"]),
    ("so", &["", "fadlan caawi"]),
    ("mg", &["", "misaotra"]),
];

const EMAILS: &[&str] = &[
    "{amina|j.baptiste|olena|tariq|nurse|wash|m.hassan|k-toure|rosa_l|phuong}{|.|_}\\a\\a{|#|##}@{relief-hub|shelter-net|aid-north|clinic-east|mapping-team}.{org|net|ngo|com|info}",
    "{olena|serhii|vira}\\a\\a\\a##@{ukr.net|i.ua|gmail.com}",
    "{ahmed|salma|omar|huda}\\a\\a\\a{|##|####}@{gmail.com|yahoo.com|hotmail.com|outlook.com}",
    "{info|ops|IM|logs.cluster|sitrep|no-reply|5w+sudan}@{wash-cluster|civil-defence|food-desk}.{sd|com.ua|gov.ph|org.tr|or.id|gob.pe|co.mz|int}",
    "{Jean-Paul|MARIE|Ko.Ko}.\\A\\a\\a\\a@mail.{field|hq}.relief-hub.org",
    "{contacto|dirección|prefeitura|mairie}@{município|são-aid|región}.{org|com.br|gob.ve}",
    "{x|q}\\a#\\a#\\a@{proton.me|mail.ru|163.com|qq.com|ymail.com}",
    "~#######@{qq.com|163.com}",
    "o'{brien|hara}\\a@relief-hub.{ie|org}",
];

const IBANS: &[(&str, &str)] = &[
    ("UA", "3~####0000026############"),
    ("UA", "3~####0000026############"),
    ("UA", "3~####00000262##########~"),
    ("TR", "000~#0################"),
    ("TR", "000~#0################"),
    ("LB", "00##00000000##########~#"),
    ("PS", "PALS00000000~############"),
    ("PS", "BOPX000000~##############"),
    ("JO", "ARAB1~#0000000~###########"),
    ("IQ", "RAFB0~#############"),
    ("SD", "~#000000~#####"),
    ("LY", "00~00~~00000~########"),
    ("PK", "HABB00~#############"),
    ("EG", "00~#00~#0000~############"),
    ("SA", "~#000000##########~#"),
    ("FR", "30004~####000~#####\\A~##"),
    ("DE", "370~####00~#######"),
    ("GR", "01~0~##0000~###########"),
    ("ES", "~###0~##############"),
    ("IT", "\\A0~#####~##00000~######"),
    ("PL", "~#####~#0000####~####~##"),
    ("RO", "RNCB00~#########~###"),
    ("PT", "00~~000~###########~#"),
    ("CH", "00~##00###~####~#"),
    ("BE", "~##~########"),
    ("MR", "000~#00~###########~#~#"),
    ("SV", "CENR0000000000~#########"),
    ("GT", "TRAJ0~020000~###########"),
    ("KZ", "~##KZT~#########"),
    ("DO", "BAGR0000000~############"),
];

const IBAN_LENGTHS: &[(&str, usize)] = &[
    ("UA", 29),
    ("TR", 26),
    ("LB", 28),
    ("PS", 29),
    ("JO", 30),
    ("IQ", 23),
    ("SD", 18),
    ("LY", 25),
    ("PK", 24),
    ("EG", 29),
    ("SA", 24),
    ("FR", 27),
    ("DE", 22),
    ("GR", 27),
    ("ES", 24),
    ("IT", 27),
    ("PL", 28),
    ("RO", 24),
    ("PT", 25),
    ("CH", 21),
    ("BE", 16),
    ("MR", 27),
    ("SV", 28),
    ("GT", 28),
    ("KZ", 20),
    ("DO", 28),
];

/// Without the check digit, and the groups on the card: Visa, Mastercard, American Express, UnionPay, Mir, RuPay,
/// Troy, Discover, Verve.
const CARDS: &[(&str, &[usize])] = &[
    ("4##############", &[4]),
    ("4149############", &[4]),
    ("5168############", &[4]),
    ("5375############", &[4]),
    ("5{1|2|4|5}#############", &[4]),
    ("222~###########", &[4]),
    ("3{4|7}############", &[4, 6, 5]),
    ("6{217|225}###########", &[4]),
    ("2200###########", &[4]),
    ("6{07|08|521}############", &[4]),
    ("9792###########", &[4]),
    ("6011###########", &[4]),
    ("5061###########", &[4]),
];

/// How many of the addresses are of version 4: they come first.
const IPV4: usize = 8;

const IPS: &[&str] = &[
    "10.~#.#.~#",
    "192.168.~.1##",
    "172.16.~.~",
    "41.~#.1##.~#",
    "102.~#.~.2{0|1|4}#",
    "185.1##.~#.~",
    "197.2{0|2|4}#.~.~#",
    "8.8.8.8",
    "2001:db8:~\\h\\h::~",
    "2a02:\\h\\h~:~\\h\\h\\h:~::\\h",
    "fe80::~\\h\\h\\h:~\\hff:fe\\h\\h:\\h\\h\\h\\h",
    "2c0f:f~48:~:\\h\\h\\h\\h:~\\h\\h:\\h\\h:~:1",
    "fd00:~::~#",
    "::ffff:10.~.~.1",
];

const MACS: &[&str] = &[
    "\\h\\h:\\h\\h:\\h\\h:\\h\\h:\\h\\h:\\h\\h",
    "\\H\\H:\\H\\H:\\H\\H:\\H\\H:\\H\\H:\\H\\H",
    "\\H\\H-\\H\\H-\\H\\H-\\H\\H-\\H\\H-\\H\\H",
    "\\h\\h\\h\\h.\\h\\h\\h\\h.\\h\\h\\h\\h",
];

const GEO: &[&str] = &[
    "{13|15|-4|-19|48|31}.####, {30|32|24|34|37}.####",
    "{13|15|21|36}.###### {22|32|44|96}.######",
    "{4|7|11}.###~,-{72|66|76}.###~",
    "-{29|30}.#####, -{51|52}.#####",
    "{13|31|34}°{1|3|5}#'1#.~\"N {30|34|36}°1#'2#.~\"E",
    "N {13|9|36}°2#.###' E 0{30|45|37}°1#.###'",
    "{15|33}°3~'N {32|35}°1~'E",
    "lat {12|15|-17}.####~ lon {30|44|36}.####~",
    "Lat: {21|22}.#####, Long: {92|96}.#####",
    "({34|35}.####, {70|71}.####)",
    "{18|19}.####N {72|73}.####W",
    "{27|32}°{10|22}′{05|41}″N, {14|85}°{1~}′{3~}″E",
];

const HANDLES: &[&str] = &[
    "@flood{watch|_help|info}\\a\\a",
    "@{Rescue|RedCross|DSNS|Tahrir}\\A\\a\\a",
    "@{maria|ko_ko|abdi|olha}_\\a\\a#",
    "@{vecinos|posko|topos|voisins}{.|_}\\a\\a\\a",
    "@mrc\\a\\a2#",
    "@\\A\\a\\a\\aMedia",
];

#[rustfmt::skip]
const BIRTHS: &[&str] = &[
    "{0~|1#|2#}/{0~|10|11|12}/{19~#|200#|201#}", "{0~|1#|2#}.{0~|10|11|12}.19~#", "{0~|1#|2#}-{0~|10|12}-19~#", "19~#-{0~|10|11}-{0~|1#|2#}", "201#-0~-1#", "{1#|2#|~}/{~|10|11|12}/{1978|1983|2009|2016}",
    "~ {March|May|June|Aug|Sept.} 19~#", "{Jan|Oct|December} 1#, 19~#", "1# {mars|mai|juin|août} 19~#", "1# de {enero|marzo|julio} de 19~#", "1# {березня|травня|жовтня} 19~#", "~.~.~#", "199#年~月1#日", "19~#/0~/1#",
];

/// One of the plans, by weight.
fn any(rng: &mut Rng) -> &'static Plan {
    let mut at = rng.below(PLANS.iter().map(|plan| plan.1).sum());
    for plan in PLANS {
        if at < plan.1 {
            return plan;
        }
        at -= plan.1;
    }
    unreachable!("the weights do not sum up");
}

/// In the country's own digits: the ten from `zero` on.
fn in_digits(value: &str, zero: char) -> String {
    let own = |c: char| c.to_digit(10).and_then(|d| char::from_u32(zero as u32 + d));
    value.chars().map(|c| own(c).unwrap_or(c)).collect()
}

fn number(plan: &Plan, rng: &mut Rng) -> String {
    let value = expand(rng.pick(plan.3), rng);
    if plan.2 != '0' && rng.percent(20) { in_digits(&value, plan.2) } else { value }
}

fn international(plan: &Plan, rng: &mut Rng) -> String {
    let value = expand(rng.pick(plan.4), rng);
    match rng.below(100) {
        0..15 => format!("00{value}"),
        // As a messenger shows it: without the plus.
        15..22 if value.starts_with(|c: char| c.is_ascii_digit()) && !value.starts_with('1') => value,
        _ => format!("+{value}"),
    }
}

fn telephone(plan: &Plan, rng: &mut Rng, out: &mut Labelled) {
    if rng.percent(18) {
        out.label(PHONE, &international(plan, rng));
    } else {
        out.label(NATIONAL, &number(plan, rng));
    }
}

fn fill(name: &str, plan: &'static Plan, rng: &mut Rng, out: &mut Labelled) {
    match name {
        "tel" => telephone(plan, rng, out),
        "any" => telephone(any(rng), rng, out),
        "wa" => {
            let plan = any(rng);
            // A link has no trunk zero.
            let value = expand(rng.pick(plan.4), rng).replace("(0)", "");
            out.label(PHONE, &value.replace(|c: char| !c.is_ascii_digit(), ""));
        }
        "sat" => {
            let forms = &[
                "+88216 ### #####",
                "+88216########",
                "0088216########",
                "+8816 ## ######",
                "+8816########",
            ];
            out.label(PHONE, &expand(rng.pick(forms), rng));
        }
        "email" => out.label(EMAIL, &expand(rng.pick(EMAILS), rng)),
        "iban" => {
            let (country, bban) = IBANS[rng.below(IBANS.len())];
            let compact = iban(country, &expand(bban, rng));
            out.label(IBAN, &if rng.percent(55) { compact } else { grouped(&compact, &[4], " ") });
        }
        "card" => {
            let (number, groups) = CARDS[rng.below(CARDS.len())];
            let mut number = expand(number, rng);
            number.truncate(groups.iter().sum::<usize>().max(16) - 1);
            let compact = luhn(&number);
            let separator = if rng.percent(85) { " " } else { "-" };
            out.label(CARD, &if rng.percent(50) { compact } else { grouped(&compact, groups, separator) });
        }
        "ip4" => out.label(IP, &expand(rng.pick(&IPS[..IPV4]), rng)),
        "ip" => out.label(IP, &expand(rng.pick(IPS), rng)),
        "mac" => out.label(MAC, &expand(rng.pick(MACS), rng)),
        "cred" => {
            let forms = &[
                "{relief|ops|gauge1|im_team}:\\A\\a\\a#\\a\\a##",
                "{admin|field}:{Fl00d|wAter}!##",
                "upload:\\h\\h\\h\\h\\h\\h\\h\\h",
            ];
            out.label(CREDENTIALS, &expand(rng.pick(forms), rng));
        }
        "geo" => out.label(COORDINATES, &expand(rng.pick(GEO), rng)),
        "geourl" => {
            out.label(COORDINATES, &expand("{13|15|31|10}.####{|##|###},{32|30|34|-66}.####{|##|###}", rng))
        }
        "geolong" => {
            out.label(COORDINATES, &expand("latitude {13|9|-4}.###~, longitude {22|38|30}.###~", rng))
        }
        "handle" => out.label(HANDLE, &expand(rng.pick(HANDLES), rng)),
        "dob" => out.label(BIRTH, &expand(rng.pick(BIRTHS), rng)),
        other => unreachable!("no slot {other}"),
    }
}

fn filler(plan: &Plan, rng: &mut Rng) -> &'static str {
    let own = FILLER.iter().rfind(|set| set.0.split(' ').any(|name| name == plan.0));
    let set = own.filter(|_| rng.percent(60)).unwrap_or(&FILLER[0]);
    set.1[rng.below(set.1.len())]
}

fn one(rng: &mut Rng) -> Labelled {
    let mut out = Labelled::default();
    let plan = any(rng);
    let fill: Fill<'_> = &|name, rng, out| fill(name, plan, rng, out);
    out.expand(filler(plan, rng), rng, fill);
    let contexts = match rng.below(100) {
        0..32 => plan.5,
        32..40 => BARE,
        40..62 => OTHER,
        _ => NEGATIVES,
    };
    for set in [contexts, NEGATIVES].into_iter().take(1 + usize::from(rng.percent(25))) {
        out.text.push_str(if out.text.is_empty() { "" } else { rng.pick(&[" ", " ", ", ", "\n"]) });
        out.expand(rng.pick(set), rng, fill);
    }
    for _ in 0..rng.below(3) {
        out.text.push_str(rng.pick(&[" ", "\n", " - "]));
        out.expand(filler(plan, rng), rng, fill);
    }
    out
}

/// The corpus itself: check digits, lengths and no left-over of a pattern. Nothing here runs the scanner.
#[test]
fn labels_are_right() {
    let mut rng = Rng(0x5eed_0005);
    for _ in 0..20_000 {
        let sample = one(&mut rng);
        for &(row, start, end) in &sample.labels {
            let value = &sample.text[start..end];
            assert_eq!(value.trim(), value);
            assert!(!value.contains(['{', '}', '|', '~', '^', '\\', '#']), "{value}");
            let solid = value.replace([' ', '-'], "");
            let digits = value.chars().filter(|c| c.is_numeric()).count();
            match row {
                IBAN => {
                    let length = IBAN_LENGTHS.iter().find(|l| solid.starts_with(l.0)).unwrap().1;
                    assert_eq!(solid.len(), length, "{value}");
                    let (head, bban) = solid.split_at(4);
                    assert_eq!(iban(&head[..2], bban), solid);
                }
                CARD => {
                    assert_eq!(solid.len(), if solid.starts_with('3') { 15 } else { 16 }, "{value}");
                    assert_eq!(luhn(&solid[..solid.len() - 1]), solid);
                }
                NATIONAL => assert!((7..=13).contains(&digits), "{value}"),
                PHONE => assert!((9..=16).contains(&digits), "{value}"),
                IP => assert!(value.parse::<std::net::IpAddr>().is_ok(), "{value}"),
                _ => {}
            }
        }
    }
}

#[test]
fn fifth_corpus() {
    let measured = measure("Fifth held-out corpus", 0x5eed_0005, 20_000, one);
    // What is found since its misses were read: a guard against going back. The page has the first run's figures.
    for row in [EMAIL, IBAN, CARD, IP, MAC, CREDENTIALS, HANDLE] {
        assert_eq!(measured.found[row], measured.labelled[row], "found of row {row}");
    }
    for (row, least) in [(PHONE, 0.9943), (NATIONAL, 0.992), (COORDINATES, 0.9875), (BIRTH, 0.9988)] {
        assert!(measured.recall(row) >= least, "recall of row {row}");
    }
    assert!(measured.mistaken() <= 0.00043, "words masked by mistake");
}
