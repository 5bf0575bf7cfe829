import { DEFAULT_ACCOUNT } from '../accounts/accounts.ts'
import { OPERATOR } from '../accounts/audit-entry.ts'
import type { ByokKey } from '../accounts/byok/byok-key.ts'
import type { ByokKeys } from '../accounts/byok/byok-keys.ts'
import { byokProvider, isByokProvider } from '../catalog/byok-providers.ts'
import { providerSlug } from '../catalog/names.ts'
import { byokRow } from '../server/api/byok.ts'
import { openCatalogue } from './catalogue-view.ts'
import { CliError, usageError, type Command, type CommandGroup, type Invocation } from './command.ts'
import { withAccounts, type OpenData } from './data-dir.ts'
import { sayCount, sayTime } from './say.ts'
import { table } from './table.ts'

const PAGE = 100
const ABOUT_KEY = 'A key is named by its id or the start of it, its label or its name, as `switchyard byok list` shows them.'
const WORKSPACE = { value: '<id|slug>', what: 'its workspace (default: the default one)' }

const list: Command = {
  name: 'list', summary: 'the keys of providers that a workspace brought, in the order that they are tried', words: [], flags: { workspace: WORKSPACE },
  examples: [['switchyard byok list', 'a table, without the secrets: nobody can read those']],
  async run(invocation) {
    const { context, config, json } = invocation
    const { out } = context.terminal
    const keys = await withAccounts(config, context, async (data) => listAll(data.byok, await workspaceOf(invocation, data)))
    if (json) out.write(`${JSON.stringify({ data: keys.map(byokRow) }, null, 2)}\n`)
    else out.write(table(out, [{ title: 'PROVIDER' }, { title: 'KEY' }, { title: 'NAME' }, { title: 'STATE' }, { title: 'CREATED' }, { title: 'ID' }], keys.map((key) => [key.provider, key.label, key.name ?? '', stateOf(key), sayTime(key.createdMs), key.id]), 'There are none. Bring one: switchyard byok add <provider>'))
    return 0
  },
}

const add: Command = {
  name: 'add', summary: 'bring a key of a provider; its secret is read from standard input', words: ['<provider>'],
  about: 'The secret is sealed under the master key, and shown to nobody again. With --from it stays where it is, and is read from there.',
  flags: {
    workspace: WORKSPACE, name: { value: '<name>', what: 'what it is' }, from: { value: '<reference>', what: 'vault://mount/path#field, awssm://name#field, env://NAME or file:///path in place of a secret' },
    fallback: { what: 'tried after the shared endpoints, not before them' }, always: { what: 'what it is for never goes to shared capacity of its provider' },
  },
  examples: [['switchyard byok add openai --name production < key.txt', 'one word; for Azure, Bedrock and Vertex their JSON'], ['switchyard byok add anthropic --from vault://kv/anthropic#api_key', 'from Vault, each time it is needed']],
  async run(invocation) {
    const { words, context, config, json, text, isOn } = invocation
    const provider = await knownProvider(invocation, words[0] ?? '')
    const { input, out } = context.terminal
    const reference = text('from')
    if (reference === undefined && input.isTty) throw usageError('the secret is read from standard input, not from the command line, where others see it', `as in: switchyard byok add ${provider} < key.txt`)
    const secret = reference ?? await input.text()
    const key = await withAccounts(config, context, async (data) => data.byok.create({
      accountId: DEFAULT_ACCOUNT, workspaceId: await workspaceOf(invocation, data), provider, secret, name: text('name') ?? null, isFallback: isOn('fallback'), alwaysUse: isOn('always'),
    }, OPERATOR))
    out.write(json ? `${JSON.stringify({ data: byokRow(key) }, null, 2)}\n` : `added ${key.label} of ${key.provider} (${key.id})\n`)
    return 0
  },
}

const disable: Command = {
  name: 'disable', summary: 'use a key no more until it is enabled again', words: ['<key>'], flags: { workspace: WORKSPACE }, about: ABOUT_KEY,
  examples: [['switchyard byok disable production', 'by its name']],
  run: (invocation) => onKey(invocation, (byok, { id }) => byok.change(DEFAULT_ACCOUNT, id, { disabled: true }, OPERATOR), 'disabled'),
}

const enable: Command = {
  name: 'enable', summary: 'use a disabled key again', words: ['<key>'], flags: { workspace: WORKSPACE }, about: ABOUT_KEY,
  examples: [['switchyard byok enable production', 'by its name']],
  run: (invocation) => onKey(invocation, (byok, { id }) => byok.change(DEFAULT_ACCOUNT, id, { disabled: false }, OPERATOR), 'enabled'),
}

