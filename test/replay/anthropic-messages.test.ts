import { expect } from 'bun:test'
import type { JsonObject } from '../../src/core/json.ts'
import { problemsOfAnthropicRequest } from '../wire/anthropic-request.ts'
import { meaningOfAnthropic } from './anthropic-meaning.ts'
import type { Exchange } from './exchange.ts'
import { factsOfAnthropic, type Facts } from './facts.ts'
import { listOf } from './meaning.ts'
import type { Seen } from './provider.ts'
import { replay } from './suite.ts'

replay({
  recordings: 'anthropic.messages',
  dialect: 'anthropic-messages',
  meaningOf: meaningOfAnthropic,
  problemsOfRequest,
  pathOf: () => '/v1/messages',
  authOf: (credential) => ['x-api-key', credential],
})

/** A valid request that says all that the recorded one said. */
function problemsOfRequest(seen: Seen, exchange: Exchange): string[] {
  expect(seen.headers['anthropic-version']).toBe('2023-06-01')
  const { body } = exchange.request
  if (body !== null) expect(withoutNudge(factsOfAnthropic(seen.body ?? {}), body)).toEqual(factsOfAnthropic(body))
  return problemsOfAnthropicRequest(seen.body)
}

/** A conversation that ends with the model's own turn gets one of the user's, where the model cannot go on from its own. */
function withoutNudge(facts: Facts, recorded: JsonObject): Facts {
  const wanted = factsOfAnthropic(recorded).user
  const endsWithModel = listOf(recorded['messages']).at(-1)?.['role'] === 'assistant'
  return endsWithModel && facts.user.startsWith(wanted) ? { ...facts, user: wanted } : facts
}
