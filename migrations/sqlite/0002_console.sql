-- What a user chose; empty: what the browser says.
ALTER TABLE users ADD COLUMN language TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN time_zone TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN theme TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN last_login_at INTEGER;

-- What a token reaches: one bit per area, see crates/model/src/token.rs.
ALTER TABLE tokens ADD COLUMN areas INTEGER NOT NULL DEFAULT 15;

-- A removed group or sensor stays, unseen, until its events are archived (fate 1) or removed (fate 0).
ALTER TABLE groups ADD COLUMN removed_at INTEGER;
ALTER TABLE groups ADD COLUMN fate INTEGER;
ALTER TABLE sensors ADD COLUMN removed_at INTEGER;
ALTER TABLE sensors ADD COLUMN fate INTEGER;

-- Events as they were, with the names of their time. Interactions, packets and texts stay where they are: an
-- event's number is never given again.
CREATE TABLE archived_events (
    number         INTEGER NOT NULL PRIMARY KEY,
    id             BLOB    NOT NULL UNIQUE,
    sensor_id      BLOB    NOT NULL,
    sensor_name    TEXT    NOT NULL,
    group_id       BLOB    NOT NULL,
    group_name     TEXT    NOT NULL,
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
    status         INTEGER NOT NULL,
    comment        TEXT    NOT NULL,
    assignee_id    BLOB,
    count          INTEGER NOT NULL,
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
    fingerprint    BLOB,
    country        TEXT,
    region         TEXT,
    city           TEXT,
    postal_code    TEXT,
    latitude       REAL,
    longitude      REAL,
    asn            INTEGER,
    as_name        TEXT,
    reverse_name   BLOB,
    archived_at    INTEGER NOT NULL
);
CREATE INDEX archived_events_time ON archived_events (started_at, number);
CREATE INDEX archived_events_group ON archived_events (group_id, started_at, number);
CREATE INDEX archived_events_source ON archived_events (source, started_at, number);

-- How sensors were, for charts: one row per sensor and report, thinned out with age.
CREATE TABLE sensor_history (
    sensor_id  BLOB    NOT NULL REFERENCES sensors (id) ON DELETE CASCADE,
    at         INTEGER NOT NULL,
    -- 1 online, 2 offline: as crates/model/src/sensor.rs numbers them.
    presence   INTEGER NOT NULL,
    memory     INTEGER,
    disk_used  INTEGER,
    disk_total INTEGER,
    queued     INTEGER,
    round_trip INTEGER,
    uptime     INTEGER,
    PRIMARY KEY (sensor_id, at)
) WITHOUT ROWID;

CREATE INDEX audit_log_user ON audit_log (user_name, id);
CREATE INDEX audit_log_kind ON audit_log (kind, id);
