package backends

import "github.com/FerretDB/FerretDB/internal/types"

// Page is what a find asks for in whole, for a backend that can order and cut by itself. It may be ignored: the handler
// filters, sorts and limits what comes, whatever it is.
type Page struct {
	Filter *types.Document
	Sort   *types.Document
	Limit  int64
}

// FindsManyByID says whether an index serves a look-up of several documents by their ids. It does in PostgreSQL, as it is built here.
var FindsManyByID bool
