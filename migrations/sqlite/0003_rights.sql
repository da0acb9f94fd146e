-- JSON: what an admin allowed the images of a service beyond what every container may.
ALTER TABLE services ADD COLUMN rights TEXT NOT NULL DEFAULT '{}';
