//! Restoring a backup.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::json;
use skep_store::{Catalogue, Location, Restoration, StoreError, Table};
use tokio::sync::mpsc;

use super::{
    BackupError, Key, Progress, Summary,
    archive::{self, Member},
    encryption,
    files::Staged,
    manifest::{End, Manifest, Name},
    rows::Decoder,
};
use crate::{data_folder::DataFolder, kill_point};

/// Rows that are decoded and inserted together.
const TOGETHER: usize = 64;

/// What is to be restored, and where.
#[derive(Clone)]
pub struct Restore {
    /// The data folder.
    pub data: PathBuf,
    /// The database.
    pub database: Location,
    /// The backup; `None` is standard input.
    pub source: Option<PathBuf>,
    /// With what it is opened.
    pub key: Key,
    /// Whether what the database holds is given up.
    pub replace: bool,
}

/// Restores a backup: all of it, or nothing.
pub async fn restore(restore: Restore, progress: Progress<'_>) -> Result<Summary, BackupError> {
    let Restore {
        data,
        database,
        source,
        key,
        replace,
    } = restore;
    let _alone = DataFolder::alone(&data)?;
    let (input, length) = open(source.as_deref())?;
    let (members, mut queue) = mpsc::channel(1);
    let reading = tokio::task::spawn_blocking(move || {
        archive::read(encryption::open(input, key)?, |member| {
            let gone = |_| BackupError::damaged("nobody takes it");
            members.blocking_send(member).map_err(gone)
        })
    });
    let mut restoring = Restoring::new(&data, database, replace);
    let filled = restoring.fill(&mut queue, progress).await;
    drop(queue);
    let read = reading.await.map_err(BackupError::damaged)?;
    // What is wrong with the rows is said first: then nobody took the rest.
    let end = match (filled, read) {
        (Err(error), _) | (Ok(()), Err(error)) => Err(error),
        (Ok(()), Ok(())) => restoring.complete(progress).await,
    };
    match end {
        Ok(end) => {
            restoring.commit().await?;
            Ok(end.summary(length.load(Ordering::Relaxed)))
        }
        Err(error) => {
            restoring.abandon().await;
            Err(error)
        }
    }
}

/// A restore on its way.
struct Restoring<'a> {
    data: &'a Path,
    database: Location,
    replace: bool,
    /// Once the manifest was read.
    begun: Option<Begun>,
}

struct Begun {
    manifest: Manifest,
    restoration: Restoration,
    staged: Staged,
    /// The tables, and which of them is being read.
    tables: Vec<Table>,
    table: usize,
    /// The member of it that was read last.
    member: u32,
    /// What came.
    came: End,
    /// What should have come, once that was read.
    end: Option<End>,
}

impl<'a> Restoring<'a> {
    fn new(data: &'a Path, database: Location, replace: bool) -> Self {
        Self {
            data,
            database,
            replace,
            begun: None,
        }
    }

    async fn fill(
        &mut self,
        members: &mut mpsc::Receiver<Member>,
        progress: Progress<'_>,
    ) -> Result<(), BackupError> {
        while let Some(member) = members.recv().await {
            match &mut self.begun {
                None => self.begin(&member).await?,
                Some(begun) => begun.take(&member, progress).await?,
            }
        }
        Ok(())
    }

    async fn begin(&mut self, member: &Member) -> Result<(), BackupError> {
        if Name::parse(&member.name) != Some(Name::Manifest) {
            return Err(BackupError::damaged("it does not begin with its manifest"));
        }
        let manifest = Manifest::read(member)?;
        let catalogue = Catalogue::at(manifest.schema)
            .await
            .map_err(|error| match error {
                StoreError::Newer { .. } => BackupError::Newer(manifest.program.clone()),
                other => BackupError::refused(other),
            })?;
        if !manifest.fits(&catalogue) {
            return Err(BackupError::damaged(
                "its tables are not those of its schema",
            ));
        }
        let tables = catalogue.tables().cloned().collect();
        let restoration = Restoration::begin(&self.database, catalogue, self.replace)
            .await
            .map_err(BackupError::refused)?;
        let staged = match Staged::new(self.data) {
            Ok(staged) => staged,
            Err(error) => {
                restoration.abandon().await;
                return Err(error);
            }
        };
        self.begun = Some(Begun {
            manifest,
            tables,
            restoration,
            staged,
            table: 0,
            member: 0,
            came: End::default(),
            end: None,
        });
        Ok(())
    }

