//! The live stream: one connection to the server, handed on to whichever page listens.

use std::{cell::RefCell, collections::VecDeque, rc::Rc, time::Duration};

use leptos::{prelude::*, server::codee::Decoder};
use skep_model::console::LiveMessage;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{EventSource, MessageEvent};

use crate::answer::Json;

/// How long to wait before a stream that the browser gave up is opened anew.
const RETRY: Duration = Duration::from_secs(4);
/// The shortest time between two readings of what [`Gathering`] is for.
const GATHER: Duration = Duration::from_secs(2);
/// How many messages are kept for a page that begins to listen while its data was on the way.
const KEPT: usize = 100;

/// How it stands with the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiveState {
    /// Not open yet.
    Connecting,
    /// Open.
    Live,
    /// It was open, or should be, and is not.
    Lost,
}

/// The stream, as a context.
#[derive(Clone, Copy)]
pub struct Live {
    state: RwSignal<LiveState>,
}

type Listener = Rc<dyn Fn(&LiveMessage)>;

#[derive(Default)]
struct Inner {
    listeners: Vec<(u32, Listener)>,
    next: u32,
    recent: VecDeque<LiveMessage>,
    connection: Option<Connection>,
}

thread_local! {
    /// The browser's one stream. On the server, where pages are made by many threads, nothing ever touches it.
    static INNER: RefCell<Inner> = RefCell::default();
}

fn inner<T>(act: impl FnOnce(&mut Inner) -> T) -> T {
    INNER.with_borrow_mut(act)
}

/// The open stream with what the browser calls back into; dropping it closes it.
struct Connection {
    source: EventSource,
    _opened: Closure<dyn FnMut()>,
    _failed: Closure<dyn FnMut()>,
    _heard: Closure<dyn FnMut(MessageEvent)>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.source.set_onopen(None);
        self.source.set_onerror(None);
        self.source.set_onmessage(None);
        self.source.close();
    }
}

impl Live {
    /// A stream that is not open yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: RwSignal::new(LiveState::Connecting),
        }
    }

    /// How it stands.
    #[must_use]
    pub fn state(self) -> LiveState {
        self.state.get()
    }

    /// Opens the stream; in the browser only. It closes with the component that opened it.
    pub fn open(self) {
        on_cleanup(|| inner(|inner| *inner = Inner::default()));
        self.connect();
    }

    fn connect(self) {
        let Ok(source) = EventSource::new("/live") else {
            return;
        };
        let opened = Closure::<dyn FnMut()>::new(move || {
            let _ = self.state.try_set(LiveState::Live);
            // What happened between the page's making and now is in no message.
            tell(&LiveMessage::Resync);
        });
        let failed = Closure::<dyn FnMut()>::new(move || self.failed());
        let heard = Closure::<dyn FnMut(MessageEvent)>::new(|event: MessageEvent| {
            if let Some(message) = event
                .data()
                .as_string()
                .and_then(|text| Json::decode(&text).ok())
            {
                hear(message);
            }
        });
        source.set_onopen(Some(opened.as_ref().unchecked_ref()));
        source.set_onerror(Some(failed.as_ref().unchecked_ref()));
        source.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        let connection = Connection {
            source,
            _opened: opened,
            _failed: failed,
            _heard: heard,
        };
        inner(|inner| inner.connection = Some(connection));
    }

    /// The browser tries again by itself unless the server answered with an error.
    fn failed(self) {
        let _ = self.state.try_set(LiveState::Lost);
        let given_up = inner(|inner| {
            inner
                .connection
                .as_ref()
                .is_some_and(|open| open.source.ready_state() == EventSource::CLOSED)
        });
        if given_up {
            set_timeout(
                move || {
                    if !self.state.is_disposed() {
                        self.connect();
                    }
                },
                RETRY,
            );
        }
    }
}

/// Listens for as long as the calling component lives. The latest messages come again, so that nothing is
/// lost between the making of a page's data and now, or it is said that there were too many; a listener must bear to
/// hear things twice.
pub fn listen(listener: impl Fn(&LiveMessage) + 'static) {
    let listener: Listener = Rc::new(listener);
    let (id, recent) = inner(|inner| {
        inner.next += 1;
        inner.listeners.push((inner.next, Rc::clone(&listener)));
        (inner.next, inner.recent.iter().cloned().collect::<Vec<_>>())
    });
    on_cleanup(move || inner(|inner| inner.listeners.retain(|(other, _)| *other != id)));
    if recent.len() == KEPT {
        return listener(&LiveMessage::Resync);
    }
    for message in &recent {
        listener(message);
    }
}

/// Reads something anew when there is news of it, but not for each: what comes within [`GATHER`] of a reading waits for
/// the next.
#[derive(Clone, Copy)]
pub struct Gathering {
    read: StoredValue<Box<dyn Fn() + Send + Sync>>,
    waits: StoredValue<Option<News>>,
}

/// What happened since a reading.
#[derive(Clone, Copy, PartialEq, Eq)]
enum News {
    No,
    Yes,
}

impl Gathering {
    /// Reads so.
    #[must_use]
    pub fn new(read: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            read: StoredValue::new(Box::new(read)),
            waits: StoredValue::new(None),
        }
    }

    /// There is news.
    pub fn note(self) {
        match self.waits.try_get_value() {
            Some(None) => self.act(),
            Some(Some(_)) => self.waits.set_value(Some(News::Yes)),
            // The page is not there any more.
            None => {}
        }
    }

    fn act(self) {
        self.waits.set_value(Some(News::No));
        self.read.with_value(|read| read());
        let next = move || match self.waits.try_get_value().flatten() {
            Some(News::Yes) => self.act(),
            Some(News::No) => self.waits.set_value(None),
            None => {}
        };
        set_timeout(next, GATHER);
    }
}

fn hear(message: LiveMessage) {
    tell(&message);
    inner(|inner| {
        if inner.recent.len() == KEPT {
            inner.recent.pop_front();
        }
        inner.recent.push_back(message);
    });
}

fn tell(message: &LiveMessage) {
    // A listener may begin or cease to listen while it is told.
    let listeners: Vec<Listener> = inner(|inner| {
        inner
            .listeners
            .iter()
            .map(|(_, listener)| Rc::clone(listener))
            .collect()
    });
    for listener in listeners {
        listener(message);
    }
}

impl Default for Live {
    fn default() -> Self {
        Self::new()
    }
}
