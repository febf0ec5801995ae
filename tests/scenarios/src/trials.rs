//! One test for each scenario, through the door of one host.

use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};
use metrics_exporter_prometheus::PrometheusBuilder;

use crate::door::Door;
use crate::rig::Rig;

/// Every scenario but those whose names are `left_out`.
///
/// # Panics
/// Where the folder of the scenarios cannot be read, or has none of a name that is left out.
#[must_use]
pub fn trials<D: Door + 'static>(left_out: &[String]) -> Vec<Trial> {
    let name = |path: &Path| path.file_stem().expect("a name").to_string_lossy().into_owned();
    let mut paths = scenarios();
    for out in left_out {
        assert!(paths.iter().any(|path| name(path) == *out), "there is no scenario `{out}`");
    }
    paths.retain(|path| !left_out.contains(&name(path)));
    let trial = |path: PathBuf| Trial::test(name(&path), move || performed::<D>(&path));
    paths.into_iter().map(trial).collect()
}

fn scenarios() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(env!("CARGO_MANIFEST_DIR")).expect("the folder of scenarios");
    let paths = folder.map(|file| file.expect("a file").path());
    let is_scenario = |path: &PathBuf| {
        path.extension().is_some_and(|ending| ending == "md") && !path.ends_with("README.md")
    };
    let mut paths: Vec<_> = paths.filter(is_scenario).collect();
    paths.sort();
    paths
}

fn performed<D: Door>(path: &Path) -> Result<(), Failed> {
    let text = std::fs::read_to_string(path)?;
    let script = crate::read(&text).map_err(|error| error.0)?;
    let recorder = PrometheusBuilder::new().build_recorder();
    // On this thread alone, where the host runs as well: scenarios run beside each other.
    let _recording = metrics::set_default_local_recorder(&recorder);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut host = Rig::<D>::new(recorder.handle());
        let outcome = crate::perform(&script, &mut host).await;
        host.stop().await;
        outcome
    })?;
    Ok(())
}
