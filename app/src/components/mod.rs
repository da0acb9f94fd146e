//! The parts that pages are made of.

mod bytes;
mod copy;
mod dialog;
mod empty;
mod failure;
mod fate;
mod field;
mod flow;
mod form;
mod icon;
mod marks;
mod page;
mod raw;
mod shell;
mod summary;
mod time;
mod toast;

pub use bytes::Payload;
pub use copy::CopyLine;
pub use dialog::Dialog;
pub use empty::Empty;
pub use failure::{FailureNote, Loading, failure_text};
pub use fate::FateChoice;
pub use field::{Field, complaint_about};
pub use flow::{Awaited, When};
pub use form::{Attempt, Checks, Choose, FormDialog, Problem, several, submitted_data, text};
pub use icon::Icon;
pub use marks::{ClassMark, PresenceMark, SeverityBadge, SeverityMark, StatusMark, class_name};
pub use page::{BarePage, Page};
pub use raw::{Raw, RawText};
pub use shell::Shell;
pub use summary::Summary;
pub use time::{Hydrated, Time, TimeForm, duration};
pub use toast::{ToastPlace, Toasts};
