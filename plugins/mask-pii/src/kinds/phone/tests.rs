//! What is found in a text that has one number, and what is left.

use super::detect;

fn check(text: &str, number: &str) {
    let b = text.as_bytes();
    let first = b.iter().position(|c| c.is_ascii_digit() || matches!(c, b'+' | b'('));
    let digit = b.iter().skip(first.unwrap_or(0)).position(u8::is_ascii_digit);
    let found = detect(b, first.unwrap_or(0) + digit.unwrap_or(0), 0);
    assert_eq!(found.and_then(|f| text.get(f.start..f.end)).unwrap_or(""), number, "{text}");
}

#[test]
fn what_stands_before_and_after_decides() {
    check("621 4567 numaralı telefonu arayın", "621 4567");
    check("Everyone is safe. 621 4567", "621 4567");
    check("sold 621 4567 yesterday", "");
    check("nyumba ya dereva 71 234 567.", "71 234 567");
    check("DHL 7012345678", "");
    check("Auftragsnummer 71234567", "");
    check("0981 222 619 € 12", "0981 222 619");
}

#[test]
fn the_next_number_is_another() {
    check("call 739842901 50/50", "739842901");
    check("call 0244 907 053 5-7 per tent", "0244 907 053");
    check("tel. +51 984107256 (3+4)", "+51 984107256");
    check("+905338641159,535 375 87 91", "+905338641159");
    check("03 558 981,775726930", "03 558 981");
    check("+243 816 360 333/099 735 7940", "+243 816 360 333");
    check("call +94 11 2 076 968 120/240 V", "+94 11 2 076 968");
    check("*0656 25 96 07*", "0656 25 96 07");
    check("fono 9-26097043 1 in 3", "9-26097043");
    check("Ruf 0176 21 69 63 64 an", "0176 21 69 63 64");
    check("3412-5678/3798-1122", "3412-5678");
    check("+33 6 51 16 12 14 ₹3,25,000", "+33 6 51 16 12 14");
    check("+389 70 703 693 104-99", "+389 70 703 693");
    check("0171 5534149 12 August 2024", "0171 5534149");
    check("0821 8018 5519 3丁目", "0821 8018 5519");
    check("(0228) 439932 1 000 000 x 3", "(0228) 439932");
    check("012 538 64 11 829 546 XOF", "012 538 64 11");
    check("676 11 96 64 People sleep outside", "676 11 96 64");
}

#[test]
fn with_the_code_of_a_country_and_no_plus() {
    check("ok 972 59-065-7489", "972 59-065-7489");
    check("Moussa 249911642357", "249911642357");
    check("mobile 92 300 613 1698", "92 300 613 1698");
    check("Huehuetla 52 1 744 963 9934", "52 1 744 963 9934");
    check("ok 967 777 899 632", "967 777 899 632");
    // No code, and a number of North America
    check("ok 699 59-065-7489", "");
    check("808.715.2263 24/7", "808.715.2263");
}

#[test]
fn labels_of_other_numbers() {
    check("P.O. Box 3243-00100", "");
    check("tracking: 9421 5222 0527 0607 4935 38", "");
    check("رقم القضية 7096/2024", "");
    check("〒928-0001", "");
    check("CEP 94812-854", "");
    check("IMO 9424903", "");
    check("WFP 2024 0012 345", "");
    check("siparis no 96554967", "");
    // An app, Turkish for a mobile phone, and the label of a sentence that is over.
    check("imo 1712345678", "1712345678");
    check("CEP 0532 123 45 67", "0532 123 45 67");
    check("Jalan putus total. 0110 694 694", "0110 694 694");
    check("ph# 0301 4752532", "0301 4752532");
    check("ticket# 0301 4752532", "");
    check("doctor Faraj no. 0945 575 952", "0945 575 952");
    check("the coordinator. Order no. 7779-7339-13", "");
    check("case Mangochi HSA 0888 286 117", "0888 286 117");
    check("case of June 0888 286 117", "");
    check("in MB 95558 52989", "95558 52989");
    assert_eq!(detect(b"grid 38S MB 95558 52989", 12, 0), None);
    check("her husband's no. is 0935.944.002", "0935.944.002");
}

#[test]
fn rows_of_numbers() {
    check("in 2021: 5994 2022: 5265 2023: 4315", "");
    check("call 0612345678 2022: 5265", "0612345678");
    check("tel 5994 2022: 5265", "");
    check("from 091 6472 1987: we are 90", "091 6472 1987");
    check("week 31 32 33 34 35", "");
    check("size 38 39 40 41", "");
    check("34: 77 38 59 73", "");
    check("Olga: 77 38 59 73", "77 38 59 73");
    check("drawn 62 15 29 33 21 48", "");
    check("sum 3215 7791 6622 1668 1696", "");
    check("contact at 0100 1200 1100Z", "");
    check("tel 0.86 0.52 1.73 2.21", "");
    check("whatsapp group full 1024/1024", "");
    // What only looks like a row.
    check("06 12 13 14 15", "06 12 13 14 15");
    check("77 38 59 73 25 people", "77 38 59 73");
    check("0302 9820689 0.32 0.24 1.43", "0302 9820689");
}

#[test]
fn forms_of_one_country() {
    check("contato 0xx51 98878-6382", "0xx51 98878-6382");
    check("0-5321-2024", "0-5321-2024");
    check("8 067 7695593", "8 067 7695593");
    check("8-066-652-52-19", "8-066-652-52-19");
    check("bairro 82 76 39 161", "82 76 39 161");
    check("obstetra 97110 1189", "97110 1189");
    check("load 0.45 0.50 0.61", "");
    check("piano 335.7402047", "335.7402047");
    check("8 (050) 268 85 08", "8 (050) 268 85 08");
    check("ስልኬ 0911 188868 ነው", "0911 188868");
    check("زنگ بزنید 0799-513078، زلزله", "0799-513078");
}
