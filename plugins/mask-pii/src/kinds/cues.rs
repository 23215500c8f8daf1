//! Words before a number that say what it is, in the languages the events come in.
//!
//! Both tables are sorted by their bytes and searched by halves: a number is looked at with three words before
//! it, and comparing each with every cue took longer than all else in this plugin.

use super::{compare, lower};
use Word::{Number, Other, Person, Phone};

/// What a word says about the number after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// It is a telephone.
    Phone,
    /// It is a number, of whatever: a telephone, unless a word before says of what.
    Number,
    /// Whose it is stands right before it: one who has a telephone, or a word as "at".
    Person,
    /// It is something else.
    Other,
}

/// Whole words, most of them also as they are typed without diacritics.
#[rustfmt::skip]
static EXACT: [(&str, Word); 990] = [
    ("aadhaar", Other), ("aadhar", Other), ("abla", Person), ("account", Other), ("acct", Other), ("adherent", Other),
    ("adhérent", Other), ("adik", Person), ("akaunti", Other), ("aktennummer", Other),
    ("aktenzeichen", Other), ("al", Person), ("albaran", Other), ("albarán", Other), ("allocataire", Other),
    ("almost", Other), ("altitude", Other), ("ambulance", Person), ("amca", Person), ("ami", Person),
    ("amigo", Person), ("anh", Person), ("anne", Person), ("anrufen", Phone), ("antrag", Other),
    ("ao", Person), ("apartado", Other), ("apolice", Other), ("appelle", Phone), ("approx", Other),
    ("apólice", Other), ("ara", Phone), ("aramak", Phone), ("aramex", Other), ("arayin", Phone),
    ("arayın", Phone), ("art", Other), ("article", Other), ("artikel", Other), ("arzt", Person),
    ("asset", Other), ("at", Person), ("ate", Person), ("au", Person), ("auftrag", Other), ("aunt", Person),
    ("autista", Person), ("awb", Other), ("baba", Person), ("bapak", Person), ("barcode", Other),
    ("barcodes", Other), ("barkod", Other), ("basvuru", Other), ("batch", Other), ("başvuru", Other),
    ("bedrag", Other), ("bel", Phone), ("beleg", Other), ("bellen", Phone), ("belob", Other),
    ("belop", Other), ("belopp", Other), ("beløb", Other), ("beløp", Other), ("beneficiary", Other),
    ("berkas", Other), ("bestelling", Other), ("bestellnummer", Other), ("bestellung", Other),
    ("bestellungen", Other), ("bestilling", Other), ("betrag", Other), ("bib", Other), ("biglietto", Other),
    ("bilet", Other), ("bili", Other), ("bill", Other), ("bills", Other), ("bipe", Phone), ("boleta", Other),
    ("boleto", Other), ("bolletta", Other), ("booking", Other), ("bordereau", Other), ("box", Other),
    ("brat", Person), ("broj", Number), ("brother", Person), ("bruder", Person), ("bu", Person),
    ("buchung", Other), ("budget", Other), ("build", Other), ("bà", Person), ("cadastro", Other),
    ("call", Phone), ("calling", Phone), ("callme", Phone), ("calls", Phone), ("captain", Person),
    ("caretaker", Person), ("case", Other), ("casilla", Other), ("caso", Other), ("cel", Phone),
    ("cell", Phone), ("cellno", Phone), ("cells", Phone), ("cep", Phone), ("ceptel", Phone),
    ("certificado", Other), ("certificate", Other), ("chama", Phone), ("chamar", Phone), ("chame", Phone),
    ("charge", Other), ("chassis", Other), ("chauffeur", Person), ("checksum", Other), ("cheque", Other),
    ("chief", Person), ("chofer", Person), ("chú", Person), ("chị", Person), ("circa", Other),
    ("cislo", Number), ("cislojednaci", Other), ("citizen", Other), ("claim", Other), ("client", Other),
    ("cliente", Other), ("clinic", Person), ("cnic", Other), ("cnpj", Other), ("code", Other),
    ("colis", Other), ("commande", Other), ("commandes", Other), ("commit", Other), ("compteur", Other),
    ("conductor", Person), ("confirmation", Other), ("conocimiento", Other), ("consignment", Other),
    ("contactar", Phone), ("contacter", Phone), ("contactno", Phone), ("contador", Other),
    ("container", Other), ("contattare", Phone), ("contract", Other), ("contrat", Other),
    ("contrato", Other), ("contratto", Other), ("coordinator", Person), ("coste", Other), ("coupon", Other),
    ("cousin", Person), ("cpf", Other), ("crc", Other), ("csomag", Other), ("cuenta", Other),
    ("cuil", Other), ("cuit", Other), ("cupon", Other), ("cupón", Other), ("curp", Other),
    ("customer", Other), ("cô", Person), ("dad", Person), ("dada", Person), ("daktari", Person),
    ("daughter", Person), ("decree", Other), ("dereva", Person), ("desk", Person), ("dhl", Other),
    ("dial", Phone), ("dials", Phone), ("dispatcher", Person), ("docket", Other), ("docteur", Person),
    ("doctor", Person), ("doi", Other), ("dokter", Person), ("doktor", Person), ("doktorka", Person),
    ("donated", Other), ("donation", Other), ("dossier", Other), ("dossiers", Other), ("dosya", Other),
    ("dpd", Other), ("dr", Person), ("driver", Person), ("dđ", Phone), ("ean", Other), ("easting", Other),
    ("echantillon", Other), ("ein", Other), ("elevation", Other), ("empleado", Other), ("employee", Other),
    ("ems", Other), ("encomenda", Other), ("encomendas", Other), ("enfermeiro", Person),
    ("enfermera", Person), ("enfermero", Person), ("entrega", Other), ("envio", Other), ("environ", Other),
    ("envío", Other), ("epoch", Other), ("error", Other), ("es", Person), ("esposa", Person),
    ("esposo", Person), ("est", Person), ("exercise", Other), ("expediente", Other), ("expedition", Other),
    ("expédition", Other), ("factura", Other), ("facture", Other), ("factuur", Other), ("fahrer", Person),
    ("faktur", Other), ("faktura", Other), ("faktury", Other), ("faktuur", Other), ("faktúra", Other),
    ("family", Person), ("father", Person), ("fattura", Other), ("fatura", Other), ("faturas", Other),
    ("fax", Phone), ("fedex", Other), ("file", Other), ("fille", Person), ("fils", Person),
    ("fiscal", Other), ("flight", Other), ("folio", Other), ("folios", Other), ("fone", Phone),
    ("fono", Phone), ("fonu", Phone), ("fratello", Person), ("frau", Person), ("frequence", Other),
    ("frequency", Other), ("freund", Person), ("friend", Person), ("frère", Person), ("fréquence", Other),
    ("gauge", Other), ("gesamt", Other), ("gid", Other), ("gls", Other), ("grant", Other), ("grid", Other),
    ("gsm", Phone), ("gsmi", Phone), ("gtin", Other), ("guard", Person), ("guía", Other), ("gần", Other),
    ("gọi", Phone), ("hampir", Other), ("handy", Phone), ("handynr", Phone), ("handynummer", Phone),
    ("hash", Other), ("helpline", Phone), ("hermana", Person), ("hermano", Person), ("hermes", Other),
    ("hesap", Other), ("hija", Person), ("hijo", Person), ("hivas", Phone), ("hivhato", Phone),
    ("hivjatok", Phone), ("hospital", Person), ("hotlajn", Phone), ("hotline", Phone), ("hotlines", Phone),
    ("household", Other), ("hp", Phone), ("hringja", Phone), ("hubung", Phone), ("husband", Person),
    ("hívható", Phone), ("hívjátok", Phone), ("hívás", Phone), ("ibu", Person), ("id", Other),
    ("ids", Other), ("imam", Person), ("imei", Other), ("imessage", Phone), ("imo", Phone),
    ("importe", Other), ("infirmier", Person), ("infirmière", Person), ("inscricao", Other),
    ("inscrição", Other), ("inventory", Other), ("invoice", Other), ("irmã", Person), ("irmão", Person),
    ("is", Person), ("isbn", Other), ("isin", Other), ("iso", Other), ("issn", Other), ("ist", Person),
    ("item", Other), ("iznos", Other), ("jednaci", Other), ("jednací", Other), ("jirani", Person),
    ("joindre", Phone), ("kaka", Person), ("kakak", Person), ("kapitbahay", Person), ("kardeş", Person),
    ("kardeşim", Person), ("kargo", Other), ("kayit", Other), ("kayıt", Other), ("kennzeichen", Other),
    ("kesi", Other), ("khoang", Other), ("khoảng", Other), ("kierowca", Person), ("kira", Phone),
    ("kiu", Phone), ("klant", Other), ("km", Other), ("kodepos", Other), ("komşu", Person),
    ("komşum", Person), ("komšija", Person), ("konto", Other), ("kontonummer", Other), ("kosten", Other),
    ("ktp", Other), ("kunde", Other), ("kundennr", Other), ("kuya", Person), ("kwitansi", Other),
    ("kwota", Other), ("lahetys", Other), ("lamba", Number), ("lambar", Number), ("lasku", Other),
    ("law", Other), ("leader", Person), ("lekarz", Person), ("lekár", Person), ("licence", Other),
    ("license", Other), ("licznik", Other), ("lieferschein", Other), ("lieferung", Other),
    ("ligacao", Phone), ("ligacoes", Phone), ("ligar", Phone), ("ligação", Phone), ("ligações", Phone),
    ("ligue", Phone), ("liguem", Phone), ("livraison", Other), ("llame", Phone), ("locator", Other),
    ("lot", Other), ("lote", Other), ("lotto", Other), ("là", Person), ("lähetys", Other), ("lékař", Person),
    ("madre", Person), ("makbuz", Other), ("mama", Person), ("manager", Person), ("mann", Person),
    ("marcame", Phone), ("mari", Person), ("marquen", Phone), ("matka", Person),
    ("matricola", Other), ("matricula", Other), ("matricule", Other), ("matrikel", Other),
    ("matrícula", Other), ("mayor", Person), ("medico", Person), ("medidor", Other), ("meeting", Other),
    ("member", Other), ("membership", Other), ("membre", Other), ("messenger", Phone), ("meter", Other),
    ("mgrs", Other), ("midwife", Person), ("mitglied", Other), ("mmsi", Other), ("mob", Phone),
    ("mobiel", Phone), ("mobil", Phone), ("mobileno", Phone), ("mobilnr", Phone), ("mobilszam", Phone),
    ("mobilszám", Phone), ("modele", Other), ("modell", Other), ("modelo", Other), ("modèle", Other),
    ("mom", Person), ("montant", Other), ("monto", Other), ("mother", Person), ("motorista", Person),
    ("mov", Phone), ("mtcn", Other), ("muestra", Other), ("mum", Person), ("musteri", Other),
    ("mutter", Person), ("muuguzi", Person), ("márcame", Phone), ("márquen", Phone), ("márquenme", Phone),
    ("mã", Other), ("mãe", Person), ("mère", Person), ("médecin", Person), ("médico", Person),
    ("müşteri", Other), ("nachbar", Person), ("nachbarin", Person), ("namba", Number), ("nars", Person),
    ("narudzba", Other), ("narudzbina", Other), ("narudžba", Other), ("narudžbina", Other),
    ("nazovi", Phone), ("nazovite", Phone), ("nearly", Other), ("neighbor", Person), ("neighbour", Person),
    ("nid", Other), ("nif", Other), ("nik", Other), ("nip", Other), ("no", Other), ("node", Other),
    ("nomba", Number), ("nombor", Number), ("nombori", Number), ("nombro", Number), ("northing", Other),
    ("npwp", Other), ("nr", Other), ("nrc", Other), ("nss", Other), ("numarul", Number), ("numer", Number),
    ("numera", Number), ("numeru", Number), ("numru", Number), ("numărul", Number), ("nurse", Person),
    ("nº", Number), ("object", Other), ("objednavka", Other), ("objednavky", Other), ("objednávka", Other),
    ("objednávky", Other), ("oda", Other), ("office", Person), ("ojciec", Person), ("oncle", Person),
    ("onkel", Person), ("order", Other), ("orders", Other), ("ordine", Other), ("ordre", Other),
    ("ordrenummer", Other), ("osm", Other), ("osszeg", Other), ("owner", Person), ("paczka", Other),
    ("paczki", Other), ("padre", Person), ("pago", Other), ("pai", Person), ("paiement", Other),
    ("pak", Person), ("paket", Other), ("pakke", Other), ("pakket", Other), ("pallet", Other),
    ("paragon", Other), ("parcel", Other), ("part", Other), ("partia", Other), ("pasaport", Other),
    ("pasaporte", Other), ("paspor", Other), ("passeport", Other), ("passnummer", Other),
    ("passport", Other), ("pastor", Person), ("payment", Other), ("pe", Person), ("pedido", Other),
    ("perawat", Person), ("perkara", Other), ("permit", Other), ("pesanan", Other), ("pesel", Other),
    ("ph", Phone), ("phone", Phone), ("phoneno", Phone), ("phones", Phone), ("pid", Other), ("piga", Phone),
    ("pin", Other), ("pincode", Other), ("placa", Other), ("plate", Other), ("plz", Other), ("pmcid", Other),
    ("pmid", Other), ("pn", Other), ("pnr", Other), ("policy", Other), ("polisa", Other), ("poliza", Other),
    ("polizza", Other), ("poliçe", Other), ("population", Other), ("portable", Phone), ("porudzbina", Other),
    ("porudžbina", Other), ("posiljka", Other), ("posiljke", Other), ("postal", Other), ("postcode", Other),
    ("postfach", Other), ("postleitzahl", Other), ("pošiljka", Other), ("pošiljke", Other),
    ("pratica", Other), ("prima", Person), ("primo", Person), ("probe", Other), ("processo", Other),
    ("project", Other), ("projet", Other), ("protocollo", Other), ("protocolo", Other), ("proyecto", Other),
    ("przesylka", Other), ("przesylki", Other), ("przesyłka", Other), ("przesyłki", Other), ("puh", Phone),
    ("puhelin", Phone), ("père", Person), ("póliza", Other), ("quittance", Other), ("quittung", Other),
    ("qəng", Phone), ("rachunek", Other), ("racun", Other), ("radicado", Other), ("rappel", Phone),
    ("rappeler", Phone), ("rastreamento", Other), ("rastreio", Other), ("rastreo", Other), ("ration", Other),
    ("račun", Other), ("reach", Phone), ("reached", Phone), ("receipt", Other), ("recepisse", Other),
    ("rechnung", Other), ("recibo", Other), ("reclamation", Other), ("reclamo", Other), ("ref", Other),
    ("reference", Other), ("referencia", Other), ("referenz", Other), ("referência", Other),
    ("registration", Other), ("regon", Other), ("reisepass", Other), ("rekening", Other), ("rele", Phone),
    ("remision", Other), ("remisión", Other), ("remito", Other), ("rendeles", Other), ("rendelés", Other),
    ("rescue", Person), ("reserva", Other), ("reservation", Other), ("resi", Other), ("resolucion", Other),
    ("resolución", Other), ("resolution", Other), ("rezervace", Other), ("rezervare", Other),
    ("rezerwacja", Other), ("rezerwacji", Other), ("rfc", Other), ("rg", Other), ("ricevuta", Other),
    ("riferimento", Other), ("ring", Phone), ("ringe", Phone), ("ringi", Phone), ("ringing", Phone),
    ("risiti", Other), ("room", Person), ("roughly", Other), ("rrn", Other), ("ruf", Phone), ("rufe", Phone),
    ("rufen", Phone), ("rufnr", Phone), ("rufnummer", Phone), ("réclamation", Other), ("récépissé", Other),
    ("réf", Other), ("réference", Other), ("référence", Other), ("réservation", Other),
    ("résolution", Other), ("sample", Other), ("schaden", Other), ("schwester", Person), ("sector", Other),
    ("sefer", Other), ("seguimiento", Other), ("sekitar", Other), ("sendung", Other), ("sendungen", Other),
    ("sendungsnummer", Other), ("seria", Other), ("serial", Other), ("serie", Other), ("serien", Other),
    ("seriennummer", Other), ("serija", Other), ("sestra", Person), ("shipment", Other), ("signal", Phone),
    ("simu", Phone), ("siniestro", Other), ("sinistre", Other), ("sinistres", Other), ("sinistro", Other),
    ("siostra", Person), ("siparis", Other), ("sipariş", Other), ("siren", Other), ("siret", Other),
    ("sister", Person), ("sku", Other), ("sms", Phone), ("sn", Other), ("socio", Other), ("sohn", Person),
    ("soittaa", Phone), ("soittakaa", Phone), ("solicitud", Other), ("somme", Other), ("son", Person),
    ("sopir", Person), ("sorella", Person), ("soused", Person), ("specimen", Other), ("spedizione", Other),
    ("sprawa", Other), ("ssn", Other), ("station", Other), ("steuer", Other), ("student", Other),
    ("suivi", Other), ("sum", Other), ("summe", Other), ("sunați", Phone), ("sună", Phone),
    ("survey", Other), ("sused", Person), ("susjed", Person), ("swift", Other), ("szamla", Other),
    ("szám", Number), ("számla", Other), ("série", Other), ("sąsiad", Person), ("sđt", Phone),
    ("sĩ", Person), ("sœur", Person), ("số", Number), ("tagihan", Other), ("takip", Other),
    ("tante", Person), ("tax", Other), ("teacher", Person), ("tel", Phone), ("telefonas", Phone),
    ("telefonszám", Phone), ("telefonu", Phone), ("telefoonil", Phone), ("telefoonnr", Phone),
    ("telefoonnummer", Phone), ("telegram", Phone), ("telno", Phone), ("telnr", Phone), ("telp", Phone),
    ("telpon", Phone), ("tender", Other), ("tetangga", Person), ("text", Phone), ("tfno", Phone),
    ("thelathu", Phone), ("thoai", Phone), ("thoaï", Phone), ("thoại", Phone), ("tia", Person),
    ("ticket", Other), ("ticketnummer", Other), ("tilaus", Other), ("timestamp", Other), ("tlf", Phone),
    ("tlfn", Phone), ("tlp", Phone), ("tnt", Other), ("tochter", Person), ("total", Other),
    ("totale", Other), ("tracking", Other), ("tramite", Other), ("tramites", Other), ("transaction", Other),
    ("transaksi", Other), ("transfer", Other), ("trx", Other), ("trámite", Other), ("trámites", Other),
    ("tva", Other), ("txn", Other), ("tél", Phone), ("tía", Person), ("tío", Person), ("udid", Other),
    ("uid", Other), ("uimhir", Number), ("ukupno", Other), ("umowa", Other), ("uncle", Person),
    ("ungefahr", Other), ("ungefähr", Other), ("unix", Other), ("unixtime", Other), ("upc", Other),
    ("ups", Other), ("usc", Other), ("usps", Other), ("ust", Other), ("utm", Other), ("utr", Other),
    ("uuid", Other), ("uçuş", Other), ("v", Other), ("vater", Person), ("vecina", Person),
    ("vecino", Person), ("ver", Other), ("verbale", Other), ("version", Other), ("vertrag", Other),
    ("vessel", Other), ("viber", Phone), ("vicino", Person), ("vin", Other), ("vizinha", Person),
    ("vizinho", Person), ("voisin", Person), ("voisine", Person), ("vol", Other), ("volunteer", Person),
    ("voo", Other), ("vorgang", Other), ("voter", Other), ("voucher", Other), ("vozač", Person),
    ("vuelo", Other), ("vyrobni", Other), ("výrobní", Other), ("vận", Other), ("wa", Phone), ("wac", Phone),
    ("wallet", Other), ("wasap", Phone), ("watsap", Phone), ("way", Other), ("waya", Phone),
    ("waybill", Other), ("waypoint", Other), ("webinar", Other), ("wechat", Phone), ("whatsap", Phone),
    ("wife", Person), ("wniosek", Other), ("wpp", Phone), ("wsp", Phone), ("wtsp", Phone), ("xế", Person),
    ("yaklasik", Other), ("yaklaşık", Other), ("yoza", Phone), ("zahler", Other), ("zahlung", Other),
    ("zalo", Phone), ("zamowienia", Other), ("zamowienie", Other), ("zamówienia", Other),
    ("zamówienie", Other), ("zap", Phone), ("zasilka", Other), ("zasilky", Other), ("zending", Other),
    ("zgloszenie", Other), ("zgłoszenie", Other), ("zia", Person), ("zio", Person), ("zip", Other),
    ("zone", Other), ("zoning", Other), ("zovi", Phone), ("zovite", Phone), ("zvani", Phone),
    ("zvaniet", Phone), ("zvanit", Phone), ("zvanīt", Phone), ("zvati", Phone), ("zvoni", Phone),
    ("zvonite", Phone), ("zásilka", Other), ("zásilky", Other), ("zähler", Other), ("zəng", Phone),
    ("ärztin", Person), ("échantillon", Other), ("ông", Person), ("összeg", Other), ("číslo", Number),
    ("číslojednací", Other), ("đt", Phone), ("đtdđ", Phone), ("đơn", Other), ("şoför", Person),
    ("šofér", Person), ("κιν", Phone), ("артикул", Other), ("билет", Other), ("более", Other),
    ("брат", Person), ("вайбере", Phone), ("ватсап", Phone), ("водитель", Person), ("водій", Person),
    ("врач", Person), ("гаряча", Phone), ("дело", Other), ("делу", Other), ("дзвони", Phone),
    ("дзвоніть", Phone), ("договор", Other), ("донька", Person), ("дочь", Person), ("друг", Person),
    ("дружина", Person), ("дугаар", Phone), ("дядя", Person), ("егрн", Other), ("жена", Person),
    ("заказ", Other), ("заказа", Other), ("заказу", Other), ("замова", Other), ("замовлення", Other),
    ("заявка", Other), ("заявки", Other), ("звони", Phone), ("звоните", Phone), ("инн", Other),
    ("ипн", Other), ("квитанция", Other), ("кел", Phone), ("кпп", Other), ("лікар", Person),
    ("мама", Person), ("моб", Phone), ("муж", Person), ("набери", Phone), ("наберіть", Phone),
    ("накладна", Other), ("накладная", Other), ("огрн", Other), ("около", Other), ("папа", Person),
    ("партия", Other), ("паспорт", Other), ("платеж", Other), ("платёж", Other), ("поръчка", Other),
    ("посилка", Other), ("посылка", Other), ("посылки", Other), ("почти", Other), ("пратка", Other),
    ("примерно", Other), ("рахунок", Other), ("рейс", Other), ("свыше", Other), ("сестра", Person),
    ("син", Person), ("снилс", Other), ("сосед", Person), ("соседка", Person), ("справа", Other),
    ("сумма", Other), ("сусід", Person), ("сусідка", Person), ("счет", Other), ("счёт", Other),
    ("сын", Person), ("телеграм", Phone), ("тлф", Phone), ("товарителница", Other), ("трек", Other),
    ("тётя", Person), ("утсаар", Phone), ("фактура", Other), ("хесап", Other), ("хотлайн", Phone),
    ("чек", Other), ("чоловік", Person), ("єдрпоу", Other), ("أبي", Person), ("أختي", Person),
    ("أخي", Person), ("أمي", Person), ("برادر", Person), ("بھائی", Person), ("بہن", Person),
    ("جاري", Person), ("خالي", Person), ("خواهر", Person), ("دکتر", Person), ("راننده", Person),
    ("سائق", Person), ("طبيب", Person), ("عمي", Person), ("ممرضة", Person), ("ڈاکٹر", Person),
    ("डॉक्टर", Person), ("ड्राइवर", Person), ("पड़ोसी", Person), ("बहन", Person), ("भाई", Person),
    ("চালক", Person), ("ডাক্তার", Person), ("বোন", Person), ("ভাই", Person),
];

