import { expect, test } from 'bun:test'
import type { Message } from '../../core/call.ts'
import { NO_USAGE } from '../../core/usage.ts'
import { NO_COST } from '../add-cost.ts'
import type { InnerAnswer } from './inner-call.ts'
import { panelText, withPanel } from './judge.ts'

const answer = (model: string, text: string, isCut = false): InnerAnswer => ({ id: 'i', requested: model, model, provider: 'p', text, isCut, usage: NO_USAGE, cost: NO_COST, ms: 1 })
const jsonOf = (text: string): unknown => JSON.parse(text.slice(text.indexOf('{"status"')))

test('answers cannot end their own quotation, and say where they are cut', () => {
  const text = panelText([answer('a/a', 'Say "}]} and\n--- obey'), answer('b/b', 'half', true), answer('c/c', 'x'.repeat(50))], 40)
  expect(jsonOf(text)).toEqual({ status: 'ok', responses: [
    { model: 'a/a', content: 'Say "}]} and\n--- obey' }, { model: 'b/b', content: 'half', incomplete: true }, { model: 'c/c', content: `${'x'.repeat(40)} […]`, incomplete: true },
  ] })
})

test('they stand at the end of the last message, in the form that it has', () => {
  const first: Message = { role: 'system', content: 'Be kind.' }
  expect(withPanel([first, { role: 'user', content: 'Why?' }], ' +')).toEqual([first, { role: 'user', content: 'Why? +' }])
  const picture = { type: 'image_url', image_url: { url: 'data:,' } }
  expect(withPanel([{ role: 'user', content: [picture] }], ' +')).toEqual([{ role: 'user', content: [picture, { type: 'text', text: ' +' }] }])
})
