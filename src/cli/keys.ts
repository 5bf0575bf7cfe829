import { DEFAULT_ACCOUNT, type Accounts, type KeyRecord } from '../accounts/accounts.ts'
import { OPERATOR } from '../accounts/audit-entry.ts'
import type { LimitReset } from '../accounts/caller.ts'
import { parseUsd, sayUsd, type Nano } from '../core/nano.ts'
import { keyRow } from '../server/api/key-row.ts'
import { CliError, usageError, type Command, type CommandGroup, type Invocation } from './command.ts'
import type { Sink } from './context.ts'
import { withAccounts, withNewAccounts } from './data-dir.ts'
import { EXTRA_FLAGS, extraFacts, readExtras, readOverlap } from './key-extras.ts'
import { findKey, listAllKeys } from './key-search.ts'
import { findMember } from './member-search.ts'
import { paint, printable } from './paint.ts'
import { sayCount, sayTime } from './say.ts'
import { facts, table } from './table.ts'

const RESETS: readonly LimitReset[] = ['daily', 'weekly', 'monthly']
const KEY_WORD = '<key>'
const ABOUT_KEY = 'A key is named by the start of its hash, its label or its name, as `switchyard keys list` shows them.'
const NAME_CHARS_MAX = 256
const LIMIT_MAX_NANO = 1_000_000_000n * 1_000_000_000n
const UNITS_MS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 604_800_000 }

const create: Command = {
  name: 'create', summary: 'make a key and print it, this once', words: [],
  about: 'The key is kept as its hash: nobody can read it again. Works with the server running or not.',
  flags: {
    name: { value: '<name>', what: 'what it is for (default: cli)' },
    limit: { value: '<usd>', what: 'the most that it may use (default: no limit of its own)' },
    reset: { value: '<when>', what: 'the limit starts anew daily, weekly (Monday) or monthly, at 00:00 UTC' },
    expires: { value: '<when>', what: 'when it ends: 12h, 30d, 6w, or a time like 2027-01-31T00:00:00Z' },
    management: { what: 'a key for /keys and /credits, not for models' },
    workspace: { value: '<id|slug>', what: 'the workspace that it belongs to (default: the default one)' },
    member: { value: '<e-mail|id>', what: 'whose it is (default: the workspace’s own)' },
    ...EXTRA_FLAGS,
  },
  examples: [
    ['switchyard keys create --name laptop', 'a key without a limit of its own'],
    ['switchyard keys create --name agent --limit 5 --reset weekly', 'at most $5.00 a week'],
    ["KEY=$(switchyard keys create --json | node -pe 'JSON.parse(fs.readFileSync(0)).key')", 'in a script'],
  ],
  async run(invocation) {
    const { context, config, json } = invocation
    const { out } = context.terminal
    const wish = { name: readName(invocation), ...readLimit(invocation), ...await readExtras(invocation), expiresMs: readExpiry(invocation), kind: invocation.isOn('management') ? 'management' as const : 'inference' as const }
    const { made, namesakes } = await withNewAccounts(config, context, async ({ accounts, people, workspaces }) => {
      const [workspace, member] = [invocation.text('workspace'), invocation.text('member')]
      const belongs = {
        ...(workspace !== undefined && { workspaceId: (await workspaces.get(DEFAULT_ACCOUNT, workspace)).id }),
        ...(member !== undefined && { creatorUserId: (await findMember(people, member)).userId }),
      }
      const others = (await listAllKeys(accounts)).filter(({ name }) => name === wish.name)
      return { made: await accounts.createKey({ accountId: DEFAULT_ACCOUNT, ...wish, ...belongs }, OPERATOR), namesakes: others.length }
    })
    if (json) out.write(`${JSON.stringify({ key: made.secret, data: keyRow(made.key) }, null, 2)}\n`)
    else out.write(`${facts(out, [['key', made.secret], ...keyFacts(made.key)])}\nKeep the key now: it is shown this once.\n`)
    if (namesakes > 0) context.terminal.err.write(`${paint(context.terminal.err, 'yellow', 'note:')} ${sayCount(namesakes, 'other key')} ${namesakes === 1 ? 'has' : 'have'} the name “${made.key.name}” too; name this one by its hash, ${made.key.hash.slice(0, 8)}\n`)
    return 0
  },
}

const list: Command = {
  name: 'list', summary: 'all keys, newest first', words: [], flags: {},
  examples: [['switchyard keys list', 'a table'], ["switchyard keys list --json | jq '.data[].name'", 'for scripts']],
  async run({ context, config, json }) {
    const { out } = context.terminal
    const keys = await withAccounts(config, context, ({ accounts }) => listAllKeys(accounts))
    if (json) out.write(`${JSON.stringify({ data: keys.map(keyRow) }, null, 2)}\n`)
    else out.write(keyTable(out, keys, context.clock.wallMs()))
    return 0
  },
}

