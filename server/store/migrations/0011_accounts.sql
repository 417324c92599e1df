-- +goose Up

-- The platform's account that a link is to be made for, or was made for: an HMAC, null where nobody said.
ALTER TABLE interactions ADD COLUMN account BYTEA;
ALTER TABLE grants ADD COLUMN account BYTEA; -- of the grant a link was made with, until it ends
CREATE INDEX grants_account ON grants (client, account) WHERE account IS NOT NULL;
