-- +goose Up

-- What was shared: kinds of facts, sealed under the link's own key. They go with the link.
CREATE TABLE disclosures (
    id      TEXT   PRIMARY KEY, -- begins with the time
    link_id TEXT   NOT NULL REFERENCES links (id) ON DELETE CASCADE,
    at      BIGINT NOT NULL,
    sealed  BYTEA   NOT NULL
);
CREATE INDEX disclosures_link ON disclosures (link_id, at, id);
CREATE INDEX disclosures_at ON disclosures (at);
