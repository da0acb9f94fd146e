//! Files as one session sees them: the machine's, and what the session changed. Nothing is ever on a disk.

use std::{collections::BTreeMap, sync::Arc};

use skep_model::Timestamp;

use super::machine::Machine;
pub(crate) use super::node::{Kind, Node, Refusal};

/// The most bytes that one session may write.
const WRITTEN: usize = 1024 * 1024;
/// The most files that one session may touch.
const CHANGES: usize = 1000;
/// The most links that a path leads over.
const LINKS: usize = 8;
/// The longest path.
const PATH: usize = 4096;

/// Files by their absolute path.
pub(super) type Tree = BTreeMap<Vec<u8>, Node>;

/// The files of one session.
#[derive(Clone, Debug)]
pub(crate) struct Filesystem {
    machine: Arc<Machine>,
    /// What the session made or changed; `None` was removed.
    changes: Changes,
    written: usize,
    user: u32,
}

type Changes = BTreeMap<Vec<u8>, Option<Node>>;

impl Filesystem {
    pub(crate) fn new(machine: Arc<Machine>, user: u32) -> Self {
        Self {
            machine,
            changes: Changes::new(),
            written: 0,
            user,
        }
    }

    /// The absolute path without links in it. Its last part need not exist.
    pub(crate) fn resolve(&self, directory: &[u8], path: &[u8]) -> Vec<u8> {
        let mut left: Vec<Vec<u8>> = parts(path).rev().map(<[u8]>::to_vec).collect();
        let mut at = if path.starts_with(b"/") {
            vec![]
        } else {
            directory.to_vec()
        };
        if at == b"/" {
            at.clear();
        }
        let mut links = 0;
        while let Some(part) = left.pop() {
            if part == b".." {
                at.truncate(at.iter().rposition(|b| *b == b'/').unwrap_or(0));
                continue;
            }
            let length = at.len();
            at.push(b'/');
            at.extend_from_slice(&part);
            if at.len() > PATH {
                break;
            }
            if let Some(Node {
                kind: Kind::Link(target),
                ..
            }) = self.get(&at)
                && links < LINKS
            {
                links += 1;
                at.truncate(if target.starts_with('/') { 0 } else { length });
                left.extend(parts(target.as_bytes()).rev().map(<[u8]>::to_vec));
            }
        }
        if at.is_empty() { b"/".to_vec() } else { at }
    }

    /// What is at an absolute path.
    pub(crate) fn get(&self, path: &[u8]) -> Option<&Node> {
        match self.changes.get(path) {
            Some(change) => change.as_ref(),
            None => self.machine.tree.get(path),
        }
    }

    /// What a directory has in it, by name.
    pub(crate) fn list(&self, directory: &[u8]) -> Result<Vec<(Vec<u8>, &Node)>, Refusal> {
        let node = self.get(directory).ok_or(Refusal::Missing)?;
        if !node.is_directory() {
            return Err(Refusal::NotDirectory);
        }
        if !node.allows(self.user, 4) {
            return Err(Refusal::Denied);
        }
        let mut prefix = directory.to_vec();
        if prefix != b"/" {
            prefix.push(b'/');
        }
        let inside = |path: &[u8]| {
            let name = path.strip_prefix(prefix.as_slice())?;
            (!name.is_empty() && !name.contains(&b'/')).then(|| name.to_vec())
        };
        let mut names = BTreeMap::new();
        let below = |path: &Vec<u8>| path.starts_with(&prefix);
        for (path, node) in self
            .machine
            .tree
            .range(prefix.clone()..)
            .take_while(|(path, _)| below(path))
        {
            names.extend(inside(path).map(|name| (name, node)));
        }
        for (path, change) in self
            .changes
            .range(prefix.clone()..)
            .take_while(|(path, _)| below(path))
        {
            match (inside(path), change) {
                (Some(name), Some(node)) => drop(names.insert(name, node)),
                (Some(name), None) => drop(names.remove(&name)),
                (None, _) => {}
            }
        }
        Ok(names.into_iter().collect())
    }

    /// A file's bytes.
    pub(crate) fn read(&self, path: &[u8]) -> Result<&[u8], Refusal> {
        let node = self.get(path).ok_or(Refusal::Missing)?;
        let hidden = path.starts_with(b"/root/")
            && !self
                .get(b"/root")
                .is_some_and(|root| root.allows(self.user, 1));
        match &node.kind {
            Kind::Directory => Err(Refusal::Directory),
            _ if hidden || !node.allows(self.user, 4) => Err(Refusal::Denied),
            Kind::File(bytes) => Ok(bytes),
            Kind::Lost(_) => Err(Refusal::Unreadable),
            Kind::Link(_) | Kind::Device => Ok(b""),
        }
    }

