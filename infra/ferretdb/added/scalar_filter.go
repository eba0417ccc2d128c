package postgresql

import (
	"fmt"

	"github.com/FerretDB/FerretDB/internal/backends/postgresql/metadata"
	"github.com/FerretDB/FerretDB/internal/handler/sjson"
	"github.com/FerretDB/FerretDB/internal/types"
	"github.com/FerretDB/FerretDB/internal/util/must"
)

// Of so many an index looks each up; a query for more reads the collection, as all did before.
const mostIDs = 10_000

// scalarFields begin indexes, and are no arrays in any document of Earshot: so an equal value is all that can match,
// which an index serves, and `@>`, which finds what is in arrays too, is not needed.
var scalarFields = map[string]bool{
	"_id": true, "conversationId": true, "userId": true, "groupId": true,
	// GridFS's.
	"files_id": true,
}

// filterScalar is the condition for a field that is equal to a value; empty for fields that may be arrays.
func filterScalar(p *metadata.Placeholder, key, value any) (string, []any) {
	field, ok := key.(string)
	if !ok || !scalarFields[field] {
		return "", nil
	}

	return fmt.Sprintf(`%s->'%s' = %s`, metadata.DefaultColumn, field, p.Next()),
		[]any{string(must.NotFail(sjson.MarshalSingleValue(value)))}
}

// filterScalars is the condition for `{ $in: [...] }` of such a field; empty for what it cannot say.
// What it lets through is compared again, by type too, so that it may be too wide but never too narrow.
func filterScalars(p *metadata.Placeholder, field string, value any) (string, []any) {
	ids, ok := value.(*types.Array)
	if !ok || !scalarFields[field] || ids.Len() == 0 || ids.Len() > mostIDs {
		return "", nil
	}

	values := make([]string, ids.Len())

	for i := range values {
		switch id := must.NotFail(ids.Get(i)).(type) {
		case string, types.ObjectID:
			values[i] = string(must.NotFail(sjson.MarshalSingleValue(id)))
		default:
			return "", nil
		}
	}

	// One parameter whatever their number: so the statement reads the same each time, and is prepared once.
	return fmt.Sprintf(`%s->'%s' = ANY(%s::jsonb[])`, metadata.DefaultColumn, field, p.Next()), []any{values}
}
