-- Times are milliseconds since 1970 UTC; ids and addresses are 16 bytes (IPv4 mapped); whatever an attacker typed is BYTEA.

CREATE TABLE groups (
    id         BYTEA    NOT NULL PRIMARY KEY,
    name       TEXT    COLLATE "C" NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

CREATE TABLE users (
    id             BYTEA    NOT NULL PRIMARY KEY,
    name           TEXT    COLLATE "C" NOT NULL UNIQUE,
    email          TEXT    NOT NULL,
    role           BIGINT NOT NULL,
    password_hash  TEXT    NOT NULL,
    must_change    BIGINT NOT NULL DEFAULT 0,
    created_at     BIGINT NOT NULL
);

CREATE TABLE memberships (
    user_id  BYTEA NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    group_id BYTEA NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, group_id)
);

-- Only the SHA-256 of a session's secret is kept.
CREATE TABLE sessions (
    secret_hash  BYTEA    NOT NULL PRIMARY KEY,
    user_id      BYTEA    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    address      BYTEA,
    agent        BYTEA    NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE tokens (
    id           BYTEA    NOT NULL PRIMARY KEY,
    name         TEXT    COLLATE "C" NOT NULL UNIQUE,
    secret_hash  BYTEA    NOT NULL UNIQUE,
    role         BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,
    last_used_at BIGINT,
    revoked_at   BIGINT
);

-- A token without rows here reaches all groups if its role is admin, and none otherwise.
CREATE TABLE token_groups (
    token_id BYTEA NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    group_id BYTEA NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    PRIMARY KEY (token_id, group_id)
);

CREATE TABLE sensors (
    id               BYTEA    NOT NULL PRIMARY KEY,
    name             TEXT    COLLATE "C" NOT NULL UNIQUE,
    group_id         BYTEA    NOT NULL REFERENCES groups (id),
    public_key       BYTEA,
    created_at       BIGINT NOT NULL,
    enrolled_at      BIGINT,
    revoked_at       BIGINT,
    last_seen_at     BIGINT,
    presence_since   BIGINT,
    address          BYTEA,
    desired_revision BIGINT NOT NULL DEFAULT 1,
    active_revision  BIGINT,
    -- The last status report, JSON.
    status           BYTEA
);
CREATE INDEX sensors_group ON sensors (group_id);

-- Only the SHA-256 of an enrolment's secret is kept. One row per sensor: a new token ends the one before.
CREATE TABLE enrolments (
    sensor_id   BYTEA    NOT NULL PRIMARY KEY REFERENCES sensors (id) ON DELETE CASCADE,
    secret_hash BYTEA    NOT NULL UNIQUE,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    used_at     BIGINT
);

CREATE TABLE services (
    id               BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name             TEXT COLLATE "C" NOT NULL UNIQUE,
    -- 0: part of every sensor; 1: an image; 2: an image that was removed, whose events stay.
    kind             BIGINT NOT NULL DEFAULT 0,
    description      TEXT NOT NULL DEFAULT '',
    level            BIGINT NOT NULL DEFAULT 0,
    -- Of images: the revision that sensors run, and the last number that was given.
    default_revision BIGINT,
    last_revision    BIGINT NOT NULL DEFAULT 0
);

-- The images of services. A revision has an image for each processor architecture.
CREATE TABLE service_revisions (
    service_id   BIGINT NOT NULL REFERENCES services (id),
    number       BIGINT NOT NULL,
    architecture TEXT COLLATE "C" NOT NULL,
    -- The revision as its maker calls it.
    label        TEXT COLLATE "C" NOT NULL,
    -- JSON: what a sensor has to know to run it.
    manifest     TEXT NOT NULL,
    -- Where the registry has it.
    repository   TEXT NOT NULL,
    digest       TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (service_id, number, architecture),
    UNIQUE (service_id, label, architecture)
);

-- Removed instances stay: events that were caught by them may still be on their way.
CREATE TABLE instances (
    id         BYTEA    NOT NULL PRIMARY KEY,
    sensor_id  BYTEA    NOT NULL REFERENCES sensors (id) ON DELETE CASCADE,
    service_id BIGINT NOT NULL REFERENCES services (id),
    revision   BIGINT NOT NULL,
    address    TEXT    NOT NULL,
    -- JSON: [{"number":22,"transport":"tcp"}]
    ports      TEXT    NOT NULL,
    -- JSON, by the service's own schema.
    settings   TEXT    NOT NULL,
    created_at BIGINT NOT NULL,
    removed_at BIGINT
);
CREATE INDEX instances_sensor ON instances (sensor_id);

CREATE TABLE events (
    number         BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id             BYTEA    NOT NULL UNIQUE,
    sensor_id      BYTEA    NOT NULL,
    group_id       BYTEA    NOT NULL,
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
    status         BIGINT NOT NULL DEFAULT 0,
    comment        TEXT    NOT NULL DEFAULT '',
    assignee_id    BYTEA,
    count          BIGINT NOT NULL DEFAULT 1,
    -- The digest: counts over the interactions, from which the summary is worded.
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
    -- What is known of the source at the time.
    fingerprint    BYTEA,
    country        TEXT,
    region         TEXT,
    city           TEXT,
    postal_code    TEXT,
    latitude       DOUBLE PRECISION,
    longitude      DOUBLE PRECISION,
    asn            BIGINT,
    as_name        TEXT,
    reverse_name   BYTEA
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
    event_number BIGINT NOT NULL,
    tag          TEXT    NOT NULL,
    PRIMARY KEY (event_number, tag)
);

CREATE TABLE interactions (
    event_number BIGINT NOT NULL,
    idx          BIGINT NOT NULL,
    at           BIGINT NOT NULL,
    kind         TEXT    NOT NULL,
    -- The interaction as JSON, its bytes in base64.
    body         BYTEA    NOT NULL,
    PRIMARY KEY (event_number, idx)
);

CREATE TABLE packets (
    event_number BIGINT NOT NULL,
    idx          BIGINT NOT NULL,
    at           BIGINT NOT NULL,
    transport    BIGINT NOT NULL,
    port         BIGINT NOT NULL,
    flags        BIGINT,
    payload      BYTEA    NOT NULL,
    PRIMARY KEY (event_number, idx)
);

-- The visible text of what sources said, for substring search: one row per part of an event.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE TABLE event_texts (
    id           BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_number BIGINT NOT NULL,
    text         TEXT   NOT NULL
);
CREATE INDEX event_texts_event ON event_texts (event_number);
CREATE INDEX event_texts_text ON event_texts USING gin (text gin_trgm_ops);

-- The highest place of each spool that is stored: what comes again is known by it.
CREATE TABLE watermarks (
    sensor_id BYTEA    NOT NULL REFERENCES sensors (id) ON DELETE CASCADE,
    epoch     BYTEA    NOT NULL,
    seq       BIGINT NOT NULL,
    PRIMARY KEY (sensor_id, epoch)
);

CREATE TABLE quarantine (
    id          BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sensor_id   BYTEA    NOT NULL,
    epoch       BYTEA    NOT NULL,
    seq         BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    reason      TEXT    NOT NULL,
    raw         BYTEA    NOT NULL
);
CREATE INDEX quarantine_sensor ON quarantine (sensor_id, id);

-- Rollup A. span: 0 hour, 1 day; writer: the server process, so that several never wait for each other.
CREATE TABLE rollup_events (
    span           BIGINT NOT NULL,
    start          BIGINT NOT NULL,
    sensor_id      BYTEA    NOT NULL,
    service_id     BIGINT NOT NULL,
    classification BIGINT NOT NULL,
    writer         BIGINT NOT NULL,
    count          BIGINT NOT NULL,
    PRIMARY KEY (span, start, sensor_id, service_id, classification, writer)
);

-- Rollup B. field: see crates/store/src/rollup.rs.
CREATE TABLE rollup_values (
    span       BIGINT NOT NULL,
    start      BIGINT NOT NULL,
    field      BIGINT NOT NULL,
    value      BYTEA    NOT NULL,
    sensor_id  BYTEA    NOT NULL,
    service_id BIGINT NOT NULL,
    writer     BIGINT NOT NULL,
    count      BIGINT NOT NULL,
    PRIMARY KEY (span, field, start, value, sensor_id, service_id, writer)
);

CREATE TABLE settings (
    name  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE audit_log (
    id        BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        BIGINT NOT NULL,
    user_id   BYTEA,
    user_name TEXT    NOT NULL,
    address   BYTEA,
    action    TEXT    NOT NULL,
    kind      TEXT    NOT NULL,
    object    TEXT    NOT NULL,
    -- JSON of what changed.
    before    TEXT,
    after     TEXT
);
CREATE INDEX audit_log_time ON audit_log (at, id);
