//! Encryption with age (age-encryption.org): by passphrase, or for the holders of keys.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    iter,
    path::PathBuf,
    str::FromStr,
};

use age::{
    DecryptError, Decryptor, Encryptor, Identity, IdentityFile, scrypt, secrecy::SecretString,
    stream::StreamWriter, x25519,
};

use super::BackupError;

/// How a passphrase is slowed down, as a power of two: 128 MiB of memory, and less than a second.
const WORK: u8 = 17;
/// What a file may demand of that at most: 1 GiB.
const MOST_WORK: u8 = 20;
/// How an encrypted file begins.
const MAGIC: &[u8] = b"age-encryption.org/";

/// How a backup is protected.
#[derive(Clone)]
pub enum Protection {
    /// Not at all.
    None,
    /// By a passphrase.
    Passphrase(String),
    /// For the holders of these keys.
    Recipients(Vec<Recipient>),
}

/// With what a backup is opened.
#[derive(Clone)]
pub enum Key {
    /// Nothing: it is not encrypted.
    None,
    /// A passphrase.
    Passphrase(String),
    /// The file with age's identities.
    Identities(PathBuf),
}

/// A public key: `age1…`.
#[derive(Clone)]
pub struct Recipient(x25519::Recipient);

impl FromStr for Recipient {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse()
            .map(Self)
            .map_err(|_| "a recipient is a public key of age's, age1…".to_owned())
    }
}

impl std::fmt::Debug for Recipient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What a backup is written to.
pub(super) enum Output<W: Write> {
    Plain(W),
    Encrypted(StreamWriter<W>),
}

impl<W: Write> Output<W> {
    pub(super) fn new(protection: Protection, inner: W) -> io::Result<Self> {
        let encryptor = match protection {
            Protection::None => return Ok(Self::Plain(inner)),
            Protection::Passphrase(passphrase) => {
                let mut recipient = scrypt::Recipient::new(SecretString::from(passphrase));
                recipient.set_work_factor(WORK);
                Encryptor::with_recipients(iter::once(&recipient as &dyn age::Recipient))
            }
            Protection::Recipients(recipients) => Encryptor::with_recipients(
                recipients
                    .iter()
                    .map(|recipient| &recipient.0 as &dyn age::Recipient),
            ),
        };
        encryptor
            .map_err(io::Error::other)?
            .wrap_output(inner)
            .map(Self::Encrypted)
    }

    /// Ends the encryption.
    pub(super) fn finish(self) -> io::Result<W> {
        match self {
            Self::Plain(inner) => Ok(inner),
            Self::Encrypted(writer) => writer.finish(),
        }
    }
}

impl<W: Write> Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(inner) => inner.write(bytes),
            Self::Encrypted(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(inner) => inner.flush(),
            Self::Encrypted(writer) => writer.flush(),
        }
    }
}

/// Opens a backup with the key that it needs. A key for one that is not encrypted is refused, too: somebody may have
/// put it in the other's place.
pub(super) fn open(input: impl Read + 'static, key: Key) -> Result<Box<dyn Read>, BackupError> {
    let mut input = BufReader::new(input);
    let encrypted = input
        .fill_buf()
        .map_err(BackupError::damaged)?
        .starts_with(MAGIC);
    let identities: Vec<Box<dyn Identity>> = match (key, encrypted) {
        (Key::None, false) => return Ok(Box::new(input)),
        (Key::None, true) => {
            return Err(BackupError::Key(
                "the backup is encrypted; open it with --passphrase-file or --identity".to_owned(),
            ));
        }
        (_, false) => {
            return Err(BackupError::Key(
                "a passphrase or identity was given, and the backup is not encrypted, or no backup. If that is right, leave it out".to_owned(),
            ));
        }
        (Key::Passphrase(passphrase), true) => {
            let mut identity = scrypt::Identity::new(SecretString::from(passphrase));
            identity.set_max_work_factor(MOST_WORK);
            vec![Box::new(identity)]
        }
        (Key::Identities(path), true) => IdentityFile::from_file(path.display().to_string())
            .map_err(|error| BackupError::file(&path, error))?
            .into_identities()
            .map_err(|error| BackupError::Key(error.to_string()))?,
    };
    let decryptor = Decryptor::new_buffered(input).map_err(refused)?;
    let reader = decryptor
        .decrypt(identities.iter().map(AsRef::as_ref))
        .map_err(refused)?;
    Ok(Box::new(reader))
}

fn refused(error: DecryptError) -> BackupError {
    match error {
        DecryptError::KeyDecryptionFailed
        | DecryptError::NoMatchingKeys
        | DecryptError::DecryptionFailed => BackupError::Key(
            "the passphrase or identity is not the backup's. Nothing was changed".to_owned(),
        ),
        DecryptError::ExcessiveWork { .. } => BackupError::Key(
            "opening the backup would take too much memory; Skep makes none like that".to_owned(),
        ),
        other => BackupError::damaged(other),
    }
}
