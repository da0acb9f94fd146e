//! Which connections belong to one event.
//!
//! A connection is an event of its own, unless its first request carries the cookie that an earlier connection of
//! the same source address was given: then it goes on in that one's event. So the event of a visitor who was given
//! a cookie stays open for a while after its last connection.

use std::{collections::HashMap, net::IpAddr, pin::pin, sync::Arc, time::Duration};

use skep_model::{InteractionKind, Transport};
use tokio::{
    sync::{Mutex, Notify},
    time::{Instant, sleep, timeout},
};

use crate::{
    contract::Peer,
    record::{Recorder, Reporter},
};

/// The most visitors who may come back.
const VISITS: usize = 4096;
/// How long one event may go on: a visitor who never rests is a new event every hour.
const AGE: Duration = Duration::from_hours(1);
/// How long it may stay unknown which event a connection is part of.
const UNKNOWN: Duration = Duration::from_secs(2);
/// The most steps that wait for their event to be known.
const WAITING: usize = 16;

/// The events of visitors who may come back.
pub(super) struct Visits {
    /// By the cookie's value.
    open: Mutex<HashMap<String, Arc<Visit>>>,
    linger: Duration,
    /// Tells the sweeper that there is something to sweep.
    wake: Notify,
}

/// One event. Every connection that is part of it holds it, and so does the table if its visitor may come back.
pub(super) struct Visit {
    source: IpAddr,
    cookie: String,
    opened: Instant,
    state: Mutex<State>,
}

struct State {
    recorder: Recorder,
    last: Instant,
    /// Who logged in by the form.
    user: Option<Vec<u8>>,
    /// The last log-in that came with a request's header fields: browsers repeat it with every request.
    login: Option<InteractionKind>,
}

impl Visit {
    async fn close(self: Arc<Self>, reason: &str) {
        if let Some(visit) = Arc::into_inner(self) {
            visit.state.into_inner().recorder.close(reason).await;
        }
    }
}

impl Visits {
    pub(super) fn new(linger: Duration) -> Self {
        Self {
            open: Mutex::default(),
            linger,
            wake: Notify::new(),
        }
    }

    /// Closes the events of visitors who do not come back.
    pub(super) async fn sweep(&self) {
        loop {
            sleep(self.linger.min(Duration::from_millis(500))).await;
            let mut gone = vec![];
            let mut open = self.open.lock().await;
            open.retain(|_, visit| {
                let quiet = Arc::strong_count(visit) == 1
                    && last(visit).is_some_and(|last| last.elapsed() >= self.linger);
                if quiet {
                    gone.push(Arc::clone(visit));
                }
                !quiet
            });
            let empty = open.is_empty();
            drop(open);
            let reason = format!("no request for {} s", self.linger.as_secs());
            for visit in gone {
                visit.close(&reason).await;
            }
            if empty {
                self.wake.notified().await;
            }
        }
    }

    /// Whether a visitor from there may come back.
    async fn expect(&self, source: IpAddr) -> bool {
        let open = self.open.lock().await;
        open.values().any(|visit| visit.source == source)
    }

    /// The event of the visitor with one of these cookies.
    async fn find(
        &self,
        source: IpAddr,
        cookies: impl Iterator<Item = &[u8]>,
    ) -> Option<Arc<Visit>> {
        let mut open = self.open.lock().await;
        let cookie = cookies
            .filter_map(|cookie| str::from_utf8(cookie).ok())
            .find(|cookie| {
                open.get(*cookie)
                    .is_some_and(|visit| visit.source == source)
            })?;
        let visit = Arc::clone(open.get(cookie)?);
        if visit.opened.elapsed() < AGE && !visit.state.lock().await.recorder.is_full() {
            return Some(visit);
        }
        open.remove(cookie);
        drop(open);
        visit.close("open for too long").await;
        None
    }

    /// Keeps an event open for its visitor to come back.
    async fn keep(&self, visit: &Arc<Visit>) {
        let mut gone = vec![];
        let mut open = self.open.lock().await;
        if open.len() >= VISITS && !open.contains_key(&visit.cookie) {
            let mut oldest: Vec<_> = open
                .values()
                .filter_map(|visit| Some((last(visit)?, visit.cookie.clone())))
                .collect();
            oldest.sort_unstable();
            oldest.truncate(VISITS / 10);
            gone.extend(oldest.iter().filter_map(|(_, cookie)| open.remove(cookie)));
        }
        open.entry(visit.cookie.clone())
            .or_insert_with(|| Arc::clone(visit));
        drop(open);
        self.wake.notify_one();
        for visit in gone {
            visit.close("too many visitors at a time").await;
        }
    }
}