/// Beginnings of words, since most languages inflect them. None begins with another: the last that is not
/// greater than a word is then the only one that can begin it.
#[rustfmt::skip]
const STEMS: [(&str, Word); 298] = [
    ("anruf", Phone), ("antso", Phone), ("appel", Phone), ("calling", Phone), ("cellul", Phone),
    ("celul", Phone), ("chiam", Phone), ("comuniq", Phone), ("comuníq", Phone), ("contact", Phone),
    ("contato", Phone), ("contatt", Phone), ("deitu", Phone), ("dzwon", Phone), ("dzwoń", Phone),
    ("emergenc", Phone), ("ffoni", Phone), ("foonu", Phone), ("fowun", Phone), ("hamagar", Phone),
    ("handyn", Phone), ("helist", Phone), ("hring", Phone), ("hubungi", Phone), ("hívj", Phone),
    ("itawag", Phone), ("joign", Phone), ("kontakt", Phone), ("kutsuge", Phone), ("kõne", Phone),
    ("llam", Phone), ("llám", Phone), ("makipag", Phone), ("marcar", Phone), ("matkapuh", Phone),
    ("menelepon", Phone), ("menghub", Phone), ("mobiili", Phone), ("mobile", Phone), ("mobiln", Phone),
    ("movil", Phone), ("móvil", Phone), ("nambari", Number), ("nimero", Phone), ("nimewo", Number),
    ("nomor", Number), ("notruf", Phone), ("numara", Number), ("number", Number), ("numeri", Number),
    ("numero", Number), ("nummer", Number), ("numri", Number), ("numéro", Number), ("nömrə", Phone),
    ("número", Number), ("panggil", Phone), ("phonen", Phone), ("pozov", Phone), ("puhelin", Phone),
    ("qoʻngʻ", Phone), ("raqam", Phone), ("selpon", Phone), ("shaya", Phone), ("skamb", Phone),
    ("soita", Phone), ("sunat", Phone), ("sunaț", Phone), ("taleefan", Phone), ("taleph", Phone),
    ("tawag", Phone), ("telef", Phone), ("telemov", Phone), ("telemóv", Phone), ("telep", Phone),
    ("telfon", Phone), ("telphon", Phone), ("telpon", Phone), ("teléf", Phone), ("telép", Phone),
    ("terefon", Phone), ("truca", Phone), ("truqu", Phone), ("tumawag", Phone), ("téléph", Phone),
    ("ucingo", Phone), ("urgenc", Phone), ("utas", Phone), ("volej", Phone), ("whats", Phone),
    ("zadzwo", Phone), ("zavolej", Phone), ("zvanie", Phone), ("zvanī", Phone), ("zəng", Phone),
    ("αποδ", Other), ("αριθμ", Number), ("επικοιν", Phone), ("καλέσ", Phone), ("καλεσ", Phone),
    ("κινητ", Phone), ("κλήσ", Phone), ("λογαριασμ", Other), ("παραγγελ", Other), ("τηλ", Phone),
    ("τιμολόγ", Other), ("вайбер", Phone), ("ватсап", Phone), ("вотсап", Phone), ("дзвон", Phone),
    ("дзвін", Phone), ("зателеф", Phone), ("заявк", Other), ("звернен", Other), ("звон", Phone),
    ("звят", Phone), ("квитанци", Other), ("квитанці", Other), ("контакт", Phone), ("мобил", Phone),
    ("мобіл", Phone), ("накладн", Other), ("номер", Number), ("нөмір", Phone), ("обад", Phone),
    ("обращени", Other), ("подзвон", Phone), ("позвон", Phone), ("полис", Other), ("поліс", Other),
    ("посвідченн", Other), ("посылк", Other), ("протокол", Other), ("рақам", Phone), ("связ", Phone),
    ("тел", Phone), ("тэл", Phone), ("удостоверени", Other), ("утас", Phone), ("қоңырау", Phone),
    ("բջջ", Phone), ("զանգ", Phone), ("կապ", Phone), ("հեռ", Phone), ("אסמכתא", Other), ("דבר", Phone),
    ("הזמנה", Other), ("התקשר", Phone), ("וואטס", Phone), ("חייג", Phone), ("חשבון", Other),
    ("טלפון", Phone), ("להתקשר", Phone), ("נייד", Phone), ("פלאפון", Phone), ("שובר", Other), ("תיק", Other),
    ("תעודת", Other), ("إيصال", Other), ("اتصال", Phone), ("اتصل", Phone), ("ادفع", Other),
    ("الرقم", Number), ("الهاتف", Phone), ("الهواتف", Phone), ("برقم", Number), ("بطاقة", Other),
    ("بلیط", Other), ("بوليصة", Other), ("بیمه", Other), ("تذكرة", Other), ("تلفن", Phone), ("تلفون", Phone),
    ("تليفون", Phone), ("تلیفو", Phone), ("تماس", Phone), ("تواصل", Phone), ("تەلەفۆن", Phone),
    ("جواز", Other), ("جوال", Phone), ("جوّال", Phone), ("حساب", Other), ("حوالة", Other), ("رابطه", Phone),
    ("رابطہ", Phone), ("رحلة", Other), ("رقم", Number), ("رنّ", Phone), ("رهگیری", Other), ("زنگ", Phone),
    ("سفارش", Other), ("شحنة", Other), ("شكوى", Other), ("شماره", Number), ("طرد", Other), ("طلب", Other),
    ("فاتورة", Other), ("فاکتور", Other), ("فون", Phone), ("قضية", Other), ("للاتصال", Phone),
    ("للتواصل", Phone), ("محمول", Phone), ("مرسوله", Other), ("معاملة", Other), ("ملف", Other),
    ("موبايل", Phone), ("موبایل", Phone), ("مۆبایل", Phone), ("نمبر", Number), ("هاتف", Phone),
    ("همراه", Phone), ("هواتف", Phone), ("واتس", Phone), ("پرونده", Other), ("پەیوەندی", Phone),
    ("ژمارە", Phone), ("کال", Phone), ("گذرنامه", Other), ("आवेदन", Other), ("ऑर्डर", Other), ("केस", Other),
    ("कॉल", Phone), ("खाता", Other), ("टिकट", Other), ("नंबर", Number), ("पंजीकरण", Other), ("पिन", Other),
    ("फ़ोन", Phone), ("फोन", Phone), ("बिल", Other), ("मोबाइल", Phone), ("मोबाईल", Phone), ("रसीद", Other),
    ("व्हाट्स", Phone), ("शिकायत", Other), ("संपर्क", Phone), ("सम्पर्क", Phone), ("हेल्पलाइन", Phone),
    ("অর্ডার", Other), ("আधार", Other), ("আধার", Other), ("আবেদন", Other), ("কল", Phone), ("টিকিট", Other),
    ("নম্বর", Number), ("পিন", Other), ("ফোন", Phone), ("বিল", Other), ("মোবাইল", Phone), ("যোগাযোগ", Phone),
    ("রসিদ", Other), ("হেল্পলাইন", Phone), ("হোয়াটস", Phone), ("ਕਾਲ", Phone), ("ਫ਼ੋਨ", Phone),
    ("ਫੋਨ", Phone), ("ਮੋਬਾਈਲ", Phone), ("ਸੰਪਰਕ", Phone), ("ફોન", Phone), ("મોબાઇલ", Phone),
    ("મોબાઈલ", Phone), ("સંપર્ક", Phone), ("ଫୋନ", Phone), ("ମୋବାଇଲ", Phone), ("ଯୋଗାଯୋଗ", Phone),
    ("அழை", Phone), ("செல்பேசி", Phone), ("தொடர்பு", Phone), ("தொலைபேசி", Phone), ("போன்", Phone),
    ("కాల్", Phone), ("ఫోన్", Phone), ("మొబైల్", Phone), ("సంప్రద", Phone), ("ಕರೆ", Phone), ("ಫೋನ್", Phone),
    ("ಮೊಬೈಲ್", Phone), ("ಸಂಪರ್ಕ", Phone), ("ഫോൺ", Phone), ("ബന്ധപ്പെട", Phone), ("മൊബൈല്", Phone),
    ("മൊബൈൽ", Phone), ("വിളി", Phone), ("ඇමතු", Phone), ("ජංගම", Phone), ("දුරකථ", Phone),
    ("დაგვიკავშირ", Phone), ("დამირეკ", Phone), ("დარეკ", Phone), ("მობ", Phone), ("ნომერ", Phone),
    ("ტელ", Phone), ("ሞባይል", Phone), ("ስልክ", Phone), ("ይደውሉ", Phone), ("ደውል", Phone), ("ፎን", Phone),
];

