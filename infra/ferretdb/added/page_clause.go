package postgresql

import (
	"fmt"
	"math"

	"github.com/FerretDB/FerretDB/internal/backends"
	"github.com/FerretDB/FerretDB/internal/backends/postgresql/metadata"
	"github.com/FerretDB/FerretDB/internal/types"
)

// pagedBy is the field whose documents are numbered by one of numberFields: each of its documents has that number.
const pagedBy = "conversationId"

// numberFields are numbers wherever they are.
var numberFields = map[string]bool{"seq": true, "changeSeq": true}

var rangeOperators = map[string]string{"$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}

// filterRange is the condition for a number that is above or below another, or missing; empty for other fields and
// operators.
func filterRange(p *metadata.Placeholder, field, operator string, value any) (string, []any) {
	// What lacks it is looked for again and again, and next to nothing does.
	if numberFields[field] && operator == "$exists" && value == false {
		return fmt.Sprintf(`%s->'%s' IS NULL`, metadata.DefaultColumn, field), nil
	}

	if !isRange(field, operator, value) {
		return "", nil
	}

	return fmt.Sprintf(`%s->'%s' %s %s`, metadata.DefaultColumn, field, rangeOperators[operator], p.Next()), []any{value}
}

func isRange(field, operator string, value any) bool {
	if !numberFields[field] || rangeOperators[operator] == "" {
		return false
	}

	switch number := value.(type) {
	case int32, int64:
		return true
	case float64:
		return !math.IsNaN(number) && !math.IsInf(number, 0)
	default:
		return false
	}
}

// pageClause is what follows the conditions of a find for a page of a conversation, so that an index gives that page and
// nothing else is read. Empty unless SQL selects just what the handler would: it cuts, and what it cuts off is lost.
func pageClause(p *metadata.Placeholder, page backends.Page) (string, []any) {
	if page.Limit <= 0 || page.Sort.Len() != 1 || !numberFields[page.Sort.Keys()[0]] {
		return "", nil
	}

	number := page.Sort.Keys()[0]
	conversation := ""

	for field, condition := range page.Filter.Map() {
		switch value := condition.(type) {
		case string:
			if field != pagedBy {
				return "", nil
			}

			conversation = value
		case *types.Document:
			for operator, bound := range value.Map() {
				if field != number || !isRange(field, operator, bound) {
					return "", nil
				}
			}
		default:
			return "", nil
		}
	}

	if conversation == "" {
		return "", nil
	}

	direction := "ASC"
	if page.Sort.Values()[0] == int64(-1) {
		direction = "DESC"
	}

	// An id of another type may be written with the same characters. As a function and not as `= '"string"'`, of which
	// PostgreSQL expects next to no document to be true, and then sorts all of the conversation.
	clause := ` AND jsonb_exists(%[1]s->'$s'->'p'->'%[2]s'->'t', 'string') ORDER BY %[1]s->'%[3]s' %[4]s LIMIT %[5]s`

	return fmt.Sprintf(clause, metadata.DefaultColumn, pagedBy, number, direction, p.Next()), []any{page.Limit}
}
