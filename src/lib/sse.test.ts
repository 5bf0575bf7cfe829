import { describe, expect, test } from 'bun:test'
import { FrameTooLarge, SseParser, type Frame } from './sse.ts'

function parse(text: string, cut: number, max = 1_000_000): Frame[] {
  const bytes = new TextEncoder().encode(text)
  const parser = new SseParser(max)
  const out: Frame[] = []
  for (let at = 0; at < bytes.length; at += cut) parser.push(bytes.subarray(at, at + cut), out)
  parser.end(out)
  return out
}

describe('SseParser', () => {
  const wire = ': hello\n\nevent: a\ndata: {"x":"é€😀"}\n\ndata:one\r\ndata: two\r\n\r\nid: 7\ndata\rdata: three\r\rdata: last'
  const frames = [{ event: 'a', data: '{"x":"é€😀"}' }, { event: '', data: 'one\ntwo' }, { event: '', data: 'three' }, { event: '', data: 'last' }]

  test('gives the same events wherever the stream is cut', () => {
    for (let cut = 1; cut <= wire.length + 12; cut++) expect(parse(wire, cut)).toEqual(frames)
  })

  test('names the event though its line follows the data', () => {
    expect(parse('data: 1\nevent: late\n\n', 3)).toEqual([{ event: 'late', data: '1' }])
  })

  test('refuses an event over the limit, in one piece or in many', () => {
    expect(() => parse(`data: ${'x'.repeat(200)}\n\n`, 7, 100)).toThrow(FrameTooLarge)
    expect(() => parse(`data: ${'x'.repeat(200)}\n\n`, 1000, 100)).toThrow(FrameTooLarge)
    expect(() => parse('data: xxxxxxxxxx\n'.repeat(20), 1000, 100)).toThrow(FrameTooLarge)
  })

  test('sees comments as a sign of life', () => {
    const parser = new SseParser(100)
    parser.push(new TextEncoder().encode(': OPENROUTER PROCESSING\n\n'), [])
    expect(parser.sawComment).toBe(true)
  })
})
