//! Backups through the front door: the real program, both databases, whole, damaged and hostile archives.

#![cfg(feature = "kill-points")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a test may fail"
)]

#[path = "backup/archives.rs"]
mod archives;
#[path = "backup/contents.rs"]
mod contents;
#[path = "backup/hostile.rs"]
mod hostile;
#[path = "backup/program.rs"]
mod program;
#[path = "backup/refusals.rs"]
mod refusals;
mod support;
#[path = "backup/whole.rs"]
mod whole;

use hostile::{damaged_backups_change_nothing, hostile_backups_change_nothing};
use refusals::{
    a_killed_restore_leaves_the_old_state, a_running_server_is_left_alone,
    backups_are_encrypted_when_asked, what_is_there_is_not_overwritten,
};
use whole::{
    an_older_schema_is_brought_up_to_date, everything_comes_back, sensors_go_on_where_they_are,
};

on_both!(
    everything_comes_back,
    sensors_go_on_where_they_are,
    an_older_schema_is_brought_up_to_date,
    what_is_there_is_not_overwritten,
    a_running_server_is_left_alone,
    backups_are_encrypted_when_asked,
    a_killed_restore_leaves_the_old_state,
    damaged_backups_change_nothing,
    hostile_backups_change_nothing,
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_database_moves_into_the_other_and_back() {
    whole::there_and_back().await;
}
