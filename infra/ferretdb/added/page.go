package backends

import "github.com/FerretDB/FerretDB/internal/types"

// Page is what a find asks for in whole, for a backend that can order and cut by itself. It may be ignored: the handler
// filters, sorts and limits what comes, whatever it is.
type Page struct {
	Filter *types.Document
	Sort   *types.Document
	Limit  int64
}
