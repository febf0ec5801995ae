//! A key that is for one connection: its calls go there, or nowhere.

use crate::rig::{Ask, Inside, Reply, Site, Speech, Tape, call};

#[tokio::test(flavor = "multi_thread")]
async fn a_key_for_one_connection_goes_there_or_nowhere() {
    let (site, other) = (Site::bare().await, Tape::playing(Reply::of("text/plain", vec![])).await);
    let variable = "value_env = \"REINS_KEY\"\n";
    let head =
        site.head("process").replace(variable, &format!("{variable}connection = \"openai\"\n"));
    site.write(&format!(
        "{head}[[connection]]\nname = \"other\"\nvendor = \"openai\"\n\
         base_url = \"http://{}/v1\"\nkey_env = \"VENDOR_KEY\"\n",
        other.address
    ));
    let gateway = Inside::start(&site).await;
    let ask = Speech::OpenAi.ask(10, false);
    let at = |path: &str| Ask { path: path.into(), ..ask.clone() };
    let named = |name: &str| ask.clone().with("x-vendor", name);
    let (mut passed, mut refused) = (0, 0);
    for (ask, allowed) in [
        (ask.clone(), true),
        (at("/openai/v1/chat/completions"), true),
        (named("openai"), true),
        (at("/other/v1/chat/completions"), false),
        (named("other"), false),
        (named("nobody"), false),
        (Speech::Anthropic.ask(10, false), false),
        (named("anthropic"), false),
    ] {
        let answer = call(gateway.address, &ask).await.unwrap();
        assert_eq!(answer.status, if allowed { 200 } else { 403 }, "{ask:?}: {answer:?}");
        assert!(allowed || answer.id().is_some(), "no record: {answer:?}");
        passed += u64::from(allowed);
        refused += u64::from(!allowed);
    }
    assert_eq!((site.books().totals().calls, other.seen().len()), (passed, 0));
    println!("pinned: {passed} calls of a key for one connection went there, {refused} nowhere");
    gateway.stop().await;
}
