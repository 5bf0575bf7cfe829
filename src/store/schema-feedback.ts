import type { Migration } from './schema.ts'

const MORE_SUMS = ['byok_requests', 'byok_fees', 'tool_finishes', 'cache_cost', 'web_cost']
const ROLLUPS = ['rollups', 'rollups_daily', 'tag_rollups', 'tag_rollups_daily', 'tag_days']

/** What people say of answers, and what reports and data sets tell beyond sums. */
export const FEEDBACK: Migration = {
  version: 15,
  name: 'what people say of answers, how calls were spread, what sessions cost',
  statements: [
    `CREATE TABLE feedback (
      account_id text NOT NULL, id text NOT NULL, generation_id text NOT NULL, category text NOT NULL, comment text, user_id text, key_hash text,
      created_ms bigint NOT NULL, PRIMARY KEY (account_id, id))`,
    'CREATE INDEX feedback_time ON feedback (account_id, created_ms)',
    'CREATE INDEX feedback_generation ON feedback (account_id, generation_id)',
    ...ROLLUPS.flatMap((table) => MORE_SUMS.map((name) => `ALTER TABLE ${table} ADD COLUMN ${name} bigint NOT NULL DEFAULT 0`)),
    // Beside each row of rollups_daily: how latency and throughput of its calls were spread, and their tokens by the size of the prompt (ledger/spread.ts).
    `CREATE TABLE rollup_spreads (
      account_id text NOT NULL, day bigint NOT NULL, key_hash text NOT NULL, model text NOT NULL, provider text NOT NULL, endpoint_id text NOT NULL,
      calls bigint NOT NULL, latency text NOT NULL, throughput text NOT NULL, contexts text NOT NULL,
      PRIMARY KEY (account_id, day, key_hash, model, provider, endpoint_id))`,
    `INSERT INTO rollup_spreads SELECT account_id, day, key_hash, model, provider, endpoint_id, requests, '', '', '' FROM rollups_daily`,
    // What an app's session came to, by model. Of its name only a hash is kept; `day` is that of its last call.
    `CREATE TABLE session_costs (
      account_id text NOT NULL, session text NOT NULL, app_id bigint NOT NULL, model text NOT NULL, turns bigint NOT NULL, cost bigint NOT NULL,
      day bigint NOT NULL, PRIMARY KEY (account_id, session, app_id, model))`,
    'CREATE INDEX session_costs_day ON session_costs (account_id, day)',
  ],
}
