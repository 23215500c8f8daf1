//! The configuration's problems and the exact form of what replaces a find.

// The exemption of tests from this lint does not reach the functions that tests share.
#![allow(clippy::unwrap_used)]

use mask_pii::{AuthorAction, Config, KINDS, Masker};

fn masked(config: &str, text: &str) -> String {
    let (mut out, mut counts) = (String::new(), [0; KINDS]);
    let found = Masker::new(&Config::parse(config).unwrap()).mask(text, &mut out, &mut counts);
    if found { out } else { text.into() }
}

#[test]
fn actions() {
    let text = "IBAN DE89 3704 0044 0532 0130 00, a@example.org";
    assert_eq!(masked(r#"{"text":{}}"#, text), "IBAN [iban], [email]");
    let keep = r#"{"text":{"iban":"keep-last-4","email":"drop"}}"#;
    assert_eq!(masked(keep, text), "IBAN [iban …3000], ");
    assert_eq!(masked(r#"{"text":{"email":"leave"}}"#, text), "IBAN [iban], a@example.org");
    assert_eq!(masked("{}", text), text);
    assert_eq!(masked(r#"{"text":{}}"#, "https://u:p@h.org/"), "https://[credentials]@h.org/");
}

#[test]
fn an_empty_config_clears_nothing() {
    let empty = Config::parse("{}").unwrap();
    assert!(!empty.clears_text() && empty.author == AuthorAction::Leave);
    let left = Config::parse(r#"{"text":{"ip":"leave"},"author":"drop"}"#).unwrap();
    assert!(!left.clears_text() && left.author == AuthorAction::Drop);
    assert!(Config::parse(r#"{"text":{}}"#).unwrap().clears_text());
}

#[test]
fn problems_have_a_path_and_a_suggestion() {
    let problems = Config::parse(r#"{"text":{"emial":"redact","phone":"redcat"},"autor":"x"}"#).unwrap_err();
    let find = |path: &str| problems.iter().find(|p| p.path == path).unwrap().message.clone();
    assert_eq!(find("text.emial"), "unknown kind; did you mean `email`?");
    assert_eq!(find("text.phone"), "unknown action; did you mean `redact`?");
    assert_eq!(find("autor"), "unknown setting; did you mean `author`?");
}
