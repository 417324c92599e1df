-- +goose Up

-- From whose account at a platform a link was made, as the platform said when it told of it. A platform that takes a link back may say no more.
CREATE TABLE households (
    link_id   TEXT  PRIMARY KEY REFERENCES links (id) ON DELETE CASCADE,
    household BYTEA NOT NULL -- HMAC
);
CREATE INDEX households_household ON households (household);