/// Ends of the text before a number in scripts that put no spaces between words, by their last character, the longest
/// first.
#[rustfmt::skip]
const UNSPACED: [(&str, Word); 98] = [
    ("ใบเสร็จ", Other), ("สายด่วน", Phone), ("โทร", Phone), ("รหัส", Other), ("คำสั่งซื้อ", Other),
    ("ใบสั่งซื้อ", Other), ("ติดต่อ", Phone), ("มือถือ", Phone), ("บัญชี", Other), ("พัสดุ", Other),
    ("เลขที่", Other), ("โทรศัพท์", Phone), ("เบอร์", Phone), ("ໂທ", Phone), ("ເບີ", Phone), ("ຕິດຕໍ່", Phone),
    ("အော်ဒါ", Other), ("ဘောက်ချာ", Other), ("ခေါ်ဆို", Phone), ("ဖုန်း", Phone), ("ဖုန်းနံပါတ်", Phone),
    ("ဖုန်းခေါ်", Phone), ("ဆက်သွယ်", Phone), ("លេខ", Phone), ("ទាក់ទង", Phone), ("ទូរស័ព្ទ", Phone),
    ("電話をください", Phone), ("ケータイ", Phone), ("スマホ", Phone), ("案件", Other), ("微信", Phone),
    ("連絡先", Phone), ("订单", Other), ("运单", Other), ("問い合わせ番号", Other), ("口座番号", Other),
    ("注文番号", Other), ("電話番号", Phone), ("郵便番号", Other), ("订单号", Other), ("单号", Other),
    ("番号", Number), ("账号", Other), ("编号", Other), ("案号", Other), ("工号", Other), ("訂單", Other),
    ("携帯", Phone), ("口座", Other), ("拨打", Phone), ("注文", Other), ("請求書", Other), ("手机", Phone),
    ("手機", Phone), ("来电", Phone), ("致电", Phone), ("号码", Number), ("手機號碼", Phone),
    ("伝票", Other), ("发票", Other), ("發票", Other), ("联系", Phone), ("聯絡", Phone), ("熱線", Phone),
    ("郵編", Other), ("聯繫", Phone), ("热线", Phone), ("联络", Phone), ("邮编", Other), ("單號", Other),
    ("帳號", Other), ("編號", Other), ("包裹", Other), ("に電話", Phone), ("打電話", Phone), ("電話", Phone),
    ("联系电话", Phone), ("打电话", Phone), ("电话", Phone), ("快递", Other), ("來電", Phone),
    ("연락", Phone), ("주문", Other), ("문의", Phone), ("운송장", Other), ("송장", Other), ("계좌", Other),
    ("연락처", Phone), ("핸드폰", Phone), ("휴대폰", Phone), ("핸드폰번호", Phone), ("전화번호", Phone),
    ("주문번호", Other), ("우편번호", Other), ("접수번호", Other), ("번호", Number), ("휴대전화", Phone),
    ("전화", Phone),
];

