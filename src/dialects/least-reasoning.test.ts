import { describe, expect, test } from 'bun:test'
import type { Endpoint } from '../catalog/endpoint.ts'
import type { Call, Effort } from '../core/call.ts'
import type { JsonObject } from '../core/json.ts'
import { readCall as readMessages } from './anthropic-messages/call-read.ts'
import { readCohereChat as readCohere } from './cohere-client/call-read.ts'
import { readGenerate } from './gemini/call-read.ts'
import { withLeastReasoning } from './least-reasoning.ts'
import { readCall as readChat } from './openai-chat/call-read.ts'
import { testEndpoint } from './openai-chat/fixtures.test-support.ts'
import { readCall as readResponses } from './openai-responses/call-read.ts'

const ORIGIN = { id: 'gen-1-a', createdMs: 0, headers: {}, bodyBytes: 100 }
const messages = [{ role: 'user', content: 'Hi' }]
const mandatory = (efforts?: readonly Effort[]): Endpoint => testEndpoint({ reasoning: { budget: efforts === undefined, mandatory: true, ...(efforts ? { efforts } : {}) } })
const least = (call: Call, efforts?: readonly Effort[]) => withLeastReasoning(call, mandatory(efforts))

describe('C57: the least reasoning, in each client\'s words', () => {
  const wishes: readonly JsonObject[] = [{ reasoning: { effort: 'none' } }, { reasoning: { enabled: false, summary: 'auto' } }, { reasoning: { max_tokens: 0 } }, { reasoning_effort: 'none' }]
  test.each(wishes)('chat: %p', (wish) => {
    const { body, reasoning, unsaid } = least(readChat({ model: '~a/b-latest', messages, ...wish }, ORIGIN), ['high', 'low'])
    expect(reasoning).toMatchObject({ enabled: true, effort: 'low' })
    expect(reasoning.maxTokens).toBeUndefined()
    expect(body).toMatchObject({ reasoning: { effort: 'low' } })
    for (const field of ['enabled', 'max_tokens']) expect(body['reasoning']).not.toHaveProperty(field)
    expect(body).not.toHaveProperty('reasoning_effort')
    expect(unsaid).toMatchObject([{ field: 'reasoning' }])
  })

  test('a model that takes budgets only gets the least share', () => {
    expect(least(readChat({ model: '~a/b-latest', messages, reasoning: { max_tokens: 0 } }, ORIGIN)).reasoning.effort).toBe('minimal')
  })

  test('Responses', () => {
    const { native } = least(readResponses({ model: '~a/b-latest', input: 'Hi', reasoning: { effort: 'none', summary: 'auto' } }, ORIGIN), ['minimal', 'low'])
    expect(native).toMatchObject({ input: 'Hi', reasoning: { effort: 'minimal', summary: 'auto' } })
  })

  test('Messages', () => {
    const { native } = least(readMessages({ model: '~a/b-latest', max_tokens: 100, messages, thinking: { type: 'disabled' } }, ORIGIN))
    expect(native).toEqual({ model: '~a/b-latest', max_tokens: 100, messages })
  })

  test('Cohere', () => {
    const { native } = least(readCohere({ model: '~a/b-latest', messages, thinking: { type: 'disabled' } }, ORIGIN))
    expect(native).not.toHaveProperty('thinking')
  })

  const contents = [{ role: 'user', parts: [{ text: 'Hi' }] }]
  test.each([
    [{ generationConfig: { temperature: 1, thinkingConfig: { thinkingBudget: 0, includeThoughts: false } } }, { generationConfig: { temperature: 1, thinkingConfig: { includeThoughts: false, thinkingLevel: 'low' } } }],
    [{ generation_config: { thinking_config: { thinking_budget: 0 } } }, { generation_config: { thinking_config: { thinking_level: 'low' } } }],
  ])('Gemini: %p', (said, told) => {
    const { native } = least(readGenerate({ contents, ...said }, ORIGIN, { model: '~a/b-latest', stream: false }), ['low', 'high'])
    expect(native).toEqual({ contents, ...told })
  })
})
