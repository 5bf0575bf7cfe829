import { expect } from 'bun:test'
import { problemsOfGeminiRequest } from '../wire/gemini-request.ts'
import { isStream, recordedModel, type Exchange } from './exchange.ts'
import { factsOfGemini } from './facts.ts'
import { meaningOfGemini } from './gemini-meaning.ts'
import type { Seen } from './provider.ts'
import { replay } from './suite.ts'
import { camelled } from './vertex-spelling.ts'

replay({
  recordings: 'google.vertex',
  dialect: 'vertex',
  more: ['project: example-project', 'location: global'],
  meaningOf: meaningOfGemini,
  problemsOfRequest,
  pathOf: (exchange) => `/v1beta1/projects/example-project/locations/global/publishers/google/models/${recordedModel(exchange)}:${isStream(exchange) ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
  authOf: (credential) => ['x-goog-api-key', credential],
})

/** A valid request that says all that the recorded one said. */
function problemsOfRequest(seen: Seen, exchange: Exchange): string[] {
  if (exchange.request.body !== null) expect(factsOfGemini(seen.body ?? {})).toEqual(factsOfGemini(camelled(exchange.request.body)))
  return problemsOfGeminiRequest(seen.body)
}