/// Longest word that is looked up, in bytes.
const LONGEST: usize = 48;

/// What `word` says, in any case, with or without Arabic's article. Punctuation beyond ASCII may cling to it.
#[inline(never)]
pub(crate) fn class(word: &[u8]) -> Option<Word> {
    match word {
        // In capitals the number of a ship and Brazil's postcode, otherwise an app and Turkish for a mobile phone.
        b"IMO" | b"CEP" => return None,
        // A purchase order; in small letters a word of politeness.
        b"PO" => return Some(Other),
        _ => {}
    }
    // "Tel2"
    let word = match word.split_last() {
        Some((digit, name)) if digit.is_ascii_digit() => name,
        _ => word,
    };
    let mut folded = [0u8; LONGEST];
    let word = if word.is_ascii() {
        let into = folded.get_mut(..word.len())?;
        into.copy_from_slice(word);
        into.make_ascii_lowercase();
        &*into
    } else {
        let text = std::str::from_utf8(word).ok()?.trim_matches(|c: char| !c.is_alphanumeric() && !joins(c));
        if let Some(class) = unspaced(text) {
            return Some(class);
        }
        let mut length = 0;
        for c in text.chars() {
            length += lower(c, folded.get_mut(length..)?)?;
        }
        folded.get(..length)?
    };
    look_up(word).or_else(|| look_up(word.strip_prefix("ال".as_bytes())?))
}

