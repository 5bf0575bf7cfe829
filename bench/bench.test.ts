import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { BENCH_DIALECTS, dialectOfPath, clientPath, streamAnswer, streamModelId, streamModelIn, streamRequest } from './dialect-traffic.ts'
import { AnswerReader } from './http-answer.ts'
import { directLane, nginxLane } from './lanes.ts'
import { jobFor, measure, mockCounts, VoidRun, type Bench, type Measured } from './measure.ts'
import { median, percentile } from './numbers.ts'
import { cpuMs, rssKb, treeOf, type Running } from './processes.ts'
import { hostKind, report, type BenchResult, type LaneResult } from './report.ts'
import { startBench } from './run.ts'
import { nameOf, perPiece, streamsReport } from './streams.ts'
import { answerBytes, CHUNKS, plainAnswer, requestBody, streamEvents } from './traffic.ts'

describe('numbers', () => {
  test('a percentile is one of the values, by nearest rank', () => {
    const values = Array.from({ length: 100 }, (_, at) => 100 - at)
    expect([1, 50, 99, 100].map((percent) => percentile(values, percent))).toEqual([1, 50, 99, 100])
    expect(percentile([7], 99)).toBe(7)
    expect(percentile([], 50)).toBeNaN()
  })
  test('a median leaves out what was not measured', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([Number.NaN, 5])]).toEqual([2, 2.5, 5])
  })
})

describe('the traffic', () => {
  test('has the sizes that the notes state', () => {
    expect(requestBody('bench/mock-plain', false).length).toBeGreaterThan(900)
    expect(requestBody('bench/mock-plain', false).length).toBeLessThan(1300)
    expect(plainAnswer().length).toBeGreaterThan(1000)
    expect(plainAnswer().length).toBeLessThan(1400)
    // The end mark is no chunk.
    expect(streamEvents()).toHaveLength(CHUNKS + 1)
  })
})

describe('the traffic of all dialects', () => {
  const model = { kind: 'tool', pieces: 12, delayMs: 4 } as const
  for (const dialect of BENCH_DIALECTS) {
    test(`${dialect}: is asked for by name, and says all its pieces`, () => {
      const id = streamModelId(model)
      expect(streamModelIn(clientPath(dialect, id)) ?? streamModelIn(streamRequest(dialect, id, 'tool'))).toEqual(model)
      expect(dialectOfPath(clientPath(dialect, id).split('?')[0] ?? '')).toBe(dialect)
      for (const kind of ['text', 'tool'] as const) {
        const { open, pieces, close } = streamAnswer(dialect, kind, 12)
        expect(pieces).toHaveLength(12)
        for (const event of [...open, ...pieces, ...close]) expect(event).toMatch(/^(?:event: \S+\n)?data: .+?\r?\n\r?\n$/)
      }
    })
  }
})

describe('AnswerReader', () => {
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n'
  const plain = 'HTTP/1.1 404 Not Found\r\nContent-Length: 11\r\nConnection: close\r\n\r\nhello world'
  const cases = [
    { wire: chunked, status: 200, bodyBytes: 6, closes: false },
    { wire: plain, status: 404, bodyBytes: 11, closes: true },
    { wire: 'HTTP/1.1 204 No Content\r\n\r\n', status: 204, bodyBytes: 0, closes: false },
  ]
  for (const { wire, ...expected } of cases) {
    test(`reads ${wire.slice(9, 24).trim()} wherever it is cut`, () => {
      for (let cut = 0; cut <= wire.length; cut++) {
        const reader = new AnswerReader()
        for (const piece of [wire.slice(0, cut), wire.slice(cut)]) if (piece !== '') reader.push(Buffer.from(piece))
        expect({ state: reader.state, status: reader.status, bodyBytes: reader.bodyBytes, closes: reader.closes }).toEqual({ state: 'done', ...expected })
      }
    })
  }
  test('is not done before the end', () => {
    for (const wire of [chunked, plain]) {
      const reader = new AnswerReader()
      for (const byte of wire.slice(0, -1)) reader.push(Buffer.from(byte))
      expect(reader.state).not.toBe('done')
    }
  })
})

