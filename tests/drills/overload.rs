//! Ten times what fits: the rest is told so at once, those admitted are right, memory stays flat.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::timeout;

use crate::rig::{Answer, Ask, Outside, Site, Speech, call, reopened, sized, text};

const BUDGET: &str = "[[budget]]\nname = \"all\"\nscope = { organization = \"acme\" }\n\
     limit_usd = \"100000\"\nwindow = \"monthly\"\n";

/// How long the vendor takes.
const VENDOR: Duration = Duration::from_millis(2_000);

/// Many calls at once, each with the time it took.
async fn wave(gateway: &Outside, ask: &Ask, calls: usize) -> Vec<(Answer, Duration)> {
    join_all((0..calls).map(|_| async {
        let started = Instant::now();
        let answer = call(gateway.address, ask).await.expect("an answer");
        (answer, started.elapsed())
    }))
    .await
}

fn of(answers: &[(Answer, Duration)], status: u16) -> Vec<Duration> {
    let mut took: Vec<_> = answers
        .iter()
        .filter(|(answer, _)| answer.status == status)
        .map(|(_, took)| *took)
        .collect();
    took.sort_unstable();
    took
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_times_too_many_calls_are_shed_at_once() {
    let places = sized(50, 200);
    let site = Site::new(&format!("{BUDGET}[server]\nmax_calls = {places}\n")).await;
    let gateway = Outside::start(&site).await;
    let ask = Speech::OpenAi.ask(100, false).script("latency_ms=2000 output=40");
    let (mut admitted, mut shed, mut slowest) = (0, 0, Duration::ZERO);
    let mut memory = Vec::new();
    for _ in 0..sized(3, 30) {
        let answers = wave(&gateway, &ask, places * 10).await;
        memory.push(gateway.memory_kib());
        let (served, told) = (of(&answers, 200), of(&answers, 503));
        assert_eq!(served.len() + told.len(), answers.len());
        assert!(served.len() >= places, "only {} of {places} places were used", served.len());
        let retry = |answer: &Answer| answer.header("x-should-retry") == Some("true");
        assert!(answers.iter().all(|(answer, _)| answer.status == 200 || retry(answer)));
        slowest = slowest.max(told[told.len() * 9 / 10]);
        (admitted, shed) = (admitted + served.len(), shed + told.len());
    }
    // The first half fills what is kept in memory anyway.
    let half = memory[memory.len() / 2];
    let grown = memory.last().unwrap().saturating_sub(half);
    gateway.signal("-TERM");
    assert!(gateway.ended().await.success());
    let (billed, (presumed, totals)) = (site.billed().await, reopened(&site).await);
    println!(
        "overload: {} calls on {places} places: {admitted} served, {shed} told 503, nine in \
         ten within {} ms (the vendor takes {}); memory {} KiB half-way, then {grown} KiB \
         more; billed {}, charged {}",
        admitted + shed,
        slowest.as_millis(),
        VENDOR.as_millis(),
        half,
        text(billed),
        text(totals.charged.nanos()),
    );
    assert!(slowest < VENDOR / 2, "shedding took half as long as serving");
    assert!(grown < 8 * 1024, "memory grew: {memory:?}");
    assert_eq!((totals.charged.nanos(), presumed), (billed, 0));
    assert_eq!(site.books().totals().billed, u64::try_from(admitted).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_times_too_many_calls_a_second_are_shed_at_once() {
    let site = Site::bare().await;
    let head = site.head("process").replace("calls_per_second = 1000000", "calls_per_second = 50");
    site.write(&(head + BUDGET));
    let gateway = Outside::start(&site).await;
    let started = Instant::now();
    let answers = wave(&gateway, &Speech::OpenAi.ask(100, false), 1_000).await;
    let took = started.elapsed();
    let (served, told) = (of(&answers, 200).len(), of(&answers, 429).len());
    let most = 50 + 50 * (usize::try_from(took.as_millis()).unwrap() + 999) / 1000;
    println!(
        "overload: 1,000 calls on 50 a second in {} ms: {served} served, {told} told 429",
        took.as_millis()
    );
    assert_eq!(served + told, answers.len());
    assert!((50..=most).contains(&served), "{served} served, at most {most}");
    let later = |answer: &Answer| answer.header("retry-after").is_some();
    assert!(answers.iter().all(|(answer, _)| answer.status == 200 || later(answer)));
    assert_eq!(site.books().totals().calls, u64::try_from(served).unwrap());
}

/// Clients that lose patience at once do not make room for more: their calls are still carried.
#[tokio::test(flavor = "multi_thread")]
async fn clients_that_leave_make_no_room() {
    let places = 20;
    let site = Site::new(&format!("{BUDGET}[server]\nmax_calls = {places}\n")).await;
    let gateway = Outside::start(&site).await;
    let ask = Speech::OpenAi.ask(100, false).script("latency_ms=400 output=40");
    let (mut left, mut told, mut most) = (0, 0, 0);
    for _ in 0..sized(6, 60) {
        let impatient = (0..100).map(|_| async {
            let answer = timeout(Duration::from_millis(50), call(gateway.address, &ask)).await;
            (site.books().totals().open, answer.is_err())
        });
        for (open, gone) in join_all(impatient).await {
            most = most.max(open);
            left += usize::from(gone);
            told += usize::from(!gone);
        }
    }
    gateway.signal("-TERM");
    assert!(gateway.ended().await.success());
    let (billed, (presumed, totals)) = (site.billed().await, reopened(&site).await);
    println!(
        "overload: {left} clients left after 50 ms, {told} were told 503: never more than {most} \
         calls on {places} places; billed {}, charged {}",
        text(billed),
        text(totals.charged.nanos()),
    );
    assert!(most > 0 && most <= places, "{most} calls at once");
    assert!(left > 0 && told > 0, "{left} left, {told} told");
    assert_eq!((totals.charged.nanos(), presumed), (billed, 0));
}
