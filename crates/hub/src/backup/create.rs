//! Making a backup.

use std::{collections::BTreeMap, path::PathBuf};

use skep_model::Timestamp;
use skep_store::{Location, Snapshot, Table};
use tokio::sync::mpsc;

use super::{
    BackupError, Progress, Protection, Summary,
    archive::{self, Member, Writer},
    encryption::Output,
    files,
    manifest::{End, Manifest, Name},
    output::Target,
    rows::Encoder,
};
use crate::{Actor, data_folder::DataFolder};

/// How long a member of rows becomes before the next one begins, in bytes.
const MEMBER: usize = 1024 * 1024;
/// Members that wait to be compressed at most.
const WAITING: usize = 2;

/// What is to be backed up, and how.
#[derive(Clone)]
pub struct Backup {
    /// The data folder.
    pub data: PathBuf,
    /// The database.
    pub database: Location,
    /// Where to; `None` is standard output.
    pub target: Option<PathBuf>,
    /// Whether a file that is there already is replaced.
    pub replace: bool,
    /// How it is protected.
    pub protection: Protection,
}

/// Makes a backup of one moment, while a server may run and take events.
pub async fn create(backup: Backup, progress: Progress<'_>) -> Result<Summary, BackupError> {
    let Backup {
        data,
        database,
        target,
        replace,
        protection,
    } = backup;
    if !data.exists() {
        return Err(skep_store::StoreError::Absent(data.display().to_string()).into());
    }
    let _in_use = DataFolder::share(&data)?;
    let mut snapshot = Snapshot::begin(&database).await?;
    let named = target.as_ref().map_or_else(
        || "standard output".to_owned(),
        |path| path.display().to_string(),
    );
    let target = Target::new(target.as_deref(), replace)?;
    let (members, queue) = mpsc::channel(WAITING);
    let writing = tokio::task::spawn_blocking(move || write(target, protection, queue));
    let taken = take(&mut snapshot, &data, members, progress).await;
    let written = writing.await.map_err(BackupError::damaged)?;
    // If writing fails, nobody takes members any more: that is the reason then.
    let bytes = match (written, &taken) {
        (Err(Interrupted::Failed(error)), _) => return Err(error),
        (Err(Interrupted::NotWhole), _) | (_, Err(_)) => 0,
        (Ok(bytes), Ok(_)) => bytes,
    };
    let end = taken?;
    let entry = Actor::command_line().audit("create", "backup", named);
    if let Err(error) = snapshot.end(&entry).await {
        tracing::warn!(%error, "the backup is made, and could not be noted in the audit log");
    }
    Ok(end.summary(bytes))
}

/// Gives everything to the writer: whatever is read, is read in the snapshot.
async fn take(
    snapshot: &mut Snapshot,
    data: &std::path::Path,
    members: mpsc::Sender<Member>,
    progress: Progress<'_>,
) -> Result<End, BackupError> {
    let catalogue = snapshot.catalogue().clone();
    let mut end = End::default();
    let manifest = Manifest::new(&catalogue, Timestamp::now());
    send(&members, Member::json(&Name::Manifest, &manifest)?).await?;
    for table in catalogue.tables() {
        let count = rows(snapshot, table, &members, progress).await?;
        end.rows.insert(table.name.clone(), count);
        if let Some(counter) = snapshot.counter(table).await? {
            end.counters.insert(table.name.clone(), counter);
        }
    }
    for file in files::read(data)? {
        end.files += 1;
        send(&members, file).await?;
    }
    send(&members, Member::json(&Name::End, &end)?).await?;
    Ok(end)
}

async fn rows(
    snapshot: &mut Snapshot,
    table: &Table,
    members: &mpsc::Sender<Member>,
    progress: Progress<'_>,
) -> Result<u64, BackupError> {
    let mut encoder = Encoder::new();
    let (mut count, mut number) = (0, 0);
    let mut name = || {
        number += 1;
        let table = &table.name;
        Name::Rows { table, number }.to_string()
    };
    snapshot
        .read(table, async |row| {
            let whole = encoder.add(&row).is_some() && encoder.len() <= archive::LONGEST;
            if !whole {
                let table = &table.name;
                return Err(BackupError::damaged(format!(
                    "a row of {table} is too long"
                )));
            }
            count += 1;
            progress(&table.name, count);
            if encoder.len() >= MEMBER {
                let content = std::mem::replace(&mut encoder, Encoder::new()).into_bytes();
                let name = name();
                send(members, Member { name, content }).await?;
            }
            Ok(())
        })
        .await?;
    if encoder.len() > 0 {
        let (name, content) = (name(), encoder.into_bytes());
        send(members, Member { name, content }).await?;
    }
    Ok(count)
}

async fn send(members: &mpsc::Sender<Member>, member: Member) -> Result<(), BackupError> {
    let gone = |_| BackupError::damaged("the writer ended");
    members.send(member).await.map_err(gone)
}

/// Why nothing was written.
enum Interrupted {
    /// Writing failed.
    Failed(BackupError),
    /// The last member did not come.
    NotWhole,
}

impl From<BackupError> for Interrupted {
    fn from(error: BackupError) -> Self {
        Self::Failed(error)
    }
}

/// Writes what comes; only what has an end becomes a backup.
fn write(
    target: Target,
    protection: Protection,
    mut members: mpsc::Receiver<Member>,
) -> Result<u64, Interrupted> {
    let failed = BackupError::Unwritten;
    let output = Output::new(protection, target).map_err(failed)?;
    let mut writer = Writer::new(output).map_err(failed)?;
    let mut whole = false;
    while let Some(member) = members.blocking_recv() {
        whole = Name::parse(&member.name) == Some(Name::End);
        writer.append(&member).map_err(failed)?;
    }
    if !whole {
        return Err(Interrupted::NotWhole);
    }
    let output = writer.finish().map_err(failed)?;
    Ok(output.finish().map_err(failed)?.finish()?)
}

impl End {
    /// What was in it, for whoever ran the command.
    pub(super) fn summary(&self, bytes: u64) -> Summary {
        let rows: &BTreeMap<String, u64> = &self.rows;
        Summary {
            rows: rows.values().sum(),
            events: ["events", "archived_events"]
                .iter()
                .filter_map(|table| rows.get(*table))
                .sum(),
            files: self.files,
            bytes,
        }
    }
}
