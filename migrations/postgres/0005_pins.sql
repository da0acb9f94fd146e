-- 1: it stays at its revision, whatever the service's is.
ALTER TABLE instances ADD COLUMN pinned BIGINT NOT NULL DEFAULT 0;
