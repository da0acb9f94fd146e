-- People mix up names that differ by case only.
CREATE UNIQUE INDEX groups_name ON groups (lower(name));
CREATE UNIQUE INDEX users_name ON users (lower(name));
CREATE UNIQUE INDEX sensors_name ON sensors (lower(name));
