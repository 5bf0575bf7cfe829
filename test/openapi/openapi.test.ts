import { expect, test } from 'bun:test'
import { operations, problemsOfChatChunk, problemsOfChatResult, problemsOfError, validateRequest, validateResponse, validateSchema } from '../openapi.ts'
import { describeShared } from '../shared.ts'

const RESULT = {
  id: 'gen-1', object: 'chat.completion', created: 1, model: 'a/b', system_fingerprint: null, provider: 'not in the schema, and carried',
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'hi', reasoning_details: [{ type: 'reasoning.text', text: 'x', index: 0 }] } }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2, cost: 0.1 },
}

/** Half a second of compiling, more where the machine does other things too. */
const SLOW_MS = 60_000

describeShared('the OpenAPI document as a judge', () => {
  test('knows all operations', () => {
    expect(operations()).toHaveLength(97)
    expect(operations()).toContainEqual(['GET', '/models'])
  })

  test('every schema of every response compiles', () => {
    for (const [method, path] of operations()) {
      for (const status of [200, 201, 202]) expect(validateResponse(method, path, status, 7).length).toBeGreaterThan(0)
    }
  }, SLOW_MS)

  test('takes a right chat result and names what is wrong in a wrong one', () => {
    expect(problemsOfChatResult(RESULT)).toEqual([])
    const [choice] = RESULT.choices
    const wrong = { ...RESULT, created: 'now', choices: [{ ...choice, finish_reason: 'done', message: { role: 'assistant', reasoning_details: [{ type: 'reasoning.encrypted' }] } }] }
    const problems = problemsOfChatResult(wrong).join('\n')
    expect(problems).toContain('/created must be integer')
    expect(problems).toContain('/choices/0/finish_reason must be equal to one of the allowed values')
    expect(problems).toContain("/choices/0/message/reasoning_details/0 must have required property 'data'")
  })

  test('takes a right chunk, refuses one without choices', () => {
    const chunk = { id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content: 'a' }, finish_reason: null }] }
    expect(problemsOfChatChunk(chunk)).toEqual([])
    expect(problemsOfChatChunk({ ...chunk, choices: undefined })).toEqual(["(body) must have required property 'choices'"])
  })

  test('a discriminator picks its branch', () => {
    expect(validateSchema('ChatMessages', { role: 'robot', content: 'x' }).join()).toContain('/role must be equal to one of the allowed values')
    expect(validateSchema('ChatMessages', { role: 'tool', content: 'x' })).toEqual(["(body) must have required property 'tool_call_id'"])
  })

  test('real paths, document paths, queries and the prefix all find their operation; a literal path wins', () => {
    for (const path of ['/models/count', '/api/v1/models/count?output_modalities=all', 'http://localhost:8787/api/v1/models/count']) {
      expect(validateResponse('GET', path, 200, { data: { count: 3 } })).toEqual([])
      expect(validateResponse('GET', path, 200, { data: { count: '3' } })).toEqual(['/data/count must be integer'])
    }
    expect(validateResponse('GET', '/nowhere', 200, {})).toEqual(['GET /nowhere is not in the document'])
  })

  test('statuses: success only as listed, errors always in the envelope', () => {
    const error = { error: { code: 405, message: 'no' } }
    expect(validateResponse('GET', '/models', 201, {})).toEqual(['GET /models lists no status 201'])
    expect(validateResponse('GET', '/models', 405, error)).toEqual([])
    expect(validateResponse('GET', '/models', 405, { error: 'no' })).toEqual(['/error must be object'])
    expect(problemsOfError(error)).toEqual([])
  })

  test('request bodies', () => {
    expect(validateRequest('POST', '/chat/completions', { messages: [{ role: 'user', content: 'hi' }] })).toEqual([])
    expect(validateRequest('POST', '/keys', {})).toEqual(["(body) must have required property 'name'"])
  })
})
