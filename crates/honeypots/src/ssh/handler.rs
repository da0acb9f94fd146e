//! Answers the protocol's questions and tells the session what the client does.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use russh::{
    Channel, ChannelId, ChannelOpenFailure, Error, Pty,
    keys::HashAlg,
    server::{Auth, ChannelOpenHandle, Msg, PublicKeyOffer, Response, Session},
};
use skep_model::LoginMethod;
use ssh_encoding::bytes_of;
use tokio::sync::mpsc;

use super::methods;
use crate::credentials::Credentials;

/// How many channels one connection may have open, as OpenSSH has it.
const CHANNELS: usize = 10;

/// What a client does.
pub(super) enum Message {
    /// It tries to log in.
    Login {
        user: Vec<u8>,
        secret: Vec<u8>,
        method: LoginMethod,
        accepted: bool,
    },
    /// It has, or wants, a terminal of so many columns and rows.
    Terminal {
        channel: ChannelId,
        columns: u32,
        rows: u32,
    },
    /// It wants a shell.
    Shell { channel: ChannelId },
    /// It wants a command run.
    Command { channel: ChannelId, line: Vec<u8> },
    /// It wants to copy files.
    Sftp { channel: ChannelId },
    /// It sends bytes to what runs in a channel.
    Data { channel: ChannelId, bytes: Vec<u8> },
    /// It has no more bytes to send.
    End { channel: ChannelId },
    /// It is done with a channel.
    Close { channel: ChannelId },
    /// It asks for something that it does not get, or says something of itself.
    Attribute { name: &'static str, value: Vec<u8> },
}

/// The library's view of one connection.
pub(super) struct Handler {
    accept: Arc<Credentials>,
    messages: mpsc::Sender<Message>,
    /// Open channels, and whether something runs in them.
    channels: HashMap<ChannelId, bool>,
}

impl Handler {
    pub(super) fn new(accept: Arc<Credentials>, messages: mpsc::Sender<Message>) -> Self {
        Self {
            accept,
            messages,
            channels: HashMap::new(),
        }
    }

    async fn tell(&self, message: Message) -> Result<(), Error> {
        // Without a session there is nobody to talk to.
        self.messages
            .send(message)
            .await
            .map_err(|_| Error::Disconnect)
    }

    async fn login(&self, user: &str, secret: Vec<u8>, method: LoginMethod) -> Result<Auth, Error> {
        let user = bytes_of(user);
        let accepted = method != LoginMethod::Key && self.accept.accept(&user, &secret);
        self.tell(Message::Login {
            user,
            secret,
            method,
            accepted,
        })
        .await?;
        // All methods stay on offer: the library would take away the one that failed.
        Ok(if accepted {
            Auth::Accept
        } else {
            Auth::Reject {
                proceed_with_methods: Some(methods()),
                partial_success: false,
            }
        })
    }

    /// Notes that something starts in a channel; only one thing may.
    fn starts(&mut self, channel: ChannelId) -> bool {
        self.channels
            .get_mut(&channel)
            .is_some_and(|started| !std::mem::replace(started, true))
    }

    async fn refuse(&self, reply: ChannelOpenHandle, target: Vec<u8>) -> Result<(), Error> {
        reply
            .reject(ChannelOpenFailure::AdministrativelyProhibited)
            .await;
        self.note("forward", target).await
    }

    /// Tells of something that a client asks for, or says of itself.
    async fn note(&self, name: &'static str, value: Vec<u8>) -> Result<(), Error> {
        self.tell(Message::Attribute { name, value }).await
    }
}

impl russh::server::Handler for Handler {
    type Error = Error;

    async fn auth_none(&mut self, _user: &str) -> Result<Auth, Error> {
        Ok(Auth::Reject {
            proceed_with_methods: Some(methods()),
            partial_success: false,
        })
    }

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Error> {
        self.login(user, bytes_of(password), LoginMethod::Password)
            .await
    }

