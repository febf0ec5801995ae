//! `--organization`: every command that is about one organization, for another than the main
//! file's.

use serde_json::Value;

use crate::place::Place;
use crate::server::{KEY, Server, Shop};
use crate::spend::usd;

/// The key that the second organization's file declares.
const BETA_KEY: &str = "rns_test_beta_4b3a29180f7e6d5c4b3a2918";

/// A place with two organizations, whose server has this vendor behind it.
fn place(shop: &Shop) -> Place {
    let place = shop.place("[[price]]\nvendor = \"openai\"\nmodel = \"own-1\"\nfree = true\n");
    let beta = format!(
        "[organization]\nid = \"beta\"\nunknown_agents = \"register\"\n\
         [[connection]]\nvendor = \"openai\"\nbase_url = \"http://{}/v1\"\n\
         key_env = \"OPENAI_API_KEY\"\n\
         [[connection]]\nname = \"kept\"\nvendor = \"anthropic\"\nkey = \"stored\"\n\
         [[key]]\nname = \"ci\"\nvalue_env = \"BETA_KEY\"\n\
         [[budget]]\nname = \"a day\"\nscope = {{ agent = \"*\" }}\nlimit_usd = \"5\"\n\
         window = \"daily\"\n\
         [[price]]\nvendor = \"openai\"\nmodel = \"own-1\"\ninput = \"1\"\noutput = \"1\"\n",
        shop.vendor.address()
    );
    place.write_beside("beta", &beta);
    place.set("BETA_KEY", BETA_KEY)
}

#[test]
fn each_organization_has_its_own_spend_and_keys() {
    let shop = Shop::open();
    let place = place(&shop);
    let server = Server::start(&place);
    assert_eq!(server.call(KEY, "a").status, 200);
    for _ in 0..2 {
        assert_eq!(server.call(BETA_KEY, "a").status, 200);
    }
    let spend = |of: &[&str]| {
        let statement = place.run(&[&["spend", "--json"], of].concat()).json();
        let [of, spent] = ["organization", "spent_usd"].map(|field| statement[field].clone());
        let budget = statement["budgets"][0]["spent_usd"].clone();
        (of, statement["calls"].clone(), spent, budget)
    };
    let one = usd(shop.billed_nanos() / 3);
    let two = usd(shop.billed_nanos() / 3 * 2);
    assert_eq!(spend(&[]), ("acme".into(), 1.into(), one.into(), Value::Null));
    let beta = ("beta".into(), 2.into(), two.clone().into(), two.into());
    assert_eq!(spend(&["--organization", "beta"]), beta);

    let made = ["key", "create", "--name", "more", "--organization", "beta", "--json"];
    let made = place.run(&made).json();
    assert_eq!(made["organization"], "beta");
    let ids = |of: &[&str]| {
        let listed = place.run(&[&["key", "list", "--json"], of].concat()).json();
        let ids = listed.as_array().expect("a list").iter();
        ids.map(|key| key["id"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
    };
    let id = made["id"].as_str().expect("an id");
    assert_eq!(ids(&[]), ["key_acme/ci"]);
    assert_eq!(ids(&["--organization", "beta"]), ["key_beta/ci", id]);
    let other = place.run(&["key", "revoke", id]);
    assert!(other.status == 1 && other.stderr.contains("--organization beta"), "{other}");
    place.run(&["key", "revoke", id, "--organization", "beta"]).answer();

    let arguments = ["connection", "key", "kept", "--organization", "beta"];
    assert!(place.run_on("sk-ant-0123456789\n", &arguments).stderr.contains("is kept"));
    let usage = r#"{"prompt_tokens":1000000,"completion_tokens":0}"#;
    let price = ["price", "--vendor", "openai", "--model", "own-1", "--usage", usage];
    assert_eq!(place.run(&price).json()["charge_usd"], "0.00");
    let price = [&price[..], &["--organization", "beta"]].concat();
    assert_eq!(place.run(&price).json()["charge_usd"], "1.00");
    drop(server);
    shop.close();
}

#[test]
fn an_organization_that_is_not_there_is_explained() {
    let file = "[organization]\nid = \"acme\"\n[[connection]]\nvendor = \"openai\"\n";
    let place = Place::with(file);
    place.write_beside("beta", &file.replace("acme", "beta"));
    place.write_beside("gamma", "[organization]\nid = \"gamma\"\n");
    let said = ["acme", "beta", "gamma", "delta", ""].map(|id| {
        let ran = place.run(&["key", "list", "--organization", id]);
        format!("=== {id}\n{ran}")
    });
    insta::assert_snapshot!(said.concat());
}

#[test]
fn a_call_is_explained_to_its_own_organization() {
    let shop = Shop::open();
    let place = place(&shop);
    let server = Server::start(&place);
    let made = server.call(BETA_KEY, "a");
    let id = made.transaction();
    let elsewhere = place.run(&["explain", id]);
    let hint =
        format!("error: the call `{id}` is of the organization `beta`: add --organization beta\n");
    assert_eq!((elsewhere.status, elsewhere.stderr), (1, hint));
    let explained = place.run(&["explain", id, "--organization", "beta", "--json"]).json();
    assert_eq!(explained["replay"]["agreement"], "equal");
    assert_eq!(explained["transaction"]["organization"], "beta");
}