const show: Command = {
  name: 'show', summary: 'one key, with what it used', words: [KEY_WORD], flags: {}, about: ABOUT_KEY,
  examples: [['switchyard keys show laptop', 'by its name'], ['switchyard keys show 3fa94c', 'by the start of its hash']],
  run: (invocation) => onKey(invocation, async (_accounts, key) => key, () => ''),
}

const disable: Command = {
  name: 'disable', summary: 'refuse a key until it is enabled again', words: [KEY_WORD], flags: {}, about: `${ABOUT_KEY} A running server refuses it within a second or two.`,
  examples: [['switchyard keys disable laptop', 'lost it? This comes first']],
  run: (invocation) => onKey(invocation, (accounts, key) => accounts.changeKey(DEFAULT_ACCOUNT, key.hash, { disabled: true }, OPERATOR), (key) => `disabled ${key.name} (${key.label})`),
}

const enable: Command = {
  name: 'enable', summary: 'let a disabled key in again', words: [KEY_WORD], flags: {}, about: ABOUT_KEY,
  examples: [['switchyard keys enable laptop', 'found it again']],
  run: (invocation) => onKey(invocation, (accounts, key) => accounts.changeKey(DEFAULT_ACCOUNT, key.hash, { disabled: false }, OPERATOR), (key) => `enabled ${key.name} (${key.label})`),
}

const change: Command = {
  name: 'change', summary: 'change what a key may do', words: [KEY_WORD], about: `${ABOUT_KEY} What is not named stays; \`none\` takes a restriction back.`,
  flags: { name: { value: '<name>', what: 'what it is for' }, limit: { value: '<usd>', what: 'the most that it may use' }, reset: { value: '<when>', what: 'the limit starts anew daily, weekly (Monday) or monthly, at 00:00 UTC' }, ...EXTRA_FLAGS },
  examples: [['switchyard keys change laptop --ips 192.0.2.0/24,2001:db8::/32', 'only from these networks'], ['switchyard keys change agent --models none', 'any model again']],
  async run(invocation) {
    const change = { ...(invocation.text('name') !== undefined && { name: readName(invocation) }), ...(invocation.text('limit') !== undefined && readLimit(invocation)), ...await readExtras(invocation) }
    if (Object.keys(change).length === 0) throw usageError('say what to change', 'see: switchyard keys change --help')
    return await onKey(invocation, (accounts, key) => accounts.changeKey(DEFAULT_ACCOUNT, key.hash, change, OPERATOR), (key) => `changed ${key.name} (${key.label})`)
  },
}

const rotate: Command = {
  name: 'rotate', summary: 'give a key a new secret and print it, this once', words: [KEY_WORD],
  about: `${ABOUT_KEY} It keeps its hash, its limit and what it used. The old secret lives on for the overlap, so that programs can be moved to the new one.`,
  flags: { overlap: { value: '<span>', what: 'how long the old secret lives on: 0h to 30d (default: 1d)' } },
  examples: [['switchyard keys rotate laptop', 'a day to move over'], ['switchyard keys rotate leaked --overlap 0h', 'the old one is refused at once']],
  async run(invocation) {
    const { words, context, config, json } = invocation
    const { out } = context.terminal
    const made = await withAccounts(config, context, async ({ accounts }) => accounts.rotateKey(DEFAULT_ACCOUNT, (await findKey(accounts, words[0] ?? '')).hash, readOverlap(invocation), OPERATOR))
    if (!made) throw new CliError('the key was deleted meanwhile')
    if (json) out.write(`${JSON.stringify({ key: made.secret, data: keyRow(made.key) }, null, 2)}\n`)
    else out.write(`${facts(out, [['key', made.secret], ...keyFacts(made.key)])}\nKeep the key now: it is shown this once.\n`)
    return 0
  },
}

const remove: Command = {
  name: 'delete', summary: 'end a key for good; its records stay', words: [KEY_WORD], flags: {}, about: ABOUT_KEY,
  examples: [['switchyard keys delete laptop', 'it cannot come back; make a new one']],
  async run({ words, context, config, json }) {
    const key = await withAccounts(config, context, async ({ accounts }) => {
      const found = await findKey(accounts, words[0] ?? '')
      if (!await accounts.deleteKey(DEFAULT_ACCOUNT, found.hash, OPERATOR)) throw new CliError(`the key ${found.name} is gone already`)
      return found
    })
    context.terminal.out.write(json ? `${JSON.stringify({ deleted: true, hash: key.hash })}\n` : `deleted ${printable(key.name)} (${key.label})\n`)
    return 0
  },
}