    async fn auth_publickey_offered(
        &mut self,
        user: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, Error> {
        let fingerprint = offer.public_key.fingerprint(HashAlg::Sha256).to_string();
        self.login(user, fingerprint.into_bytes(), LoginMethod::Key)
            .await
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _submethods: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Error> {
        let Some(response) = response else {
            const PROMPT: &[(Cow<'static, str>, bool)] = &[(Cow::Borrowed("Password: "), false)];
            return Ok(Auth::Partial {
                name: "".into(),
                instructions: "".into(),
                prompts: PROMPT.into(),
            });
        };
        let answers: Vec<_> = response.collect();
        self.login(
            user,
            answers.join(b"\n".as_slice()),
            LoginMethod::Interactive,
        )
        .await
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Error> {
        if self.channels.len() >= CHANNELS {
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
        } else {
            self.channels.insert(channel.id(), false);
            reply.accept().await;
        }
        Ok(())
    }

    async fn channel_open_direct_tcpip(
        &mut self,
        _: Channel<Msg>,
        host: &str,
        port: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Error> {
        self.refuse(reply, endpoint(host, port)).await
    }

    async fn channel_open_direct_streamlocal(
        &mut self,
        _: Channel<Msg>,
        path: &str,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Error> {
        self.refuse(reply, bytes_of(path)).await
    }

    async fn tcpip_forward(
        &mut self,
        address: &str,
        port: &mut u32,
        _: &mut Session,
    ) -> Result<bool, Error> {
        self.note("remote_forward", endpoint(address, *port))
            .await?;
        Ok(false)
    }

    async fn streamlocal_forward(&mut self, path: &str, _: &mut Session) -> Result<bool, Error> {
        self.note("remote_forward", bytes_of(path)).await?;
        Ok(false)
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        term: &str,
        columns: u32,
        rows: u32,
        _: u32,
        _: u32,
        _: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Error> {
        self.note("terminal_type", bytes_of(term)).await?;
        self.tell(Message::Terminal {
            channel,
            columns,
            rows,
        })
        .await?;
        session.channel_success(channel)
    }

    async fn window_change_request(
        &mut self,
        channel: ChannelId,
        columns: u32,
        rows: u32,
        _: u32,
        _: u32,
        _: &mut Session,
    ) -> Result<(), Error> {
        self.tell(Message::Terminal {
            channel,
            columns,
            rows,
        })
        .await
    }

    async fn env_request(
        &mut self,
        channel: ChannelId,
        name: &str,
        value: &str,
        session: &mut Session,
    ) -> Result<(), Error> {
        let variable = [bytes_of(name), b"=".to_vec(), bytes_of(value)].concat();
        self.note("env", variable).await?;
        session.channel_failure(channel)
    }

    async fn shell_request(
        &mut self,
        channel: ChannelId,
        session: &mut Session,
    ) -> Result<(), Error> {
        if !self.starts(channel) {
            return session.channel_failure(channel);
        }
        session.channel_success(channel)?;
        self.tell(Message::Shell { channel }).await
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        line: &[u8],
        session: &mut Session,
    ) -> Result<(), Error> {
        if !self.starts(channel) {
            return session.channel_failure(channel);
        }
        session.channel_success(channel)?;
        self.tell(Message::Command {
            channel,
            line: line.to_vec(),
        })
        .await
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Result<(), Error> {
        self.note("subsystem", bytes_of(name)).await?;
        if name != "sftp" || !self.starts(channel) {
            return session.channel_failure(channel);
        }
        session.channel_success(channel)?;
        self.tell(Message::Sftp { channel }).await
    }

    async fn x11_request(
        &mut self,
        channel: ChannelId,
        _: bool,
        protocol: &str,
        _: &str,
        screen: u32,
        session: &mut Session,
    ) -> Result<(), Error> {
        let display = [&bytes_of(protocol), format!(":{screen}").as_bytes()].concat();
        self.note("x11", display).await?;
        session.channel_failure(channel)
    }

    async fn agent_request(&mut self, _: ChannelId, _: &mut Session) -> Result<bool, Error> {
        self.note("agent_forward", vec![]).await?;
        Ok(false)
    }

    async fn data(
        &mut self,
        channel: ChannelId,
        bytes: &[u8],
        _: &mut Session,
    ) -> Result<(), Error> {
        self.tell(Message::Data {
            channel,
            bytes: bytes.to_vec(),
        })
        .await
    }

    async fn channel_eof(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), Error> {
        self.tell(Message::End { channel }).await
    }

    async fn channel_close(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), Error> {
        self.channels.remove(&channel);
        self.tell(Message::Close { channel }).await
    }
}

/// A host and a port as they are written.
fn endpoint(host: &str, port: u32) -> Vec<u8> {
    [&bytes_of(host), format!(":{port}").as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;
    use ssh_encoding::{Decode, Encode};

    use super::*;

    fn received(bytes: &[u8]) -> Vec<u8> {
        let mut wire = vec![];
        bytes.encode(&mut wire).unwrap();
        bytes_of(&String::decode(&mut wire.as_slice()).unwrap())
    }

    proptest! {
        #[test]
        fn every_string_arrives_as_it_was_sent(bytes: Vec<u8>) {
            prop_assert_eq!(received(&bytes), bytes);
        }

        #[test]
        fn so_does_text_of_the_characters_that_stand_for_bytes(text in "[a\u{10ff70}-\u{10ffff}]*", end: Vec<u8>) {
            let bytes = [text.as_bytes(), &end].concat();
            prop_assert_eq!(received(&bytes), bytes);
        }
    }
}
