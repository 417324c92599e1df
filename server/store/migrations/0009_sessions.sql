-- +goose Up

-- A customer who was sent to his bank to say who he is. Only hashes.
CREATE TABLE sign_ins (
    state   BYTEA  PRIMARY KEY, -- SHA-256 of what the bank gives back
    browser BYTEA  NOT NULL, -- SHA-256 of the cookie
    visit   TEXT   NOT NULL, -- bank_authorizations.link_id; no link has it
    expires BIGINT NOT NULL
);
CREATE INDEX sign_ins_expires ON sign_ins (expires);

-- A customer who has said so, for a quarter of an hour.
CREATE TABLE sessions (
    hash     BYTEA  PRIMARY KEY,
    browser  BYTEA  NOT NULL,
    customer BYTEA  NOT NULL, -- links.customer
    bank     TEXT   NOT NULL,
    expires  BIGINT NOT NULL
);
CREATE INDEX sessions_expires ON sessions (expires);

-- What a consent to be ended belonged to: a link, and, once that is erased, its receipt.
ALTER TABLE endings ADD COLUMN origin TEXT NOT NULL DEFAULT '';
CREATE INDEX endings_origin ON endings (origin);
