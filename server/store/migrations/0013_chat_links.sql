-- +goose Up

-- Every link that a chat has spoken for, until the link is erased: whoever has the chat may want all of them forgotten.
CREATE TABLE chat_links (
    link_id TEXT  PRIMARY KEY REFERENCES links (id) ON DELETE CASCADE,
    chat    BYTEA NOT NULL -- HMAC
);
CREATE INDEX chat_links_chat ON chat_links (chat);

-- Of those before, the last two are known.
INSERT INTO chat_links (link_id, chat) SELECT link_id, chat FROM chats;
INSERT INTO chat_links (link_id, chat) SELECT l.id, c.chat FROM chats c JOIN links l ON l.id = c.previous;
