// Package pool: this file is compiled into FerretDB's own package, see infra/tools/ferretdb-source.ts.
package pool

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Executor is a transaction, or PostgreSQL without one of our own.
type Executor interface {
	Exec(ctx context.Context, sql string, arguments ...any) (pgconn.CommandTag, error)
}

// AsOne has happen all or nothing of what f executes. One statement is that by itself: FerretDB 1.24 puts a BEGIN before and a
// COMMIT after it all the same, two more round trips, a third of what an insert or an update of one document costs.
func AsOne(ctx context.Context, p *pgxpool.Pool, isOneStatement bool, f func(Executor) error) error {
	if isOneStatement {
		return f(p)
	}

	return InTransaction(ctx, p, func(tx pgx.Tx) error { return f(tx) })
}
