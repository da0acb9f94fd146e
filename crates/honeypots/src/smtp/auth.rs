//! `AUTH PLAIN` and `AUTH LOGIN`.

use std::io;

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use skep_model::{Bytes, InteractionKind, LoginMethod};
use tokio::time::sleep;

use super::session::{Greeting, Session};
use crate::line::Line;

/// Takes what careless clients write: with or without padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

impl Session<'_> {
    /// Answers `AUTH mechanism` and `AUTH mechanism initial-response`. `false` is the connection's end.
    pub(super) async fn authenticate(&mut self, argument: &[u8]) -> io::Result<bool> {
        if self.greeting != Some(Greeting::Extended) {
            self.reply("503 5.5.1 Error: authentication not enabled")
                .await?;
        } else if self.authenticated {
            self.reply("503 5.5.1 Error: already authenticated").await?;
        } else if self.in_transaction() {
            self.reply("503 5.5.1 Error: MAIL transaction in progress")
                .await?;
        } else {
            let mut words = argument.splitn(2, |b| *b == b' ');
            let mechanism = words.next().unwrap_or_default().to_ascii_uppercase();
            let initial = words.next().map(<[u8]>::trim_ascii);
            match mechanism.as_slice() {
                b"PLAIN" => return self.plain(initial).await,
                b"LOGIN" => return self.login(initial).await,
                b"" => self.reply("501 5.5.4 Syntax: AUTH mechanism").await?,
                _ => {
                    self.reply(
                        "535 5.7.8 Error: authentication failed: Invalid authentication mechanism",
                    )
                    .await?;
                }
            }
        }
        Ok(true)
    }

    async fn plain(&mut self, initial: Option<&[u8]>) -> io::Result<bool> {
        let Some(answer) = self.answered(initial, "334 ").await? else {
            return Ok(false);
        };
        let Some(text) = self.decode(&answer).await? else {
            return Ok(true);
        };
        let mut parts = text.splitn(3, |b| *b == 0);
        let (identity, user, secret) = (parts.next(), parts.next(), parts.next());
        if let (Some(identity), Some(user), Some(secret)) = (identity, user, secret) {
            if !identity.is_empty() {
                let kind = InteractionKind::Attribute {
                    name: "authorization_identity".to_owned(),
                    value: identity.into(),
                };
                self.recorder.record(kind).await;
            }
            self.judge(user, secret).await?;
        } else {
            self.keep(answer).await;
            self.refuse().await?;
        }
        Ok(true)
    }

    async fn login(&mut self, initial: Option<&[u8]>) -> io::Result<bool> {
        let Some(user) = self.answered(initial, "334 VXNlcm5hbWU6").await? else {
            return Ok(false);
        };
        let Some(user) = self.decode(&user).await? else {
            return Ok(true);
        };
        let Some(secret) = self.answered(None, "334 UGFzc3dvcmQ6").await? else {
            return Ok(false);
        };
        let Some(secret) = self.decode(&secret).await? else {
            // The user's name was given all the same.
            let kind = InteractionKind::Attribute {
                name: "user".to_owned(),
                value: user.into(),
            };
            self.recorder.record(kind).await;
            return Ok(true);
        };
        self.judge(&user, &secret).await?;
        Ok(true)
    }

    /// The initial response, or the answer to a question; `None` at the connection's end.
    async fn answered(
        &mut self,
        initial: Option<&[u8]>,
        question: &str,
    ) -> io::Result<Option<Answer>> {
        match initial {
            // A lone `=` is an empty response (RFC 4954, 4).
            Some(b"=") => Ok(Some(Answer::Initial(vec![]))),
            Some(text) => Ok(Some(Answer::Initial(text.to_vec()))),
            None => {
                self.reply(question).await?;
                Ok(self.lines.next().await?.map(Answer::Line))
            }
        }
    }

    /// What an answer says; complains when it says nothing. What its bytes alone tell is recorded as bytes.
    async fn decode(&mut self, answer: &Answer) -> io::Result<Option<Vec<u8>>> {
        let text = answer.text();
        if text == b"*" {
            self.keep(answer.clone()).await;
            self.reply("501 5.7.0 Authentication aborted").await?;
            return Ok(None);
        }
        let decoded = answer
            .is_whole()
            .then(|| LENIENT.decode(text.trim_ascii()).ok())
            .flatten();
        if decoded
            .as_ref()
            .is_none_or(|decoded| STANDARD.encode(decoded).as_bytes() != text)
        {
            self.keep(answer.clone()).await;
        }
        if decoded.is_none() {
            self.reply("501 5.5.2 Error: invalid base64 data").await?;
        }
        Ok(decoded)
    }

    /// Records an answer byte by byte, if no command line has it already.
    async fn keep(&mut self, answer: Answer) {
        if let Answer::Line(line) = answer {
            line.record_data(&mut self.recorder).await;
        }
    }

    async fn judge(&mut self, user: &[u8], secret: &[u8]) -> io::Result<()> {
        let accepted = self.server.accept.accept(user, secret);
        let kind = InteractionKind::Login {
            user: Bytes(user.to_vec()),
            secret: Bytes(secret.to_vec()),
            method: LoginMethod::Password,
            accepted,
        };
        self.recorder.record(kind).await;
        if accepted {
            self.authenticated = true;
            self.reply("235 2.7.0 Authentication successful").await
        } else {
            self.refuse().await
        }
    }

    async fn refuse(&mut self) -> io::Result<()> {
        sleep(self.server.delay).await;
        self.reply("535 5.7.8 Error: authentication failed: authentication failure")
            .await
    }
}

/// What a client says of itself.
#[derive(Clone)]
enum Answer {
    /// In the command line, which is recorded.
    Initial(Vec<u8>),
    /// In a line of its own.
    Line(Line),
}

impl Answer {
    fn text(&self) -> &[u8] {
        match self {
            Self::Initial(text) => text,
            Self::Line(line) => &line.text,
        }
    }

    fn is_whole(&self) -> bool {
        match self {
            Self::Initial(_) => true,
            Self::Line(line) => line.length == line.text.len(),
        }
    }
}
