//! The chain of directory entries that a path resolves through: folders, links, then the file.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

/// The most symbolic links in one path: the limit of Linux itself.
const LINKS_MAX: usize = 40;

/// The identity of a file, folder or link: device and inode.
pub(crate) type Id = (u64, u64);

/// One directory entry, and what it points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The folder in which the name is looked up, without symbolic links.
    pub(crate) folder: PathBuf,
    pub(crate) name: OsString,
    /// `None` where the entry is missing or may not be read.
    pub(crate) id: Option<Id>,
    pub(crate) is_link: bool,
}

/// The entries in the order of resolution. It ends early where one is missing.
pub(crate) fn chain(path: &Path) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut ahead = steps(path);
    let (mut at, mut links) = (PathBuf::from("."), 0);
    while let Some(step) = ahead.pop_front() {
        let Step::Name(name) = step else {
            at = if matches!(step, Step::Root) { PathBuf::from("/") } else { at.join("..") };
            continue;
        };
        let there = at.join(&name);
        let found = fs::symlink_metadata(&there).ok();
        let is_link = found.as_ref().is_some_and(fs::Metadata::is_symlink);
        let id = found.map(|meta| (meta.dev(), meta.ino()));
        entries.push(Entry { folder: at.clone(), name, id, is_link });
        if id.is_none() {
            break;
        }
        if !is_link {
            at = there;
            continue;
        }
        links += 1;
        let Some(target) = fs::read_link(&there).ok().filter(|_| links <= LINKS_MAX) else { break };
        let mut through = steps(&target);
        through.append(&mut ahead);
        ahead = through;
    }
    entries
}

/// One step of a resolution.
enum Step {
    Root,
    Up,
    Name(OsString),
}

fn steps(path: &Path) -> VecDeque<Step> {
    let step = |component| match component {
        Component::RootDir | Component::Prefix(_) => Some(Step::Root),
        Component::CurDir => None,
        Component::ParentDir => Some(Step::Up),
        Component::Normal(name) => Some(Step::Name(name.to_owned())),
    };
    path.components().filter_map(step).collect()
}

#[cfg(test)]
mod tests {
    //! Which entries a path resolves through.
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::chain;

    #[test]
    fn links_are_followed_name_by_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("v1")).expect("a folder");
        fs::write(at("v1/file"), "x").expect("a file");
        symlink("v1", at("current")).expect("a link");
        symlink("current/../current/file", at("link")).expect("a link");
        let entries = chain(&at("link"));
        let names: Vec<_> = entries.iter().map(|e| (e.name.to_str().unwrap(), e.is_link)).collect();
        let own = names.iter().position(|(name, _)| *name == "link").expect("its own name");
        let expected = [
            ("link", true),
            ("current", true),
            ("v1", false),
            ("current", true),
            ("v1", false),
            ("file", false),
        ];
        assert_eq!(names[own..], expected);
        assert!(entries.iter().all(|entry| entry.id.is_some()));
    }

    #[test]
    fn a_chain_ends_where_nothing_is_or_a_link_leads_to_itself() {
        let folder = tempfile::tempdir().expect("a folder");
        let missing = chain(&folder.path().join("none/file"));
        let last = missing.last().expect("an entry");
        assert_eq!((last.name.to_str(), last.id), (Some("none"), None));
        let circle = folder.path().join("circle");
        symlink("circle", &circle).expect("a link");
        assert!(chain(&circle).len() < 60);
    }
}
