-- +goose Up

-- Authorization requests that clients have pushed (RFC 9126), for browsers to come.
CREATE TABLE pushed_requests (
    id           BYTEA  PRIMARY KEY, -- SHA-256 of request_uri
    client       TEXT   NOT NULL,
    redirect_uri TEXT   NOT NULL,
    state        BYTEA  NOT NULL, -- the client's, byte for byte
    challenge    TEXT   NOT NULL,
    resource     TEXT   NOT NULL,
    locales      TEXT   NOT NULL,
    asked        BIGINT NOT NULL,
    expires      BIGINT NOT NULL,
    spent        BIGINT NOT NULL  -- when a code was given for it
);
CREATE INDEX pushed_requests_expires ON pushed_requests (expires);

ALTER TABLE interactions ADD COLUMN pushed BYTEA;
CREATE INDEX interactions_pushed ON interactions (pushed) WHERE pushed IS NOT NULL;
