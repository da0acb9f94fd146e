#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    collections::VecDeque,
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
};

use proptest::prelude::*;
use skep_model::ids::Epoch;

use super::{Reader, Spool, Status, Writer, open};

const MEGABYTE: u64 = 1024 * 1024;

fn append(writer: &mut Writer, contents: impl IntoIterator<Item = Vec<u8>>) {
    let mut waiting: VecDeque<Vec<u8>> = contents.into_iter().collect();
    writer.append(&mut waiting).unwrap();
    assert!(waiting.is_empty());
}

/// Reads everything there is, in small chunks.
fn drain(reader: &mut Reader) -> Vec<(Epoch, u64, Vec<u8>)> {
    let mut all = Vec::new();
    while let Some(chunk) = reader.read(3, 1000).unwrap() {
        assert!(!chunk.records.is_empty() && chunk.records.len() <= 3);
        all.extend(
            chunk
                .records
                .into_iter()
                .map(|(seq, content)| (chunk.epoch, seq, content)),
        );
    }
    all
}

fn contents(records: &[(Epoch, u64, Vec<u8>)]) -> Vec<&[u8]> {
    records
        .iter()
        .map(|(_, _, content)| content.as_slice())
        .collect()
}

fn segments(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "seg"))
        .collect();
    files.sort();
    files
}

#[test]
fn places_are_gapless_over_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let mut epochs = Vec::new();
    for round in 0..3u8 {
        let (spool, mut writer, mut reader) = open(folder.path(), MEGABYTE).unwrap();
        append(&mut writer, (0..5).map(|n| vec![round, n]));
        let read = drain(&mut reader);
        // What was acknowledged in an earlier round is not read again.
        let seqs: Vec<u64> = read.iter().map(|(_, seq, _)| *seq).collect();
        let first = u64::from(round) * 5 + 1;
        assert_eq!(seqs, (first..first + 5).collect::<Vec<_>>());
        epochs.push(read[0].0);
        spool.acknowledge(read[0].0, first + 4);
        assert_eq!(spool.status(), Status::default());
    }
    assert!(epochs.iter().all(|epoch| *epoch == epochs[0]));
}

#[test]
fn acknowledged_segments_go_and_the_rest_stays_small() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, mut writer, mut reader) = open(folder.path(), MEGABYTE).unwrap();
    for round in 0..100u64 {
        append(&mut writer, (0..10).map(|_| vec![0; 5000]));
        let read = drain(&mut reader);
        assert_eq!(read.len(), 10);
        spool.acknowledge(read[9].0, (round + 1) * 10);
        assert!(segments(folder.path()).len() <= 2);
    }
    assert_eq!(spool.status().dropped, 0);
}

#[test]
fn a_full_spool_drops_its_oldest_records_and_counts_them() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, mut writer, _) = open(folder.path(), MEGABYTE).unwrap();
    for n in 0..300u32 {
        append(&mut writer, [vec![n as u8; 10_000]]);
    }
    let status = spool.status();
    assert!(status.dropped > 150 && status.queued + status.dropped == 300);
    let size: u64 = segments(folder.path())
        .iter()
        .map(|path| path.metadata().unwrap().len())
        .sum();
    assert!(size <= MEGABYTE && size > MEGABYTE * 3 / 4, "{size}");
    drop((spool, writer));
    let (spool, _, mut reader) = open(folder.path(), MEGABYTE).unwrap();
    assert_eq!(spool.status(), status);
    let read = drain(&mut reader);
    let seqs: Vec<u64> = read.iter().map(|(_, seq, _)| *seq).collect();
    assert_eq!(seqs, (status.dropped + 1..=300).collect::<Vec<_>>());
}

#[test]
fn a_reader_that_is_overtaken_by_the_drop_goes_on_with_what_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let (_, mut writer, mut reader) = open(folder.path(), MEGABYTE).unwrap();
    append(&mut writer, [vec![1; 10]]);
    assert_eq!(reader.read(1, 1).unwrap().unwrap().records[0].0, 1);
    for _ in 0..300 {
        append(&mut writer, [vec![2; 10_000]]);
    }
    let read = drain(&mut reader);
    assert_eq!(read.last().unwrap().1, 301);
    assert!(read.windows(2).all(|pair| pair[0].1 + 1 == pair[1].1));
}

