# Everything a developer does here. What it really is: infra/cli.ts (make help lists the targets).
# Choose with variables, before or after the target: PORT, NODES, HOST, REDIS_URL, QUEUE_REDIS_URL, MONGODB_URI, JWT_SECRET, LOG_LEVEL, ...

CLI := node_modules/.bin/node infra/cli.ts
# npm writes this file last, at each install: it is older than the lock file when the lock file has changed.
INSTALLED := node_modules/.package-lock.json

.DEFAULT_GOAL := help
.PHONY: help install run up down status logs jobs test demo browser screenshots lint format loadtest loadtest-compare bench docs clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-26s %s\n", $$1, $$2 }'

install: $(INSTALLED) ## Install the dependencies, when package-lock.json has changed

run: $(INSTALLED) ## Run the cluster in the foreground on PORT (3000) with NODES (2) gateways
	@$(CLI) run

up: $(INSTALLED) ## Run the cluster in the background
	@$(CLI) up

down: $(INSTALLED) ## Stop it
	@$(CLI) down

status: $(INSTALLED) ## Show its processes and their health (JSON=1 for programs)
	@$(CLI) status

logs: $(INSTALLED) ## Follow its logs (NODE=gateway-1 for one process)
	@$(CLI) logs

jobs: $(INSTALLED) ## Show, retry or drop its dead jobs (ARGS="list", ARGS="retry --all")
	@$(CLI) jobs $(or $(ARGS),list)

test: $(INSTALLED) ## Run the tests (TEST=path for some of them)
	@$(CLI) test

demo: $(INSTALLED) ## Show what it can do, told step by step
	@$(CLI) demo

browser: $(INSTALLED) ## Use the page in a real browser: two people, two nodes, one of them killed
	@$(CLI) browser

screenshots: $(INSTALLED) ## Take the pictures of docs/web.md anew
	@$(CLI) screenshots

lint: $(INSTALLED) ## Check types, style and imports
	@npm run --silent lint

format: $(INSTALLED) ## Format the code
	@npm run --silent format

loadtest: $(INSTALLED) ## Run all load tests, small; or one at full size (SCENARIO= USERS= RATE= TARGET=)
	@$(CLI) loadtest

loadtest-compare: $(INSTALLED) ## Compare two load tests (A= B=: reports, or folders of them)
	@$(CLI) loadtest-compare

bench: $(INSTALLED) ## Measure what things cost, against comparison programs (ROW=direct,voice for some rows)
	@npm run --silent bench

docs: $(INSTALLED) ## Generate the documentation
	@npm run --silent docs

clean: $(INSTALLED) ## Remove data, logs and builds of this clone
	@$(CLI) clean

$(INSTALLED): package-lock.json
	@sh infra/install.sh
