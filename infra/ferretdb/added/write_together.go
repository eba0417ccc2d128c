// Package postgresql: this file is compiled into FerretDB's own package, see infra/tools/ferretdb-source.ts.
package postgresql

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/FerretDB/FerretDB/internal/backends"
	"github.com/FerretDB/FerretDB/internal/handler/sjson"
	"github.com/FerretDB/FerretDB/internal/types"
	"github.com/FerretDB/FerretDB/internal/util/lazyerrors"
	"github.com/FerretDB/FerretDB/internal/util/must"
)

// writeTogether writes documents by one round trip, all or nothing: what is sent to PostgreSQL at once is one transaction.
func writeTogether(
	ctx context.Context, p *pgxpool.Pool, statement string, docs []*types.Document,
) (*backends.UpdateAllResult, error) {
	var batch pgx.Batch

	for _, doc := range docs {
		b, err := sjson.Marshal(doc)
		if err != nil {
			return nil, lazyerrors.Error(err)
		}

		id := must.NotFail(doc.Get("_id"))
		batch.Queue(statement, b, must.NotFail(sjson.MarshalSingleValue(id)))
	}

	results := p.SendBatch(ctx, &batch)

	var res backends.UpdateAllResult

	for range docs {
		tag, err := results.Exec()
		if err != nil {
			_ = results.Close()
			return nil, lazyerrors.Error(err)
		}

		res.Updated += int32(tag.RowsAffected())
	}

	if err := results.Close(); err != nil {
		return nil, lazyerrors.Error(err)
	}

	return &res, nil
}
