-- Times are milliseconds since 1970 UTC; ids and addresses are 16 bytes (IPv4 mapped); whatever an attacker typed is a BLOB.

CREATE TABLE groups (
    id         BLOB    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
);

CREATE TABLE users (
    id             BLOB    NOT NULL PRIMARY KEY,
    name           TEXT    NOT NULL UNIQUE,
    email          TEXT    NOT NULL,
    role           INTEGER NOT NULL,
    password_hash  TEXT    NOT NULL,
    must_change    INTEGER NOT NULL DEFAULT 0,
    created_at     INTEGER NOT NULL
);

CREATE TABLE memberships (
    user_id  BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    group_id BLOB NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, group_id)
) WITHOUT ROWID;

-- Only the SHA-256 of a session's secret is kept.
CREATE TABLE sessions (
    secret_hash  BLOB    NOT NULL PRIMARY KEY,
    user_id      BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    address      BLOB,
    agent        BLOB    NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE tokens (
    id           BLOB    NOT NULL PRIMARY KEY,
    name         TEXT    NOT NULL UNIQUE,
    secret_hash  BLOB    NOT NULL UNIQUE,
    role         INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER,
    revoked_at   INTEGER
);

-- A token without rows here reaches all groups if its role is admin, and none otherwise.
CREATE TABLE token_groups (
    token_id BLOB NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    group_id BLOB NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    PRIMARY KEY (token_id, group_id)
) WITHOUT ROWID;

CREATE TABLE sensors (
    id               BLOB    NOT NULL PRIMARY KEY,
    name             TEXT    NOT NULL UNIQUE,
    group_id         BLOB    NOT NULL REFERENCES groups (id),
    public_key       BLOB,
    created_at       INTEGER NOT NULL,
    enrolled_at      INTEGER,
    revoked_at       INTEGER,
    last_seen_at     INTEGER,
    presence_since   INTEGER,
    address          BLOB,
    desired_revision INTEGER NOT NULL DEFAULT 1,
    active_revision  INTEGER,
    -- The last status report, JSON.
    status           BLOB
);
CREATE INDEX sensors_group ON sensors (group_id);

-- Only the SHA-256 of an enrolment's secret is kept. One row per sensor: a new token ends the one before.
CREATE TABLE enrolments (
    sensor_id   BLOB    NOT NULL PRIMARY KEY REFERENCES sensors (id) ON DELETE CASCADE,
    secret_hash BLOB    NOT NULL UNIQUE,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    used_at     INTEGER
);

CREATE TABLE services (
    id               INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name             TEXT NOT NULL UNIQUE,
    -- 0: part of every sensor; 1: an image; 2: an image that was removed, whose events stay.
    kind             INTEGER NOT NULL DEFAULT 0,
    description      TEXT NOT NULL DEFAULT '',
    level            INTEGER NOT NULL DEFAULT 0,
    -- Of images: the revision that sensors run, and the last number that was given.
    default_revision INTEGER,
    last_revision    INTEGER NOT NULL DEFAULT 0
);

-- The images of services. A revision has an image for each processor architecture.
CREATE TABLE service_revisions (
    service_id   INTEGER NOT NULL REFERENCES services (id),
    number       INTEGER NOT NULL,
    architecture TEXT NOT NULL,
    -- The revision as its maker calls it.
    label        TEXT NOT NULL,
    -- JSON: what a sensor has to know to run it.
    manifest     TEXT NOT NULL,
    -- Where the registry has it.
    repository   TEXT NOT NULL,
    digest       TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (service_id, number, architecture),
    UNIQUE (service_id, label, architecture)
);

-- Removed instances stay: events that were caught by them may still be on their way.
CREATE TABLE instances (
    id         BLOB    NOT NULL PRIMARY KEY,
    sensor_id  BLOB    NOT NULL REFERENCES sensors (id) ON DELETE CASCADE,
    service_id INTEGER NOT NULL REFERENCES services (id),
    revision   INTEGER NOT NULL,
    address    TEXT    NOT NULL,
    -- JSON: [{"number":22,"transport":"tcp"}]
    ports      TEXT    NOT NULL,
    -- JSON, by the service's own schema.
    settings   TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    removed_at INTEGER
);
CREATE INDEX instances_sensor ON instances (sensor_id);

CREATE TABLE events (
    number         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id             BLOB    NOT NULL UNIQUE,
    sensor_id      BLOB    NOT NULL,
    group_id       BLOB    NOT NULL,
    service_id     INTEGER NOT NULL,
    instance_id    BLOB    NOT NULL,
    revision       INTEGER NOT NULL,
    started_at     INTEGER NOT NULL,
    ended_at       INTEGER,
    last_at        INTEGER NOT NULL,
    received_at    INTEGER NOT NULL,
    source         BLOB    NOT NULL,
    source_port    INTEGER NOT NULL,
    target_port    INTEGER NOT NULL,
    transport      INTEGER NOT NULL,
    classification INTEGER NOT NULL,
    severity       INTEGER NOT NULL,
    status         INTEGER NOT NULL DEFAULT 0,
    comment        TEXT    NOT NULL DEFAULT '',
    assignee_id    BLOB,
    count          INTEGER NOT NULL DEFAULT 1,
    -- The digest: counts over the interactions, from which the summary is worded.
    next_index     INTEGER NOT NULL,
    interactions   INTEGER NOT NULL,
    logins         INTEGER NOT NULL,
    accepted       INTEGER NOT NULL,
    commands       INTEGER NOT NULL,
    requests       INTEGER NOT NULL,
    files          INTEGER NOT NULL,
    probes         INTEGER NOT NULL,
    bytes_in       INTEGER NOT NULL,
    subject        BLOB    NOT NULL,
    -- What is known of the source at the time.
    fingerprint    BLOB,
    country        TEXT,
    region         TEXT,
    city           TEXT,
    postal_code    TEXT,
    latitude       REAL,
    longitude      REAL,
    asn            INTEGER,
    as_name        TEXT,
    reverse_name   BLOB
);
-- Every filter of the list pages by the same key behind its own column.
CREATE INDEX events_time ON events (started_at, number);
CREATE INDEX events_group ON events (group_id, started_at, number);
CREATE INDEX events_sensor ON events (sensor_id, started_at, number);
CREATE INDEX events_service ON events (service_id, started_at, number);
CREATE INDEX events_source ON events (source, started_at, number);
CREATE INDEX events_classification ON events (classification, started_at, number);
CREATE INDEX events_severity ON events (severity, started_at, number);
CREATE INDEX events_status ON events (status, started_at, number);
CREATE INDEX events_open ON events (sensor_id) WHERE ended_at IS NULL;

CREATE TABLE event_tags (
    event_number INTEGER NOT NULL,
    tag          TEXT    NOT NULL,
    PRIMARY KEY (event_number, tag)
) WITHOUT ROWID;

CREATE TABLE interactions (
    event_number INTEGER NOT NULL,
    idx          INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    kind         TEXT    NOT NULL,
    -- The interaction as JSON, its bytes in base64.
    body         BLOB    NOT NULL,
    PRIMARY KEY (event_number, idx)
);

CREATE TABLE packets (
    event_number INTEGER NOT NULL,
    idx          INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    transport    INTEGER NOT NULL,
    port         INTEGER NOT NULL,
    flags        INTEGER,
    payload      BLOB    NOT NULL,
    PRIMARY KEY (event_number, idx)
);

-- The visible text of what sources said, for substring search: one row per part of an event.
CREATE TABLE event_texts (
    id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    event_number INTEGER NOT NULL
);
CREATE INDEX event_texts_event ON event_texts (event_number);
CREATE VIRTUAL TABLE event_search USING fts5 (text, content = '', contentless_delete = 1, tokenize = 'trigram');

-- The highest place of each spool that is stored: what comes again is known by it.
CREATE TABLE watermarks (
    sensor_id BLOB    NOT NULL REFERENCES sensors (id) ON DELETE CASCADE,
    epoch     BLOB    NOT NULL,
    seq       INTEGER NOT NULL,
    PRIMARY KEY (sensor_id, epoch)
) WITHOUT ROWID;

CREATE TABLE quarantine (
    id          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    sensor_id   BLOB    NOT NULL,
    epoch       BLOB    NOT NULL,
    seq         INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    reason      TEXT    NOT NULL,
    raw         BLOB    NOT NULL
);
CREATE INDEX quarantine_sensor ON quarantine (sensor_id, id);

-- Rollup A. span: 0 hour, 1 day; writer: the server process, so that several never wait for each other.
CREATE TABLE rollup_events (
    span           INTEGER NOT NULL,
    start          INTEGER NOT NULL,
    sensor_id      BLOB    NOT NULL,
    service_id     INTEGER NOT NULL,
    classification INTEGER NOT NULL,
    writer         INTEGER NOT NULL,
    count          INTEGER NOT NULL,
    PRIMARY KEY (span, start, sensor_id, service_id, classification, writer)
) WITHOUT ROWID;

-- Rollup B. field: see crates/store/src/rollup.rs.
CREATE TABLE rollup_values (
    span       INTEGER NOT NULL,
    start      INTEGER NOT NULL,
    field      INTEGER NOT NULL,
    value      BLOB    NOT NULL,
    sensor_id  BLOB    NOT NULL,
    service_id INTEGER NOT NULL,
    writer     INTEGER NOT NULL,
    count      INTEGER NOT NULL,
    PRIMARY KEY (span, field, start, value, sensor_id, service_id, writer)
) WITHOUT ROWID;

CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE audit_log (
    id        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at        INTEGER NOT NULL,
    user_id   BLOB,
    user_name TEXT    NOT NULL,
    address   BLOB,
    action    TEXT    NOT NULL,
    kind      TEXT    NOT NULL,
    object    TEXT    NOT NULL,
    -- JSON of what changed.
    before    TEXT,
    after     TEXT
);
CREATE INDEX audit_log_time ON audit_log (at, id);