    /// Makes or replaces a file, or adds to its end.
    pub(crate) fn write(
        &mut self,
        path: &[u8],
        bytes: &[u8],
        append: bool,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let (mode, owner, old) = match self.get(path) {
            Some(Node {
                kind: Kind::Directory,
                ..
            }) => return Err(Refusal::Directory),
            Some(Node {
                kind: Kind::Device, ..
            }) => return Ok(()),
            Some(node) if !node.allows(self.user, 2) => return Err(Refusal::Denied),
            Some(Node {
                kind: Kind::File(old),
                mode,
                owner,
                ..
            }) => (*mode, *owner, if append { old.to_vec() } else { vec![] }),
            _ => {
                self.parent(path)?;
                (0o644, self.user, vec![])
            }
        };
        let content = [&old, bytes].concat();
        self.change(
            path,
            Some(Node {
                kind: Kind::File(content.into()),
                mode,
                owner,
                modified: now,
            }),
            bytes.len(),
        )
    }

    /// Makes or replaces a file of which only the size is kept.
    pub(crate) fn write_lost(
        &mut self,
        path: &[u8],
        size: u64,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.write(path, b"", false, now)?;
        if let Some(Some(node)) = self.changes.get_mut(path) {
            node.kind = Kind::Lost(size);
        }
        Ok(())
    }

    /// Makes a directory.
    pub(crate) fn make_directory(&mut self, path: &[u8], now: Timestamp) -> Result<(), Refusal> {
        if self.get(path).is_some() {
            return Err(Refusal::Exists);
        }
        self.parent(path)?;
        self.change(
            path,
            Some(Node {
                kind: Kind::Directory,
                mode: 0o755,
                owner: self.user,
                modified: now,
            }),
            0,
        )
    }

    /// Removes a file, or a directory with `all` that is in it.
    pub(crate) fn remove(&mut self, path: &[u8], all: bool) -> Result<(), Refusal> {
        let directory = self.get(path).ok_or(Refusal::Missing)?.is_directory();
        self.parent(path)?;
        if directory && !all {
            return Err(Refusal::Directory);
        }
        if directory {
            // No more than the machine and the session have; so this needs no bound of its own.
            let gone = self.below(path);
            self.changes
                .extend(gone.into_iter().map(|path| (path, None)));
        }
        self.change(path, None, 0)
    }

    /// Removes an empty directory.
    pub(crate) fn remove_directory(&mut self, path: &[u8]) -> Result<(), Refusal> {
        if !self.list(path)?.is_empty() {
            return Err(Refusal::NotEmpty);
        }
        self.remove(path, true)
    }

    /// Gives a file, or a directory with all that is in it, another path. A file that is there is replaced.
    pub(crate) fn rename(&mut self, from: &[u8], to: &[u8]) -> Result<(), Refusal> {
        let node = self.get(from).ok_or(Refusal::Missing)?.clone();
        self.parent(from)?;
        self.parent(to)?;
        if from == b"/" {
            return Err(Refusal::Denied);
        }
        let inside = to.starts_with(from) && to.get(from.len()).is_none_or(|b| *b == b'/');
        if inside || self.get(to).is_some_and(Node::is_directory) {
            return Err(Refusal::Exists);
        }
        let mut moved = vec![(from.to_vec(), node)];
        for path in self.below(from) {
            moved.extend(self.get(&path).cloned().map(|node| (path, node)));
        }
        if self.changes.len() + 2 * moved.len() > CHANGES {
            return Err(Refusal::Full);
        }
        let longest = moved.iter().map(|(path, _)| path.len()).max();
        if longest.is_some_and(|longest| longest - from.len() + to.len() > PATH) {
            return Err(Refusal::Long);
        }
        for (path, node) in moved {
            self.changes
                .insert([to, &path[from.len()..]].concat(), Some(node));
            self.changes.insert(path, None);
        }
        Ok(())
    }

    /// All paths below a directory, those that were removed too.
    fn below(&self, directory: &[u8]) -> Vec<Vec<u8>> {
        let prefix = [directory, b"/"].concat();
        let inside = |path: &&Vec<u8>| path.starts_with(&prefix);
        let machine = self.machine.tree.range(prefix.clone()..);
        let session = self.changes.range(prefix.clone()..);
        let machine = machine.map(|(path, _)| path).take_while(inside);
        let session = session.map(|(path, _)| path).take_while(inside);
        machine.chain(session).cloned().collect()
    }

    /// Changes what may be done with a file.
    pub(crate) fn set_mode(&mut self, path: &[u8], mode: u32) -> Result<(), Refusal> {
        let mut node = self.get(path).ok_or(Refusal::Missing)?.clone();
        if self.user != 0 && node.owner != self.user {
            return Err(Refusal::Denied);
        }
        node.mode = mode;
        self.change(path, Some(node), 0)
    }

    /// Takes note of a change by the machine itself, for which nobody needs leave.
    pub(super) fn place(&mut self, path: &[u8], node: Node) {
        self.changes.insert(path.to_vec(), Some(node));
    }

