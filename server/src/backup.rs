//! The commands `backup` and `restore`.

use std::{
    env, fs,
    io::{self, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use skep_hub::backup::{self, Key, Protection, Summary};

use crate::{
    command::{CommandError, database},
    options::{Backup, Common, Passphrase, Restore},
    serve::stop_signal,
};

/// Holds the passphrase itself.
const VARIABLE: &str = "SKEP_BACKUP_PASSPHRASE";

/// Makes a backup.
pub async fn create(common: Common, options: Backup) -> Result<(), CommandError> {
    let protection = if options.recipient.is_empty() {
        passphrase(&options.passphrase)?.map_or(Protection::None, Protection::Passphrase)
    } else {
        Protection::Recipients(options.recipient)
    };
    let begun = Instant::now();
    let mut shown = Shown::new();
    let target = path(&options.file);
    let to_file = target.is_some();
    let mut progress = |what: &str, count| shown.tell(what, count);
    let making = backup::create(
        backup::Backup {
            database: database(&common),
            data: common.data,
            target,
            replace: options.force,
            protection,
        },
        &mut progress,
    );
    let summary = tokio::select! {
        summary = making => summary.map_err(CommandError::from),
        // The unfinished file goes, too.
        () = stop_signal(), if to_file => Err(CommandError::Refused("stopped; there is no backup".to_owned())),
    };
    shown.end();
    say("backed up", &summary?, begun.elapsed());
    Ok(())
}

/// Restores a backup.
pub async fn restore(common: Common, options: Restore) -> Result<(), CommandError> {
    let key = match options.identity {
        Some(identity) => Key::Identities(identity),
        None => passphrase(&options.passphrase)?.map_or(Key::None, Key::Passphrase),
    };
    let begun = Instant::now();
    let mut shown = Shown::new();
    let summary = backup::restore(
        backup::Restore {
            database: database(&common),
            data: common.data,
            source: path(&options.file),
            key,
            replace: options.replace,
        },
        &mut |what, count| shown.tell(what, count),
    )
    .await;
    shown.end();
    say("restored", &summary?, begun.elapsed());
    Ok(())
}

/// `None` for standard input or output.
fn path(file: &Path) -> Option<PathBuf> {
    (file != Path::new("-")).then(|| file.to_owned())
}

fn passphrase(options: &Passphrase) -> Result<Option<String>, CommandError> {
    let (passphrase, from) = if let Some(path) = &options.passphrase_file {
        let text = fs::read_to_string(path).map_err(|error| {
            CommandError::Refused(format!("the passphrase's file {}: {error}", path.display()))
        })?;
        let line = text.lines().next().unwrap_or_default().to_owned();
        (line, path.display().to_string())
    } else {
        match env::var(VARIABLE) {
            Ok(passphrase) => (passphrase, VARIABLE.to_owned()),
            Err(env::VarError::NotPresent) => return Ok(None),
            Err(error) => return Err(CommandError::Refused(format!("{VARIABLE}: {error}"))),
        }
    };
    if passphrase.is_empty() {
        return Err(CommandError::Refused(format!(
            "the passphrase in {from} is empty"
        )));
    }
    Ok(Some(passphrase))
}

fn say(done: &str, summary: &Summary, took: Duration) {
    let Summary {
        rows,
        events,
        files,
        bytes,
    } = summary;
    let megabytes = *bytes as f64 / 1_000_000.0;
    let seconds = took.as_secs_f64();
    tracing::info!(
        "{done} {events} events, {rows} rows in all, and {files} files: {megabytes:.1} MB in {seconds:.1} s"
    );
}

/// What is being done, on standard error: a line that changes on a terminal, and a line now and then elsewhere.
struct Shown {
    terminal: bool,
    last: Instant,
    /// Whether the terminal's line has something in it.
    open: bool,
}

impl Shown {
    fn new() -> Self {
        Self {
            terminal: io::stderr().is_terminal(),
            last: Instant::now(),
            open: false,
        }
    }

    fn tell(&mut self, what: &str, count: u64) {
        let pause = if self.terminal {
            Duration::from_millis(200)
        } else {
            Duration::from_secs(30)
        };
        if self.last.elapsed() < pause {
            return;
        }
        self.last = Instant::now();
        if self.terminal {
            self.open = true;
            let _ = write!(io::stderr(), "\r\x1b[K{what}: {count} rows");
        } else {
            tracing::info!("{what}: {count} rows");
        }
    }

    fn end(&mut self) {
        if self.open {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
