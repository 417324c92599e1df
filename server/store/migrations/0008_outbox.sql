-- +goose Up

-- What was said on a platform that does not wait, and is owed an answer. Answers are never kept.
CREATE TABLE outbox (
    id      TEXT   PRIMARY KEY, -- made from the platform's id
    chat    TEXT   NOT NULL, -- HMAC
    place   BIGINT NOT NULL, -- within the chat
    sealed  BYTEA, -- null once it was answered
    stage   BIGINT NOT NULL, -- 0 owed, 1 being sent, 2 in doubt, 3 the doubt being told, 4 done
    tries   BIGINT NOT NULL,
    due     BIGINT NOT NULL,
    until   BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX outbox_due ON outbox (due) WHERE stage < 4;
CREATE INDEX outbox_chat ON outbox (chat, place, id) WHERE stage < 4;
CREATE INDEX outbox_expires ON outbox (expires);

-- What is to be known of a chat when it goes on.
CREATE TABLE chat_memories (
    chat   TEXT   PRIMARY KEY, -- HMAC
    sealed BYTEA  NOT NULL,
    until  BIGINT NOT NULL
);
CREATE INDEX chat_memories_until ON chat_memories (until);
