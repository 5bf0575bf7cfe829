import { expect, test } from 'bun:test'
import type { DialectName } from '../core/call.ts'
import { fileReader } from './file-reader.ts'

test('a PDF is read here where nobody knows what the model reads and its dialect has no words for one', () => {
  const unknown = (dialect: DialectName) => ({ inputs: null, provider: { dialect } })
  const pdf = { inputs: ['text', 'file'], pdfs: { promptTokensMax: 100 } } as const
  expect(fileReader(pdf, unknown('cohere'))).toBe('server')
  expect(fileReader(pdf, unknown('anthropic-messages'))).toBe('model')
  expect(fileReader({ inputs: ['text', 'file'] }, unknown('cohere'))).toBe('model')
  expect(fileReader({ inputs: ['text'] }, unknown('cohere'))).toBe('model')
})
