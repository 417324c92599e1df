-- +goose Up

-- With which assertions clients have proven themselves (RFC 7523), so that none is good twice.
CREATE TABLE client_assertions (
    id      BYTEA  PRIMARY KEY, -- HMAC of client and jti
    expires BIGINT NOT NULL     -- from then on it is refused anyway
);
CREATE INDEX client_assertions_expires ON client_assertions (expires);
