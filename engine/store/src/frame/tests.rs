//! Whatever is done to a file, what is read back are its first entries.

use std::io::Write;

use proptest::prelude::*;

use super::{Frames, Seq, put};

const FIRST: Seq = 41;

fn framed(texts: &[String]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (seq, text) in (FIRST..).zip(texts) {
        put(&mut bytes, seq, |out| out.write_all(text.as_bytes())).unwrap();
    }
    bytes
}

fn read(bytes: &[u8]) -> Vec<(Seq, String)> {
    Frames::new(bytes, FIRST).map(|(seq, text)| (seq, text.to_owned())).collect()
}

fn numbered(texts: &[String]) -> Vec<(Seq, String)> {
    (FIRST..).zip(texts.iter().cloned()).collect()
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(".{1,40}", 1..8)
}

proptest! {
    #[test]
    fn whole_entries_are_read_back(texts in texts(), zeros in 0_usize..40) {
        let mut bytes = framed(&texts);
        bytes.extend(std::iter::repeat_n(0, zeros));
        prop_assert_eq!(read(&bytes), numbered(&texts));
    }

    #[test]
    fn a_cut_leaves_the_entries_before_it(texts in texts(), at in any::<prop::sample::Index>()) {
        let bytes = framed(&texts);
        let cut = at.index(bytes.len());
        let whole = (0..=texts.len()).rfind(|n| framed(&texts[..*n]).len() <= cut).unwrap();
        prop_assert_eq!(read(&bytes[..cut]), numbered(&texts[..whole]));
    }

    #[test]
    fn a_flipped_bit_leaves_the_entries_before_it(
        texts in texts(),
        at in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let mut bytes = framed(&texts);
        let flipped = at.index(bytes.len());
        bytes[flipped] ^= 1 << bit;
        let whole = (0..texts.len()).rfind(|n| framed(&texts[..*n]).len() <= flipped).unwrap();
        prop_assert_eq!(read(&bytes), numbered(&texts[..whole]));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(read(&bytes).len() <= bytes.len());
    }
}

#[test]
fn what_a_file_held_in_an_earlier_life_is_not_read() {
    let old: Vec<String> = (0..4).map(|n| format!("old {n}")).collect();
    let mut bytes = framed(&old);
    let mut new = Vec::new();
    put(&mut new, FIRST + 100, |out| out.write_all(b"new 0")).unwrap();
    bytes[..new.len()].copy_from_slice(&new);
    let read: Vec<_> = Frames::new(&bytes, FIRST + 100).collect();
    assert_eq!(read, [(FIRST + 100, "new 0")]);
}
