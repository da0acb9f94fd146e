//! Rounds of attacks and kills, and the comparison at the end.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    io::{Read, Write},
    net::TcpStream,
    ops::RangeInclusive,
    time::{Duration, Instant},
};

use skep_model::{Interaction, ids::EventId};
use skep_protocol::part::Part;
use sqlx::{AnyConnection, Connection, Row};

use crate::{
    programs::{Kill, Programs},
    support::{Engine, postgres_database},
};

/// The places, and which program kills itself there.
const PLACES: [(&str, bool); 5] = [
    ("after-receive", false),
    ("after-fsync", false),
    ("after-send", false),
    ("before-commit", true),
    ("after-commit", true),
];

/// What came of the rounds.
#[derive(Debug, Default)]
pub struct Outcome {
    pub kills: BTreeMap<&'static str, u64>,
    pub parts: usize,
    pub events: usize,
    pub problems: Vec<String>,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} parts of {} events, killed {:?}, {} problems",
            self.parts,
            self.events,
            self.kills,
            self.problems.len()
        )
    }
}

/// Small, seeded, good enough to choose places.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// Runs rounds against one pair of programs, which live on from round to round as far as they do.
pub fn run_rounds(
    engine: Engine,
    seeds: RangeInclusive<u64>,
    fault: Option<&'static str>,
) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let database = match engine {
        Engine::Sqlite => None,
        Engine::Postgres => Some(runtime.block_on(postgres_database())),
    };
    let url = database
        .clone()
        .unwrap_or_else(|| format!("sqlite://{}", folder.path().join("skep.db").display()));
    let mut programs = Programs::new(folder.path(), database, fault);
    let mut outcome = Outcome {
        kills: PLACES.iter().map(|(place, _)| (*place, 0)).collect(),
        ..Outcome::default()
    };
    programs.start_server(None);
    let token = programs.token();
    programs.start_sensor(&token, None);
    for seed in seeds {
        round(&mut programs, &token, seed, fault.is_some(), &mut outcome);
    }
    settle(&mut programs, &token);
    runtime.block_on(compare(&url, &programs, &mut outcome));
    if !outcome.problems.is_empty() {
        outcome
            .problems
            .push(format!("server: {}", programs.last_words("server.log")));
        outcome
            .problems
            .push(format!("sensor: {}", programs.last_words("sensor.log")));
    }
    outcome
}

/// One round: each place in turn, so that every one is visited; what is seeded is when it happens and how much is
/// going on.
fn round(programs: &mut Programs, token: &str, seed: u64, faulty: bool, outcome: &mut Outcome) {
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    // A faulty server shows its fault when it is killed after it answered.
    let index = if faulty {
        3
    } else {
        (seed as usize) % PLACES.len()
    };
    let (place, server) = PLACES[index];
    let kill = Some(Kill {
        place,
        after: 1 + dice.below(3),
    });
    if server {
        programs.kill_server();
        programs.start_server(kill);
    } else {
        programs.kill_sensor();
        programs.start_sensor(token, kill);
    }
    let start = Instant::now();
    let mut attack = 0;
    loop {
        let alive = if server {
            programs.server_alive()
        } else {
            programs.sensor_alive()
        };
        if !alive || start.elapsed() > Duration::from_secs(15) {
            if !alive {
                *outcome.kills.get_mut(place).unwrap() += 1;
            }
            break;
        }
        attack += 1;
        session(
            programs.telnet,
            &format!("round{seed}x{attack}"),
            dice.below(4),
        );
    }
    if server {
        programs.start_server(None);
    } else {
        programs.start_sensor(token, None);
    }
    session(programs.telnet, &format!("round{seed}after"), 1);
}

/// One attacker: logs in wrongly, then rightly, and types a few commands. Whatever breaks, breaks.
fn session(port: u16, name: &str, commands: u64) {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else {
        std::thread::sleep(Duration::from_millis(50));
        return;
    };
    let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
    let mut answer = [0; 4096];
    let mut say = |line: &str| {
        let _ = stream.read(&mut answer);
        stream.write_all(line.as_bytes()).is_ok()
    };
    let mut go_on =
        say(&format!("{name}\r\n")) && say("wrong\r\n") && say("root\r\n") && say("root\r\n");
    for n in 0..commands {
        go_on = go_on && say(&format!("echo {name} {n}\r\n"));
    }
    let _ = go_on && say("exit\r\n");
}

