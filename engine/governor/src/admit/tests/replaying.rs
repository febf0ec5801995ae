//! Every call that was judged is judged the same from its record, however it ended.

use proptest::prelude::*;
use proptest::sample::select;

use super::scene::Scene;
use super::script::{Asked, SPEND, Script, amend, block, look, spend_at_most};
use crate::{
    Agreement, Amendment, Answered, Cursor, Ending, OnExceed, Step, Transaction, VoidReason,
};

/// What the rules of one judge do, in nano-USD and tokens.
#[derive(Clone, Copy, Debug)]
struct Rules {
    /// `big` becomes `small`, else the next rule is asked.
    downgrades: bool,
    /// The cap that is asked for.
    clips_to: Option<u64>,
    /// The caps that a budget may clip to begin here.
    clip_floor: Option<u64>,
    /// The agent's day.
    spend: u64,
    /// No rule reads spend.
    blind: bool,
}

/// The second rule, the third, and the one before [`SPEND`] was asked for.
const CLIPS: Cursor = Cursor(10);
const AFFORDS: Cursor = Cursor(20);
const READS: Cursor = Cursor(30);

// === impl Rules ===

impl Rules {
    fn script(self) -> Script {
        Script::new(move |asked| self.run(asked))
    }

    /// Rules that say the same of the same call whenever they are asked.
    fn run(self, mut asked: Asked<'_>) -> Step {
        if asked.at == Cursor::START {
            look(asked.decision, self.downgrades);
            if self.downgrades && &*asked.facts.call.model == "big" {
                return amend(Amendment::Downgrade { model: "small".into() }, CLIPS);
            }
        }
        if asked.at.0 == 0 || asked.at == CLIPS {
            look(asked.decision, self.clips_to.is_some());
            if let Some(output_cap) = self.clips_to {
                return amend(Amendment::Clip { output_cap }, AFFORDS);
            }
        }
        if asked.at.0 == 0 || asked.at == CLIPS || asked.at == AFFORDS {
            look(asked.decision, self.clip_floor.is_some());
            if let Some(floor) = self.clip_floor {
                return amend(Amendment::ClipToAfford { floor }, READS);
            }
        }
        if asked.at == Cursor::END || self.blind {
            return Step::Pass;
        }
        spend_at_most(crate::Usd::from_nanos(self.spend), &mut asked)
    }
}

fn rules() -> impl Strategy<Value = Rules> {
    let caps = || proptest::option::of(1..100_u64);
    (any::<bool>(), caps(), caps(), 0..15_000_u64, any::<bool>()).prop_map(
        |(downgrades, clips_to, clip_floor, spend, blind)| Rules {
            downgrades,
            clips_to,
            clip_floor,
            spend,
            blind,
        },
    )
}

fn on_exceed() -> impl Strategy<Value = OnExceed> {
    let small = OnExceed::Downgrade { model: "small".into() };
    select(vec![OnExceed::Block, OnExceed::Warn, OnExceed::Clip { floor: 5 }, small])
}

/// The record of a call that has ended.
fn ended(scene: &Scene) -> Transaction {
    if let Ok(admitted) = super::scene::run(scene.asks()) {
        admitted.finish(Ending::Free(VoidReason::VendorFailed), Answered::default());
    }
    scene.record()
}

proptest! {
    #[test]
    fn a_replay_says_what_was_said(rules in rules(), limit in 0..15_000_u64, then in on_exceed()) {
        let scene = Scene::new(rules.script()).budget(limit, then);
        let record = ended(&scene);
        let record = Transaction::decode(&record.encode().unwrap()).unwrap();
        let trace = record.replay(&rules.script()).trace;
        prop_assert_eq!(record.agrees_with(&trace), Agreement::Equal, "{:?}", trace);
    }
}

#[test]
fn a_call_under_way_agrees_in_what_matched() {
    let at_most = || Script::at_most(crate::Usd::from_nanos(20_000));
    let admitted = Scene::new(at_most()).admitted();
    let trace = admitted.draft().replay(&at_most()).trace;
    assert_eq!(admitted.draft().agrees_with(&trace), Agreement::MatchedEqual);
}

#[test]
fn other_rules_differ() {
    let limit = |nanos| Script::at_most(crate::Usd::from_nanos(nanos));
    for (was, is) in [(20_000, 5_000), (5_000, 20_000)] {
        let record = ended(&Scene::new(limit(was)));
        assert_eq!(record.agrees_with(&record.replay(&limit(was)).trace), Agreement::Equal);
        let trace = record.replay(&limit(is)).trace;
        assert_eq!(record.agrees_with(&trace), Agreement::Differs, "{was} {is}");
    }
    let record = ended(&Scene::new(Script::passing()));
    let blocking = Script::new(|asked| {
        look(asked.decision, true);
        block()
    });
    let trace = record.replay(&blocking).trace;
    assert_eq!(record.agrees_with(&trace), Agreement::Differs);
}

#[test]
fn a_judge_that_goes_round_in_circles_ends_its_replay() {
    let record = ended(&Scene::new(Script::passing()));
    let circling = Script::new(|_| Step::NeedSpend(SPEND));
    assert!(record.replay(&circling).trace.rules.is_empty());
}
