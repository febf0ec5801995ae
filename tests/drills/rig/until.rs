//! Waiting for something to be so.

use std::time::Duration;

use tokio::time::{interval, timeout};

/// What has not happened by then never will.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Comes back once `so` holds; fails the drill when it never does.
pub(crate) async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let looking = async {
        let mut looks = interval(LOOK_EVERY);
        while !so().await {
            looks.tick().await;
        }
    };
    assert!(timeout(PATIENCE, looking).await.is_ok(), "waited in vain: {what}");
}