const remove: Command = {
  name: 'delete', summary: 'take a key away; its secret is wiped', words: ['<key>'], flags: { workspace: WORKSPACE }, about: ABOUT_KEY,
  examples: [['switchyard byok delete production', 'it cannot come back']],
  run: (invocation) => onKey(invocation, async (byok, key) => (await byok.delete(DEFAULT_ACCOUNT, key.id, OPERATOR) ? key : undefined), 'deleted'),
}

const rekey: Command = {
  name: 'rekey', summary: 'seal all secrets anew, under a new master key', words: [],
  about: 'With the master key in a file a new one is made and put before it; the old one stays until --forget-old. With SWITCHYARD_MASTER_KEY put the new one before the old, apart by a comma, start every server with both, and run this with --current.',
  flags: { current: { what: 'under the newest master key there is; make none' }, 'forget-old': { what: 'take the old master keys out of the file, once nothing is sealed under them' } },
  examples: [['switchyard byok rekey', 'servers go on meanwhile'], ['switchyard byok rekey --forget-old', 'after that, when no backup needs the old one']],
  async run({ context, config, json, isOn }) {
    const { out } = context.terminal
    if (isOn('forget-old')) {
      await withAccounts(config, context, ({ byok }) => byok.forgetOldKeys())
      out.write(json ? '{"forgotten":true}\n' : 'only the newest master key is left\n')
      return 0
    }
    const { resealed, unreadable } = await withAccounts(config, context, ({ byok }) => byok.rekey({ renew: !isOn('current') }))
    if (json) out.write(`${JSON.stringify({ resealed, unreadable })}\n`)
    else out.write(`${sayCount(resealed, 'secret')} sealed anew\n`)
    if (unreadable > 0) throw new CliError(`${sayCount(unreadable, 'secret')} could not be opened and stayed as they are`, 'bring back the master key that they are sealed under')
    return 0
  },
}

/** `switchyard byok`. */
export const byokGroup: CommandGroup = { name: 'byok', summary: "workspaces' own keys of providers, and the master key that seals them", alone: 'list', commands: [list, add, disable, enable, remove, rekey] }

async function onKey(invocation: Invocation, act: (byok: ByokKeys, key: ByokKey) => Promise<ByokKey | undefined>, done: string): Promise<number> {
  const { words, context, config, json } = invocation
  const key = await withAccounts(config, context, async (data) => act(data.byok, findIn(await listAll(data.byok, await workspaceOf(invocation, data)), words[0] ?? '')))
  if (!key) throw new CliError('the key was deleted meanwhile')
  context.terminal.out.write(json ? `${JSON.stringify({ data: byokRow(key) }, null, 2)}\n` : `${done} ${key.name ?? key.label} of ${key.provider}\n`)
  return 0
}

function findIn(keys: readonly ByokKey[], word: string): ByokKey {
  const named = keys.filter(({ id, name, label }) => id === word || name === word || label === word)
  const found = named.length > 0 ? named : keys.filter(({ id }) => word.length >= 4 && id.startsWith(word))
  const [first, ...others] = found
  if (!first) throw new CliError('no key of a provider is called so', '`switchyard byok list` shows them all')
  if (others.length > 0) throw new CliError(`${found.length} keys are called so: ${found.map(({ id }) => id).join(', ')}`, 'name one by its id')
  return first
}

async function listAll(byok: ByokKeys, workspaceId: string): Promise<ByokKey[]> {
  const keys: ByokKey[] = []
  for (;;) {
    const { rows } = await byok.list(DEFAULT_ACCOUNT, { workspaceId, offset: keys.length, limit: PAGE })
    keys.push(...rows)
    if (rows.length < PAGE) return keys
  }
}

async function workspaceOf({ text }: Invocation, { workspaces }: OpenData): Promise<string> {
  return (await workspaces.get(DEFAULT_ACCOUNT, text('workspace') ?? 'default')).id
}

async function knownProvider({ config }: Invocation, word: string): Promise<string> {
  if (isByokProvider(word) || (await openCatalogue(config)).providers.has(providerSlug(word))) return byokProvider(word)
  throw usageError(`there is no provider “${word}”`, '`switchyard providers list` shows them all')
}

function stateOf({ disabled, isFallback, alwaysUse }: ByokKey): string {
  return [disabled ? 'disabled' : isFallback ? 'fallback' : 'first', ...(alwaysUse ? ['always'] : [])].join(', ')
}
