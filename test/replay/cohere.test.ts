import { expect } from 'bun:test'
import { problemsOfCohereRequest } from '../wire/cohere-request.ts'
import { meaningOfCohere } from './cohere-meaning.ts'
import type { Exchange } from './exchange.ts'
import type { Seen } from './provider.ts'
import { replay } from './suite.ts'

replay({
  recordings: 'cohere.chat',
  dialect: 'cohere',
  meaningOf: meaningOfCohere,
  problemsOfRequest,
  pathOf: () => '/v2/chat',
  authOf: (credential) => ['authorization', `Bearer ${credential}`],
})

/** A valid request that is the recorded one. */
function problemsOfRequest(seen: Seen, exchange: Exchange): string[] {
  const { body } = exchange.request
  if (body !== null) expect(seen.body).toEqual(body)
  return problemsOfCohereRequest(seen.body)
}
