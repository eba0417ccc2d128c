// Package sjson: this file is compiled into FerretDB's own package, see infra/tools/ferretdb-source.ts.
package sjson

import (
	"encoding/hex"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/FerretDB/FerretDB/internal/types"
)

// FerretDB 1.24 makes a JSON encoder and a buffer for each key and each value of a document, twice for its schema. Here it is
// written from left to right into one; rare types are left to FerretDB.

// marshalQuickly writes a document with its schema; false: FerretDB's own way is to be taken.
func marshalQuickly(d *types.Document) ([]byte, bool) {
	keys, values := d.Keys(), d.Values()
	if len(keys) == 0 {
		return nil, false
	}

	b := make([]byte, 0, 64+96*len(keys))
	b = append(b, `{"$s":`...)

	b, ok := appendSchema(b, keys, values)
	if !ok {
		return nil, false
	}

	for i, key := range keys {
		b = append(b, ',')
		b = appendText(b, key)
		b = append(b, ':')

		if b, ok = appendValue(b, values[i]); !ok {
			return nil, false
		}
	}

	return append(b, '}'), true
}

func appendSchema(b []byte, keys []string, values []any) ([]byte, bool) {
	b = append(b, `{"p":{`...)

	for i, key := range keys {
		if !isPlain(key) {
			return nil, false
		}

		if i > 0 {
			b = append(b, ',')
		}

		b = appendText(b, key)
		b = append(b, ':')

		if b = appendType(b, values[i]); b == nil {
			return nil, false
		}
	}

	b = append(b, `},"$k":[`...)

	for i, key := range keys {
		if i > 0 {
			b = append(b, ',')
		}

		b = appendText(b, key)
	}

	return append(b, "]}"...), true
}

// appendType returns nil when it fails.
func appendType(b []byte, value any) []byte {
	switch v := value.(type) {
	case string:
		return append(b, `{"t":"string"}`...)
	case time.Time:
		return append(b, `{"t":"date"}`...)
	case int32:
		return append(b, `{"t":"int"}`...)
	case int64:
		return append(b, `{"t":"long"}`...)
	case bool:
		return append(b, `{"t":"bool"}`...)
	case types.ObjectID:
		return append(b, `{"t":"objectId"}`...)
	case *types.Document:
		if v.Len() == 0 {
			break
		}

		b = append(b, `{"t":"object","$s":`...)

		b, ok := appendSchema(b, v.Keys(), v.Values())
		if !ok {
			return nil
		}

		return append(b, '}')
	}

	rare, err := marshalElemForSingleValue(value)
	if err != nil {
		return nil
	}

	return append(b, rare...)
}

func appendValue(b []byte, value any) ([]byte, bool) {
	switch v := value.(type) {
	case string:
		if isPlain(v) {
			return appendText(b, v), true
		}
	case time.Time:
		return strconv.AppendInt(b, v.UnixMilli(), 10), true
	case int32:
		return strconv.AppendInt(b, int64(v), 10), true
	case int64:
		return strconv.AppendInt(b, v, 10), true
	case bool:
		return strconv.AppendBool(b, v), true
	case types.ObjectID:
		b = append(b, '"')
		b = hex.AppendEncode(b, v[:])

		return append(b, '"'), true
	case *types.Document:
		if v.Len() == 0 {
			break
		}

		keys, values := v.Keys(), v.Values()

		for i, key := range keys {
			b = append(b, separators[min(i, 1)])
			b = appendText(b, key)
			b = append(b, ':')

			var ok bool
			if b, ok = appendValue(b, values[i]); !ok {
				return nil, false
			}
		}

		return append(b, '}'), true
	}

	rare, err := MarshalSingleValue(value)
	if err != nil {
		return nil, false
	}

	return append(b, rare...), true
}

const separators = "{,"

func appendText(b []byte, plain string) []byte {
	b = append(b, '"')
	b = append(b, plain...)

	return append(b, '"')
}

// isPlain says whether a text is the same in JSON.
func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' {
			return false
		}
	}

	return utf8.ValidString(text)
}
