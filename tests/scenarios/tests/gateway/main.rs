//! Every scenario, through the gateway: one test each.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops on the first surprise"
)]

mod client;
mod clock;
mod rig;

use std::path::Path;

use libtest_mimic::{Arguments, Failed, Trial};
use metrics_exporter_prometheus::PrometheusBuilder;

use rig::GatewayHost;

fn main() {
    let arguments = Arguments::from_args();
    libtest_mimic::run(&arguments, trials()).exit();
}

fn trials() -> Vec<Trial> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(folder).expect("the folder of the scenarios");
    let mut trials: Vec<_> = files
        .map(|file| file.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
        .filter(|path| path.file_name().is_some_and(|name| name != "README.md"))
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            Trial::test(name, move || performed(&path))
        })
        .collect();
    trials.sort_by(|a, b| a.name().cmp(b.name()));
    trials
}

fn performed(path: &Path) -> Result<(), Failed> {
    let text = std::fs::read_to_string(path)?;
    let script = reins_scenarios::read(&text).map_err(|error| error.0)?;
    let recorder = PrometheusBuilder::new().build_recorder();
    // On this thread alone, where the gateway runs as well: scenarios run beside each other.
    let _recording = metrics::set_default_local_recorder(&recorder);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut host = GatewayHost::new(recorder.handle());
        let outcome = reins_scenarios::perform(&script, &mut host).await;
        host.stop().await;
        outcome
    })?;
    Ok(())
}