#[test]
fn without_the_watermark_everything_is_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, mut writer, mut reader) = open(folder.path(), MEGABYTE).unwrap();
    append(&mut writer, (0..4).map(|n| vec![n]));
    let before = drain(&mut reader);
    spool.acknowledge(before[0].0, 3);
    fs::write(folder.path().join("watermark.json"), "{").unwrap();
    let (_, _, mut reader) = open(folder.path(), MEGABYTE).unwrap();
    assert_eq!(drain(&mut reader), before);
}

#[test]
fn a_lost_spool_begins_a_new_epoch() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, mut writer, mut reader) = open(folder.path(), MEGABYTE).unwrap();
    append(&mut writer, [vec![1], vec![2]]);
    let before = drain(&mut reader);
    spool.acknowledge(before[0].0, 2);
    for file in segments(folder.path()) {
        fs::remove_file(file).unwrap();
    }
    let (spool, mut writer, mut reader) = open(folder.path(), MEGABYTE).unwrap();
    append(&mut writer, [vec![3]]);
    let after = drain(&mut reader);
    assert_eq!((after[0].1, &after[0].2), (1, &vec![3]));
    assert_ne!(after[0].0, before[0].0);
    assert_eq!(spool.status().queued, 1);
}

#[test]
fn a_spool_that_lost_acknowledged_records_begins_a_new_epoch() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, mut writer, mut reader) = open(folder.path(), MEGABYTE).unwrap();
    append(&mut writer, [vec![1]]);
    let copy = fs::read(&segments(folder.path())[0]).unwrap();
    append(&mut writer, [vec![2]]);
    let before = drain(&mut reader);
    spool.acknowledge(before[0].0, 2);
    fs::write(&segments(folder.path())[0], copy).unwrap();
    let (_, mut writer, mut reader) = open(folder.path(), MEGABYTE).unwrap();
    append(&mut writer, [vec![3]]);
    let after = drain(&mut reader);
    assert_eq!(contents(&after), [&[3]]);
    assert_ne!(after[0].0, before[0].0);
}

#[test]
fn a_server_that_has_more_than_the_spool_makes_it_begin_a_new_epoch() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, mut writer, mut reader) = open(folder.path(), MEGABYTE).unwrap();
    append(&mut writer, [vec![1]]);
    let before = drain(&mut reader);
    spool.acknowledge(before[0].0, 70);
    append(&mut writer, [vec![2]]);
    append(&mut writer, [vec![3]]);
    let after = drain(&mut reader);
    assert_eq!(contents(&after), [&[2], &[3]]);
    assert!(after[0].0 != before[0].0 && after[0].1 == 1 && after[1].1 == 2);
    // Late word about the old epoch does no harm to the new one.
    spool.acknowledge(before[0].0, 71);
    assert_eq!(spool.status().queued, 2);
    spool.acknowledge(after[0].0, 2);
    assert_eq!(spool.status().queued, 0);
}

#[test]
fn damage_in_the_middle_costs_only_what_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let (_, mut writer, _) = open(folder.path(), MEGABYTE).unwrap();
    for n in 0..40u8 {
        append(&mut writer, [vec![n; 10_000]]);
    }
    let files = segments(folder.path());
    assert!(files.len() >= 3);
    let mut bytes = fs::read(&files[1]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&files[1], bytes).unwrap();
    let (spool, _, mut reader) = open(folder.path(), MEGABYTE).unwrap();
    let read = drain(&mut reader);
    assert!(read.len() >= 28 && read.len() < 40);
    assert!(
        read.iter()
            .all(|(_, seq, content)| u64::from(content[0]) + 1 == *seq)
    );
    assert_eq!(read.last().unwrap().1, 40);
    assert_eq!(spool.status().dropped, 40 - read.len() as u64);
}

#[test]
fn a_write_that_fails_is_made_up_for_later() {
    let folder = tempfile::tempdir().unwrap();
    let spool_folder = folder.path().join("spool");
    let (_, mut writer, mut reader) = open(&spool_folder, MEGABYTE).unwrap();
    append(&mut writer, [vec![1; 100_000]]);
    // The next record needs a new segment, which has no place to be made in.
    let hidden = folder.path().join("hidden");
    fs::rename(&spool_folder, &hidden).unwrap();
    let mut waiting = VecDeque::from([vec![2; 10], vec![3; 100_000]]);
    writer.append(&mut waiting).unwrap_err();
    assert_eq!(waiting.len(), 1);
    fs::rename(&hidden, &spool_folder).unwrap();
    writer.append(&mut waiting).unwrap();
    let read = drain(&mut reader);
    assert_eq!(read.iter().map(|r| r.2[0]).collect::<Vec<_>>(), [1, 2, 3]);
}

