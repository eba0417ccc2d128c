// Package sjson: this file is compiled into FerretDB's own package, see infra/tools/ferretdb-source.ts.
package sjson

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"sync"
	"time"

	"github.com/FerretDB/FerretDB/internal/types"
)

// FerretDB 1.24 reads a document with a JSON decoder for the whole, one for its schema and one more for each value: half of what
// it does for a look-up or an update. Here it is read once from left to right, and schemas, of which a collection has few,
// are remembered. What PostgreSQL does not write, and types that are rare, are left to FerretDB.

// mostPlans and longestSchema bound what is remembered.
const (
	mostPlans     = 1_000
	longestSchema = 4_096
)

// plan is a schema, prepared for reading documents that have it.
type plan struct {
	keys     []string
	position map[string]int
	elems    []*elem
	// Of those that are objects.
	nested []*plan
}

var plans = struct {
	sync.RWMutex
	bySchema map[string]*plan
}{bySchema: map[string]*plan{}}

// unmarshalQuickly reads a document with its schema in `$s`; false: FerretDB's own way is to be taken.
func unmarshalQuickly(data []byte) (*types.Document, bool) {
	var room [24]member

	members, ok := split(data, room[:0])
	if !ok {
		return nil, false
	}

	for i, m := range members {
		if string(m.key) != "$s" {
			continue
		}

		p := planOf(m.value)
		if p == nil {
			return nil, false
		}

		members[i] = members[len(members)-1]

		return p.document(members[:len(members)-1])
	}

	return nil, false
}

// planOf returns nil for a schema that is not understood.
func planOf(schemaText []byte) *plan {
	plans.RLock()
	p := plans.bySchema[string(schemaText)]
	plans.RUnlock()

	if p != nil {
		return p
	}

	var sch schema

	dec := json.NewDecoder(bytes.NewReader(schemaText))
	dec.DisallowUnknownFields()

	if dec.Decode(&sch) != nil || dec.More() {
		return nil
	}

	if p = prepare(&sch); p == nil || len(schemaText) > longestSchema {
		return p
	}

	plans.Lock()
	defer plans.Unlock()

	if len(plans.bySchema) >= mostPlans {
		clear(plans.bySchema)
	}

	plans.bySchema[string(schemaText)] = p

	return p
}

func prepare(sch *schema) *plan {
	l := len(sch.Keys)
	p := &plan{
		keys: sch.Keys, position: make(map[string]int, l), elems: make([]*elem, l), nested: make([]*plan, l),
	}

	for i, key := range sch.Keys {
		p.position[key] = i
		p.elems[i] = sch.Properties[key]

		if e := p.elems[i]; e != nil && e.Type == elemTypeObject && e.Schema != nil {
			p.nested[i] = prepare(e.Schema)
		}
	}

	if len(p.position) != l {
		return nil
	}

	return p
}

func (p *plan) document(members []member) (*types.Document, bool) {
	if len(members) != len(p.keys) {
		return nil, false
	}

	values := make([]any, len(members))

	for _, m := range members {
		i, ok := p.position[string(m.key)]
		if !ok {
			return nil, false
		}

		if values[i], ok = p.value(i, m.value); !ok {
			return nil, false
		}
	}

	doc, err := types.ConvertDocument(inOrder{p.keys, values})

	return doc, err == nil
}

type inOrder struct {
	keys   []string
	values []any
}

func (d inOrder) Keys() []string { return d.keys }
func (d inOrder) Values() []any  { return d.values }

func (p *plan) value(i int, data []byte) (any, bool) {
	e := p.elems[i]

	if string(data) == "null" {
		return types.Null, true
	}

	if e == nil {
		return nil, false
	}

	switch e.Type {
	case elemTypeString:
		if text, ok := plainText(data); ok {
			return string(text), true
		}
	case elemTypeDate:
		if n, err := strconv.ParseInt(string(data), 10, 64); err == nil {
			return time.UnixMilli(n), true
		}
	case elemTypeInt:
		if n, err := strconv.ParseInt(string(data), 10, 32); err == nil {
			return int32(n), true
		}
	case elemTypeLong:
		if n, err := strconv.ParseInt(string(data), 10, 64); err == nil {
			return n, true
		}
	case elemTypeBool:
		switch string(data) {
		case "true":
			return true, true
		case "false":
			return false, true
		}
	case elemTypeObjectID:
		var id types.ObjectID
		if text, ok := plainText(data); ok && len(text) == 2*len(id) {
			if _, err := hex.Decode(id[:], text); err == nil {
				return id, true
			}
		}
	case elemTypeObject:
		var room [16]member
		if members, ok := split(data, room[:0]); ok && p.nested[i] != nil && len(members) > 0 {
			return p.nested[i].document(members)
		}
	}

	v, err := unmarshalSingleValue(data, e)

	return v, err == nil
}
