-- +goose Up

-- Both engines read this text. BYTEA is PostgreSQL's; SQLite takes any name for a type, and keeps blobs in such a column as they are.

-- What the whole database is: one row "kind", dev or live.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- Keys, each wrapped by the one of SOTTO_KEYS. Their state follows from the times: published from made, used from starts until a
-- younger one of its kind starts, accepted until ends (0 is open).
CREATE TABLE keys (
    kind    TEXT   NOT NULL,
    number  BIGINT NOT NULL,
    wrapped BYTEA   NOT NULL,
    made    BIGINT NOT NULL,
    starts  BIGINT NOT NULL,
    ends    BIGINT NOT NULL,
    PRIMARY KEY (kind, number)
);

-- A person between the first page and the way back to the assistant.
CREATE TABLE interactions (
    id           TEXT   PRIMARY KEY,
    browser      BYTEA   NOT NULL, -- SHA-256 of the cookie
    client       TEXT   NOT NULL,
    redirect_uri TEXT   NOT NULL,
    state        BYTEA   NOT NULL, -- the client's, byte for byte
    challenge    TEXT   NOT NULL,
    resource     TEXT   NOT NULL,
    locales      TEXT   NOT NULL,
    asked        BIGINT NOT NULL, -- scopes, as bits
    scopes       BIGINT NOT NULL,
    link_id      TEXT   NOT NULL UNIQUE, -- of the link to come
    link_key     BYTEA   NOT NULL, -- sealed as links.key
    customer     BYTEA,
    bank         TEXT   NOT NULL,
    joined       BIGINT NOT NULL,
    another      BIGINT NOT NULL,
    stage        BIGINT NOT NULL, -- 0 asking, 1 at the bank, 2 finishing
    tries        BIGINT NOT NULL,
    bank_state   BYTEA   UNIQUE,   -- SHA-256 of what the bank gives back
    expires      BIGINT NOT NULL
);
CREATE INDEX interactions_expires ON interactions (expires);

CREATE TABLE links (
    id       TEXT   PRIMARY KEY,
    client   TEXT   NOT NULL,
    customer BYTEA   NOT NULL, -- HMAC
    subject  TEXT   NOT NULL, -- pairwise
    scopes   BIGINT NOT NULL,
    key      BYTEA   NOT NULL, -- sealed under the house key
    created  BIGINT NOT NULL,
    ended    BIGINT NOT NULL
);
CREATE INDEX links_customer ON links (customer);

-- A link's code and refresh tokens. Only hashes.
CREATE TABLE grants (
    id           TEXT   PRIMARY KEY,
    link_id      TEXT   NOT NULL REFERENCES links (id) ON DELETE CASCADE,
    client       TEXT   NOT NULL,
    resource     TEXT   NOT NULL,
    code         BYTEA   NOT NULL UNIQUE,
    code_expires BIGINT NOT NULL,
    redirect_uri TEXT   NOT NULL,
    challenge    TEXT   NOT NULL, -- empty where the client may go without PKCE
    exchanged    BIGINT NOT NULL, -- when the code was spent
    refresh      BYTEA   UNIQUE,   -- of a stable refresh token
    floor        BIGINT NOT NULL, -- generations up to it are long spent, and their rotations swept
    ended        BIGINT NOT NULL
);
CREATE INDEX grants_link ON grants (link_id);
CREATE INDEX grants_unspent ON grants (code_expires) WHERE exchanged = 0;
CREATE INDEX grants_ended ON grants (ended) WHERE ended > 0;

-- When each generation of a rotating refresh token was first used.
CREATE TABLE rotations (
    grant_id   TEXT   NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    generation BIGINT NOT NULL,
    used       BIGINT NOT NULL,
    PRIMARY KEY (grant_id, generation)
);
CREATE INDEX rotations_used ON rotations (used);

-- Opaque access tokens; and JWTs that were revoked before they expired.
CREATE TABLE access_tokens (
    hash     BYTEA   PRIMARY KEY,
    grant_id TEXT   NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    scopes   BIGINT NOT NULL,
    issued   BIGINT NOT NULL,
    expires  BIGINT NOT NULL,
    revoked  BIGINT NOT NULL
);
CREATE INDEX access_tokens_grant ON access_tokens (grant_id);
CREATE INDEX access_tokens_expires ON access_tokens (expires);

-- Proof of an erasure, without identity.
CREATE TABLE receipts (
    code  TEXT   PRIMARY KEY,
    made  BIGINT NOT NULL,
    banks BIGINT NOT NULL
);
