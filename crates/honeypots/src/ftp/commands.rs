//! The commands of somebody who is logged in, with vsftpd's answers.

use std::{io, net::IpAddr, ops::ControlFlow};

use skep_model::{Bytes, InteractionKind, Timestamp};

use super::{
    account::Account,
    listing::{self, Style},
    session::{Flow, NEXT, Session},
};
use crate::{
    line::Line,
    shell::{
        date::Date,
        filesystem::{Kind, Node},
    },
};

const HELP: &[u8] = b"214-The following commands are recognized.\r\n \
ABOR ACCT ALLO APPE CDUP CWD  DELE EPRT EPSV FEAT HELP LIST MDTM MKD\r\n \
MODE NLST NOOP OPTS PASS PASV PORT PWD  QUIT REIN REST RETR RMD  RNFR\r\n \
RNTO SITE SIZE SMNT STAT STOR STOU STRU SYST TYPE USER XCUP XCWD XMKD\r\n \
XPWD XRMD\r\n\
214 Help OK.\r\n";

/// A reply's code and text.
type Reply = (u16, Vec<u8>);

fn say(code: u16, text: &str) -> Reply {
    (code, text.as_bytes().to_vec())
}

/// One answer for what went well and one for what did not.
fn either<E>(done: &Result<(), E>, yes: (u16, &str), no: (u16, &str)) -> Reply {
    let (code, text) = if done.is_ok() { yes } else { no };
    say(code, text)
}

impl Session<'_> {
    /// Follows a command line.
    pub(super) async fn follow(&mut self, account: &mut Account, line: &Line) -> io::Result<Flow> {
        let (verb, argument) = line.split();
        match verb.as_slice() {
            b"QUIT" => {
                self.reply(221, "Goodbye.").await?;
                return Ok(ControlFlow::Break("the source said goodbye"));
            }
            b"GET" | b"POST" | b"HEAD" | b"OPTIONS" | b"CONNECT" => {
                self.reply(500, "HTTP protocol commands not allowed.")
                    .await?;
                return Ok(ControlFlow::Break("the source spoke HTTP"));
            }
            b"PASV" | b"P@SW" => return self.passive(account).await,
            b"EPSV" => return self.extended_passive(account, argument).await,
            b"PORT" | b"EPRT" => self.active(account, &verb, argument).await?,
            b"LIST" => self.list(account, argument, Style::Long).await?,
            b"NLST" => self.list(account, argument, Style::Names).await?,
            b"RETR" => self.retrieve(account, argument).await?,
            b"STOR" => self.store(account, argument.to_vec(), false).await?,
            b"APPE" => self.store(account, argument.to_vec(), true).await?,
            b"STOU" => self.store_unique(account, argument).await?,
            b"FEAT" => self.features().await?,
            b"OPTS" => self.options(argument).await?,
            b"HELP" => self.lines.send(HELP).await?,
            b"STAT" if argument.is_empty() => self.status(account).await?,
            b"STAT" => {
                let options = match argument.strip_prefix(b"-") {
                    Some(rest) => [b"-a", rest].concat(),
                    None => [b"-a ", argument].concat(),
                };
                let text = listing::list(account, &options, Style::Long).unwrap_or_default();
                let text = [
                    b"213-Status follows:\r\n",
                    text.as_slice(),
                    b"213 End of status\r\n",
                ];
                self.lines.send(&text.concat()).await?;
            }
            // Some routers send an empty line now and then.
            b"" if line.length == 0 => {}
            verb => {
                let (code, text) = answer(account, verb, argument);
                self.reply(code, text).await?;
            }
        }
        Ok(NEXT)
    }

    /// Refuses to open a connection to anybody, and notes to whom.
    async fn active(&mut self, account: &mut Account, verb: &[u8], to: &[u8]) -> io::Result<()> {
        account.passive = None;
        let kind = InteractionKind::Attribute {
            name: "data_address".to_owned(),
            value: Bytes(to.to_vec()),
        };
        self.recorder.record(kind).await;
        let verb = String::from_utf8_lossy(verb);
        self.reply(500, format!("Illegal {verb} command.")).await
    }

    async fn status(&mut self, account: &Account) -> io::Result<()> {
        let source: IpAddr = self.peer.source.ip().to_canonical();
        let name = String::from_utf8_lossy(&account.name);
        let mode = if account.ascii { "ASCII" } else { "BINARY" };
        let text = format!(
            "211-FTP server status:\r
     Connected to {source}\r
     Logged in as {name}\r
     TYPE: {mode}\r
     No session bandwidth limit\r
     Session timeout in seconds is 300\r
     Control connection is plain text\r
     Data connections will be plain text\r
     At session startup, client count was 1\r
     vsFTPd 3.0.5 - secure, fast, stable\r
211 End of status\r
"
        );
        self.lines.send(text.as_bytes()).await
    }
}

