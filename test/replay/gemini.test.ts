import { expect } from 'bun:test'
import { problemsOfGeminiRequest } from '../wire/gemini-request.ts'
import { isStream, recordedModel, type Exchange } from './exchange.ts'
import { factsOfGemini } from './facts.ts'
import { meaningOfGemini } from './gemini-meaning.ts'
import type { Seen } from './provider.ts'
import { replay } from './suite.ts'

replay({
  recordings: 'google.generateContent',
  dialect: 'gemini',
  meaningOf: meaningOfGemini,
  problemsOfRequest,
  pathOf: (exchange) => `/v1beta/models/${recordedModel(exchange)}:${isStream(exchange) ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
  authOf: (credential) => ['x-goog-api-key', credential],
})

/** A valid request that says all that the recorded one said. */
function problemsOfRequest(seen: Seen, exchange: Exchange): string[] {
  if (exchange.request.body !== null) expect(factsOfGemini(seen.body ?? {})).toEqual(factsOfGemini(exchange.request.body))
  return problemsOfGeminiRequest(seen.body)
}
