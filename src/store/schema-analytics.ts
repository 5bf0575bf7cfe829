import type { Migration } from './schema.ts'

/** What every roll-up sums. Money is nano-dollars; `latency_ms` is summed over the `timed` calls that said something, `generation_ms` and `spoken_tokens` from their first word on. */
const SUMS = `requests bigint NOT NULL, faults bigint NOT NULL, cost bigint NOT NULL, byok_cost bigint NOT NULL, prompt_tokens bigint NOT NULL,
  completion_tokens bigint NOT NULL, reasoning_tokens bigint NOT NULL, cache_read_tokens bigint NOT NULL, upstream_cost bigint NOT NULL,
  cancelled bigint NOT NULL, web_searches bigint NOT NULL, tool_calls bigint NOT NULL, timed bigint NOT NULL, latency_ms bigint NOT NULL,
  generation_ms bigint NOT NULL, spoken_tokens bigint NOT NULL`

const ADDED = ['upstream_cost', 'cancelled', 'web_searches', 'tool_calls', 'timed', 'latency_ms', 'generation_ms', 'spoken_tokens']
const OLD = 'requests, faults, cost, byok_cost, prompt_tokens, completion_tokens, reasoning_tokens, cache_read_tokens'
const OF_ALL = [...OLD.split(', '), ...ADDED].map((name) => `SUM(${name})`).join(', ')

const PLACE = 'key_hash text NOT NULL, model text NOT NULL, provider text NOT NULL, endpoint_id text NOT NULL'

/** Reports: by day and by tag, kept in the transaction that settles. */
export const ANALYTICS: Migration = {
  version: 7,
  name: 'sums by day and by tag',
  statements: [
    ...ADDED.map((name) => `ALTER TABLE rollups ADD COLUMN ${name} bigint NOT NULL DEFAULT 0`),
    `CREATE TABLE rollups_daily (account_id text NOT NULL, day bigint NOT NULL, ${PLACE}, ${SUMS}, PRIMARY KEY (account_id, day, key_hash, model, provider, endpoint_id))`,
    `INSERT INTO rollups_daily SELECT account_id, hour / 24, key_hash, model, provider, endpoint_id, ${OF_ALL} FROM rollups GROUP BY 1, 2, 3, 4, 5, 6`,
    // The same sums for each set of tags; '' is no tags. Apart from those above, which have fewer rows.
    `CREATE TABLE tag_rollups (account_id text NOT NULL, hour bigint NOT NULL, tag_set text NOT NULL, ${PLACE}, ${SUMS},
      PRIMARY KEY (account_id, hour, tag_set, key_hash, model, provider, endpoint_id))`,
    `INSERT INTO tag_rollups SELECT account_id, hour, '', key_hash, model, provider, endpoint_id, ${OF_ALL} FROM rollups GROUP BY 1, 2, 4, 5, 6, 7`,
    `CREATE TABLE tag_rollups_daily (account_id text NOT NULL, day bigint NOT NULL, tag_set text NOT NULL, ${PLACE}, ${SUMS},
      PRIMARY KEY (account_id, day, tag_set, key_hash, model, provider, endpoint_id))`,
    `INSERT INTO tag_rollups_daily SELECT account_id, day, '', key_hash, model, provider, endpoint_id, ${OF_ALL} FROM rollups_daily GROUP BY 1, 2, 4, 5, 6, 7`,
    // The same by day and tags alone, for what is asked most of tags: what each customer cost.
    `CREATE TABLE tag_days (account_id text NOT NULL, day bigint NOT NULL, tag_set text NOT NULL, ${SUMS}, PRIMARY KEY (account_id, day, tag_set))`,
    `INSERT INTO tag_days SELECT account_id, day, '', ${OF_ALL} FROM rollups_daily GROUP BY 1, 2`,
    // What a set has in it. Its id follows from that.
    'CREATE TABLE tag_sets (account_id text NOT NULL, tag_set text NOT NULL, name text NOT NULL, value text NOT NULL, PRIMARY KEY (account_id, tag_set, name))',
    'CREATE INDEX tag_sets_value ON tag_sets (account_id, name, value)',
    // What was seen in a day, so that no account makes more than it may. `value` is a set's id where the name is ''.
    'CREATE TABLE tags_seen (account_id text NOT NULL, day bigint NOT NULL, name text NOT NULL, value text NOT NULL, PRIMARY KEY (account_id, day, name, value))',
    // The set that a generation is summed under; null where it is in no roll-up (a copy for a mirror).
    "ALTER TABLE generations ADD COLUMN tag_set text DEFAULT ''",
    `UPDATE generations SET tag_set = NULL WHERE record LIKE '%"mirrorOf":"gen-%'`,
  ],
}
