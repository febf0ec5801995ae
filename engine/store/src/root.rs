//! The root secret: from it come the pepper of keys and the keys that seal vendor secrets.
//!
//! It never leaves this file: others get what is derived under a label of their own.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::StoreError;
use crate::schema::beside;

/// As many bytes as the keys derived from it.
const ROOT_BYTES: usize = 32;
/// Only its owner reads it.
const OWNER_ONLY: u32 = 0o600;

/// Random bytes that everything secret in a store depends on.
pub struct RootSecret(Zeroizing<Vec<u8>>);

/// A key for one purpose.
pub(crate) type Derived = Zeroizing<[u8; 32]>;

// === impl RootSecret ===

impl RootSecret {
    /// The environment variable that stands in for the file beside the store.
    pub const VARIABLE: &str = "REINS_SECRET";

    /// The root secret of the store at `path`: what the environment says, else what the file beside
    /// it says.
    ///
    /// # Errors
    /// When it is too short, or the file cannot be read or made.
    pub fn of_store(
        path: &Path,
        variable: impl FnOnce(&str) -> Option<String>,
    ) -> Result<Self, StoreError> {
        variable(Self::VARIABLE).map_or_else(|| Self::beside(path), |value| Self::given(&value))
    }

    /// The root secret as an operator gives it.
    ///
    /// # Errors
    /// When it is too short.
    pub fn given(value: &str) -> Result<Self, StoreError> {
        Self::of(value.trim().as_bytes())
    }

    /// The root secret beside the store at `path`, made on first use.
    ///
    /// # Errors
    /// When the file cannot be read or made.
    pub fn beside(path: &Path) -> Result<Self, StoreError> {
        let file = beside(path, "secret");
        match fs::read(&file).map(Zeroizing::new) {
            Ok(bytes) => Self::of(&bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::make(&file),
            Err(error) => Err(StoreError::file(&file)(error)),
        }
    }

    fn of(bytes: &[u8]) -> Result<Self, StoreError> {
        let long_enough = bytes.len() >= ROOT_BYTES;
        let root = long_enough.then(|| Self(Zeroizing::new(bytes.to_vec())));
        root.ok_or(StoreError::WeakRoot(bytes.len()))
    }

    /// Makes the file whole under another name first: nobody ever reads half a secret, and of two
    /// who make it at once, both use the one that was there first.
    fn make(path: &Path) -> Result<Self, StoreError> {
        let bytes = random::<ROOT_BYTES>()?;
        let draft = beside(path, &std::process::id().to_string());
        write_owner_only(&draft, &*bytes).map_err(StoreError::file(&draft))?;
        let linked = fs::hard_link(&draft, path);
        fs::remove_file(&draft).map_err(StoreError::file(&draft))?;
        match linked {
            Ok(()) => Self::of(&*bytes),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Self::of(&Zeroizing::new(fs::read(path).map_err(StoreError::file(path))?))
            }
            Err(error) => Err(StoreError::file(path)(error)),
        }
    }

    /// A key for the purpose `label`, another one for each `whose`.
    pub(crate) fn derive(&self, label: &str, whose: &str) -> Derived {
        let mut key = Zeroizing::new([0; 32]);
        let info = [label.as_bytes(), &[0], whose.as_bytes()];
        let expanded = Hkdf::<Sha256>::new(None, &self.0).expand_multi_info(&info, &mut *key);
        // INVARIANT: HKDF fails only when asked for more than 255 blocks, and this is one.
        debug_assert!(expanded.is_ok(), "one block is within what HKDF gives");
        key
    }
}

impl fmt::Debug for RootSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootSecret(…)")
    }
}

/// Bytes that nobody can guess.
pub(crate) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, StoreError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(&mut *bytes).map_err(StoreError::Random)?;
    Ok(bytes)
}

fn write_owner_only(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = File::options();
    let mut file = options.write(true).create(true).truncate(true).mode(OWNER_ONLY).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests;
