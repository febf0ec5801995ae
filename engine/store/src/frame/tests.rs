//! Whatever is done to a file, what is read back are entries that were written.

use std::io::Write;

use proptest::prelude::*;
use reins_governor::Name;

use super::{Chain, Charged, Frames, Mark, Seed, Seq};

const BEFORE: Mark = Mark { seq: 40, sum: 7, nanos: 1_000, own: 0 };

fn seed() -> Seed {
    Seed::of(1, 2)
}

fn chain(last: Mark) -> Chain {
    Chain { seed: seed(), last, charged: Charged::default() }
}

fn framed(texts: &[String]) -> Vec<u8> {
    let mut chain = chain(BEFORE);
    let mut bytes = Vec::new();
    for text in texts {
        chain.put(&mut bytes, 0, (None, 10), |out| out.write_all(text.as_bytes())).unwrap();
    }
    bytes
}

fn read(bytes: &[u8]) -> Vec<(Seq, String)> {
    let frames = Frames::new(bytes, 0, seed());
    frames.map(|frame| (frame.mark.seq, String::from_utf8(frame.body.to_vec()).unwrap())).collect()
}

fn numbered(texts: &[String]) -> Vec<(Seq, String)> {
    (BEFORE.seq + 1..).zip(texts.iter().cloned()).collect()
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
    fn a_flipped_bit_loses_one_entry(
        texts in texts(),
        at in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let mut bytes = framed(&texts);
        let flipped = at.index(bytes.len());
        bytes[flipped] ^= 1 << bit;
        let hit = (0..texts.len()).rfind(|n| framed(&texts[..*n]).len() <= flipped).unwrap();
        let mut left = numbered(&texts);
        left.remove(hit);
        prop_assert_eq!(read(&bytes), left);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(read(&bytes).is_empty());
    }
}

#[test]
fn entries_are_chained_and_their_charges_summed() {
    let bytes = framed(&["a".into(), "b".into()]);
    let frames: Vec<_> = Frames::new(&bytes, 0, seed()).collect();
    assert_eq!(frames[0].before, BEFORE.sum);
    assert_eq!(frames[1].before, frames[0].mark.sum);
    assert_eq!((frames[0].mark.nanos, frames[1].mark.nanos), (1_010, 1_020));
}

#[test]
fn what_each_organization_was_charged_is_summed_apart() {
    let (acme, umbrella) = ("acme".into(), "umbrella".into());
    let charged = Charged::from_iter([(Name::from("acme"), 500)]);
    let (mut chain, mut bytes) = (Chain { charged, ..chain(BEFORE) }, Vec::new());
    for charge in [(Some(&acme), 7), (Some(&umbrella), 40), (None, 0), (Some(&acme), -3)] {
        chain.put(&mut bytes, 0, charge, |out| out.write_all(b"x")).unwrap();
    }
    // A journal that has failed numbers entries, and sums nothing.
    chain.skip(Some(&umbrella));
    let marks = Frames::new(&bytes, 0, seed()).map(|frame| frame.mark).chain([chain.last]);
    let sums: Vec<_> = marks.map(|mark| (mark.seq, mark.nanos, mark.own)).collect();
    let expected =
        [(41, 1_007, 507), (42, 1_047, 40), (43, 1_047, 0), (44, 1_044, 504), (45, 1_044, 40)];
    assert_eq!(sums, expected);
}

#[test]
fn entries_of_another_store_or_life_are_not_read() {
    let bytes = framed(&["a".into()]);
    for other in [Seed::of(1, 3), Seed::of(2, 2)] {
        assert_eq!(Frames::new(&bytes, 0, other).count(), 0);
    }
}

#[test]
fn what_a_file_held_before_it_was_used_again_is_not_read() {
    let mut bytes = framed(&(0..4).map(|n| format!("old {n}")).collect::<Vec<_>>());
    let mut chain = chain(Mark { seq: 140, ..BEFORE });
    let mut new = Vec::new();
    chain.put(&mut new, 0, (None, 0), |out| out.write_all(b"new 0")).unwrap();
    bytes[..new.len()].copy_from_slice(&new);
    assert_eq!(read(&bytes), [(141, "new 0".to_owned())]);
}

#[test]
fn an_entry_that_cannot_be_written_leaves_no_trace() {
    let (mut chain, mut bytes) = (chain(BEFORE), vec![1]);
    let half = chain.put(&mut bytes, 0, (Some(&"acme".into()), 5), |out| {
        out.extend_from_slice(b"half");
        Err(std::io::Error::other("no"))
    });
    assert!(half.is_err());
    assert_eq!((bytes, chain.last), (vec![1], BEFORE));
    assert_eq!(chain.charged, Charged::default());
}
