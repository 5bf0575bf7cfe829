import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'bun:test'
import { cli, temporaryDirectory, type CliOptions } from '../../test/cli.ts'
import { asArray, asObject, parseObject, type JsonObject } from '../core/json.ts'

const directory = temporaryDirectory()
const open: (() => void)[] = []
afterEach(() => { for (const close of open.splice(0)) close() })

async function examine(argv: string[], options: CliOptions = {}): Promise<{ code: number; report: JsonObject; checks: Record<string, unknown>; out: string }> {
  const { code, out } = await cli(directory, ['doctor', '--json', ...argv], options)
  const report = parseObject(out) ?? {}
  const checks = Object.fromEntries((asArray(report['checks']) ?? []).map((row) => [asObject(row)?.['what'], asObject(row)?.['state']]))
  return { code, report, checks, out }
}

/** A port of this machine that answers with this. */
function taken(answer: () => Response): string {
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: answer })
  open.push(() => void server.stop(true))
  return String(server.port)
}

describe('doctor', () => {
  test('a fresh machine is well, and only the demo is ready', async () => {
    const { code, report, checks } = await examine(['--port', '0'])
    expect(code).toBe(0)
    expect(checks).toEqual({ "operator's file": 'ok', catalogue: 'ok', 'data directory': 'note', port: 'ok' })
    expect((asArray(report['providers']) ?? []).filter((row) => asObject(row)?.['ready'])).toMatchObject([{ slug: 'demo' }])
    const { out } = await cli(directory, ['doctor', '--port', '0'])
    expect(out).toMatch(/anthropic +Anthropic +\d+ +anthropic-messages +no credential: set ANTHROPIC_API_KEY/)
    expect(out).toMatch(/deepseek +DeepSeek +\d+ +openai-chat, anthropic-messages +no credential/)
    expect(out).toContain('Only the demo answers')
  })

  test("a wrong operator's file is broken, with its lines", async () => {
    const file = join(directory, 'wrong.yaml')
    writeFileSync(file, 'providers:\n  acme:\n    dialekt: openai-chat\n')
    const { code, out } = await cli(directory, ['doctor', '--port', '0', '--config', file])
    expect(code).toBe(1)
    expect(out).toMatch(/broken {2}operator's file: [^]*wrong\.yaml:3:/)
  })

  test('a data directory that is none is broken', async () => {
    const file = join(directory, 'a-file')
    writeFileSync(file, '')
    expect(await examine(['--port', '0', '--data', file])).toMatchObject({ code: 1, checks: { 'data directory': 'broken' } })
    expect(await examine(['--port', '0', '--data', join(file, 'below')])).toMatchObject({ code: 1, checks: { 'data directory': 'broken' } })
    expect(await examine(['--port', '0', '--data', directory])).toMatchObject({ code: 0, checks: { 'data directory': 'ok' } })
  })

  test('a port is free, ours, or taken', async () => {
    expect(await examine(['--port', taken(() => Response.json({ data: { count: 3 } }))])).toMatchObject({ code: 0, checks: { port: 'ok' } })
    expect(await examine(['--port', taken(() => new Response('something else'))])).toMatchObject({ code: 1, checks: { port: 'broken' } })
  })

  test('--call tries each ready provider once, and a failure is broken', async () => {
    const asked: string[] = []
    const probe: NonNullable<CliOptions['probe']> = async (_config, slug, model) => {
      asked.push(`${slug} ${model}`)
      return slug === 'groq' ? { ok: false, latencyMs: 5, message: 'the credential was refused', help: 'Mend GROQ_API_KEY.' } : { ok: true, latencyMs: 12 }
    }
    const options = { probe, env: { GROQ_API_KEY: 'gsk_secret' } }
    const { code, report, out } = await examine(['--port', '0', '--call'], options)
    expect(code).toBe(1)
    expect(report['calls']).toMatchObject([{ provider: 'demo', ok: true, latencyMs: 12 }, { provider: 'groq', ok: false, message: 'the credential was refused' }])
    expect(asked.map((line) => line.split(' ')[0])).toEqual(['demo', 'groq'])
    const plain = await cli(directory, ['doctor', '--port', '0', '--call'], options)
    expect(plain.out).toMatch(/broken {2}groq \(.+\): the credential was refused Mend GROQ_API_KEY\.\n/)
    expect(out + plain.out).not.toContain('gsk_secret')
    asked.length = 0
    await examine(['--port', '0'], options)
    expect(asked).toEqual([])
  })
})