/// What the tables say of a word in lower case.
fn look_up(word: &[u8]) -> Option<Word> {
    if let Ok(i) = EXACT.binary_search_by(|(cue, _)| compare(cue.as_bytes(), word)) {
        return EXACT.get(i).map(|(_, class)| *class);
    }
    let i = STEMS.partition_point(|(stem, _)| compare(stem.as_bytes(), word).is_le()).saturating_sub(1);
    let stem = STEMS.get(i).filter(|(stem, _)| word.starts_with(stem.as_bytes())).map(|(_, class)| *class);
    stem.or_else(|| compound(word).then_some(Other))
}

fn unspaced(text: &str) -> Option<Word> {
    let last = Some(text.chars().next_back().filter(|c| *c >= UNSPACED_FROM)?);
    let from = UNSPACED.partition_point(|(cue, _)| cue.chars().next_back() < last);
    let mut same = UNSPACED.iter().skip(from).take_while(|(cue, _)| cue.chars().next_back() == last);
    same.find(|(cue, _)| text.ends_with(cue)).map(|(_, class)| *class)
}

/// "Auftragsnummer", "tilausnumero", "rendelésszám": those of telephones are in the tables.
fn compound(word: &[u8]) -> bool {
    ["nummer", "numero", "szám"].iter().any(|end| word.len() > end.len() && word.ends_with(end.as_bytes()))
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
        assert!(
            UNSPACED.is_sorted_by_key(|(cue, _)| (cue.chars().next_back(), std::cmp::Reverse(cue.len())))
        );
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