/// What a test does to a spool.
#[derive(Clone, Debug)]
enum Step {
    /// Writes records of these lengths together.
    Append(Vec<usize>),
    /// Reads, and acknowledges this share of what was read.
    Deliver(prop::sample::Index),
    /// Crashes with this much torn behind what was fsynced, and starts again.
    Crash(Vec<u8>),
    /// Crashes while a record is written that gets this far, and starts again.
    Tear(usize, prop::sample::Index),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        prop::collection::vec(0usize..30_000, 1..6).prop_map(Step::Append),
        any::<prop::sample::Index>().prop_map(Step::Deliver),
        prop::collection::vec(any::<u8>(), 0..100).prop_map(Step::Crash),
        (0usize..3000, any::<prop::sample::Index>()).prop_map(|(n, at)| Step::Tear(n, at)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever happens, records come out in the order in which they went in, none that was fsynced is missing, and
    /// none that was acknowledged comes again.
    #[test]
    fn nothing_that_was_fsynced_is_lost(steps in prop::collection::vec(step(), 1..40)) {
        let folder = tempfile::tempdir().unwrap();
        let (mut spool, mut writer, mut reader): (Spool, Writer, Reader) = open(folder.path(), 8 * MEGABYTE).unwrap();
        let (mut written, mut acknowledged, mut read_up_to) = (0u64, 0u64, 0u64);
        let content = |seq: u64, length: usize| [&seq.to_le_bytes()[..], &vec![7; length]].concat();
        for step in steps {
            match step {
                Step::Append(lengths) => {
                    append(&mut writer, (written + 1..).zip(&lengths).map(|(seq, length)| content(seq, *length)));
                    written += lengths.len() as u64;
                }
                Step::Deliver(share) => {
                    let read = drain(&mut reader);
                    for (_, seq, content) in &read {
                        read_up_to += 1;
                        prop_assert_eq!(*seq, read_up_to);
                        prop_assert_eq!(&content[..8], &seq.to_le_bytes()[..]);
                    }
                    prop_assert_eq!(read_up_to, written);
                    if let Some((epoch, _, _)) = read.last() {
                        acknowledged += share.index((written - acknowledged) as usize + 1) as u64;
                        if acknowledged > 0 {
                            spool.acknowledge(*epoch, acknowledged);
                        }
                    }
                }
                Step::Crash(torn) => {
                    tear(folder.path(), &torn);
                    (spool, writer, reader) = open(folder.path(), 8 * MEGABYTE).unwrap();
                    read_up_to = acknowledged;
                }
                Step::Tear(length, at) => {
                    let mut record = Vec::new();
                    super::segment::encode(&mut record, written + 1, &content(written + 1, length));
                    tear(folder.path(), &record[..at.index(record.len())]);
                    (spool, writer, reader) = open(folder.path(), 8 * MEGABYTE).unwrap();
                    read_up_to = acknowledged;
                }
            }
            prop_assert_eq!(spool.status(), Status { queued: written - acknowledged, dropped: 0 });
        }
    }

    /// A file cut or changed anywhere never yields a wrong record, and never stops the spool from working.
    #[test]
    fn any_damage_leaves_a_spool_that_works(at: prop::sample::Index, flip in 1u8.., cut: bool, last: bool) {
        let folder = tempfile::tempdir().unwrap();
        let (_, mut writer, _) = open(folder.path(), MEGABYTE).unwrap();
        for n in 0..30u8 {
            append(&mut writer, [vec![n; 9000]]);
        }
        let files = segments(folder.path());
        let file = if last { files.last().unwrap() } else { &files[0] };
        let mut bytes = fs::read(file).unwrap();
        let at = at.index(bytes.len());
        if cut {
            bytes.truncate(at);
        } else {
            bytes[at] ^= flip;
        }
        fs::write(file, bytes).unwrap();

        let (_, mut writer, mut reader) = open(folder.path(), MEGABYTE).unwrap();
        append(&mut writer, [vec![99; 10]]);
        let read = drain(&mut reader);
        prop_assert_eq!(&read.last().unwrap().2, &vec![99; 10]);
        let numbers: Vec<u8> = read.iter().map(|(_, _, content)| content[0]).collect();
        prop_assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]));
    }
}

fn tear(folder: &Path, torn: &[u8]) {
    use std::io::Write;
    let newest = segments(folder).pop().unwrap();
    let mut file = OpenOptions::new().append(true).open(newest).unwrap();
    file.write_all(torn).unwrap();
}
