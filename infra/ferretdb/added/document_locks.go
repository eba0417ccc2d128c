// Package handler: this file is compiled into FerretDB's own package, see infra/tools/ferretdb-source.ts.
package handler

import (
	"fmt"
	"slices"
	"sync"

	"github.com/FerretDB/FerretDB/internal/handler/common"
	"github.com/FerretDB/FerretDB/internal/types"
)

// MongoDB changes a document atomically. FerretDB 1.24 reads it, changes the copy and writes the whole back: of two
// updates at once, of different fields even, one was lost (4 of 10, when tried). As all updates go through one
// process, it is enough that those of one document wait for each other here.
var collectionLocks sync.Map // "<database>.<collection>" -> *collectionLock

type collectionLock struct {
	// Held for reading by an update of one document by its id, for writing by one that may concern any.
	whole sync.RWMutex

	mu        sync.Mutex
	documents map[string]*documentLock
}

type documentLock struct {
	sync.Mutex
	users int
}

// lockDocuments waits until nobody else changes what the filter may find. The function that it returns lets the next
// one in; it may be called twice.
func lockDocuments(db, collection string, filter *types.Document) func() {
	lock := lockOf(db, collection)

	id, single := idOf(filter)
	if !single {
		lock.whole.Lock()
		return sync.OnceFunc(lock.whole.Unlock)
	}

	lock.whole.RLock()
	document := lock.enter(id)
	document.Lock()

	return sync.OnceFunc(func() {
		document.Unlock()
		lock.leave(id, document)
		lock.whole.RUnlock()
	})
}

// lockEach does the same for several documents, each named by its id. Always in the same order: two that wait for each other
// would wait for ever.
func lockEach(db, collection string, updates []common.Update) func() {
	lock := lockOf(db, collection)
	ids := make([]string, len(updates))

	for i, u := range updates {
		ids[i], _ = idOf(u.Filter)
	}

	slices.Sort(ids)
	lock.whole.RLock()

	documents := make([]*documentLock, len(ids))
	for i, id := range ids {
		documents[i] = lock.enter(id)
		documents[i].Lock()
	}

	return func() {
		for i, id := range ids {
			documents[i].Unlock()
			lock.leave(id, documents[i])
		}

		lock.whole.RUnlock()
	}
}

func lockOf(db, collection string) *collectionLock {
	found, _ := collectionLocks.LoadOrStore(db+"."+collection, &collectionLock{documents: map[string]*documentLock{}})

	return found.(*collectionLock)
}

func (l *collectionLock) enter(id string) *documentLock {
	l.mu.Lock()
	defer l.mu.Unlock()

	document := l.documents[id]
	if document == nil {
		document = new(documentLock)
		l.documents[id] = document
	}
	document.users++

	return document
}

func (l *collectionLock) leave(id string, document *documentLock) {
	l.mu.Lock()
	defer l.mu.Unlock()

	document.users--
	if document.users == 0 {
		delete(l.documents, id)
	}
}

// idOf tells the one document that a filter can find, by its id.
func idOf(filter *types.Document) (string, bool) {
	if filter == nil {
		return "", false
	}

	id, err := filter.Get("_id")
	if err != nil {
		return "", false
	}

	switch id.(type) {
	case string, types.ObjectID, int32, int64:
		return fmt.Sprintf("%T:%v", id, id), true
	default:
		return "", false
	}
}
