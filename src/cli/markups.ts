import { OPERATOR } from '../accounts/audit-entry.ts'
import type { KeptMarkup } from '../accounts/markups.ts'
import { percentNumber, readPercent } from '../catalog/markup.ts'
import { usageError, type Command, type CommandGroup } from './command.ts'
import { withAccounts } from './data-dir.ts'
import { table } from './table.ts'

const list: Command = {
  name: 'list', summary: 'markups that are kept in the store', words: [], flags: {},
  about: 'Those of switchyard.yaml stand there, and hold in place of these where both are of the same account, model and provider.',
  examples: [['switchyard markups', 'the same as switchyard markups list']],
  async run({ context, config, json }) {
    const { out } = context.terminal
    const found = await withAccounts(config, context, ({ markups }) => markups.list())
    if (json) out.write(`${JSON.stringify({ data: found.map(markupRow) }, null, 2)}\n`)
    else out.write(table(out, [{ title: 'PERCENT', align: 'right' }, { title: 'ACCOUNT' }, { title: 'MODEL' }, { title: 'PROVIDER' }, { title: 'ID' }], found.map(({ id, account, model, provider, basisPoints }) => [String(percentNumber(basisPoints)), account ?? '*', model ?? '*', provider ?? '*', id]), 'There are none in the store. Make one: switchyard markups set 20'))
    return 0
  },
}

const set: Command = {
  name: 'set', summary: 'ask more than list price, or less', words: ['<percent>'],
  flags: { account: { value: '<id>', what: 'this account alone' }, model: { value: '<id>', what: 'this model alone, or all of a maker (`openai/*`)' }, provider: { value: '<slug>', what: 'this provider alone' } },
  about: 'Replaces the one of the same account, model and provider. Every process has it within a second.',
  examples: [['switchyard markups set 20', 'everything costs a fifth more'], ["switchyard markups set 12.5 --model 'openai/*'", 'an eighth more for one maker'], ['switchyard markups set --account 0198c5a2-… -- -10', 'a discount']],
  async run({ words, context, config, json, text }) {
    const basisPoints = readPercent(words[0] ?? '')
    if (basisPoints === undefined) throw usageError('the percentage must be at least -100 with at most two decimals, as 20, 12.5 or -10')
    const [account, model, provider] = [text('account'), text('model')?.toLowerCase(), text('provider')?.toLowerCase()]
    if (model !== undefined && !/^[^\s/]+\/\S+$/.test(model)) throw usageError('--model must be the id of a model, as openai/gpt-5-mini, or openai/* for all of a maker')
    const made = await withAccounts(config, context, async ({ markups, operator }) => {
      if (account !== undefined) await operator.account(account)
      return await markups.put({ ...(account !== undefined && { account }), ...(model !== undefined && { model }), ...(provider !== undefined && { provider }), basisPoints }, OPERATOR)
    })
    context.terminal.out.write(json ? `${JSON.stringify({ data: markupRow(made) }, null, 2)}\n` : `${percentNumber(made.basisPoints)} % (${made.id})\n`)
    return 0
  },
}

const remove: Command = {
  name: 'delete', summary: 'take a markup back', words: ['<id>'], flags: {}, examples: [['switchyard markups delete 0198c5a2-…', 'its id is in the list']],
  async run({ words, context, config, json }) {
    const [id = ''] = words
    await withAccounts(config, context, ({ markups }) => markups.delete(id, OPERATOR))
    context.terminal.out.write(json ? `${JSON.stringify({ deleted: true, id })}\n` : `deleted ${id}\n`)
    return 0
  },
}

/** `switchyard markups`. */
export const markupsGroup: CommandGroup = { name: 'markups', summary: 'what is asked over list price, or less', alone: 'list', commands: [list, set, remove] }

function markupRow({ id, account, model, provider, basisPoints }: KeptMarkup): object {
  return { id, account_id: account ?? null, model: model ?? null, provider: provider ?? null, percent: percentNumber(basisPoints) }
}
