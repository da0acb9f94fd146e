//! An archive on its way to the server, part by part: where the connection breaks it goes on, and where the page is
//! closed, another visit does.

mod note;
mod panel;
mod part;

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use send_wrapper::SendWrapper;
use skep_model::{
    Refusal,
    event::ServiceName,
    ids::ArchiveId,
    service::{ArchiveForm, UploadView},
};
use web_sys::{File, XmlHttpRequest};

use crate::{failure::Failure, server};
use note::Note;
pub use panel::UploadPanel;

/// How long to wait before the first and between the last tries to go on.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(15)];

/// How far an archive is.
#[derive(Clone, Debug, PartialEq)]
enum Stage {
    /// So many bytes are there.
    Sending(u64),
    /// So many bytes are there; the server does not answer just now.
    Waiting(u64),
    /// So many bytes are there, from another visit: whoever is here has to choose the file again.
    Left(u64),
    /// Another file was chosen than the one that was begun.
    OtherFile(u64),
    /// All is there, and is looked at.
    Checking,
    /// It is an image of this service now.
    Taken(ServiceName),
    /// It was not taken; whether all of it is there, to be tried with other words.
    Refused(Failure, bool),
}

/// One archive at a time, as a context: it goes on when the page is left.
#[derive(Clone, Copy)]
pub struct Upload {
    shown: RwSignal<Option<(Note, Stage)>>,
    /// Rises with each archive, so that what is still under way for an earlier one ends.
    turn: StoredValue<u32>,
    /// The server has none: it would be given back on another thread than that which made it.
    request: StoredValue<Option<SendWrapper<XmlHttpRequest>>>,
}

impl Upload {
    /// Nothing is on its way.
    pub fn new() -> Self {
        Self {
            shown: RwSignal::new(None),
            turn: StoredValue::new(0),
            request: StoredValue::new(None),
        }
    }

    /// The service that has got its image.
    pub fn taken(self) -> Option<ServiceName> {
        self.shown.with(|shown| match shown {
            Some((_, Stage::Taken(name))) => Some(name.clone()),
            _ => None,
        })
    }

    /// The file's name, where all of it is there and it was refused.
    pub fn refused_file(self) -> Option<String> {
        self.shown.with(|shown| match shown {
            Some((note, Stage::Refused(_, true))) => Some(note.name.clone()),
            _ => None,
        })
    }

    /// Sends an archive as one that the server has begun.
    pub fn begin(self, begun: &UploadView, file: File, form: ArchiveForm) {
        self.dismiss();
        let turn = self.turn.get_value();
        let note = Note::of(begun.id, &file, form);
        note.keep();
        self.shown.set(Some((note.clone(), Stage::Sending(0))));
        spawn_local(async move { self.send(turn, &file, note, 0).await });
    }

    /// Looks whether something is left from another visit.
    pub fn recall(self) {
        let Some(note) = Note::recall().filter(|_| self.shown.with_untracked(Option::is_none))
        else {
            return;
        };
        spawn_local(async move {
            match server::uploaded(note.id).await {
                Ok(view) if self.shown.with_untracked(Option::is_none) => {
                    self.shown.set(Some((note, Stage::Left(view.received))));
                }
                Err(Failure::Refused(Refusal::NotFound)) => Note::forget(),
                _ => {}
            }
        });
    }

    /// Goes on with what another visit has begun.
    fn resume(self, file: File) {
        let Some((note, Stage::Left(received) | Stage::OtherFile(received))) =
            self.shown.get_untracked()
        else {
            return;
        };
        if !note.is_of(&file) {
            return self.show(Stage::OtherFile(received));
        }
        let turn = self.turn.get_value();
        spawn_local(async move { self.send(turn, &file, note, received).await });
    }

    /// Tries once more what was refused, with other words.
    pub fn finish_again(self, form: ArchiveForm) {
        let Some((note, Stage::Refused(_, true))) = self.shown.get_untracked() else {
            return;
        };
        let turn = self.turn.get_value();
        spawn_local(async move { self.finish(turn, note.id, form).await });
    }

    /// Sends what is missing.
    async fn send(self, turn: u32, file: &File, note: Note, received: u64) {
        let mut at = received;
        let mut pause = PAUSES[0];
        while at < note.length {
            self.show_at(turn, Stage::Sending(at));
            let sent = part::send(self, turn, file, &note, at).await;
            if self.turn.get_value() != turn {
                return;
            }
            match sent {
                Ok(view) => {
                    at = view.received;
                    pause = PAUSES[0];
                    continue;
                }
                Err(Failure::Unreachable | Failure::Refused(Refusal::Busy)) => {}
                Err(failure) => return self.show_at(turn, Stage::Refused(failure, false)),
            }
            self.show_at(turn, Stage::Waiting(at));
            part::wait(pause).await;
            pause = (pause * 2).min(PAUSES[1]);
            match server::uploaded(note.id).await {
                Ok(view) => at = view.received,
                Err(Failure::Unreachable) => {}
                Err(failure) => return self.show_at(turn, Stage::Refused(failure, false)),
            }
        }
        self.finish(turn, note.id, note.form).await;
    }

    async fn finish(self, turn: u32, id: ArchiveId, form: ArchiveForm) {
        self.show_at(turn, Stage::Checking);
        let stage = match server::finish_upload(id, form).await {
            Ok(service) => {
                Note::forget();
                Stage::Taken(service.name)
            }
            Err(failure) => Stage::Refused(failure, true),
        };
        self.show_at(turn, stage);
    }

    /// Shows how far it is, unless it is about another archive by now.
    fn show_at(self, turn: u32, stage: Stage) {
        if self.turn.get_value() == turn {
            self.show(stage);
        }
    }

    fn show(self, stage: Stage) {
        self.shown.update(|shown| {
            if let Some((_, now)) = shown {
                *now = stage;
            }
        });
    }

    /// Gives it up, or puts what came of it away.
    pub fn dismiss(self) {
        self.turn.update_value(|turn| *turn += 1);
        if let Some(request) = self.request.try_update_value(Option::take).flatten() {
            let _ = request.abort();
        }
        let Some((note, stage)) = self.shown.try_update(Option::take).flatten() else {
            return;
        };
        if !matches!(stage, Stage::Taken(_)) {
            Note::forget();
            // One that stays by mistake the server removes after a day.
            spawn_local(async move {
                let _ = server::remove_upload(note.id).await;
            });
        }
    }
}
