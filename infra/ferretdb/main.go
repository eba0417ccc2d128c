// Command ferretdb speaks MongoDB's wire protocol over PostgreSQL or SQLite, for machines without a mongod.
//
// FerretDB's own command cannot be built with `go install` (its version file is not in the module), so this is
// the smallest main on its embeddable package. It runs until SIGTERM or SIGINT, then closes what is open.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	handler := flag.String("handler", "sqlite", "where the data goes: sqlite or postgresql")
	listen := flag.String("listen", "127.0.0.1:27017", "address to listen on")
	url := flag.String("url", "", "file:<directory>/ for sqlite, postgres://… for postgresql")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()

	// A client's mistake is the client's to report; only what is wrong with the server belongs in its log.
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{Level: slog.LevelWarn}))
	server, err := ferretdb.New(&ferretdb.Config{
		Listener:      ferretdb.ListenerConfig{TCP: *listen},
		Logger:        logger,
		Handler:       *handler,
		PostgreSQLURL: *url,
		SQLiteURL:     *url,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}

	if err := server.Run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