/// When something last happened; unknown while it is happening.
fn last(visit: &Visit) -> Option<Instant> {
    visit.state.try_lock().ok().map(|state| state.last)
}

/// One connection's side of its event.
pub(super) struct Visitor<'a> {
    visits: &'a Visits,
    peer: Peer,
    reporter: &'a Reporter,
    /// What happened before it was known which event it is part of.
    waiting: Vec<InteractionKind>,
    visit: Option<Arc<Visit>>,
}

impl<'a> Visitor<'a> {
    /// A connection came. If nobody from there may come back, its event opens at once.
    pub(super) async fn arrive(visits: &'a Visits, peer: Peer, reporter: &'a Reporter) -> Self {
        let mut visitor = Self {
            visits,
            peer,
            reporter,
            waiting: vec![InteractionKind::Connect],
            visit: None,
        };
        if !visits.expect(visitor.source()).await {
            visitor.settle().await;
        }
        visitor
    }

    fn source(&self) -> IpAddr {
        self.peer.source.ip().to_canonical()
    }

    /// Waits for what may tell which event this is part of. If that takes long, it is one of its own.
    pub(super) async fn wait<T>(&mut self, first: impl Future<Output = T>) -> T {
        let mut first = pin!(first);
        if self.visit.is_none() {
            if let Ok(done) = timeout(UNKNOWN, first.as_mut()).await {
                return done;
            }
            self.settle().await;
        }
        first.await
    }

    /// Goes on in the event that one of these cookies is of, or opens one.
    pub(super) async fn recognise(&mut self, cookies: impl Iterator<Item = &[u8]>) {
        if self.visit.is_none() {
            let found = self.visits.find(self.source(), cookies).await;
            self.join(found).await;
        }
    }

    /// Opens an event, if it is not known yet which one this is part of.
    pub(super) async fn settle(&mut self) -> Arc<Visit> {
        match &self.visit {
            Some(visit) => Arc::clone(visit),
            None => self.join(None).await,
        }
    }

    async fn join(&mut self, found: Option<Arc<Visit>>) -> Arc<Visit> {
        let visit = match found {
            Some(visit) => visit,
            None => Arc::new(Visit {
                source: self.source(),
                cookie: cookie(),
                opened: Instant::now(),
                state: Mutex::new(State {
                    recorder: self.reporter.open(self.peer, Transport::Tcp).await,
                    last: Instant::now(),
                    user: None,
                    login: None,
                }),
            }),
        };
        let mut state = visit.state.lock().await;
        for kind in self.waiting.drain(..) {
            state.recorder.record(kind).await;
        }
        drop(state);
        self.visit = Some(Arc::clone(&visit));
        visit
    }

    /// Records a step, or keeps it until its event is known.
    pub(super) async fn record(&mut self, kind: InteractionKind) {
        if self.visit.is_none() && self.waiting.len() < WAITING {
            self.waiting.push(kind);
        } else {
            self.record_part(kind, 0).await;
        }
    }

    /// Records a step whose value was so long.
    pub(super) async fn record_part(&mut self, kind: InteractionKind, length: usize) {
        let visit = self.settle().await;
        let mut state = visit.state.lock().await;
        state.recorder.record_part(kind, length).await;
    }

    /// Records a log-in that came with a request's header fields, once as long as it stays the same.
    pub(super) async fn record_login(&mut self, login: InteractionKind) {
        let visit = self.settle().await;
        let mut state = visit.state.lock().await;
        if state.login.as_ref() != Some(&login) {
            state.recorder.record(login.clone()).await;
            state.login = Some(login);
        }
    }

    /// Who logged in by the form.
    pub(super) async fn user(&mut self) -> Option<Vec<u8>> {
        self.settle().await.state.lock().await.user.clone()
    }

    /// Notes who logged in by the form, or that they logged out.
    pub(super) async fn set_user(&mut self, user: Option<Vec<u8>>) {
        self.settle().await.state.lock().await.user = user;
    }

    /// The cookie with which the visitor is recognised from now on.
    pub(super) async fn cookie(&mut self) -> String {
        let visit = self.settle().await;
        self.visits.keep(&visit).await;
        visit.cookie.clone()
    }

    /// The connection ended. If its visitor cannot come back, the event ends, too.
    pub(super) async fn leave(mut self, reason: &str) {
        self.settle().await.state.lock().await.last = Instant::now();
        if let Some(visit) = self.visit.take() {
            visit.close(reason).await;
        }
    }
}

/// A new cookie's value. It is no secret: whoever guesses it joins an event of their own address.
fn cookie() -> String {
    const LETTERS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    std::iter::repeat_with(|| char::from(LETTERS[fastrand::usize(..LETTERS.len())]))
        .take(26)
        .collect()
}
