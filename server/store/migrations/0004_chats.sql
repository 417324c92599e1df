-- +goose Up

-- A chat that was given the address of a page on which to link, and is waited for.
CREATE TABLE chat_tickets (
    ticket  BYTEA  PRIMARY KEY, -- SHA-256
    client  TEXT   NOT NULL,
    chat    BYTEA  NOT NULL, -- HMAC
    expires BIGINT NOT NULL
);
CREATE INDEX chat_tickets_expires ON chat_tickets (expires);

-- The ticket that a person came with; null where he came from an authorization request, or a platform that says later which chat it was.
ALTER TABLE interactions ADD COLUMN ticket BYTEA;

-- A link that waits for its code to be typed in a chat. It goes with the link, which is swept where nobody types it.
CREATE TABLE chat_codes (
    link_id   TEXT   PRIMARY KEY REFERENCES links (id) ON DELETE CASCADE,
    client    TEXT   NOT NULL,
    chat      BYTEA, -- HMAC; null until the platform has said which chat it is
    handover  BYTEA  UNIQUE, -- SHA-256 of what the platform gives back to say so
    code      BYTEA  NOT NULL, -- HMAC
    tries     BIGINT NOT NULL,
    expires   BIGINT NOT NULL,
    confirmed BIGINT NOT NULL
);
CREATE INDEX chat_codes_chat ON chat_codes (chat);
CREATE INDEX chat_codes_expires ON chat_codes (expires);

-- Which link a chat speaks for.
CREATE TABLE chats (
    chat     BYTEA PRIMARY KEY, -- HMAC
    link_id  TEXT  NOT NULL REFERENCES links (id) ON DELETE CASCADE,
    previous TEXT  NOT NULL -- the link that this one replaced; it is over
);
CREATE INDEX chats_link ON chats (link_id);
