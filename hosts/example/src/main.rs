//! The example host as a program: `reins-example CONFIG SOCKET`.

use std::sync::Arc;

use reins_runtime::{Accepted, MachineClock, Opened, Start};

#[tokio::main]
#[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
async fn main() -> anyhow::Result<()> {
    let mut words = std::env::args_os().skip(1);
    let (Some(config), Some(socket)) = (words.next(), words.next()) else {
        anyhow::bail!("usage: reins-example CONFIG SOCKET");
    };
    let (clock, accepted) = (Arc::new(MachineClock::new()), Accepted::default());
    let variables = Arc::new(|name: &str| std::env::var(name).ok());
    let start = Start { config: config.into(), variables, clock, accepted };
    let opened = Opened::start(start, ()).await?;
    reins_example::serve(opened, socket.as_ref(), tokio::signal::ctrl_c()).await
}
