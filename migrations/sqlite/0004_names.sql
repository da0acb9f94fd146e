-- People mix up names that differ by case only. Where there are some already, the younger gets a part of its id.
UPDATE groups SET name = name || '-' || substr(lower(hex(id)), 25)
    WHERE EXISTS (SELECT 1 FROM groups o WHERE lower(o.name) = lower(groups.name) AND o.id < groups.id);
CREATE UNIQUE INDEX groups_name ON groups (lower(name));
UPDATE users SET name = name || '-' || substr(lower(hex(id)), 25)
    WHERE EXISTS (SELECT 1 FROM users o WHERE lower(o.name) = lower(users.name) AND o.id < users.id);
CREATE UNIQUE INDEX users_name ON users (lower(name));
UPDATE sensors SET name = name || '-' || substr(lower(hex(id)), 25)
    WHERE EXISTS (SELECT 1 FROM sensors o WHERE lower(o.name) = lower(sensors.name) AND o.id < sensors.id);
CREATE UNIQUE INDEX sensors_name ON sensors (lower(name));
