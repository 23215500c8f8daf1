//! Tokens for OAUTHBEARER: JSON Web Tokens (RFC 7519), which are the broker's to verify. Here only the time counts.

use std::ffi::{CStr, CString, c_char};
use std::path::Path;
use std::ptr;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use log::{Error, Refusal};
use rdkafka::bindings::rd_kafka_oauthbearer_set_token;
use rdkafka::client::{Client, ClientContext, OAuthToken};
use rdkafka::error::IsError as _;
use serde_json::Value;

use crate::files;

/// The token that a file holds now.
pub fn read(path: &Path) -> Result<OAuthToken, Refusal> {
    let token = files::secret("the token file", path)?;
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    parse(token, now_s).map_err(|why| Refusal::Token { file: path.display().to_string(), why })
}

/// A token with its end; no reason holds a part of it.
fn parse(token: String, now_s: u64) -> Result<OAuthToken, String> {
    let parts: Vec<&str> = token.split('.').collect();
    let [_, claims, _] = parts[..] else { return Err("it is no JSON Web Token of three parts".into()) };
    let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).ok();
    let claims = claims.and_then(|claims| serde_json::from_slice::<Value>(&claims).ok());
    let claims = claims.ok_or("its second part is no JSON in base64url")?;
    // Seconds since 1970, maybe with a fraction.
    let end_s = claims.get("exp").and_then(Value::as_f64).filter(|end_s| (0.0..1e12).contains(end_s));
    let end_s = end_s.ok_or("it has no claim `exp`, so nobody knows for how long it holds")? as u64;
    if end_s <= now_s {
        return Err(format!("it expired {} s ago", now_s - end_s));
    }
    let lifetime_ms = i64::try_from(end_s.saturating_mul(1000)).unwrap_or(i64::MAX);
    let principal_name = claims.get("sub").and_then(Value::as_str).unwrap_or_default().replace('\0', "");
    Ok(OAuthToken { token, principal_name, lifetime_ms })
}

/// Room for the client's reason why it does not take a token.
const REASON_BYTES: usize = 256;

/// Gives a client the token that a file holds now, where the library does not hear it ask for one (docs/adr/0013).
#[allow(unsafe_code)]
pub fn hand_over(path: &Path, client: &Client<impl ClientContext>) -> Result<(), Error> {
    let OAuthToken { token, principal_name, lifetime_ms } = read(path)?;
    let wrong = |why: String| Refusal::Token { file: path.display().to_string(), why };
    let [token, principal] = [token, principal_name].map(CString::new);
    let (Ok(token), Ok(principal)) = (token, principal) else {
        return Err(wrong("it holds a zero byte".into()).into());
    };
    let mut reason: [c_char; REASON_BYTES] = [0; REASON_BYTES];
    // SAFETY: the client lives; both texts end with a zero byte and are copied, there are no extensions, and the reason
    // has the room that is said, of which the client leaves the last byte zero.
    let set = unsafe {
        let (token, principal) = (token.as_ptr(), principal.as_ptr());
        let (none, room) = (ptr::null_mut(), reason.len());
        let why = reason.as_mut_ptr();
        rd_kafka_oauthbearer_set_token(client.native_ptr(), token, lifetime_ms, principal, none, 0, why, room)
    };
    if set.is_error() {
        // SAFETY: as above.
        let why = unsafe { CStr::from_ptr(reason.as_ptr()) };
        return Err(wrong(why.to_string_lossy().into_owned()).into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_token_holds_until_its_end() {
        let read = parse(token(r#"{"sub":"vigie","exp":2000.5}"#), 1999).unwrap();
        assert_eq!((&*read.principal_name, read.lifetime_ms), ("vigie", 2_000_000));
        assert_eq!(read.token, token(r#"{"sub":"vigie","exp":2000.5}"#));
        assert_eq!(parse(token(r#"{"exp":2000}"#), 1999).unwrap().principal_name, "");
    }

    #[test]
    fn a_token_without_a_future_is_refused_and_not_told() {
        for (token, now_s, why) in [
            (token(r#"{"sub":"hunter2","exp":2000}"#), 2000, "expired 0 s ago"),
            (token(r#"{"sub":"hunter2","exp":2000}"#), 2060, "expired 60 s ago"),
            (token(r#"{"sub":"hunter2"}"#), 0, "no claim `exp`"),
            (token(r#"{"sub":"hunter2","exp":"2000"}"#), 0, "no claim `exp`"),
            (token(r#"{"sub":"hunter2","exp":-1}"#), 0, "no claim `exp`"),
            (token("hunter2"), 0, "no JSON"),
            ("hunter2.hunter2.!".into(), 0, "no JSON"),
            ("hunter2".into(), 0, "three parts"),
            ("a.b.c.d".into(), 0, "three parts"),
        ] {
            let said = parse(token, now_s).map(|_| ()).unwrap_err();
            assert!(said.contains(why) && !said.contains("hunter2"), "{said}");
        }
    }
}
