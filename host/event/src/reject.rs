//! Why a raw event cannot be an event. Texts are fixed: no value of the event is in them.

/// A code with a page in `docs/errors/`, and a fixed reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reject {
    /// `VG10nn`.
    pub code: &'static str,
    /// In words.
    pub reason: &'static str,
}

impl std::fmt::Display for Reject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.reason)
    }
}

/// The greatest raw event, in bytes.
pub const MAX_EVENT_BYTES: usize = 1 << 20;
/// The deepest nesting of objects and arrays, in levels.
pub(crate) const MAX_DEPTH: u32 = 64;

const fn reject(code: &'static str, reason: &'static str) -> Reject {
    Reject { code, reason }
}

pub(crate) const NOT_JSON: Reject = reject("VG1001", "not valid JSON");
pub(crate) const NOT_UTF8: Reject = reject("VG1002", "not valid UTF-8");
pub(crate) const TOO_DEEP: Reject = reject("VG1003", "nested deeper than 64 levels");
pub(crate) const WRONG_TYPE: Reject = reject("VG1004", "a field of the wrong type");
pub(crate) const MISSING: Reject = reject("VG1005", "a required field is missing");
pub(crate) const OUT_OF_RANGE: Reject = reject("VG1006", "a number out of range");
pub(crate) const IMPLAUSIBLE_TIME: Reject =
    reject("VG1007", "a time that is unreadable or outside 1970 to 2200");
pub(crate) const TOO_LARGE: Reject = reject("VG1008", "larger than 1 MiB");
pub(crate) const TWICE: Reject = reject("VG1009", "a key twice");
pub(crate) const NOT_AN_OBJECT: Reject = reject("VG1010", "not a JSON object");
