//! What a session sends.

use std::{future::Future, time::Duration};

use russh::{ChannelId, Error};
use tokio::time::timeout;

use super::{Program, Session, size};
use crate::ssh::transfer::Deed;

/// The most bytes that wait for a client that sends but does not read.
const BACKLOG: usize = 1024 * 1024;
/// How long a client may not read what it is sent.
const STALLED: Duration = Duration::from_secs(30);

impl Session {
    /// Lets what copies files go as far as it can.
    pub(super) async fn transfer(&mut self, channel: ChannelId) -> Result<(), Error> {
        while let (Some(Program::Transfer(transfer)), Some(shell)) =
            (self.channels.get_mut(&channel), &mut self.shell)
            && let Some(deeds) = transfer.step(shell.files())
        {
            if self.perform(channel, deeds).await? {
                self.channels.remove(&channel);
            }
        }
        Ok(())
    }

    /// Records deeds and tells the client of them; whether they were the last.
    pub(super) async fn perform(
        &mut self,
        channel: ChannelId,
        deeds: Vec<Deed>,
    ) -> Result<bool, Error> {
        let mut last = false;
        for deed in deeds {
            deed.record(&mut self.recorder).await;
            match deed {
                Deed::Answer(bytes) => self.send(channel, bytes).await?,
                Deed::Exit(status) => {
                    last = true;
                    self.exit(channel, status).await?;
                }
                _ => {}
            }
        }
        Ok(last)
    }

    pub(super) async fn exit(&mut self, channel: ChannelId, status: u8) -> Result<(), Error> {
        let handle = self.handle.clone();
        self.while_receiving(async move {
            let _ = handle.exit_status_request(channel, status.into()).await;
            let _ = handle.eof(channel).await;
            let _ = handle.close(channel).await;
        })
        .await
    }

    pub(super) async fn send(&mut self, channel: ChannelId, bytes: Vec<u8>) -> Result<(), Error> {
        if bytes.is_empty() {
            return Ok(());
        }
        let handle = self.handle.clone();
        self.while_receiving(async move {
            let _ = handle.data(channel, bytes).await;
        })
        .await
    }

    /// Waits for something to be sent, and takes messages meanwhile: the protocol's task does not send while it
    /// waits for this one to take a message, and would wait forever.
    async fn while_receiving(&mut self, sending: impl Future<Output = ()>) -> Result<(), Error> {
        let (messages, waiting, bytes) = (
            &mut self.messages,
            &mut self.waiting,
            &mut self.waiting_bytes,
        );
        let work = async {
            tokio::pin!(sending);
            loop {
                tokio::select! {
                    () = &mut sending => return,
                    Some(message) = messages.recv(), if *bytes < BACKLOG => {
                        *bytes += size(&message);
                        waiting.push_back(message);
                    }
                }
            }
        };
        timeout(STALLED, work)
            .await
            .map_err(|_| Error::IO(std::io::Error::other("the source does not read")))
    }
}
