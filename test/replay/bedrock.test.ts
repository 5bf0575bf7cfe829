import { expect } from 'bun:test'
import { problemsOfConverseRequest } from '../wire/converse-request.ts'
import { factsOfBedrock } from './bedrock-facts.ts'
import { meaningOfBedrock } from './bedrock-meaning.ts'
import { isStream, recordedModel, type Exchange } from './exchange.ts'
import type { Seen } from './provider.ts'
import { replay } from './suite.ts'

replay({
  recordings: 'bedrock.converse',
  dialect: 'bedrock-converse',
  meaningOf: meaningOfBedrock,
  problemsOfRequest,
  pathOf: (exchange) => `/model/${encodeURIComponent(recordedModel(exchange))}/converse${isStream(exchange) ? '-stream' : ''}`,
  authOf: (credential) => ['authorization', `Bearer ${credential}`],
  // An unknown model is a 400 there.
  statuses: { 'bedrock.converse/amazon-bedrock--error': 404 },
})

/** A valid request that says all that the recorded one said. */
function problemsOfRequest(seen: Seen, exchange: Exchange): string[] {
  if (exchange.request.body !== null) expect(factsOfBedrock(seen.body ?? {})).toEqual(factsOfBedrock(exchange.request.body))
  return problemsOfConverseRequest(seen.body, recordedModel(exchange))
}
