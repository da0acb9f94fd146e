-- 1: it stays at its revision, whatever the service's is.
ALTER TABLE instances ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
