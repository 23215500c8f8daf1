//! CloudEvents in binary mode: attributes as headers, the value as data. The log's records have no headers, so such
//! a record is given as its event in structured mode, which is one JSON object.
//!
//! <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;

/// What an attribute's name has as a header in front of it.
const PREFIX: &str = "ce_";
/// The attribute that each event has.
const VERSION: &str = "ce_specversion";
/// The attribute that is a header of Kafka's own.
const CONTENT_TYPE: &str = "content-type";

/// Adds a record's value as it is to be given; `headers` are its names and values.
pub fn write<'a>(
    headers: impl Iterator<Item = (&'a str, &'a [u8])> + Clone,
    value: &[u8],
    out: &mut Vec<u8>,
) {
    if !headers.clone().any(|(name, _)| name == VERSION) {
        out.extend_from_slice(value);
        return;
    }
    let mut content_type = None;
    let mut separator = b'{';
    for (header, text) in headers {
        let attribute = match header.strip_prefix(PREFIX) {
            Some("data" | "datacontenttype") => continue,
            Some(name)
                if !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) =>
            {
                name
            }
            None if header.eq_ignore_ascii_case(CONTENT_TYPE) => {
                content_type = Some(text);
                "datacontenttype"
            }
            _ => continue,
        };
        member(out, separator, attribute);
        quote(out, text);
        separator = b',';
    }
    data(out, content_type, value);
    out.push(b'}');
}

/// Begins a member of an object; its name needs no escapes.
fn member(out: &mut Vec<u8>, separator: u8, name: &str) {
    out.extend_from_slice(&[separator, b'"']);
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

/// Bytes that are no text stay what they are: then the record is refused for it.
fn quote(out: &mut Vec<u8>, text: &[u8]) {
    let quoted = std::str::from_utf8(text).ok().and_then(|text| serde_json::to_vec(text).ok());
    out.extend_from_slice(quoted.as_deref().unwrap_or(text));
}

fn data(out: &mut Vec<u8>, content_type: Option<&[u8]>, value: &[u8]) {
    if value.is_empty() {
        return;
    }
    // What only claims to be JSON must not reach into the object around it.
    if is_json(content_type) && serde_json::from_slice::<&RawValue>(value).is_ok() {
        member(out, b',', "data");
        out.extend_from_slice(value);
    } else if std::str::from_utf8(value).is_ok() {
        member(out, b',', "data");
        quote(out, value);
    } else {
        member(out, b',', "data_base64");
        quote(out, STANDARD.encode(value).as_bytes());
    }
}

/// Whether a media type is JSON; what says nothing is.
fn is_json(content_type: Option<&[u8]>) -> bool {
    let Some(content_type) = content_type.map(String::from_utf8_lossy) else { return true };
    let media = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media.ends_with("/json") || media.ends_with("+json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(headers: &[(&str, &str)], value: &[u8]) -> String {
        let mut out = Vec::new();
        write(headers.iter().map(|(name, text)| (*name, text.as_bytes())), value, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn binary_mode_is_given_in_structured_mode() {
        let headers = [("ce_specversion", "1.0"), ("ce_id", "a\"1"), ("ce_time", "2026-01-01T00:00:00Z")];
        let begin = r#"{"specversion":"1.0","id":"a\"1","time":"2026-01-01T00:00:00Z""#;
        assert_eq!(given(&headers, br#"{"m": 1}"#), format!(r#"{begin},"data":{{"m": 1}}}}"#));
        assert_eq!(given(&headers, b""), format!("{begin}}}"));
        let with = |media| [headers.as_slice(), &[("Content-Type", media)]].concat();
        let json = "application/geo+json; charset=utf-8";
        assert_eq!(given(&with(json), b"[1]"), format!(r#"{begin},"datacontenttype":"{json}","data":[1]}}"#));
        let text = |value: &[u8]| given(&with("text/plain"), value);
        assert!(text(b"1").ends_with(r#","data":"1"}"#));
        assert!(text(&[0xff]).ends_with(r#","data_base64":"/w=="}"#));
    }

    #[test]
    fn others_are_given_as_they_are() {
        let structured = [("content-type", "application/cloudevents+json")];
        assert_eq!(given(&structured, br#"{"id":"a"}"#), r#"{"id":"a"}"#);
        assert_eq!(given(&[], b"no JSON"), "no JSON");
        assert_eq!(given(&[("ce_id", "a")], b"1"), "1");
    }

    #[test]
    fn data_and_names_do_not_reach_into_the_envelope() {
        let headers = [("ce_specversion", "1.0"), ("ce_data", "x"), ("ce_a\"b", "x"), ("ce_", "x")];
        let forged = given(&headers, br#"1,"id":"forged""#);
        assert_eq!(forged, r#"{"specversion":"1.0","data":"1,\"id\":\"forged\""}"#);
    }

    #[test]
    fn an_attribute_that_is_no_text_makes_no_text() {
        let (headers, mut out) = ([("ce_specversion", &b"1.0"[..]), ("ce_id", &[0xff])], Vec::new());
        write(headers.into_iter(), b"1", &mut out);
        assert!(std::str::from_utf8(&out).is_err());
    }
}
