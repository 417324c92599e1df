-- +goose Up

-- What the whole database is: one row "kind", dev or live.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
