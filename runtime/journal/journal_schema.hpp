// The tables of run.db. SQLite keeps the comments: `sqlite3 run.db .schema` shows them.
#pragma once

#include <iterator>

namespace avp {

/// Told apart from other programs' databases, and from those of other versions ("AVPJ").
inline constexpr int journal_application = 0x4156504A;
inline constexpr int journal_version = 5;

inline constexpr auto journal_schema = R"sql(
CREATE TABLE run (          -- one row: how the run was begun
  version TEXT NOT NULL,    -- of avp-run
  began TEXT NOT NULL,      -- UTC
  pipeline TEXT NOT NULL,   -- the pipeline file as it was run
  file TEXT NOT NULL,       -- where it lay
  modes TEXT NOT NULL,      -- JSON list
  seed TEXT NOT NULL,       -- a whole number
  input TEXT,               -- a path, or - for standard input
  input_digest TEXT NOT NULL, -- SHA-256 over the records of an input file
  input_limit INTEGER,      -- --limit
  ask TEXT,                 -- --ask
  changes TEXT NOT NULL,    -- JSON list of the --set options
  plugins TEXT NOT NULL,    -- JSON list of paths
  concurrency INTEGER NOT NULL,
  records INTEGER,          -- of the input; NULL while standard input has not ended
  templates TEXT NOT NULL DEFAULT '[]' -- JSON list: "MODEL SHA-256" of each chat template from a file
) STRICT;
CREATE TABLE records (      -- what was read of the input
  number INTEGER PRIMARY KEY, -- from 0
  task TEXT NOT NULL,       -- its id
  line INTEGER NOT NULL,    -- of the input, from 1; 0 where it has none
  record TEXT,              -- JSON object; NULL for a line that is no record
  column INTEGER NOT NULL,  -- where such a line goes wrong, or 0
  error TEXT                -- and why
) STRICT;
CREATE TABLE recipes (      -- how a context came about
  id TEXT PRIMARY KEY,      -- SHA-256 of the encoding
  encoding TEXT NOT NULL    -- JSON: weights, tokens, latent steps; parents are ids of recipes
) STRICT, WITHOUT ROWID;
CREATE TABLE hops (         -- one agent's part in a task
  task TEXT NOT NULL,
  stage TEXT NOT NULL,      -- latent, text or direct; of a sweep with the size: text, 4 hops
  agent TEXT NOT NULL,
  kind TEXT NOT NULL,
  node TEXT NOT NULL,
  text TEXT NOT NULL,
  error TEXT,               -- why it failed, or NULL
  picked TEXT,              -- JSON list of the successors that it picked, or NULL where all go on
  recipe TEXT,              -- of the context that it left, or NULL
  ms REAL NOT NULL,         -- the hop took
  task_ms REAL NOT NULL,    -- from the task's begin to the hop's end
  prompt_tokens INTEGER NOT NULL,
  computed_tokens INTEGER NOT NULL,
  latent_steps INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  attended INTEGER NOT NULL,       -- query rows times the positions that each looked at
  cache_bytes INTEGER NOT NULL,    -- of KV-cache written
  device_ms REAL NOT NULL,         -- its share of forward passes
  error_code TEXT,                 -- which kind of failure it was, or NULL
  guessed_tokens INTEGER NOT NULL DEFAULT 0,  -- rows of tokens that were guessed
  accepted_tokens INTEGER NOT NULL DEFAULT 0, -- of them, those that came true
  thought TEXT,                    -- JSON as in results.jsonl, what its latent steps were like, or NULL
  PRIMARY KEY (task, stage, agent)
) STRICT;
CREATE TABLE results (      -- one task in one stage
  task TEXT NOT NULL,
  stage TEXT NOT NULL,
  line TEXT NOT NULL,       -- JSON, as in results.jsonl
  seconds REAL NOT NULL,    -- wall time of the stage until then
  PRIMARY KEY (task, stage)
) STRICT;
)sql";

/// Each makes a journal of the version before one of the next, from version 1 on.
inline constexpr const char* journal_upgrades[] = {
    "ALTER TABLE hops ADD COLUMN error_code TEXT",
    "ALTER TABLE hops ADD COLUMN guessed_tokens INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE hops ADD COLUMN accepted_tokens INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE hops ADD COLUMN thought TEXT",
    "ALTER TABLE run ADD COLUMN templates TEXT NOT NULL DEFAULT '[]'",
};
static_assert(std::size(journal_upgrades) + 1 == journal_version);

} // namespace avp
