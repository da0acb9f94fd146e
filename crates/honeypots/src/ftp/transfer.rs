//! Data connections: listings, downloads and uploads.

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    ops::ControlFlow,
};

use sha2::{Digest, Sha256};
use skep_model::{Bytes, InteractionKind, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{
    account::Account,
    listing::{self, Style},
    session::{Flow, NEXT, Session},
};
use crate::{
    content::Content,
    passive::Passive,
    record::Recorder,
    shell::filesystem::{Kind, Refusal},
    stream::{Stream, reason},
};

/// The longest upload that can be fetched again.
const KEPT: usize = 1024 * 1024;

impl Session<'_> {
    pub(super) async fn passive(&mut self, account: &mut Account) -> io::Result<Flow> {
        let port = match self.open(account).await? {
            ControlFlow::Continue(port) => port,
            ControlFlow::Break(reason) => return Ok(ControlFlow::Break(reason)),
        };
        // There is no way to say an address of IPv6; clients take the one that they called.
        let IpAddr::V4(address) = self.peer.target.ip().to_canonical() else {
            return self.passive_at(Ipv4Addr::UNSPECIFIED, port).await;
        };
        self.passive_at(address, port).await
    }

    async fn passive_at(&mut self, address: Ipv4Addr, port: u16) -> io::Result<Flow> {
        let ([a, b, c, d], [high, low]) = (address.octets(), port.to_be_bytes());
        let text = format!("Entering Passive Mode ({a},{b},{c},{d},{high},{low}).");
        self.reply(227, text).await?;
        Ok(NEXT)
    }

    pub(super) async fn extended_passive(
        &mut self,
        account: &mut Account,
        argument: &[u8],
    ) -> io::Result<Flow> {
        let version = if self.peer.target.ip().to_canonical().is_ipv6() {
            b"12".as_slice()
        } else {
            b"1"
        };
        match argument.to_ascii_uppercase().as_slice() {
            b"" => {}
            b"ALL" => {
                self.reply(200, "EPSV ALL ok.").await?;
                return Ok(NEXT);
            }
            [digit] if version.contains(digit) => {}
            _ => {
                self.reply(522, "Bad network protocol.").await?;
                return Ok(NEXT);
            }
        }
        match self.open(account).await? {
            ControlFlow::Continue(port) => {
                let text = format!("Entering Extended Passive Mode (|||{port}|)");
                self.reply(229, text).await?;
                Ok(NEXT)
            }
            ControlFlow::Break(reason) => Ok(ControlFlow::Break(reason)),
        }
    }

    /// Opens a port for a data connection; the one that was open before is closed.
    async fn open(&mut self, account: &mut Account) -> io::Result<Flow<u16>> {
        account.passive = None;
        let ports = self.server.ports.as_ref();
        match self.lines.stream.get_ref().passive(ports) {
            Ok(passive) => {
                let port = passive.port();
                account.passive = Some(passive);
                Ok(ControlFlow::Continue(port))
            }
            Err(error) => {
                tracing::debug!(%error, "no port for a data connection");
                self.reply(500, "OOPS: vsf_sysutil_bind").await?;
                Ok(ControlFlow::Break("no port for a data connection"))
            }
        }
    }

    /// The port that waits; complains when there is none.
    async fn prepared(&mut self, account: &mut Account) -> io::Result<Option<Passive>> {
        let passive = account.passive.take();
        if passive.is_none() {
            self.reply(425, "Use PORT or PASV first.").await?;
        }
        Ok(passive)
    }

    /// Waits for the data connection, and announces what goes over it.
    async fn connected(
        &mut self,
        passive: Passive,
        announcement: impl AsRef<[u8]>,
    ) -> io::Result<Option<Stream>> {
        if let Ok(data) = passive.accept().await {
            self.reply(150, announcement).await?;
            Ok(Some(data))
        } else {
            self.reply(425, "Failed to establish connection.").await?;
            Ok(None)
        }
    }

    pub(super) async fn list(
        &mut self,
        account: &mut Account,
        argument: &[u8],
        style: Style,
    ) -> io::Result<()> {
        let Some(passive) = self.prepared(account).await? else {
            return Ok(());
        };
        let announcement = "Here comes the directory listing.";
        let Some(data) = self.connected(passive, announcement).await? else {
            return Ok(());
        };
        let listing = listing::list(account, argument, style);
        let sent = send(data, listing.as_deref().unwrap_or_default()).await;
        match (sent, listing) {
            (Err(_), _) => self.reply(426, "Failure writing network stream.").await,
            (_, Some(_)) => self.reply(226, "Directory send OK.").await,
            (_, None) => {
                let text = "Transfer done (but failed to open directory).";
                self.reply(226, text).await
            }
        }
    }

    pub(super) async fn retrieve(
        &mut self,
        account: &mut Account,
        argument: &[u8],
    ) -> io::Result<()> {
        let restart = std::mem::take(&mut account.restart);
        let Some(passive) = self.prepared(account).await? else {
            return Ok(());
        };
        if account.ascii && restart > 0 {
            account.passive = Some(passive);
            let text = "No support for resume of ASCII transfer.";
            return self.reply(550, text).await;
        }
        let Ok(content) = account.files.read(&account.locate(argument)) else {
            account.passive = Some(passive);
            return self.reply(550, "Failed to open file.").await;
        };
        let announcement = [
            b"Opening BINARY mode data connection for ",
            argument,
            format!(" ({} bytes).", content.len()).as_bytes(),
        ]
        .concat();
        let Some(data) = self.connected(passive, announcement).await? else {
            return Ok(());
        };
        let start = content
            .len()
            .min(usize::try_from(restart).unwrap_or(usize::MAX));
        match send(data, &content[start..]).await {
            Ok(()) => self.reply(226, "Transfer complete.").await,
            Err(_) => self.reply(426, "Failure writing network stream.").await,
        }
    }

    pub(super) async fn store_unique(
        &mut self,
        account: &mut Account,
        argument: &[u8],
    ) -> io::Result<()> {
        let base = if argument.is_empty() {
            b"STOU"
        } else {
            argument
        };
        let free = |name: &Vec<u8>| account.files.get(&account.locate(name)).is_none();
        let numbered = (1..=1000).map(|n| [base, format!(".{n}").as_bytes()].concat());
        let first = (!argument.is_empty()).then(|| argument.to_vec());
        let name = first.into_iter().chain(numbered).find(free);
        match name {
            Some(name) => {
                let announcement = [b"FILE: ", name.as_slice()].concat();
                self.upload(account, name, false, announcement).await
            }
            None => self.reply(553, "Could not create file.").await,
        }
    }

    pub(super) async fn store(
        &mut self,
        account: &mut Account,
        name: Vec<u8>,
        append: bool,
    ) -> io::Result<()> {
        let announcement = b"Ok to send data.".to_vec();
        self.upload(account, name, append, announcement).await
    }

    async fn upload(
        &mut self,
        account: &mut Account,
        name: Vec<u8>,
        append: bool,
        announcement: Vec<u8>,
    ) -> io::Result<()> {
        let restart = std::mem::take(&mut account.restart);
        let Some(passive) = self.prepared(account).await? else {
            return Ok(());
        };
        let path = account.locate(&name);
        let node = account.files.get(&path);
        let length = node.map_or(0, |node| node.size() as u64);
        let start = if append { length } else { restart };
        // What the new content is written into, if that is known.
        let old = match node.map(|node| &node.kind) {
            Some(Kind::File(bytes)) if start > 0 => Some(bytes.to_vec()),
            Some(Kind::Lost(_)) if start > 0 => None,
            _ => Some(vec![]),
        };
        let made = account.files.write(&path, b"", start > 0, Timestamp::now());
        if made.is_err() {
            account.passive = Some(passive);
            return self.reply(553, "Could not create file.").await;
        }
        let Some(mut data) = self.connected(passive, announcement).await? else {
            return Ok(());
        };
        let mut upload = Upload::default();
        let end = upload.receive(&mut data, &mut self.recorder).await;
        self.lines.stream.get_mut().heard_over(&data);
        drop(data);
        let size = upload.content.size;
        let kept = upload
            .finish(name, end.as_ref().err(), &mut self.recorder)
            .await;
        let stored = match (kept, old) {
            (Some(kept), Some(old)) if start <= old.len() as u64 => {
                account.put(&path, &old, start as usize, &kept)
            }
            _ => {
                let before = if start == 0 { 0 } else { length };
                account.put_size(&path, before.max(start.saturating_add(size)))
            }
        };
        match (end, stored) {
            (Err(_), _) => self.reply(426, "Failure reading network stream.").await,
            (_, Err(_)) => self.reply(451, "Failure writing to local file.").await,
            (Ok(()), Ok(())) => self.reply(226, "Transfer complete.").await,
        }
    }
}

