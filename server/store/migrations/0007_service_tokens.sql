-- +goose Up

-- Access tokens of clients that act for no customer: opaque ones; and JWTs that were revoked before they expired.
CREATE TABLE service_tokens (
    hash     BYTEA   PRIMARY KEY,
    client   TEXT   NOT NULL,
    resource TEXT   NOT NULL,
    issued   BIGINT NOT NULL,
    expires  BIGINT NOT NULL,
    revoked  BIGINT NOT NULL
);
CREATE INDEX service_tokens_expires ON service_tokens (expires);