/// Waits until the sensor has delivered everything.
fn settle(programs: &mut Programs, token: &str) {
    if !programs.sensor_alive() {
        programs.start_sensor(token, None);
    }
    let mut last = (0, Instant::now());
    let start = Instant::now();
    // The journal stops growing, and a last event comes through behind everything else.
    while start.elapsed() < Duration::from_secs(30) {
        let size = std::fs::metadata(programs.journal()).map_or(0, |file| file.len());
        if size != last.0 {
            last = (size, Instant::now());
        }
        if last.1.elapsed() > Duration::from_secs(4) {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// What the journal says of one event.
#[derive(Default)]
struct Written {
    closed: bool,
    /// What was on the sensor's disk.
    certain: BTreeMap<u32, Interaction>,
    /// Whether the event itself was.
    opened: bool,
    /// What may have been: the sensor was killed while it wrote.
    possible: BTreeMap<u32, Interaction>,
}

fn read_journal(text: &str, outcome: &mut Outcome) -> HashMap<EventId, Written> {
    let mut written: HashMap<EventId, Written> = HashMap::new();
    for line in text.lines() {
        let certain = line.starts_with('!');
        outcome.parts += usize::from(certain);
        let part = serde_json::from_str(&line[1..]).unwrap();
        let (event, first, interactions) = match part {
            Part::Open {
                event,
                interactions,
                ..
            } => {
                written.entry(event).or_default().opened |= certain;
                (event, 0, interactions)
            }
            Part::Extend {
                event,
                first,
                interactions,
            } => (event, first, interactions),
            Part::Close { event, .. } => {
                written.entry(event).or_default().closed |= certain;
                continue;
            }
            Part::Restart { .. } => continue,
        };
        let entry = written.entry(event).or_default();
        let kept = if certain {
            &mut entry.certain
        } else {
            &mut entry.possible
        };
        kept.extend((first..).zip(interactions));
    }
    outcome.events = written.values().filter(|event| event.opened).count();
    written
}

async fn compare(url: &str, programs: &Programs, outcome: &mut Outcome) {
    let written = read_journal(
        &std::fs::read_to_string(programs.journal()).unwrap(),
        outcome,
    );
    sqlx::any::install_default_drivers();
    // The last parts may still be on their way.
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let mut connection = AnyConnection::connect(url).await.unwrap();
        let problems = differences(&mut connection, &written).await;
        if problems.is_empty() || Instant::now() > deadline {
            outcome.problems = problems;
            return;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn differences(
    connection: &mut AnyConnection,
    written: &HashMap<EventId, Written>,
) -> Vec<String> {
    let mut problems = vec![];
    for (id, event) in written {
        let rows = sqlx::query(
            "SELECT i.idx, i.body, e.ended_at FROM events e LEFT JOIN interactions i ON i.event_number = e.number
             WHERE e.id = $1 ORDER BY i.idx",
        )
        .bind(id.as_bytes().to_vec())
        .fetch_all(&mut *connection)
        .await
        .unwrap();
        if rows.is_empty() {
            if event.opened {
                problems.push(format!("event {id} is not stored"));
            }
            continue;
        }
        if event.closed && rows[0].get::<Option<i64>, _>("ended_at").is_none() {
            problems.push(format!("the end of event {id} is not stored"));
        }
        let mut stored = BTreeMap::new();
        for row in rows {
            if let Some(body) = row.get::<Option<Vec<u8>>, _>("body") {
                let interaction: Interaction = serde_json::from_slice(&body).unwrap();
                stored.insert(row.get::<i64, _>("idx") as u32, interaction);
            }
        }
        for (index, interaction) in &event.certain {
            if stored.get(index) != Some(interaction) {
                problems.push(format!("interaction {index} of event {id} is not stored"));
            }
        }
        for (index, interaction) in &stored {
            if event.possible.get(index) != Some(interaction) {
                problems.push(format!(
                    "interaction {index} of event {id} was never written"
                ));
            }
        }
    }
    // Counted once, and by the same transaction: the rollups say what the tables hold.
    for (what, rollup, table) in [
        (
            "events",
            "SELECT CAST(COALESCE(SUM(count), 0) AS BIGINT) FROM rollup_events WHERE span = 0",
            "SELECT COUNT(*) FROM events",
        ),
        (
            "log-ins",
            "SELECT CAST(COALESCE(SUM(count), 0) AS BIGINT) FROM rollup_values WHERE span = 0 AND field = 3",
            "SELECT COUNT(*) FROM interactions WHERE kind = 'login'",
        ),
        (
            "commands",
            "SELECT CAST(COALESCE(SUM(count), 0) AS BIGINT) FROM rollup_values WHERE span = 0 AND field = 5",
            "SELECT COUNT(*) FROM interactions WHERE kind = 'command'",
        ),
    ] {
        let counted: i64 = sqlx::query_scalar(rollup)
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        let held: i64 = sqlx::query_scalar(table)
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        if counted != held {
            problems.push(format!(
                "{what}: the rollups count {counted}, the tables hold {held}"
            ));
        }
    }
    let quarantined: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM quarantine")
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    if quarantined > 0 {
        problems.push(format!("{quarantined} parts went to quarantine"));
    }
    problems
}
