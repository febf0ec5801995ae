//! The pretend vendor as a process: one line on stdout says where it listens.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use reins_vendor::{Options, serve};
use tokio::net::TcpListener;

/// A pretend OpenAI and Anthropic vendor that keeps its own books.
#[derive(Parser)]
struct Arguments {
    /// The address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9900")]
    listen: SocketAddr,
    /// Milliseconds from a request to the response's headers.
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// Content chunks in a stream.
    #[arg(long, default_value_t = 10)]
    chunks: u64,
    /// Milliseconds between two events of a stream.
    #[arg(long, default_value_t = 0)]
    chunk_gap_ms: u64,
    /// Tokens generated in answer to a call.
    #[arg(long, default_value_t = 20)]
    output_tokens: u64,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the line that says where it listens")]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let listener = TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("cannot listen on `{}`", arguments.listen))?;
    let options = Options {
        latency: Duration::from_millis(arguments.latency_ms),
        chunks: arguments.chunks,
        chunk_gap: Duration::from_millis(arguments.chunk_gap_ms),
        output_tokens: arguments.output_tokens,
    };
    let vendor = serve(listener, options)?;
    println!("listening on {}", vendor.address());
    tokio::signal::ctrl_c().await?;
    vendor.stop().await;
    Ok(())
}
