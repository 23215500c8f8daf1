//! The attacks, by name.

use std::hint::black_box;
use std::iter::repeat_n;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

use crate::bindings::vigie::plugin::types::{Column, Patch, Problem, Reject, Text, Values};

/// Attacks on the host while it configures a step.
pub fn configure(attack: &str) -> Result<(), Vec<Problem>> {
    match attack {
        "configure-problem" => {
            Err(vec![Problem { path: "do".into(), message: "this is what it was asked to say".into() }])
        }
        "configure-trap" => std::process::abort(),
        "configure-loop" => endless(),
        "configure-allocate" => allocate(),
        "configure-slow" => {
            spin(100_000_000);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// What happens in every call, whatever its rows.
pub fn every_call(attack: &str) {
    if attack == "leak" {
        std::mem::forget(black_box(vec![1_u8; 1 << 20]));
    }
}

/// What is wrong with every answer, whatever its rows.
pub fn spoil_every(attack: &str, mut patch: Patch, rows: usize) -> Patch {
    match attack {
        "empty-batch" if rows == 0 => patch.columns.clear(),
        "counts-huge" => patch.counts = vec![u64::MAX],
        _ => {}
    }
    patch
}

/// Attacks on time, memory and stack.
pub fn compute(attack: &str) {
    match attack {
        "loop" => endless(),
        "allocate" => allocate(),
        "allocate-once" => std::mem::forget(black_box(vec![1_u8; 1 << 30])),
        "grow-memory" => while grow(1) {},
        "grow-memory-at-once" => _ = grow(60_000),
        "fill" => fill(),
        // Slow for a clock, cheap for fuel.
        "slow" => spin(100_000_000),
        "panic" => panics(),
        "abort" => std::process::abort(),
        "recurse" => _ = recurse(u32::MAX),
        other => {
            if let Some(depth) = other.strip_prefix("recurse-to-").and_then(|d| d.parse().ok()) {
                recurse(depth);
            }
        }
    }
}

fn endless() -> ! {
    loop {
        spin(1_000);
    }
}

/// Work that no compiler leaves out: each round needs the last one's result.
fn spin(times: u32) {
    static LAST: AtomicU32 = AtomicU32::new(1);
    let mut last = LAST.load(Relaxed);
    for round in 0..times {
        last = last.rotate_left(5).wrapping_mul(2_654_435_761) ^ round;
    }
    LAST.store(last, Relaxed);
}

fn allocate() -> ! {
    let mut kept = Vec::new();
    loop {
        kept.push(black_box(vec![1_u8; 64 << 10]));
    }
}

/// Few instructions, much work: each round writes a mebibyte.
fn fill() -> ! {
    let mut bytes = vec![0_u8; 1 << 20];
    loop {
        black_box(&mut bytes).fill(black_box(7));
    }
}

#[allow(clippy::panic, reason = "a panic is the attack")]
fn panics() -> ! {
    panic!("asked to panic")
}

/// Not a tail call, because something is still done with its result.
fn recurse(depth: u32) -> u32 {
    if depth == 0 {
        return 0;
    }
    black_box(recurse(black_box(depth) - 1)).wrapping_add(1)
}

/// Asks for pages without the allocator; whether the host gave them.
#[cfg(target_arch = "wasm32")]
fn grow(pages: usize) -> bool {
    core::arch::wasm32::memory_grow(0, pages) != usize::MAX
}

#[cfg(not(target_arch = "wasm32"))]
fn grow(_: usize) -> bool {
    false
}

/// Attacks by what is given back: `patch` is an honest answer to `rows` rows, of which `bad` is bad.
pub fn spoil(attack: &str, mut patch: Patch, rows: u32, bad: usize) -> Patch {
    match attack.split_once(':') {
        Some((_, attack)) => spoil_rows(attack, &mut patch, rows, bad),
        None => {
            spoil_lists(attack, &mut patch, rows, bad);
            spoil_text(attack, &mut patch, bad);
        }
    }
    patch
}

fn spoil_rows(attack: &str, patch: &mut Patch, rows: u32, bad: usize) {
    let Some(of) = &mut patch.rows else { return };
    match attack {
        "none" => patch.rows = None,
        // One more output row in each of these, so that the columns fit and only `rows` is wrong.
        "decrease" => {
            of.push(0);
            repeat_last(patch, 1);
        }
        "beyond" => {
            of.push(rows);
            repeat_last(patch, 1);
        }
        "furthest" => {
            of.push(u32::MAX);
            repeat_last(patch, 1);
        }
        "many" => {
            let at = of.iter().position(|row| *row as usize == bad).unwrap_or_default();
            let more = 100;
            of.splice(at..at, repeat_n(bad as u32, more));
            repeat_last(patch, more);
        }
        "shorter" => {
            of.pop();
        }
        _ => {}
    }
}

/// Adds empty texts.
fn repeat_last(patch: &mut Patch, times: usize) {
    if let Some(text) = text(patch) {
        let end = text.chars.len() as u32;
        text.ends.extend(repeat_n(end, times));
    }
}

fn spoil_lists(attack: &str, patch: &mut Patch, rows: u32, bad: usize) {
    let reject = |row, reason| Reject { row, reason };
    match attack {
        "rejects-unordered" => patch.rejects = vec![reject(rows - 1, 0), reject(0, 0)],
        "rejects-doubled" => patch.rejects = vec![reject(bad as u32, 0); 2],
        "rejects-beyond" => patch.rejects = vec![reject(rows, 0)],
        "rejects-furthest" => patch.rejects = vec![reject(u32::MAX, 0)],
        "rejects-unknown" => patch.rejects = vec![reject(bad as u32, 1)],
        "columns-none" => patch.columns.clear(),
        "columns-more" => patch.columns.push(Column { values: Values::U8s(Vec::new()), validity: None }),
        "kind" => {
            patch.columns = vec![Column { values: Values::S64s(vec![0; rows as usize]), validity: None }]
        }
        "blob-invalid-utf8" => blob(patch, |text| replace(text, bad, &invalid())),
        "blob-character-cut" => blob(patch, |text| cut_character(text, bad)),
        "counts-none" => patch.counts.clear(),
        "counts-more" => patch.counts.push(1),
        "rows" => patch.rows = Some((0..rows).collect()),
        "validity-short" => validity(patch, vec![0xff; (rows as usize).div_ceil(8) - 1]),
        "validity-long" => validity(patch, vec![0xff; (rows as usize).div_ceil(8) + 1]),
        "missing" => validity(patch, missing(rows, bad)),
        "boolean-two" => flag(patch, bad),
        _ => {}
    }
}

/// Gives the text as bytes, as a plugin may.
fn blob(patch: &mut Patch, spoil: impl Fn(&mut Text)) {
    use crate::bindings::vigie::plugin::types::Blob;
    if let Some(mut text) = text(patch).cloned() {
        spoil(&mut text);
        let Text { chars, ends } = text;
        let blob = Blob { bytes: chars.into_bytes(), ends };
        patch.columns = vec![Column { values: Values::Blob(blob), validity: None }];
    }
}

fn validity(patch: &mut Patch, bytes: Vec<u8>) {
    if let Some(column) = patch.columns.first_mut() {
        column.validity = Some(bytes);
    }
}

/// Every row valid but one.
fn missing(rows: u32, row: usize) -> Vec<u8> {
    let mut bytes = vec![0xff; (rows as usize).div_ceil(8)];
    if let Some(byte) = bytes.get_mut(row / 8) {
        *byte &= !(1 << (row % 8));
    }
    bytes
}

fn flag(patch: &mut Patch, bad: usize) {
    if let Some(Values::U8s(flags)) = patch.columns.get_mut(1).map(|c| &mut c.values)
        && let Some(flag) = flags.get_mut(bad)
    {
        *flag = 2;
    }
}

fn text(patch: &mut Patch) -> Option<&mut Text> {
    match patch.columns.first_mut().map(|c| &mut c.values) {
        Some(Values::Text(text)) => Some(text),
        _ => None,
    }
}

fn spoil_text(attack: &str, patch: &mut Patch, bad: usize) {
    let Some(text) = text(patch) else { return };
    match attack {
        "length-short" => {
            text.ends.pop();
        }
        "length-long" => text.ends.push(text.chars.len() as u32),
        // The first row has nothing to decrease from, so its end is out of range instead.
        "ends-decrease" => set_end(text, bad, |before, _| before.wrapping_sub(1)),
        "ends-beyond" => set_end(text, bad, |_, size| size + 1),
        "ends-furthest" => set_end(text, bad, |_, _| u32::MAX),
        "ends-short" => text.chars.push('x'),
        "character-cut" => cut_character(text, bad),
        "invalid-utf8" => replace(text, bad, &invalid()),
        "output" => replace(text, bad, &"x".repeat(6 << 20)),
        _ => {}
    }
}

fn set_end(text: &mut Text, row: usize, end: impl Fn(u32, u32) -> u32) {
    let before = row.checked_sub(1).and_then(|r| text.ends.get(r).copied()).unwrap_or(0);
    let size = text.chars.len() as u32;
    if let Some(slot) = text.ends.get_mut(row) {
        *slot = end(before, size);
    }
}

/// Puts another text in a row's place.
fn replace(text: &mut Text, row: usize, new: &str) {
    let from = row.checked_sub(1).and_then(|r| text.ends.get(r).copied()).unwrap_or(0);
    let Some(to) = text.ends.get(row).copied() else { return };
    let tail = text.chars.split_off(to as usize);
    text.chars.truncate(from as usize);
    text.chars.push_str(new);
    text.chars.push_str(&tail);
    let longer = (new.len() as u32).wrapping_sub(to - from);
    text.ends.iter_mut().skip(row).for_each(|end| *end = end.wrapping_add(longer));
}

/// The row ends inside its character, and the next one begins there.
fn cut_character(text: &mut Text, row: usize) {
    replace(text, row, "é");
    if let Some(end) = text.ends.get_mut(row) {
        *end -= 1;
    }
}

#[allow(unsafe_code, reason = "text that is no UTF-8 is the attack")]
fn invalid() -> String {
    // SAFETY: nothing in this guest reads the text as characters; the host has to find it out.
    unsafe { String::from_utf8_unchecked(vec![0xff, 0xfe]) }
}
