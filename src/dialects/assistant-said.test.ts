import { describe, expect, test } from 'bun:test'
import type { JsonObject } from '../core/json.ts'
import { anthropicMessages } from './anthropic-messages/anthropic-messages.ts'
import { bedrockConverse } from './bedrock-converse/bedrock-converse.ts'
import { cohere } from './cohere/cohere.ts'
import { gemini } from './gemini/gemini.ts'
import { readCall as readChat } from './openai-chat/call-read.ts'
import { testEndpoint } from './openai-chat/fixtures.test-support.ts'
import { openaiResponses } from './openai-responses/openai-responses.ts'
import { readCall as readResponses } from './openai-responses/call-read.ts'

const ORIGIN = { id: 'gen-1-a', createdMs: 0, headers: {}, bodyBytes: 100 }
const ask = { role: 'user', content: 'Hi' }
const PLAIN = { 'anthropic-messages': anthropicMessages, 'bedrock-converse': bedrockConverse, cohere, gemini } as const
const ALL = { ...PLAIN, 'openai-responses': openaiResponses } as const
const namesOf = <Name extends string>(dialects: Readonly<Record<Name, unknown>>): readonly Name[] => Object.keys(dialects) as Name[]
const endpoint = testEndpoint({})
const chat = (body: JsonObject) => readChat({ model: 'a/b', messages: [ask], ...body }, ORIGIN)

describe('a refusal beside text reaches the provider as text', () => {
  test.each(namesOf(PLAIN))('%s', (name) => {
    const content = [{ type: 'output_text', text: 'The first half.' }, { type: 'refusal', refusal: 'Not the second.' }]
    const fromResponses = readResponses({ model: 'a/b', input: [ask, { type: 'message', role: 'assistant', content }, ask] }, ORIGIN)
    const parts = [{ type: 'text', text: 'The first half.' }]
    const fromChat = chat({ messages: [ask, { role: 'assistant', content: parts, refusal: 'Not the second.' }, ask] })
    for (const call of [fromResponses, fromChat]) {
      const { body } = PLAIN[name].writeCall(call, endpoint)
      expect(body).toContain('The first half.')
      expect(body).toContain('Not the second.')
    }
    expect(PLAIN[name].writeCall(chat({ messages: [ask, { role: 'assistant', content: null, refusal: 'No.' }, ask] }), endpoint).body).toContain('No.')
  })
})

describe('what cannot be said is a warning', () => {
  test.each(namesOf(ALL))('%s: a turn that was spoken', (name) => {
    const fields = (audio: JsonObject | null) => ALL[name].writeCall(chat({ messages: [ask, { role: 'assistant', content: 'Hm.', audio }, ask] }), endpoint).warnings.map((warning) => warning.field)
    expect(fields({ id: 'audio_1' })).toEqual(['messages[1].audio'])
    expect(fields(null)).toEqual([])
  })

  test.each(namesOf(PLAIN))('%s: how OpenAI is to cache', (name) => {
    const { warnings } = PLAIN[name].writeCall(chat({ prompt_cache_key: 'k', prompt_cache_options: { mode: 'explicit' } }), endpoint)
    expect(warnings.map((warning) => warning.field)).toEqual(['prompt_cache_key', 'prompt_cache_options'])
  })
})