    /// Whether there is a directory for a new path, in which the user may write.
    fn parent(&self, path: &[u8]) -> Result<(), Refusal> {
        let slash = path.iter().rposition(|b| *b == b'/').unwrap_or(0);
        if path.len() - slash > 256 || path.len() > PATH {
            return Err(Refusal::Long);
        }
        let parent = self
            .get(if slash == 0 { b"/" } else { &path[..slash] })
            .ok_or(Refusal::Missing)?;
        if !parent.is_directory() {
            return Err(Refusal::NotDirectory);
        }
        if path.starts_with(b"/proc/") || path.starts_with(b"/sys/") || !parent.allows(self.user, 2)
        {
            return Err(Refusal::Denied);
        }
        Ok(())
    }

    fn change(&mut self, path: &[u8], node: Option<Node>, written: usize) -> Result<(), Refusal> {
        let new = !self.changes.contains_key(path);
        if self.written + written > WRITTEN || new && self.changes.len() >= CHANGES {
            return Err(Refusal::Full);
        }
        self.written += written;
        self.changes.insert(path.to_vec(), node);
        Ok(())
    }
}

/// The parts of a path that lead somewhere.
fn parts(path: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    path.split(|b| *b == b'/')
        .filter(|part| !part.is_empty() && *part != b".")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn files(user: u32) -> Filesystem {
        Filesystem::new(Arc::new(Machine::new(&[0; 32], "")), user)
    }

    #[test]
    fn paths_lead_over_dots_and_links() {
        let files = files(0);
        assert_eq!(
            files.resolve(b"/var/log", b"../../etc/./passwd"),
            b"/etc/passwd"
        );
        assert_eq!(files.resolve(b"/", b"../../.."), b"/");
        assert_eq!(files.resolve(b"/", b"/bin/ls"), b"/usr/bin/ls");
        assert_eq!(files.resolve(b"/", b"tmp/"), b"/tmp");
    }

    #[test]
    fn changes_stay_in_the_session_and_within_bounds() {
        let mut mine = files(0);
        mine.write(b"/tmp/a", b"1", false, Timestamp(0)).unwrap();
        mine.write(b"/tmp/a", b"2", true, Timestamp(0)).unwrap();
        assert_eq!(mine.read(b"/tmp/a"), Ok(b"12".as_slice()));
        assert!(files(0).get(b"/tmp/a").is_none());
        mine.remove(b"/etc", true).unwrap();
        assert_eq!(mine.read(b"/etc/passwd"), Err(Refusal::Missing));
        assert_eq!(
            mine.write(b"/tmp/b", &vec![0; WRITTEN], false, Timestamp(0)),
            Err(Refusal::Full)
        );
        assert_eq!(
            mine.write(b"/nowhere/b", b"", false, Timestamp(0)),
            Err(Refusal::Missing)
        );
        assert_eq!(mine.remove_directory(b"/var"), Err(Refusal::NotEmpty));
        for n in 0..2 * CHANGES {
            let _ = mine.make_directory(format!("/tmp/{n}").as_bytes(), Timestamp(0));
        }
        assert!(mine.changes.len() <= CHANGES);
    }

    #[test]
    fn a_directory_is_renamed_with_all_that_is_in_it() {
        let mut files = files(0);
        files
            .write(b"/etc/ssh/x", b"1", false, Timestamp(0))
            .unwrap();
        files.rename(b"/etc", b"/tmp/old").unwrap();
        assert_eq!(files.read(b"/tmp/old/ssh/x"), Ok(b"1".as_slice()));
        assert!(files.read(b"/tmp/old/passwd").is_ok());
        assert_eq!(files.read(b"/etc/passwd"), Err(Refusal::Missing));
        for to in [b"/tmp/old".as_slice(), b"/tmp/old/new", b"/var"] {
            assert_eq!(files.rename(b"/tmp/old", to), Err(Refusal::Exists));
        }
        files.rename(b"/tmp/old/ssh", b"/tmp/oldssh").unwrap();
        let deep = "/d".repeat(2000);
        assert_eq!(
            files.rename(b"/tmp/old", deep.as_bytes()),
            Err(Refusal::Missing)
        );
    }

    #[test]
    fn of_a_lost_file_the_size_is_known() {
        let mut files = files(0);
        files
            .write_lost(b"/tmp/a", 5_000_000, Timestamp(0))
            .unwrap();
        assert_eq!(files.get(b"/tmp/a").unwrap().size(), 5_000_000);
        assert_eq!(files.read(b"/tmp/a"), Err(Refusal::Unreadable));
    }

    #[test]
    fn a_user_may_less_than_root() {
        let mut files = files(1000);
        assert_eq!(files.read(b"/etc/shadow"), Err(Refusal::Denied));
        assert_eq!(files.read(b"/root/.bash_history"), Err(Refusal::Denied));
        assert_eq!(files.list(b"/root").unwrap_err(), Refusal::Denied);
        assert_eq!(
            files.write(b"/etc/x", b"", false, Timestamp(0)),
            Err(Refusal::Denied)
        );
        assert_eq!(files.write(b"/tmp/x", b"", false, Timestamp(0)), Ok(()));
    }
}