/** `switchyard keys`. */
export const keysGroup: CommandGroup = { name: 'keys', summary: 'make, list and end API keys', alone: 'list', commands: [create, list, show, change, rotate, disable, enable, remove] }

/** Does something with the key that the command names, and shows the key after it. */
async function onKey({ words, context, config, json }: Invocation, act: (accounts: Accounts, key: KeyRecord) => Promise<KeyRecord | undefined>, headline: (key: KeyRecord) => string): Promise<number> {
  const { out } = context.terminal
  const key = await withAccounts(config, context, async ({ accounts }) => await act(accounts, await findKey(accounts, words[0] ?? '')))
  if (!key) throw new CliError('the key was deleted meanwhile')
  const title = headline(key)
  if (json) out.write(`${JSON.stringify({ data: keyRow(key) }, null, 2)}\n`)
  else out.write(title === '' ? facts(out, keyFacts(key)) : `${printable(title)}\n`)
  return 0
}

function keyFacts(key: KeyRecord): [string, string][] {
  return [
    ['name', key.name], ['label', key.label], ['hash', key.hash], ['kind', key.kind], ['limit', sayLimit(key)],
    ['used', `${sayUsd(key.usage.total)} in all, ${sayUsd(key.usage.monthly)} this month, ${sayUsd(key.usage.weekly)} this week, ${sayUsd(key.usage.daily)} today (UTC)`],
    ...extraFacts(key),
    ['state', key.disabled ? 'disabled' : 'live'], ['expires', key.expiresMs === null ? 'never' : `${sayTime(key.expiresMs)} UTC`], ['created', `${sayTime(key.createdMs)} UTC`],
  ]
}

function keyTable(out: Sink, keys: readonly KeyRecord[], nowMs: number): string {
  const state = (key: KeyRecord): string => key.disabled ? 'disabled' : key.expiresMs !== null && key.expiresMs <= nowMs ? 'expired' : key.kind === 'management' ? 'management' : 'live'
  return table(out, [{ title: 'NAME' }, { title: 'KEY' }, { title: 'HASH' }, { title: 'STATE' }, { title: 'LIMIT' }, { title: 'USED', align: 'right' }, { title: 'CREATED' }],
    keys.map((key) => [key.name, key.label, key.hash.slice(0, 8), state(key), sayLimit(key), sayUsd(key.usage.total), sayTime(key.createdMs)]), 'There are no keys. Make one: switchyard keys create')
}

function sayLimit(key: KeyRecord): string {
  if (key.limit === null) return 'none'
  const left = key.limitRemaining === null ? '' : `, ${sayUsd(key.limitRemaining)} left`
  return `${sayUsd(key.limit)}${key.limitReset ? ` ${key.limitReset}` : ''}${left}`
}

function readName(invocation: Invocation): string {
  const name = (invocation.text('name') ?? 'cli').trim()
  if (name === '' || name.length > NAME_CHARS_MAX) throw usageError(`--name must be a text of 1 to ${NAME_CHARS_MAX} characters`)
  return name
}

function readLimit(invocation: Invocation): { limit: Nano | null; limitReset: LimitReset | null } {
  const text = invocation.text('limit')
  const reset = invocation.text('reset')
  const limitReset = RESETS.find((known) => known === reset)
  if (reset !== undefined && !limitReset) throw usageError(`--reset must be ${RESETS.join(', ')}`)
  if (text === undefined) {
    if (limitReset) throw usageError('--reset needs a --limit', 'as in: --limit 5 --reset weekly')
    return { limit: null, limitReset: null }
  }
  const limit = parseUsd(text.replace(/^\$/, ''))
  if (limit === undefined || limit < 0n || limit > LIMIT_MAX_NANO) throw usageError(`--limit must be an amount of USD from 0 to 1000000000, as 5 or 0.50`)
  return { limit, limitReset: limitReset ?? null }
}

function readExpiry(invocation: Invocation): number | null {
  const text = invocation.text('expires')
  if (text === undefined) return null
  const span = /^(\d{1,5})([hdw])$/.exec(text)
  const nowMs = invocation.context.clock.wallMs()
  const unitMs = UNITS_MS[span?.[2] ?? '']
  const ms = span && unitMs ? nowMs + Number(span[1]) * unitMs : /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms)) throw usageError('--expires must be a span like 12h, 30d or 6w, or a time like 2027-01-31T00:00:00Z')
  if (ms <= nowMs) throw usageError('--expires must be in the future')
  return ms
}