/// Answers what needs no more than the files and one line.
fn answer(account: &mut Account, verb: &[u8], argument: &[u8]) -> Reply {
    let upper = argument.to_ascii_uppercase();
    match (verb, upper.as_slice()) {
        (b"NOOP", _) => say(200, "NOOP ok."),
        (b"SYST", _) => say(215, "UNIX Type: L8"),
        (b"TYPE", b"I" | b"L8" | b"L 8") => {
            account.ascii = false;
            say(200, "Switching to Binary mode.")
        }
        (b"TYPE", b"A" | b"A N") => {
            account.ascii = true;
            say(200, "Switching to ASCII mode.")
        }
        (b"TYPE", _) => say(500, "Unrecognised TYPE command."),
        (b"STRU", b"F") => say(200, "Structure set to F."),
        (b"STRU", _) => say(504, "Bad STRU command."),
        (b"MODE", b"S") => say(200, "Mode set to S."),
        (b"MODE", _) => say(504, "Bad MODE command."),
        (b"ALLO", _) => say(202, "ALLO command ignored."),
        (b"REIN" | b"ACCT" | b"SMNT", _) => say(
            502,
            &format!("{} not implemented.", String::from_utf8_lossy(verb)),
        ),
        (b"ABOR" | b"\xff\xf4\xff\xf2ABOR", _) => say(225, "No transfer to ABOR."),
        (b"PBSZ" | b"PROT", _) => say(550, "Permission denied."),
        (b"USER", _) if argument == account.name => say(331, "Any password will do."),
        (b"USER", _) => say(530, "Can't change to another user."),
        (b"PASS", _) => say(230, "Already logged in."),
        (b"REST", _) => {
            let digits = argument.iter().take_while(|b| b.is_ascii_digit()).take(18);
            account.restart = digits.fold(0, |n, b| n * 10 + u64::from(b - b'0'));
            say(
                350,
                &format!("Restart position accepted ({}).", account.restart),
            )
        }
        (b"SITE", _) => site(account, argument),
        _ => of_files(account, verb, argument),
    }
}

/// Answers commands about one file or directory.
fn of_files(account: &mut Account, verb: &[u8], argument: &[u8]) -> Reply {
    let path = account.locate(argument);
    let files = &mut account.files;
    match verb {
        b"PWD" | b"XPWD" => {
            let quoted = account.quoted(&account.directory);
            (
                257,
                [quoted.as_slice(), b" is the current directory"].concat(),
            )
        }
        b"CWD" | b"XCWD" => change_directory(account, path),
        b"CDUP" | b"XCUP" => {
            let parent = account.locate(b"..");
            change_directory(account, parent)
        }
        b"SIZE" => match files.get(&path).filter(|node| is_file(node)) {
            Some(node) => say(213, &node.size().to_string()),
            None => say(550, "Could not get file size."),
        },
        b"MDTM" => match files.get(&path).filter(|node| is_file(node)) {
            Some(node) => {
                let date = Date::new(node.modified);
                let time = date.time.replace(':', "");
                say(213, &[date.year, date.month, date.day, time].concat())
            }
            None => say(550, "Could not get file modification time."),
        },
        b"DELE" => either(
            &files.remove(&path, false),
            (250, "Delete operation successful."),
            (550, "Delete operation failed."),
        ),
        b"RMD" | b"XRMD" => either(
            &files.remove_directory(&path),
            (250, "Remove directory operation successful."),
            (550, "Remove directory operation failed."),
        ),
        b"MKD" | b"XMKD" => match files.make_directory(&path, Timestamp::now()) {
            Ok(()) => (
                257,
                [account.quoted(&path).as_slice(), b" created"].concat(),
            ),
            Err(_) => say(550, "Create directory operation failed."),
        },
        b"RNFR" => {
            account.renamed = files.get(&path).map(|_| path);
            if account.renamed.is_some() {
                say(350, "Ready for RNTO.")
            } else {
                say(550, "RNFR command failed.")
            }
        }
        b"RNTO" => match account.renamed.take() {
            Some(from) => either(
                &files.rename(&from, &path),
                (250, "Rename successful."),
                (550, "Rename failed."),
            ),
            None => say(503, "RNFR required first."),
        },
        _ => say(500, "Unknown command."),
    }
}

fn is_file(node: &Node) -> bool {
    matches!(node.kind, Kind::File(_) | Kind::Lost(_))
}

fn change_directory(account: &mut Account, path: Vec<u8>) -> Reply {
    if account.files.list(&path).is_ok() {
        account.directory = path;
        say(250, "Directory successfully changed.")
    } else {
        say(550, "Failed to change directory.")
    }
}

fn site(account: &mut Account, argument: &[u8]) -> Reply {
    let mut words = argument.splitn(3, |b| *b == b' ');
    let verb = words.next().unwrap_or_default().to_ascii_uppercase();
    let octal = |text: &[u8]| {
        let digits = text
            .iter()
            .take_while(|b| (b'0'..=b'7').contains(b))
            .take(6);
        digits.fold(0, |n, b| n * 8 + u32::from(b - b'0')) & 0o777
    };
    match (verb.as_slice(), words.next(), words.next()) {
        (b"HELP", _, _) => say(214, "CHMOD UMASK HELP"),
        (b"UMASK", None, _) => say(200, &format!("Your current UMASK is 0{:o}", account.umask)),
        (b"UMASK", Some(mask), _) => {
            account.umask = octal(mask);
            say(200, &format!("UMASK set to 0{:o}", account.umask))
        }
        (b"CHMOD", Some(mode), Some(name)) => {
            let path = account.locate(name);
            either(
                &account.files.set_mode(&path, octal(mode)),
                (200, "SITE CHMOD command ok."),
                (550, "SITE CHMOD command failed."),
            )
        }
        (b"CHMOD", _, _) => say(500, "SITE CHMOD needs 2 arguments."),
        _ => say(500, "Unknown SITE command."),
    }
}