    /// Checks that everything came, and makes the database whole.
    async fn complete(&mut self, progress: Progress<'_>) -> Result<End, BackupError> {
        let cut_off = || BackupError::damaged("its end is missing");
        let begun = self.begun.as_mut().ok_or_else(cut_off)?;
        let end = begun.end.clone().ok_or_else(cut_off)?;
        for table in &begun.tables {
            begun.came.rows.entry(table.name.clone()).or_default();
        }
        if (&begun.came.rows, begun.came.files) != (&end.rows, end.files) {
            return Err(BackupError::damaged("rows or files are missing"));
        }
        begun.staged.check()?;
        let entry = begun.staged.entry(json!({
            "made_at": begun.manifest.made_at.to_rfc3339(),
            "program": begun.manifest.program,
            "schema": begun.manifest.schema,
        }));
        let progress = |count| progress("index of texts", count);
        let completed = begun.restoration.complete(&end.counters, &entry, progress);
        completed.await.map_err(BackupError::refused)?;
        Ok(end)
    }

    async fn commit(self) -> Result<(), BackupError> {
        let Some(begun) = self.begun else {
            return Ok(());
        };
        kill_point::reached("restore-before-commit");
        // If this fails, whether it took place is the database's to say; the next start asks it.
        begun.restoration.commit().await?;
        kill_point::reached("restore-after-commit");
        begun.staged.settle(self.data)
    }

    async fn abandon(self) {
        if let Some(begun) = self.begun {
            begun.restoration.abandon().await;
            begun.staged.abandon();
        }
    }
}

impl Begun {
    /// Takes the next member, which must be what may follow the one before.
    async fn take(&mut self, member: &Member, progress: Progress<'_>) -> Result<(), BackupError> {
        let out_of_place = || BackupError::damaged(format!("{:?} is out of place", member.name));
        if self.end.is_some() {
            return Err(out_of_place());
        }
        match Name::parse(&member.name).ok_or_else(out_of_place)? {
            Name::Rows { table, number } => {
                let ahead = self.tables[self.table..]
                    .iter()
                    .position(|known| known.name == table)
                    .ok_or_else(out_of_place)?;
                if ahead > 0 {
                    self.table += ahead;
                    self.member = 0;
                }
                if number != self.member + 1 || self.came.files > 0 {
                    return Err(out_of_place());
                }
                self.member = number;
                self.rows(member, progress).await
            }
            Name::File(name) => {
                self.came.files += 1;
                self.staged.add(name, &member.content)
            }
            Name::End => {
                self.end = Some(End::read(member)?);
                Ok(())
            }
            Name::Manifest => Err(out_of_place()),
        }
    }

    async fn rows(&mut self, member: &Member, progress: Progress<'_>) -> Result<(), BackupError> {
        let table = &self.tables[self.table];
        let count = self.came.rows.entry(table.name.clone()).or_default();
        let mut decoder = Decoder::new(&member.content, table.columns.len());
        loop {
            let rows: Result<Vec<_>, _> = decoder.by_ref().take(TOGETHER).collect();
            let rows = rows.map_err(|_| {
                BackupError::damaged(format!("{} holds something else than rows", member.name))
            })?;
            if rows.is_empty() {
                return Ok(());
            }
            self.restoration
                .insert(table, &rows)
                .await
                .map_err(BackupError::refused)?;
            *count += rows.len() as u64;
            progress(&table.name, *count);
            kill_point::reached("restore-rows");
        }
    }
}

/// Opens the backup; the number says how much of it was read.
fn open(source: Option<&Path>) -> Result<(Counted, Arc<AtomicU64>), BackupError> {
    let inner: Box<dyn Read + Send> = match source {
        None => Box::new(io::stdin()),
        Some(path) => Box::new(File::open(path).map_err(|error| BackupError::file(path, error))?),
    };
    let read = Arc::new(AtomicU64::new(0));
    let counted = Counted {
        inner,
        read: Arc::clone(&read),
    };
    Ok((counted, read))
}

/// Counts what is read.
struct Counted {
    inner: Box<dyn Read + Send>,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(out)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
