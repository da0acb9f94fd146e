//! What a session changes: only in memory, and not more than it may.

use skep_model::Timestamp;

use super::{Filesystem, Kind, Node, PATH, Refusal};

/// The most bytes that one session may write.
pub(super) const WRITTEN: usize = 1024 * 1024;
/// The most files that one session may touch.
pub(super) const CHANGES: usize = 1000;

impl Filesystem {
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

    /// How many more bytes the session may write.
    pub(crate) fn room(&self) -> usize {
        WRITTEN.saturating_sub(self.written)
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

    /// Changes what may be done with a file.
    pub(crate) fn set_mode(&mut self, path: &[u8], mode: u32) -> Result<(), Refusal> {
        let mut node = self.get(path).ok_or(Refusal::Missing)?.clone();
        if self.user != 0 && node.owner != self.user {
            return Err(Refusal::Denied);
        }
        node.mode = mode;
        self.change(path, Some(node), 0)
    }

    /// Gives a file, or a directory and all that is in it, another name.
    pub(crate) fn rename(&mut self, from: &[u8], to: &[u8]) -> Result<(), Refusal> {
        let node = self.get(from).ok_or(Refusal::Missing)?.clone();
        self.parent(from)?;
        self.parent(to)?;
        let inside = [from, b"/"].concat();
        match self.get(to) {
            _ if to.starts_with(&inside) => return Err(Refusal::Invalid),
            Some(old) if old.is_directory() => return Err(Refusal::Exists),
            _ if from == to => return Ok(()),
            _ => {}
        }
        let below = self.below(from);
        if self.changes.len() + 2 * below.len() > CHANGES {
            return Err(Refusal::Full);
        }
        for path in below {
            let moved = self.get(&path).cloned();
            if moved.is_some() {
                self.change(&[to, &path[from.len()..]].concat(), moved, 0)?;
            }
            self.change(&path, None, 0)?;
        }
        self.change(to, Some(node), 0)?;
        self.change(from, None, 0)
    }

    /// Makes a link.
    pub(crate) fn link(
        &mut self,
        path: &[u8],
        target: &[u8],
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if self.get(path).is_some() {
            return Err(Refusal::Exists);
        }
        if target.len() > PATH {
            return Err(Refusal::Long);
        }
        self.parent(path)?;
        let node = Node {
            kind: Kind::Link(target.to_vec().into()),
            mode: 0o777,
            owner: self.user,
            modified: now,
        };
        self.change(path, Some(node), target.len())
    }

    /// Sets when a file was changed last.
    pub(crate) fn set_modified(&mut self, path: &[u8], at: Timestamp) -> Result<(), Refusal> {
        let mut node = self.get(path).ok_or(Refusal::Missing)?.clone();
        if self.user != 0 && node.owner != self.user {
            return Err(Refusal::Denied);
        }
        node.modified = at;
        self.change(path, Some(node), 0)
    }

    /// Takes note of a change by the machine itself, for which nobody needs leave.
    pub(crate) fn place(&mut self, path: &[u8], node: Node) {
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

    /// All paths below a directory that are or were there: no more than the machine and the session have.
    pub(crate) fn below(&self, path: &[u8]) -> Vec<Vec<u8>> {
        let prefix = [path, b"/"].concat();
        let inside = |path: &&Vec<u8>| path.starts_with(&prefix);
        let machine = self
            .machine
            .tree
            .range(prefix.clone()..)
            .map(|(path, _)| path)
            .take_while(inside);
        let session = self
            .changes
            .range(prefix.clone()..)
            .map(|(path, _)| path)
            .take_while(inside);
        machine.chain(session).cloned().collect()
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
