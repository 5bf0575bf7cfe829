import { OPERATOR } from '../accounts/audit-entry.ts'
import { INSTANCE_CHANGE, settingsJson, type InstanceSettings } from '../accounts/instance.ts'
import { usageError, type Command, type CommandGroup, type Invocation } from './command.ts'
import { withAccounts } from './data-dir.ts'
import { nearestWord } from './nearest-word.ts'
import { facts } from './table.ts'

const show: Command = {
  name: 'show', summary: 'settings of the whole install', words: [], flags: {},
  examples: [['switchyard instance', 'the same as switchyard instance show']],
  async run(invocation) {
    return said(invocation, await withAccounts(invocation.config, invocation.context, async ({ instance }) => instance.settings))
  },
}

const set: Command = {
  name: 'set', summary: 'change one of them', words: ['<name>', '<value>'],
  about: 'Names are as `switchyard instance show` prints them. A list is separated by commas; null takes back what need not be.', flags: {},
  examples: [
    ['switchyard instance set sign_up.mode domains', 'who may sign up: open, invitation, domains, closed'],
    ['switchyard instance set sign_up.domains example.com,example.org', 'people with these addresses'],
    ['switchyard instance set money false', 'no purchases, no balances: limits and budgets only'],
    ['switchyard instance set members_max 25', 'members of an organization at most'],
  ],
  async run(invocation) {
    const [name = '', value = ''] = invocation.words
    const settings = await withAccounts(invocation.config, invocation.context, async ({ instance }) => {
      const known = flat(settingsJson(instance.settings))
      const field = known.find(([path]) => path === name)
      if (!field) throw usageError(`there is no setting “${name}”`, `did you mean ${nearestWord(name, known.map(([path]) => path)) ?? known.map(([path]) => path).join(', ')}?`)
      const change = INSTANCE_CHANGE.safeParse(nested(name, valueOf(value, field[1])))
      if (!change.success) throw usageError(`${name} ${change.error.issues[0]?.message ?? 'is wrong'}`)
      return await instance.change(change.data, OPERATOR)
    })
    return said(invocation, settings)
  },
}

/** `switchyard instance`. */
export const instanceGroup: CommandGroup = { name: 'instance', summary: 'settings of the whole install', alone: 'show', commands: [show, set] }

function said({ context, json }: Invocation, settings: InstanceSettings): number {
  const { out } = context.terminal
  if (json) out.write(`${JSON.stringify({ data: settingsJson(settings) }, null, 2)}\n`)
  else out.write(facts(out, flat(settingsJson(settings)).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : String(value)])))
  return 0
}

/** `sign_up.mode` and the like, with their values. */
function flat(value: object, path = ''): [string, unknown][] {
  return Object.entries(value).flatMap(([name, inner]: [string, unknown]) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? flat(inner, `${path}${name}.`) : [[`${path}${name}`, inner] as [string, unknown]])
}

function nested(path: string, value: unknown): object {
  return path.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as object // a path has a name
}

/** What a word means where this stands now: a list where there is one, a number or a switch where it reads as one. */
function valueOf(word: string, current: unknown): unknown {
  if (Array.isArray(current)) return word.split(',').map((item) => item.trim()).filter((item) => item !== '')
  if (typeof current === 'string') return word
  if (['true', 'false', 'null'].includes(word) || /^\d{1,15}$/.test(word)) return JSON.parse(word)
  return word
}