describe('mock and load', () => {
  let bench: Bench & { readonly mock: Running }
  beforeAll(async () => { bench = await startBench() })
  afterAll(async () => {
    await bench.load.stop()
    await bench.mock.stop()
  })

  test('agree on what was called, plain and streamed', async () => {
    const lane = directLane(bench.mockPort)
    for (const model of [{ stream: false, delayMs: 0 }, { stream: true, delayMs: 2 }]) {
      const measured = await measure(bench, lane, jobFor(lane, model, { mode: 'closed', connections: 4, seconds: 0.3 }))
      expect(measured.served).toBeGreaterThan(0)
      expect({ served: measured.served, mock: measured.mockRequests, bytes: measured.answerBytes }).toEqual({ served: measured.sent, mock: measured.sent, bytes: answerBytes(model) })
    }
  })

  test('speak every dialect', async () => {
    for (const dialect of BENCH_DIALECTS) {
      const id = streamModelId({ kind: 'text', pieces: 7, delayMs: 1 })
      const { open, pieces, close } = streamAnswer(dialect, 'text', 7)
      const lane = directLane(bench.mockPort)
      const shape = { mode: 'open', connections: 1, seconds: 0.1, ratePerSecond: 20 } as const
      const measured = await measure(bench, lane, { host: '127.0.0.1', port: lane.port, path: clientPath(dialect, id), headers: {}, body: streamRequest(dialect, id, 'text'), ...shape })
      expect({ served: measured.served, bytes: measured.answerBytes }).toEqual({ served: 2, bytes: [...open, ...pieces, ...close].join('').length })
    }
  })

  test('send so many a second as they are told', async () => {
    const lane = directLane(bench.mockPort)
    const measured = await measure(bench, lane, jobFor(lane, { stream: false, delayMs: 0 }, { mode: 'open', connections: 2, seconds: 0.5, ratePerSecond: 100 }))
    expect(measured.served).toBe(50)
  })

  test('a client that leaves is seen by the mock', async () => {
    const lane = directLane(bench.mockPort)
    const before = await mockCounts(bench)
    const measured = await measure(bench, lane, jobFor(lane, { stream: true, delayMs: 10 }, { mode: 'open', connections: 2, seconds: 0.2, ratePerSecond: 100, abortShare: 1 }))
    expect(measured).toMatchObject({ sent: 20, served: 0, aborted: 20 })
    await Bun.sleep(50)
    const after = await mockCounts(bench)
    expect({ open: after.open, aborted: after.aborted - before.aborted }).toEqual({ open: 0, aborted: 20 })
  })

  test('a lane that answers by itself makes the run void, and so does one that fails', async () => {
    let status = 200
    const liar = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('{}', { status }) })
    const lane = { ...directLane(liar.port ?? 0), name: 'liar' }
    const job = jobFor(lane, { stream: false, delayMs: 0 }, { mode: 'open', connections: 1, seconds: 0.1, ratePerSecond: 50 })
    await expect(measure(bench, lane, job)).rejects.toThrow(new VoidRun('liar: the client sent 5 calls, the mock counted 0'))
    status = 500
    await expect(measure(bench, lane, job)).rejects.toThrow(new VoidRun('liar: 5 of 5 calls failed (status 500)'))
    await liar.stop(true)
  })

  test('nginx carries every call', async () => {
    const lane = await nginxLane(bench.mockPort)
    if ('missing' in lane) {
      if (process.env['CI']) throw new Error(`nginx: ${lane.missing}`)
      console.log(`skipped: nginx ${lane.missing}`)
      return
    }
    try {
      const pid = lane.process?.pid ?? 0
      const measured = await measure(bench, lane, jobFor(lane, { stream: true, delayMs: 2 }, { mode: 'closed', connections: 4, seconds: 0.3 }))
      expect({ served: measured.served, bytes: measured.answerBytes }).toEqual({ served: measured.sent, bytes: answerBytes({ stream: true, delayMs: 2 }) })
      expect(treeOf(pid).length).toBeGreaterThan(1)
      expect([rssKb(pid) > 1000, cpuMs(pid) >= 0]).toEqual([true, true])
    } finally {
      await lane.process?.stop()
    }
  }, 20_000)
})

describe('the report', () => {
  const measured = (figures: Partial<Measured>): Measured => ({
    sent: 100, served: 100, aborted: 0, failed: 0, failure: null, seconds: 1, latencyP50Ms: 1, latencyP99Ms: 2, firstTokenP50Ms: 1, firstTokenP99Ms: 2,
    answerBytes: 10, callsPerSecond: 100, cpuUsPerCall: 10, mockRequests: 100, ...figures,
  })
  const lane = (name: string, figures: Partial<Measured>): LaneResult => ({
    name, what: 'test', startMs: 100, idleKb: 2048, plain: [measured(figures)], stream: [measured(figures)], paced: [measured(figures)], firstToken: [measured(figures)], held: null,
  })
  const result: BenchResult = {
    date: '2026-11-20T00:00:00Z', machine: { cpu: 'AMD EPYC', cores: 2, memoryMb: 1, os: 'linux x64' }, versions: { switchyard: '0', bun: '1', commit: 'abc' },
    setup: { pinned: true, rounds: 1, requestBytes: 1, plainBytes: 1, streamBytes: 1, chunks: 50, seconds: 1 },
    lanes: [lane('direct', { cpuUsPerCall: Number.NaN }), lane('nginx', { latencyP50Ms: 1.5 }), lane('switchyard', { cpuUsPerCall: 25, latencyP50Ms: 2 })],
    missing: [{ name: 'portkey', missing: 'no network' }],
  }

  test('shows what is added to the direct lane, and the ratio to nginx', () => {
    const text = report(result)
    expect(text).toContain('| CPU µs a plain call | – | 10.0 | 25.0 | 2.5 | ≤ 4 × nginx |')
    expect(text).toContain('| added at 200/s, p50 ms | – | 0.50 | 1.00 | 2.0 | ≤ 2 × nginx |')
    expect(text).toContain('- portkey: not measured, no network')
  })
  test('names the kind of host for a file', () => expect(hostKind({ cpu: 'Intel(R) Xeon(R) Processor @ 2.20GHz', cores: 2, memoryMb: 1, os: '' })).toBe('2x-intel-xeon'))
})

describe('the report of streams', () => {
  test('a piece is what the longer stream costs more; lanes are measured against the carried one', () => {
    expect(perPiece([1_000, 1_100, 5_000], [100, 140, 120], 500, 20)).toBeCloseTo(980 / 480)
    const result = (client: 'openai-chat' | 'openai-responses', provider: 'openai-chat' | 'gemini', middle: number, long: number[]) => ({
      name: nameOf({ client, provider }), pair: { client, provider }, short: { text: [100], tool: [100] }, middle: { text: [middle], tool: [middle] }, long,
    })
    const text = streamsReport([result('openai-chat', 'openai-chat', 580, [5_080]), result('openai-responses', 'gemini', 820, [])], ['# head'])
    expect(text).toContain('| openai→openai | 1.0 | 1.00 | 1.0 | 1.00 | 1.0 | 1.00 |')
    expect(text).toContain('| responses→gemini | 1.5 | 1.50 | 1.5 | 1.50 | – | – |')
  })
})
