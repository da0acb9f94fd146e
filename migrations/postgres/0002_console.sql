-- What a user chose; empty: what the browser says.
ALTER TABLE users ADD COLUMN language TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN time_zone TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN theme TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN last_login_at BIGINT;

-- What a token reaches: one bit per area, see crates/model/src/token.rs.
ALTER TABLE tokens ADD COLUMN areas BIGINT NOT NULL DEFAULT 15;

-- A removed group or sensor stays, unseen, until its events are archived (fate 1) or removed (fate 0).
ALTER TABLE groups ADD COLUMN removed_at BIGINT;
ALTER TABLE groups ADD COLUMN fate BIGINT;
ALTER TABLE sensors ADD COLUMN removed_at BIGINT;
ALTER TABLE sensors ADD COLUMN fate BIGINT;

-- Events as they were, with the names of their time. Interactions, packets and texts stay where they are: an
-- event's number is never given again.
CREATE TABLE archived_events (
    number         BIGINT NOT NULL PRIMARY KEY,
    id             BYTEA    NOT NULL UNIQUE,
    sensor_id      BYTEA    NOT NULL,
    sensor_name    TEXT    NOT NULL,
    group_id       BYTEA    NOT NULL,
    group_name     TEXT    NOT NULL,
    service_id     BIGINT NOT NULL,
    instance_id    BYTEA    NOT NULL,
    revision       BIGINT NOT NULL,
    started_at     BIGINT NOT NULL,
    ended_at       BIGINT,
    last_at        BIGINT NOT NULL,
    received_at    BIGINT NOT NULL,
    source         BYTEA    NOT NULL,
    source_port    BIGINT NOT NULL,
    target_port    BIGINT NOT NULL,
    transport      BIGINT NOT NULL,
    classification BIGINT NOT NULL,
    severity       BIGINT NOT NULL,
    status         BIGINT NOT NULL,
    comment        TEXT    NOT NULL,
    assignee_id    BYTEA,
    count          BIGINT NOT NULL,
    next_index     BIGINT NOT NULL,
    interactions   BIGINT NOT NULL,
    logins         BIGINT NOT NULL,
    accepted       BIGINT NOT NULL,
    commands       BIGINT NOT NULL,
    requests       BIGINT NOT NULL,
    files          BIGINT NOT NULL,
    probes         BIGINT NOT NULL,
    bytes_in       BIGINT NOT NULL,
    subject        BYTEA    NOT NULL,
    fingerprint    BYTEA,
    country        TEXT,
    region         TEXT,
    city           TEXT,
    postal_code    TEXT,
    latitude       DOUBLE PRECISION,
    longitude      DOUBLE PRECISION,
    asn            BIGINT,
    as_name        TEXT,
    reverse_name   BYTEA,
    archived_at    BIGINT NOT NULL
);
CREATE INDEX archived_events_time ON archived_events (started_at, number);
CREATE INDEX archived_events_group ON archived_events (group_id, started_at, number);
CREATE INDEX archived_events_source ON archived_events (source, started_at, number);

-- How sensors were, for charts: one row per sensor and report, thinned out with age.
CREATE TABLE sensor_history (
    sensor_id  BYTEA    NOT NULL REFERENCES sensors (id) ON DELETE CASCADE,
    at         BIGINT NOT NULL,
    -- 1 online, 2 offline: as crates/model/src/sensor.rs numbers them.
    presence   BIGINT NOT NULL,
    memory     BIGINT,
    disk_used  BIGINT,
    disk_total BIGINT,
    queued     BIGINT,
    round_trip BIGINT,
    uptime     BIGINT,
    PRIMARY KEY (sensor_id, at)
);

CREATE INDEX audit_log_user ON audit_log (user_name, id);
CREATE INDEX audit_log_kind ON audit_log (kind, id);
