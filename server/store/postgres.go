package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// postgres also serves engines that speak PostgreSQL's protocol and refuse with 40001 what they cannot serialize.
var postgres = engine{
	dialect:   goose.DialectPostgres,
	holds:     ` FOR SHARE OF g`,
	holdsLink: ` FOR SHARE OF l`,
	skips:     ` FOR UPDATE SKIP LOCKED`,
	alone: func() (lock.SessionLocker, error) {
		return lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300)) // look every second, for five minutes
	},
	again: func(err error) bool {
		var e *pgconn.PgError
		return errors.As(err, &e) && (e.Code == serializationFailure || e.Code == deadlockDetected)
	},
}

// What PostgreSQL says of transactions that it undid for the sake of others.
const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
)

// Bounds of the pool of one process: ten processes fit into PostgreSQL's default of 100 connections.
const (
	postgresConnections = 10
	postgresLife        = 30 * time.Minute // then a new one is made, so that a balancer or a failover is noticed
	postgresIdle        = 5 * time.Minute
)

// openPostgres opens a pool that reads and writes. The driver prepares statements on each connection by itself, in the way the URL's
// default_query_exec_mode says: behind a pooler that hands a connection from one transaction to another, that must be "exec" or
// "cache_describe" unless the pooler knows prepared statements.
func openPostgres(ctx context.Context, url string) (*sql.DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil { // its text may hold what is secret in the URL
		return nil, errors.New("want postgres://NAME:PASSWORD@HOST/DATABASE, as libpq reads it")
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(postgresConnections)
	db.SetMaxIdleConns(postgresConnections)
	db.SetConnMaxLifetime(postgresLife)
	db.SetConnMaxIdleTime(postgresIdle)
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("PostgreSQL cannot be reached: %s", strings.Join(strings.Fields(err.Error()), " ")) // on one line
	}
	return db, nil
}
