-- +goose Up

-- A consent that waits at its bank for the customer. The consent's ciphertext is bound to bank and id, not to a table, so that
-- it can move from here to connections, and from both to endings.
CREATE TABLE bank_authorizations (
    id             TEXT   PRIMARY KEY, -- of the connection to come
    state          BYTEA   NOT NULL UNIQUE, -- SHA-256 of what the bank gives back
    link_id        TEXT   NOT NULL,
    bank           TEXT   NOT NULL,
    consent_sealed BYTEA   NOT NULL,
    secret_sealed  BYTEA   NOT NULL, -- nonce, PKCE verifier
    expires        BIGINT NOT NULL
);
CREATE INDEX bank_authorizations_link ON bank_authorizations (link_id);
CREATE INDEX bank_authorizations_expires ON bank_authorizations (expires);

-- One bank joined to one link.
CREATE TABLE connections (
    id               TEXT   PRIMARY KEY,
    link_id          TEXT   NOT NULL,
    bank             TEXT   NOT NULL,
    consent_sealed   BYTEA   NOT NULL,
    access_sealed    BYTEA   NOT NULL,
    access_expires   BIGINT NOT NULL,
    refresh_sealed   BYTEA,            -- null where the bank gave none
    refresh_expires  BIGINT NOT NULL, -- 0 where the bank does not say
    relink           BIGINT NOT NULL, -- 1: only linking again helps
    generation       BIGINT NOT NULL, -- of the tokens
    lease_holder     TEXT   NOT NULL, -- who is refreshing them; empty where nobody is
    lease_until      BIGINT NOT NULL,
    directory_sealed BYTEA,            -- accounts' references and spoken names, under the link's key
    directory_at     BIGINT NOT NULL,
    created          BIGINT NOT NULL
);
CREATE INDEX connections_link ON connections (link_id);

-- Consents to be ended at their banks. id is the connection's.
CREATE TABLE endings (
    id             TEXT   PRIMARY KEY,
    bank           TEXT   NOT NULL,
    consent_sealed BYTEA   NOT NULL,
    tries          BIGINT NOT NULL,
    next_at        BIGINT NOT NULL
);
CREATE INDEX endings_next ON endings (next_at);
