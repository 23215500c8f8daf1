//! How deep a text is nested, before anything recursive looks at it.

use crate::reject::MAX_DEPTH;

/// Whether brackets outside strings nest deeper than [`MAX_DEPTH`] levels.
pub(crate) fn too_deep(json: &[u8]) -> bool {
    // Fewer opening brackets than levels cannot nest too deep: true of nearly every event, and the
    // count is vectorised by the compiler.
    let opening = json.iter().map(|b| u32::from(matches!(b, b'{' | b'['))).sum::<u32>();
    opening > MAX_DEPTH && deepest(json) > MAX_DEPTH
}

fn deepest(json: &[u8]) -> u32 {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_u32, 0, false, false);
    for byte in json {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_string = !in_string,
            (false, b'{' | b'[') => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            (false, b'}' | b']') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
