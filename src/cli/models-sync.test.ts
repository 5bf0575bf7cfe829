import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'bun:test'
import { cli, temporaryDirectory, type CliOptions, type CliRun } from '../../test/cli.ts'
import { catalogueRows } from '../catalog/rows.ts'
import { asArray, parseObject, type JsonObject } from '../core/json.ts'

const SONNET = 'claude-sonnet-4-5-20250929'

/** The public feed as our catalogue would be in it, with other facts for Sonnet at Anthropic. */
function feedFile(directory: string, sonnet: JsonObject, more: JsonObject = {}): string {
  const models = Object.fromEntries(catalogueRows().models.flatMap((model) => model.endpoints.filter((row) => row.provider === 'anthropic').map((row) => [row.upstream, {
    id: row.upstream, name: model.name, tool_call: true, temperature: true, attachment: true, release_date: '2025-09-29',
    limit: { context: row.context ?? model.context ?? 1, output: row.output ?? model.output ?? 1 }, modalities: { input: ['text', 'image', 'pdf'], output: ['text'] },
    ...(row.price !== undefined && row.price !== 'free' && { cost: { input: Number(row.price.input), output: Number(row.price.output) } }),
    ...(row.upstream === SONNET && sonnet),
  }])))
  const path = join(directory, 'api.json')
  writeFileSync(path, JSON.stringify({ anthropic: { id: 'anthropic', name: 'Anthropic', env: ['ANTHROPIC_API_KEY'], npm: '@ai-sdk/anthropic', models: { ...models, ...more } } }))
  return path
}

const DEARER = { cost: { input: 4, output: 200, cache_read: 0.4, cache_write: 5 } }
const NEW = { 'claude-quill-9': { id: 'claude-quill-9', name: 'Claude Quill 9', tool_call: true, limit: { context: 300_000, output: 9_000 }, modalities: { input: ['text'], output: ['text'] }, cost: { input: 1, output: 2 } } }

async function sync(directory: string, argv: string[], options: CliOptions = {}): Promise<CliRun> {
  return await cli(directory, ['models', 'sync', ...argv], options)
}

async function priceOf(directory: string, model: string): Promise<unknown> {
  const page = parseObject((await cli(directory, ['models', 'show', model, '--json'])).out)
  return asArray(page?.['endpoints'])?.find((row) => parseObject(JSON.stringify(row))?.['provider'] === 'anthropic')
}

describe('models sync', () => {
  test('shows what differs, and without a terminal takes nothing over that changes a price', async () => {
    const directory = temporaryDirectory()
    const feed = feedFile(directory, DEARER, NEW)
    const run = await sync(directory, ['--from', feed], { stdin: '' })
    expect(run.code).toBe(1)
    expect(run.err).toContain('nothing was taken over\nLook at the changes above, then run it again with --yes')
    expect(run.out).toMatch(/anthropic\/claude-sonnet-4\.5 +anthropic +input +3 +4\n/)
    expect(run.out).toMatch(/anthropic\/claude-sonnet-4\.5 +anthropic +output +15 +200 +more than tenfold: right\?\n/)
    expect(run.out).toContain('claude-quill-9')
    expect(run.out).toContain('more; --all shows them')
    expect(existsSync(join(directory, 'data', 'catalogue', 'models.json'))).toBe(false)
  })

  test('--yes takes everything over, and then nothing differs', async () => {
    const directory = temporaryDirectory()
    const feed = feedFile(directory, DEARER, NEW)
    expect(await sync(directory, ['--from', feed, '--yes'], { stdin: '' })).toMatchObject({ code: 0, err: '' })
    expect(await priceOf(directory, 'anthropic/claude-sonnet-4.5')).toMatchObject({ pricing: { prompt: '0.000004', completion: '0.0002' } })
    expect((await cli(directory, ['models', 'list', 'quill'])).out).toMatch(/claude-quill-9 +\$1\.00 +\$2\.00 +300K/)
    const again = await sync(directory, ['--from', feed], { stdin: '' })
    expect(again).toMatchObject({ code: 0, out: 'The catalogue is up to date.\n' })
    expect(parseObject(readFileSync(join(directory, 'data', 'catalogue', 'models.json'), 'utf8'))).toMatchObject({ format: 1, source: feed })
  })

  test('asks on a terminal: yes, no but the rest, quit', async () => {
    const cases = [[['what?', 'y'], '0.000004', true], [['no'], '0.000003', true], [['q'], '0.000003', false], [[], '0.000003', false]] as const
    for (const [lines, prompt, isNewKnown] of cases) {
      const directory = temporaryDirectory()
      const run = await sync(directory, ['--from', feedFile(directory, DEARER, NEW)], { lines, tty: true })
      expect(run.code).toBe(0)
      expect(await priceOf(directory, 'anthropic/claude-sonnet-4.5')).toMatchObject({ pricing: { prompt }, deprecated: false })
      expect((await cli(directory, ['models', 'list', 'quill', '--json'])).out.includes('claude-quill-9')).toBe(isNewKnown)
    }
  })

  test('--dry-run and --json', async () => {
    const directory = temporaryDirectory()
    const feed = feedFile(directory, DEARER, NEW)
    const dry = await sync(directory, ['--from', feed, '--dry-run', '--json'])
    expect(dry.code).toBe(0)
    expect(parseObject(dry.out)).toMatchObject({ taken: 'nothing', added: [{ name: 'Claude Quill 9', providers: ['anthropic'] }] })
    const undecided = await sync(directory, ['--from', feed, '--json'])
    expect([undecided.code, parseObject(undecided.out)?.['taken']]).toEqual([1, 'undecided'])
    expect(existsSync(join(directory, 'data', 'catalogue', 'models.json'))).toBe(false)
  })

  test('fetches the public feed, and says what to do when it is not to be had', async () => {
    const directory = temporaryDirectory()
    const text = readFileSync(feedFile(directory, DEARER), 'utf8')
    const asked: string[] = []
    const answer = (response: () => Response): CliOptions => ({ stdin: '', fetch: async (url) => { asked.push(url); return response() } })
    expect((await sync(directory, ['--dry-run'], answer(() => new Response(text)))).out).toContain('claude-sonnet-4.5')
    expect(asked).toEqual(['https://models.dev/api.json'])
    const failures = [() => new Response('no', { status: 503 }), () => new Response('<html>'), () => new Response('{}'), () => { throw new Error('no internet') }]
    for (const failure of failures) {
      const run = await sync(directory, ['--yes'], answer(failure))
      expect(run.code).toBe(1)
      expect(run.err).toContain('--from <file>')
    }
    expect((await sync(directory, ['--from', join(directory, 'nowhere.json')])).code).toBe(1)
  })
})
