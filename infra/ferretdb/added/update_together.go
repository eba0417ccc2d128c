// Package handler: this file is compiled into FerretDB's own package, see infra/tools/ferretdb-source.ts.
package handler

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/FerretDB/FerretDB/internal/backends"
	"github.com/FerretDB/FerretDB/internal/handler/common"
	"github.com/FerretDB/FerretDB/internal/types"
	"github.com/FerretDB/FerretDB/internal/util/iterator"
	"github.com/FerretDB/FerretDB/internal/util/lazyerrors"
	"github.com/FerretDB/FerretDB/internal/util/must"
)

// updateTogether carries out updates of one command that each concern another document, named by its id: one statement reads
// all of them, one round trip writes them. FerretDB 1.24 has two round trips to PostgreSQL for each. Returns the updates that are
// left to be carried out one by one: upserts of what is not there, or all, where a command is of another kind.
func (h *Handler) updateTogether(
	ctx context.Context, c backends.Collection, params *common.UpdateParams, matched, modified *int32,
) ([]common.Update, error) {
	ids, ok := namedIDs(params.Updates)
	if !ok || h.DisablePushdown || !backends.FindsManyByID {
		return params.Updates, nil
	}

	defer lockEach(params.DB, params.Collection, params.Updates)()

	docs, err := findByID(ctx, c, ids)
	if err != nil {
		return nil, lazyerrors.Error(err)
	}

	var rest []common.Update

	var found int32

	later := &laterWrites{Collection: c}

	for _, u := range params.Updates {
		id, _ := idOf(u.Filter)
		doc := docs[id]

		matches := doc != nil
		if matches {
			if matches, err = common.FilterDocument(doc, u.Filter); err != nil {
				return params.Updates, nil
			}
		}

		if !matches {
			if u.Upsert {
				rest = append(rest, u)
			}

			continue
		}

		one := iterator.Values(iterator.ForSlice([]*types.Document{doc}))
		if _, err = common.UpdateDocument(ctx, later, "update", one, &u); err != nil {
			// Nothing is written yet: one by one, those before it are, and it says what is wrong.
			return params.Updates, nil
		}

		found++
	}

	if len(later.docs) > 0 {
		if _, err = c.UpdateAll(ctx, &backends.UpdateAllParams{Docs: later.docs}); err != nil {
			if refused := (*pgconn.PgError)(nil); errors.As(err, &refused) {
				// A duplicate key, say. None of them is written: one by one, all others are.
				return params.Updates, nil
			}

			return nil, lazyerrors.Error(err)
		}
	}

	*matched += found
	*modified += int32(len(later.docs))

	return rest, nil
}

// namedIDs tells which documents updates concern, if these are several and each names another one.
func namedIDs(updates []common.Update) (*types.Array, bool) {
	if len(updates) < 2 {
		return nil, false
	}

	ids := types.MakeArray(len(updates))
	seen := make(map[string]bool, len(updates))

	for _, u := range updates {
		id, single := idOf(u.Filter)
		if !single || seen[id] || u.Multi || !u.HasUpdateOperators {
			return nil, false
		}

		seen[id] = true

		// An index serves no others.
		switch id := must.NotFail(u.Filter.Get("_id")).(type) {
		case string, types.ObjectID:
			ids.Append(id)
		default:
			return nil, false
		}
	}

	return ids, true
}

func findByID(ctx context.Context, c backends.Collection, ids *types.Array) (map[string]*types.Document, error) {
	in := must.NotFail(types.NewDocument("$in", ids))

	res, err := c.Query(ctx, &backends.QueryParams{Filter: must.NotFail(types.NewDocument("_id", in))})
	if err != nil {
		return nil, lazyerrors.Error(err)
	}

	defer res.Iter.Close()

	found, err := iterator.ConsumeValues(res.Iter)
	if err != nil {
		return nil, lazyerrors.Error(err)
	}

	docs := make(map[string]*types.Document, len(found))

	for _, doc := range found {
		if id, single := idOf(doc); single {
			docs[id] = doc
		}
	}

	return docs, nil
}

// laterWrites is a collection that keeps what is to be written.
type laterWrites struct {
	backends.Collection
	docs []*types.Document
}

func (w *laterWrites) UpdateAll(_ context.Context, params *backends.UpdateAllParams) (*backends.UpdateAllResult, error) {
	w.docs = append(w.docs, params.Docs...)

	return &backends.UpdateAllResult{Updated: int32(len(params.Docs))}, nil
}
