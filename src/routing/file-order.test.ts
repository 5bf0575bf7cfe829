import { describe, expect, test } from 'bun:test'
import type { Modality, PdfNeeds } from '../core/call.ts'
import { at, callFor, catalogue, plan } from './small-catalogue.test.ts'

const reads = (...inputs: Modality[]): { inputs: Set<Modality> } => ({ inputs: new Set<Modality>(['text', ...inputs]) })
const pdfs: PdfNeeds = { promptTokensMax: 100 }
const needs = { inputs: ['file' as const], pdfs }
const snapshot = catalogue({ 'a/m': [at('cheap', { usd: '1', ...reads() }), at('native', { usd: '9', ...reads('file') })], 'b/m': [at('text', reads())], 'c/m': [at('native', reads('file'))] })
const tags = (made: ReturnType<typeof plan>): string[] => made.steps.map(({ endpoint }) => endpoint.id)

describe('PDFs that this server can read', () => {
  test('of a model, who reads them itself comes first; who does not, behind, with the reason', () => {
    const made = plan(snapshot, callFor('a/m', {}, needs))
    expect(tags(made)).toEqual(['a/m@native', 'a/m@cheap'])
    expect(made.steps.map(({ reason }) => reason.endsWith('; its PDFs are read here'))).toEqual([false, true])
  })

  test('models stay in the order that the client gave', () => {
    expect(tags(plan(snapshot, callFor(['b/m', 'c/m'], {}, needs)))).toEqual(['b/m@text', 'c/m@native'])
    expect(tags(plan(snapshot, callFor(['b/m', 'c/m'], { partition: 'none', sort: 'price' }, needs)))).toEqual(['c/m@native', 'b/m@text'])
  })

  test('and so do providers', () => {
    expect(tags(plan(snapshot, callFor('a/m', { order: ['cheap', 'native'] }, needs)))).toEqual(['a/m@cheap', 'a/m@native'])
  })

  test('without them, files keep out who reads none', () => {
    const made = plan(snapshot, callFor('a/m', {}, { inputs: ['file'] }))
    expect([tags(made), made.excluded.map(({ rule }) => rule)]).toEqual([['a/m@native'], ['modality']])
  })

  test('other media still do', () => {
    expect(tags(plan(snapshot, callFor(['a/m', 'b/m'], {}, { ...needs, inputs: ['file', 'text'] })))).toHaveLength(3)
    expect(() => plan(snapshot, callFor('b/m', {}, { ...needs, inputs: ['file', 'audio'] }))).toThrow('does not read audio')
  })

  test('a window is measured by what the endpoint is told: the file, or the prompt without it', () => {
    const long = { ...needs, promptTokensMax: 4_000_000 }
    expect(tags(plan(snapshot, callFor('a/m', {}, long)))).toEqual(['a/m@cheap'])
    expect(() => plan(snapshot, callFor('a/m', {}, { ...long, pdfs: { promptTokensMax: 4_000_000 } }))).toThrow('maximum context length')
  })
})