impl Account {
    /// Writes a file anew: its old content, from `start` on the new one, and what is left of the old.
    fn put(&mut self, path: &[u8], old: &[u8], start: usize, new: &[u8]) -> Result<(), Refusal> {
        let rest = old.get(start + new.len()..).unwrap_or_default();
        let content = [&old[..start], new, rest].concat();
        let written = self.files.write(path, &content, false, Timestamp::now());
        if written == Err(Refusal::Full) {
            return self.put_size(path, content.len() as u64);
        }
        written
    }

    fn put_size(&mut self, path: &[u8], size: u64) -> Result<(), Refusal> {
        self.files.write_lost(path, size, Timestamp::now())
    }
}

/// Sends bytes over a data connection and ends it.
async fn send(mut data: Stream, bytes: &[u8]) -> io::Result<()> {
    data.write_all(bytes).await?;
    data.shutdown().await
}

/// A file that comes over a data connection.
#[derive(Default)]
struct Upload {
    content: Content,
    hash: Sha256,
    kept: Vec<u8>,
}

impl Upload {
    async fn receive(&mut self, data: &mut Stream, recorder: &mut Recorder) -> io::Result<()> {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let length = data.read(&mut buffer).await?;
            if length == 0 {
                return Ok(());
            }
            let bytes = &buffer[..length];
            self.hash.update(bytes);
            let room = (KEPT + 1).saturating_sub(self.kept.len());
            self.kept.extend_from_slice(&bytes[..length.min(room)]);
            self.content.add(bytes, recorder).await;
        }
    }

    /// Records what it was; returns the content, if it is not too long to be fetched again.
    async fn finish(
        mut self,
        name: Vec<u8>,
        error: Option<&io::Error>,
        recorder: &mut Recorder,
    ) -> Option<Vec<u8>> {
        self.content.end(recorder).await;
        let kind = InteractionKind::File {
            name: Bytes(name),
            size: self.content.size,
            sha256: format!("{:x}", self.hash.finalize()),
        };
        recorder.record(kind).await;
        if let Some(error) = error {
            let text = format!("the upload ended early: {}", reason(Some(error)));
            recorder.record(InteractionKind::Note { text }).await;
        }
        (self.kept.len() <= KEPT).then_some(self.kept)
    }
}
