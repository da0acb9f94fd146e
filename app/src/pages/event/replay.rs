//! Playing a terminal session again.

use std::time::Duration;

use leptos::{leptos_dom::helpers::IntervalHandle, prelude::*, task::spawn_local};
use skep_model::{
    ids::EventId,
    replay::{Replay, Run},
};

use crate::{
    components::{Icon, Problem, duration},
    failure::Failure,
    preferences::use_locale,
    server,
    translations::td_string,
    view::view,
};

/// How often the screen is looked at while it plays, in milliseconds.
const TICK: u32 = 50;
/// A pause of the session is no longer than this when it is played, in milliseconds.
const PAUSE: u32 = 2000;
/// How much faster than it was.
const SPEEDS: [u32; 4] = [1, 2, 4, 8];

/// What the player plays, and where it is.
#[derive(Clone, Copy)]
struct Player {
    replay: RwSignal<Option<Replay>>,
    at: RwSignal<u32>,
    playing: RwSignal<bool>,
    speed: RwSignal<u32>,
    failure: RwSignal<Option<Failure>>,
}

impl Player {
    /// Fetches the session, once, and plays it.
    fn begin(self, id: EventId) {
        spawn_local(async move {
            match server::replay(id).await {
                Ok(replay) if !self.replay.is_disposed() => {
                    self.failure.set(None);
                    self.at.set(0);
                    self.replay.set(Some(replay));
                    self.playing.set(true);
                }
                Ok(_) => {}
                Err(failure) => self.failure.set(Some(failure)),
            }
        });
    }

    fn length(self) -> u32 {
        self.replay
            .with(|replay| replay.as_ref().map_or(0, |replay| replay.length))
    }

    /// Goes on by a tick. A long pause is passed over.
    fn tick(self) {
        if !self.playing.get_untracked() {
            return;
        }
        let now = self.at.get_untracked();
        let step = TICK * self.speed.get_untracked();
        let (next, length) = self.replay.with_untracked(|replay| {
            let Some(replay) = replay else {
                return (None, 0);
            };
            let next = replay
                .frames
                .iter()
                .map(|frame| frame.at)
                .find(|at| *at > now);
            (next, replay.length)
        });
        match next {
            Some(next) if next - now > PAUSE => self.at.set(next - PAUSE + step),
            Some(_) => self.at.set((now + step).min(length)),
            None => {
                self.at.set(length);
                self.playing.set(false);
            }
        }
    }

    fn toggle(self) {
        if !self.playing.get_untracked() && self.at.get_untracked() >= self.length() {
            self.at.set(0);
        }
        self.playing.update(|playing| *playing = !*playing);
    }
}

/// The player, in front of what the honeypot answered.
#[component]
pub fn Player(
    /// Whose session.
    id: EventId,
) -> impl IntoView {
    let locale = use_locale();
    let player = Player {
        replay: RwSignal::new(None),
        at: RwSignal::new(0),
        playing: RwSignal::new(false),
        speed: RwSignal::new(1),
        failure: RwSignal::new(None),
    };
    let ticking = StoredValue::new(None::<IntervalHandle>);
    Effect::new(move |_| {
        let every = Duration::from_millis(TICK.into());
        ticking.set_value(set_interval_with_handle(move || player.tick(), every).ok());
    });
    on_cleanup(move || {
        if let Some(handle) = ticking.try_get_value().flatten() {
            handle.clear();
        }
    });
    let begin = move || {
        view! {
            <button type="button" class="btn" on:click=move |_| player.begin(id)>
                <Icon name="right" />
                {td_string!(locale, replay.play)}
            </button>
        }
    };
    view! {
        <Problem failure=player.failure />
        {move || {
            if player.replay.with(Option::is_some) {
                view! {
                    <Screen player />
                    <Controls player />
                }
            } else {
                view! { <div class="player">{begin()}</div> }
            }
        }}
    }
}

/// What the screen shows. It is text and nothing else, so that it can be copied safely.
#[component]
fn Screen(player: Player) -> impl IntoView {
    let locale = use_locale();
    let lines = Memo::new(move |_| {
        let at = player.at.get();
        player
            .replay
            .with(|replay| replay.as_ref().map(|replay| replay.screen(at)))
            .unwrap_or_default()
    });
    let drawn = move || {
        lines
            .get()
            .into_iter()
            .map(|runs| {
                let runs = runs.into_iter().map(run).collect_view();
                view! {
                    {runs}
                    "\n"
                }
            })
            .collect_view()
    };
    view! {
        <pre class="term screen" tabindex="0" role="group" aria-label=td_string!(locale, replay.screen)>
            {drawn}
        </pre>
    }
}

fn run(run: Run) -> AnyView {
    let mut class = String::new();
    if let Some(color) = run.color {
        class = format!("c{color}");
    }
    if run.bold {
        class.push_str(" bold");
    }
    if run.inverse {
        class.push_str(" inverse");
    }
    if class.is_empty() {
        run.text.into_any()
    } else {
        view! { <span class=class>{run.text}</span> }
    }
}

#[component]
fn Controls(player: Player) -> impl IntoView {
    let locale = use_locale();
    let length = player.length();
    // The slider's last step reaches the end.
    let step = (length / 200).max(1);
    let last = length.div_ceil(step) * step;
    let word = move || {
        if player.playing.get() {
            td_string!(locale, replay.pause)
        } else {
            td_string!(locale, replay.play)
        }
    };
    let speeds = SPEEDS
        .into_iter()
        .map(|speed| {
            view! {
                <button
                    type="button"
                    aria-pressed=move || (player.speed.get() == speed).to_string()
                    on:click=move |_| player.speed.set(speed)
                >
                    {format!("{speed}×")}
                </button>
            }
        })
        .collect_view();
    let now = move || {
        let at = i64::from(player.at.get());
        format!(
            "{} / {}",
            duration(locale, at),
            duration(locale, i64::from(length))
        )
    };
    let cut = player
        .replay
        .with_untracked(|replay| replay.as_ref().is_some_and(|replay| replay.cut));
    view! {
        <div class="player">
            <button type="button" class="btn s" on:click=move |_| player.toggle()>
                {word}
            </button>
            <input
                class="scrub"
                type="range"
                min="0"
                max=last.to_string()
                step=step.to_string()
                aria-label=td_string!(locale, replay.place)
                prop:value=move || player.at.get().to_string()
                on:input:target=move |input| {
                    player.playing.set(false);
                    if let Ok(at) = input.target().value().parse() {
                        player.at.set(length.min(at));
                    }
                }
            />
            <span class="faint num">{now}</span>
            <div class="seg small" role="group" aria-label=td_string!(locale, replay.speed)>
                {speeds}
            </div>
            {cut.then(|| view! { <p class="hint">{td_string!(locale, replay.cut)}</p> })}
        </div>
    }
}
