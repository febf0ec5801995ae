//! Texts that are counted where their bytes do not fit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::scene::Scene;
use super::script::{SPEND, Script};
use crate::{Call, OnExceed, Refusal, Status, Step, Text, Tokens};

/// A text of a hundred bytes with fewer tokens, for each model that is named.
#[derive(Debug)]
struct Counted {
    tokens: &'static [(&'static str, u64)],
    asked: AtomicUsize,
}

impl Text for Counted {
    fn tokens(&self, call: &Call) -> Option<Tokens> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let found = self.tokens.iter().find(|(model, _)| *model == &*call.model);
        found.map(|(_, tokens)| Tokens(*tokens))
    }
}

fn scene(limit: u64, on_exceed: OnExceed, tokens: &'static [(&'static str, u64)]) -> Scene {
    let mut scene = Scene::new(Script::passing()).budget(limit, on_exceed);
    scene.text = Some(Arc::new(Counted { tokens, asked: AtomicUsize::new(0) }));
    scene
}

/// The model, cap and nano-USD that a call goes with, beside its status.
#[track_caller]
fn goes(scene: &Scene, expected: (&str, u64, u64), status: Status) {
    let admitted = scene.admitted();
    let (call, draft) = (admitted.call(), admitted.draft());
    let cap = call.output_cap.expect("a cap");
    assert_eq!((&*call.model, cap.get(), draft.held.nanos()), expected);
    assert_eq!((draft.status, draft.opening.bound), (status, Some(draft.held)));
}

#[test]
fn a_call_whose_tokens_fit_goes_though_its_bytes_do_not() {
    let forty = |limit| scene(limit, OnExceed::Block, &[("big", 40)]);
    goes(&forty(10_999), ("big", 100, 10_400), Status::Passed);
    goes(&forty(10_400), ("big", 100, 10_400), Status::Passed);
    let refusal = forty(10_399).turned().refusal;
    let Refusal::OverBudget(stop) = refusal else { panic!("not over budget: {refusal:?}") };
    assert_eq!(stop.bound.nanos(), 10_400);
}

#[test]
fn nothing_is_counted_where_bytes_fit_or_nobody_counts_closer() {
    let text = Arc::new(Counted { tokens: &[("big", 40)], asked: AtomicUsize::new(0) });
    let mut scene = Scene::new(Script::passing()).budget(11_000, OnExceed::Block);
    scene.text = Some(Arc::clone(&text) as _);
    goes(&scene, ("big", 100, 11_000), Status::Passed);
    assert_eq!(text.asked.load(Ordering::Relaxed), 0);
    // The first call was dropped, and presumed: nothing fits any more, however it is counted.
    assert!(matches!(scene.turned().refusal, Refusal::OverBudget(_)));
    assert_eq!(text.asked.load(Ordering::Relaxed), 0);
    for tokens in [&[("small", 1)][..], &[("big", 100)], &[("big", 101)]] {
        let turned = self::scene(10_999, OnExceed::Block, tokens).turned();
        let Refusal::OverBudget(stop) = turned.refusal else { panic!("{:?}", turned.refusal) };
        assert_eq!(stop.bound.nanos(), 11_000);
    }
}

#[test]
fn a_text_is_counted_once_for_each_model() {
    let text = Arc::new(Counted { tokens: &[("big", 60)], asked: AtomicUsize::new(0) });
    let mut scene = Scene::new(Script::passing()).budget(10_500, OnExceed::Block);
    scene.text = Some(Arc::clone(&text) as _);
    scene.turned();
    assert_eq!(text.asked.load(Ordering::Relaxed), 1);
}

#[test]
fn a_clip_leaves_what_the_counted_text_leaves() {
    let floor = OnExceed::Clip { floor: Tokens(5) };
    goes(&scene(1_000, floor, &[("big", 40)]), ("big", 6, 1_000), Status::Clipped);
}

#[test]
fn another_model_counts_in_its_own_way() {
    let small = || OnExceed::Downgrade { model: "small".into() };
    let twice = scene(1_040, small(), &[("big", 90), ("small", 40)]);
    goes(&twice, ("small", 100, 1_040), Status::Downgraded);
    // What was counted for one model says nothing of another.
    goes(&scene(10_050, small(), &[("big", 40)]), ("small", 100, 1_100), Status::Downgraded);
    goes(&scene(1_100, small(), &[("big", 0)]), ("small", 100, 1_100), Status::Downgraded);
}

#[test]
fn rules_see_the_call_as_it_was_counted() {
    let mut scene = scene(10_500, OnExceed::Block, &[("big", 40)]);
    scene.script = Arc::new(Script::new(|asked| {
        let Some(readings) = asked.readings else { return Step::NeedSpend(SPEND) };
        let used = readings.get(0).expect("one reading").used();
        assert_eq!((asked.facts.bound, used.nanos()), (Some(used), 10_400));
        Step::Pass
    }));
    goes(&scene, ("big", 100, 10_400), Status::Passed);
}
