import { expect, test } from 'bun:test'
import type { Endpoint } from '../../src/catalog/endpoint.ts'
import type { Call, DialectName } from '../../src/core/call.ts'
import { parseObject, type JsonObject } from '../../src/core/json.ts'
import { anthropicMessages } from '../../src/dialects/anthropic-messages/anthropic-messages.ts'
import { readCall as readMessages } from '../../src/dialects/anthropic-messages/call-read.ts'
import type { CallOrigin, ProviderDialect } from '../../src/dialects/dialect.ts'
import { testEndpoint } from '../../src/dialects/openai-chat/fixtures.test-support.ts'
import { readCall as readChat } from '../../src/dialects/openai-chat/call-read.ts'
import { openaiChat } from '../../src/dialects/openai-chat/openai-chat.ts'
import { readCall as readResponses } from '../../src/dialects/openai-responses/call-read.ts'
import { openaiResponses } from '../../src/dialects/openai-responses/openai-responses.ts'
import { spokenFor, warningsOf } from '../../src/upstream/spoken.ts'
import { ORIGIN } from '../wire/client-call.ts'
import { describeShared } from '../shared.ts'
import { exchangesOf, type Exchange } from './exchange.ts'

/** Each recorded request, to a provider of all three dialects whose main one is each of them in turn. */

const DIALECTS = new Map<DialectName, ProviderDialect>([['openai-chat', openaiChat], ['openai-responses', openaiResponses], ['anthropic-messages', anthropicMessages]])
const READERS: readonly (readonly [Exchange['dialect'], DialectName, (body: JsonObject, origin: CallOrigin) => Call])[] = [
  ['anthropic.messages', 'anthropic-messages', readMessages], ['openai.responses', 'openai-responses', readResponses], ['openai.chat', 'openai-chat', readChat],
]

function endpointIn(dialect: DialectName): Endpoint {
  const base = testEndpoint({ upstreamId: 'claude-sonnet-4-5', reasoning: { budget: true, mandatory: false } })
  return { ...base, provider: { ...base.provider, dialect } }
}

/** A request that we refuse from every client is none to choose for. */
function callOf(read: (body: JsonObject, origin: CallOrigin) => Call, exchange: Exchange): Call | undefined {
  try {
    return exchange.request.body ? read({ ...exchange.request.body, model: 'acme/tiny' }, ORIGIN) : undefined
  } catch {
    // Stored conversations and their like, which the contract refuses (A5).
    return undefined
  }
}

for (const [recorded, own, read] of READERS) {
  describeShared(`recorded requests of ${recorded}`, () => {
    const calls = exchangesOf(recorded).flatMap((exchange) => callOf(read, exchange) ?? [])

    test('go out in the dialect of their client, as no other loses less; whichever is the main one', () => {
      expect(calls.length).toBeGreaterThan(10)
      for (const main of DIALECTS.keys()) {
        const others = [...DIALECTS.keys()].filter((dialect) => dialect !== main).map(endpointIn)
        for (const call of calls) {
          const { endpoint, wire } = spokenFor(call, { ...endpointIn(main), alternatives: others }, DIALECTS)
          const lost = wire ? warningsOf(call, endpoint.provider, wire).length : Infinity
          const carried = DIALECTS.get(own)?.writeCall(call, endpointIn(own))
          if (endpoint.provider.dialect !== own) expect({ less: lost < (carried?.warnings.length ?? 0), lost }).toEqual({ less: true, lost })
          else expect(parseObject(wire?.body ?? '')).toEqual(parseObject(carried?.body ?? ''))
        }
      }
    })

    test('nearly all of them', () => {
      const others = [...DIALECTS.keys()].filter((dialect) => dialect !== 'openai-chat').map(endpointIn)
      // Those that bring earlier reasoning in plain text go where it is taken.
      const plain = calls.filter((call) => !call.body.messages.some((message) => message.reasoning || message['reasoning_content']))
      const kept = plain.filter((call) => spokenFor(call, { ...endpointIn('openai-chat'), alternatives: others }, DIALECTS).endpoint.provider.dialect === own)
      expect(plain.length).toBeGreaterThan(10)
      expect(kept.length / plain.length).toBeGreaterThan(0.95)
    })
  })
}
