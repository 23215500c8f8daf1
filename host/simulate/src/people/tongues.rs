//! What people write in the languages of the region and of those who come to help.

use crate::random::Random;

/// A language: what is needed, and the words that lead to personal data.
pub(crate) struct Tongue {
    pub(crate) code: &'static str,
    pub(crate) needs: &'static [&'static str],
    pub(crate) write: &'static str,
    pub(crate) call: &'static str,
    pub(crate) donate: &'static str,
    pub(crate) card: &'static str,
    pub(crate) ask: &'static str,
    pub(crate) born: &'static str,
}

impl Tongue {
    /// English and Burmese more often than the others.
    pub(crate) fn random(random: &mut Random) -> &'static Self {
        let at = match random.below(5) {
            0..2 => 0,
            2 => 1,
            _ => random.below(u32::try_from(TONGUES.len()).unwrap_or(1)) as usize,
        };
        TONGUES.get(at).unwrap_or(&ENGLISH)
    }
}

const fn tongue(code: &'static str, needs: &'static [&'static str], leads: [&'static str; 6]) -> Tongue {
    let [write, call, donate, card, ask, born] = leads;
    Tongue { code, needs, write, call, donate, card, ask, born }
}

const ENGLISH: Tongue = tongue(
    "en",
    &[
        "Water is in the ground floor, we are on the roof",
        "The road to the hospital is closed",
        "We need drinking water for 40 families",
        "Bridge is damaged, trucks turn back",
        "School is open as a shelter, bring blankets",
    ],
    ["Write to", "Call", "Donate to", "My card is", "Ask", "Missing: my father, born"],
);

pub(crate) static TONGUES: [Tongue; 18] = [
    ENGLISH,
    tongue(
        "my",
        &["ရေကြီးနေတယ်၊ အကူအညီလိုတယ်", "သောက်ရေလိုအပ်တယ်", "လမ်းပိတ်နေတယ်"],
        ["အီးမေးလ်", "ဖုန်း", "ဘဏ်အကောင့်", "ကတ်", "မေးပါ", "မွေးနေ့"],
    ),
    tongue(
        "th",
        &["น้ำท่วมบ้าน ต้องการความช่วยเหลือ", "ต้องการน้ำดื่ม", "ถนนถูกตัดขาด"],
        ["อีเมล", "โทร", "บัญชี", "บัตร", "ถาม", "เกิด"],
    ),
    tongue(
        "bn",
        &["পানি ঘরে ঢুকেছে, সাহায্য দরকার", "খাবার পানি দরকার"],
        ["ইমেইল", "ফোন", "অ্যাকাউন্ট", "কার্ড", "জিজ্ঞাসা করুন", "জন্ম"],
    ),
    tongue(
        "hi",
        &["घर में पानी भर गया है, मदद चाहिए", "पीने का पानी चाहिए"],
        ["ईमेल", "फोन", "खाता", "कार्ड", "पूछें", "जन्म"],
    ),
    tongue(
        "zh",
        &["房子进水了，需要救援", "我们需要饮用水"],
        ["邮箱", "电话", "账户", "卡号", "请问", "出生"],
    ),
    tongue(
        "ja",
        &["家が浸水しています", "飲み水が必要です"],
        ["メール", "電話", "口座", "カード", "連絡先", "生年月日"],
    ),
    tongue(
        "id",
        &["Air masuk rumah, kami di atap", "Butuh air minum untuk 30 keluarga"],
        ["Email ke", "Telepon", "Donasi ke", "Kartu saya", "Tanya", "Lahir"],
    ),
    tongue(
        "vi",
        &["Nước vào nhà, cần cứu trợ", "Cần nước uống cho 20 gia đình"],
        ["Gửi thư đến", "Gọi", "Ủng hộ qua", "Thẻ của tôi", "Hỏi", "Sinh ngày"],
    ),
    tongue(
        "fr",
        &["L'eau monte encore, 3 maisons touchées", "La route de l'hôpital est coupée"],
        ["Écrivez à", "Appelez le", "Dons sur", "Ma carte :", "Demandez à", "Mon père a disparu, né le"],
    ),
    tongue(
        "es",
        &["Necesitamos medicinas para 12 personas", "El puente está dañado"],
        ["Escriban a", "Llamen al", "Donen a", "Mi tarjeta es", "Pregunten a", "Busco a mi padre, nacido el"],
    ),
    tongue(
        "pt",
        &["A água entrou na casa, estamos no telhado", "Precisamos de água potável"],
        [
            "Escrevam para",
            "Liguem para",
            "Doem para",
            "Meu cartão é",
            "Perguntem a",
            "Procuro meu pai, nascido em",
        ],
    ),
    tongue(
        "de",
        &["Das Wasser steht im Erdgeschoss, wir sind auf dem Dach", "Die Brücke ist beschädigt"],
        [
            "Schreibt an",
            "Ruft an:",
            "Spenden an",
            "Meine Karte ist",
            "Fragt",
            "Mein Vater wird vermisst, geboren am",
        ],
    ),
    tongue(
        "it",
        &["L'acqua è al piano terra", "Servono coperte per 15 persone"],
        ["Scrivete a", "Chiamate il", "Donate a", "La mia carta è", "Chiedete a", "Cerco mio padre, nato il"],
    ),
    tongue(
        "pl",
        &["Woda jest na parterze, jesteśmy na dachu", "Potrzebujemy wody pitnej"],
        ["Piszcie na", "Dzwońcie:", "Wpłaty na", "Moja karta:", "Pytajcie", "Szukam ojca, urodzony"],
    ),
    tongue(
        "tr",
        &["Ev su altında, çatıdayız", "İçme suyu lazım"],
        ["E-posta:", "Telefon:", "Bağış hesabı:", "Kartım:", "Sorun:", "Doğum tarihi:"],
    ),
    tongue(
        "uk",
        &["Вода на першому поверсі, ми на даху", "Потрібна питна вода"],
        ["Пишіть на", "Телефон:", "Рахунок:", "Моя картка:", "Питайте", "Шукаю батька, народився"],
    ),
    tongue(
        "ar",
        &["الماء في الطابق الأرضي ونحن على السطح", "نحتاج إلى ماء للشرب"],
        ["البريد", "الهاتف", "الحساب", "البطاقة", "اسأل", "تاريخ الميلاد"],
    ),
];
