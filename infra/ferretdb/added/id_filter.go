package postgresql

import (
	"fmt"
	"strings"

	"github.com/FerretDB/FerretDB/internal/backends/postgresql/metadata"
	"github.com/FerretDB/FerretDB/internal/handler/sjson"
	"github.com/FerretDB/FerretDB/internal/types"
	"github.com/FerretDB/FerretDB/internal/util/must"
)

// More placeholders than this a statement should not have; such a query reads the collection, as all did before.
const mostIDs = 10_000

// filterIDs is the condition for `_id: { $in: [...] }`, which the index on `_id` serves; empty for what it cannot say.
// What it lets through is compared again, by type too, so that it may be too wide but never too narrow.
func filterIDs(p *metadata.Placeholder, key string, value any) (string, []any) {
	ids, ok := value.(*types.Array)
	if !ok || key != "_id" || ids.Len() == 0 || ids.Len() > mostIDs {
		return "", nil
	}

	values := make([]any, ids.Len())

	for i := range values {
		switch id := must.NotFail(ids.Get(i)).(type) {
		case string, types.ObjectID:
			values[i] = string(must.NotFail(sjson.MarshalSingleValue(id)))
		default:
			return "", nil
		}
	}

	placeholders := make([]string, len(values))
	for i := range placeholders {
		placeholders[i] = p.Next()
	}

	return fmt.Sprintf(`%s->'_id' IN (%s)`, metadata.DefaultColumn, strings.Join(placeholders, ", ")), values
}
