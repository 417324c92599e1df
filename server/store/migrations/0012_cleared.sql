-- +goose Up

-- When a link's customer last had the record of what was shared erased; 0 is never.
ALTER TABLE links ADD COLUMN cleared BIGINT NOT NULL DEFAULT 0;
