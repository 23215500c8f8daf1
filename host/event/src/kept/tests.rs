use super::*;

fn fields() -> KeptFields {
    let field = |kind, required| Field { name: String::new(), kind, required, labels: Default::default() };
    KeptFields::new(&[
        field(Kind::Int64, true),
        field(Kind::Utf8, false),
        field(Kind::Boolean, false),
        field(Kind::Binary, false),
    ])
    .unwrap()
}

const ALL: u64 = 0b11_1111;

fn at(from: u64, to: u64) -> u64 {
    from << 32 | to
}

/// A key with everything, one without state, one with a number alone.
fn kept() -> Kept {
    let full = [ALL, 7, u64::MAX, at(0, 3), 1, at(3, 5)];
    // What no bit stands for may be anything.
    let (none, bare) = ([0, 9, 9, 9, 9, 9], [STATE | 1 << HEAD, 9, 5, 9, 9, 9]);
    Kept { words: [full, none, bare].concat(), bytes: "aé\u{1}\u{2}".into() }
}

#[test]
fn a_packed_row_comes_back_without_what_no_bit_stands_for() {
    let (fields, kept) = (fields(), kept());
    let mut back = Kept::default();
    for (row, bytes) in fields.rows(&kept).zip([6 * 8 + 5, 6 * 8, 6 * 8]) {
        let mut packed = Vec::new();
        fields.pack(row, &mut packed);
        assert_eq!(packed.len(), bytes);
        assert_eq!(KeptFields::packed_timer_us(&packed), row.timer_us());
        fields.unpack(&packed, &mut back).unwrap();
        assert_eq!(
            fields.unpack(&[&packed[..], &[0]].concat(), &mut Kept::default()),
            None,
            "a byte too many"
        );
        assert_eq!(fields.unpack(&packed[1..], &mut Kept::default()), None, "a byte too few");
    }
    let words = [[ALL, 7, u64::MAX, at(0, 3), 1, at(3, 5)], [0; 6], [STATE | 1 << HEAD, 0, 5, 0, 0, 0]];
    assert_eq!(back, Kept { words: words.concat(), bytes: kept.bytes });
}

#[test]
fn rows_are_sliced_and_replaced_with_their_texts() {
    let (fields, kept) = (fields(), kept());
    let mut twice = fields.none(3);
    fields.replace(&mut twice, 1..2, &fields.slice(&kept, 0..1));
    fields.replace(&mut twice, 2..3, &fields.slice(&kept, 0..1));
    assert_eq!(fields.row(&twice, 1).text(1), Some("aé".as_bytes()));
    assert_eq!(fields.row(&twice, 2).text(3), Some(&[1, 2][..]));
    assert_eq!(twice.bytes.len(), 10);
    fields.replace(&mut twice, 1..2, &fields.none(1));
    assert_eq!((fields.row(&twice, 1).has_state(), twice.bytes.len()), (false, 5));
    assert_eq!(fields.row(&twice, 2).text(1), Some("aé".as_bytes()));
    assert_eq!(fields.check(&twice, 3), Ok(5));
}

#[test]
fn a_timer_is_only_of_a_key_with_state() {
    let (fields, mut kept) = (fields(), kept());
    for key in 0..3 {
        fields.set_timer(&mut kept, key, Some(-4));
    }
    let timers: Vec<_> = fields.rows(&kept).map(|row| row.timer_us()).collect();
    assert_eq!(timers, [Some(-4), None, Some(-4)]);
    fields.set_timer(&mut kept, 0, None);
    fields.forget(&mut kept, 2);
    assert_eq!((fields.row(&kept, 0).timer_us(), fields.row(&kept, 2).has_state()), (None, false));
}

#[test]
fn nothing_a_guest_says_is_believed() {
    let fields = fields();
    assert_eq!(fields.check(&kept(), 3), Ok(5));
    let wrong = |change: &dyn Fn(&mut Kept)| {
        let mut kept = kept();
        change(&mut kept);
        fields.check(&kept, 3).unwrap_err()
    };
    let set = |word: usize, value: u64| wrong(&|kept: &mut Kept| kept.words[word] = value);
    assert!(wrong(&|kept| kept.words.truncate(17)).contains("number of words"));
    assert!(set(0, ALL | 1 << 6).contains("says nothing"), "a field that there is not");
    assert!(set(6, TIMER).contains("says nothing"), "a timer without state");
    assert!(set(12, STATE).contains("required"));
    assert!(set(4, 2).contains("boolean"));
    assert!(set(3, at(1, 3)).contains("behind one another"));
    assert!(set(5, at(2, 5)).contains("behind one another"), "the same byte twice");
    assert!(set(5, at(3, 6)).contains("out of range"));
    assert!(set(5, at(3, 2)).contains("out of range"));
    assert!(set(3, at(0, 2)).contains("UTF-8"), "cut inside a character");
}

#[test]
fn there_are_as_many_fields_as_a_word_has_bits_for() {
    let fields = |count| {
        let field =
            Field { name: String::new(), kind: Kind::Int64, required: true, labels: Default::default() };
        KeptFields::new(&vec![field; count])
    };
    let most = fields(KeptFields::MOST).unwrap();
    let full = Kept { words: [&[u64::MAX, 0], &[1; KeptFields::MOST][..]].concat(), bytes: Vec::new() };
    assert_eq!(most.check(&full, 1), Ok(0));
    assert_eq!(fields(KeptFields::MOST + 1), None);
}

#[test]
fn columns_show_what_is_kept() {
    use arrow::array::{Array as _, AsArray as _};
    let columns = fields().columns(&kept());
    let shown: Vec<_> = columns.iter().map(|column| (column.len(), column.null_count())).collect();
    assert_eq!(shown, [(3, 1), (3, 2), (3, 2), (3, 2), (3, 2)]);
    assert_eq!(columns[1].as_string::<i32>().value(0), "aé");
    assert_eq!(columns[3].as_binary::<i32>().value(0), [1, 2]);
}
