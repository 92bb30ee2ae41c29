-- What all of the server's processes remember together, such as failed logins. Django's own shape of a cache table;
-- not logged, since it may be lost: after a crash it is empty.
CREATE UNLOGGED TABLE IF NOT EXISTS web_cache (
  cache_key varchar(255) PRIMARY KEY,
  value text NOT NULL,
  expires timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS web_cache_expires ON web_cache (expires);
GRANT SELECT, INSERT, UPDATE, DELETE ON web_cache TO lk_app;
