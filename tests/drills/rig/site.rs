//! A site: a folder with a file and a store, and a pretend vendor on a port of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use reins_vendor::{Books, Options, Vendor, serve};
use tempfile::TempDir;
use tokio::net::TcpSocket;

use super::until;

/// The key that callers have.
pub(crate) const KEY: &str = "rns_test_drill0123456789abcdefghijkl";
/// The key that callers of a second organization have.
pub(crate) const BETA_KEY: &str = "rns_test_beta_0123456789abcdefghijkl";
/// The key that Reins keeps for the vendor.
pub(crate) const VENDOR_KEY: &str = "sk-drill-vendor-0123456789abcdef";

/// Connections that may wait for the vendor: more than any drill opens at once.
const BACKLOG: u32 = 4096;

/// A place where drills happen.
pub(crate) struct Site {
    folder: TempDir,
    vendor: Vendor,
}

/// What every file begins with; the rest is the drill's own.
fn head(vendor: SocketAddr, durability: &str) -> String {
    format!(
        "listen = \"127.0.0.1:0\"\nstore = \"sqlite:reins.db\"\ndurability = \"{durability}\"\n\
         [organization]\nid = \"acme\"\nunknown_agents = \"register\"\n\
         [[key]]\nname = \"drill\"\nvalue_env = \"REINS_KEY\"\n\
         [[limit]]\nscope = {{ organization = \"acme\" }}\ncalls_per_second = 1000000\n\
         [[connection]]\nvendor = \"openai\"\nbase_url = \"http://{vendor}/v1\"\n\
         key_env = \"VENDOR_KEY\"\nretries = 0\n\
         [[connection]]\nvendor = \"anthropic\"\nbase_url = \"http://{vendor}\"\n\
         key_env = \"VENDOR_KEY\"\nretries = 0\n"
    )
}

// === impl Site ===

impl Site {
    /// A site whose file ends with `rest`; its store survives kill -9.
    pub(crate) async fn new(rest: &str) -> Self {
        let site = Self::bare().await;
        site.write(&format!("{}{rest}", site.head("process")));
        site
    }

    /// A site without a file.
    pub(crate) async fn bare() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(BACKLOG).unwrap();
        let vendor = serve(listener, Options::default()).unwrap();
        Self { folder: TempDir::new().unwrap(), vendor }
    }

    /// The beginning of a file that leads to this site's vendor.
    pub(crate) fn head(&self, durability: &str) -> String {
        head(self.vendor.address(), durability)
    }

    /// The beginning of a file that leads to another vendor.
    pub(crate) fn head_for(vendor: SocketAddr) -> String {
        head(vendor, "process")
    }

    /// Puts a whole file in place of the one before.
    pub(crate) fn write(&self, text: &str) {
        reins_files::replace_atomically(&self.file(), text.as_bytes()).unwrap();
    }

    /// Puts a whole file of a further organization in place of the one before.
    pub(crate) fn write_beside(&self, name: &str, text: &str) {
        let path = self.beside(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        reins_files::replace_atomically(&path, text.as_bytes()).unwrap();
    }

    /// The file of a further organization.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join("organizations").join(format!("{name}.toml"))
    }

    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("reins.toml")
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join("reins.db")
    }

    pub(crate) fn vendor(&self) -> SocketAddr {
        self.vendor.address()
    }

    pub(crate) fn books(&self) -> &Arc<Books> {
        self.vendor.books()
    }

    /// The vendor's bill, each call rounded up to a nano-dollar, once no call is open there.
    pub(crate) async fn billed(&self) -> u64 {
        until("the vendor is done", async || self.books().totals().open == 0).await;
        u64::try_from(self.books().totals().rounded_nanos()).unwrap()
    }
}
