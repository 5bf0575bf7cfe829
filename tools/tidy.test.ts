import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { sayFinding, tidy } from './tidy.ts'
import { deadFindings, importFindings } from './tidy-imports.ts'
import { dependencyFindings, faultFindings, homeFindings, nameFindings, wordingFindings } from './tidy-rules.ts'
import { sizeFindings } from './tidy-sizes.ts'
import { sourceOf } from './tidy-source.ts'

test('the checkout is tidy', () => {
  expect(tidy(join(import.meta.dir, '..')).map(sayFinding)).toEqual([])
})

const dependencies = new Set(['zod'])

/** All that the rules for one file say about a text, as `rule:line`. */
function rulesOf(path: string, text: string): string[] {
  const source = sourceOf(path, text)
  const findings = [...importFindings(source, dependencies), ...homeFindings(source), ...wordingFindings(source), ...nameFindings(source)]
  return findings.map((finding) => `${finding.rule}:${finding.line}`)
}

describe('imports', () => {
  const cases: readonly [string, string, readonly string[]][] = [
    ['src/core/call.ts', "import { id } from '../lib/id.ts'", []],
    ['src/core/call.ts', "// why\nimport { serve } from '../gateway/serve.ts'", ['imports:2']],
    ['src/core/call.ts', "import type { Plan } from '../routing/plan.ts'", ['imports:1']],
    ['src/core/call.ts', "export { serve } from '../gateway/serve.ts'\nconst x = 1", ['imports:1']],
    ['src/core/call.ts', "const load = () => import('../gateway/serve.ts')", ['imports:1']],
    ['src/ledger/ledger.ts', "import { key } from '../accounts/caller.ts'", ['imports:1']],
    ['src/ledger/ledger.ts', "import type { Caller } from '../accounts/caller.ts'", []],
    ['src/ledger/ledger.ts', "import { type Caller } from '../accounts/caller.ts'", []],
    ['src/dialects/dialect.ts', "import type { Endpoint } from '../catalog/endpoint.ts'", []],
    ['src/dialects/dialect.ts', "import { price } from '../catalog/price.ts'", ['imports:1']],
    ['src/gateway/serve.ts', "import { mock } from '../../test/replay/provider.ts'", ['imports:1']],
    ['src/gateway/serve.test.ts', "import { mock } from '../../test/replay/provider.ts'", []],
    ['src/gateway/serve.ts', "import { z } from 'zod'\nimport { join } from 'node:path'", []],
    ['src/gateway/serve.ts', "import OpenAI from 'openai'", ['imports:1']],
    ['src/extra/thing.ts', "import { id } from '../lib/id.ts'", ['imports:1']],
    ['src/core/call.ts', "const text = \"import { serve } from '../gateway/serve.ts'\"", []],
  ]
  for (const [path, text, expected] of cases) test(`${path}: ${text.slice(0, 70)}`, () => expect(rulesOf(path, text)).toEqual([...expected]))
})

describe('homes', () => {
  const cases: readonly [string, string, readonly string[]][] = [
    ['src/store/keys.ts', "const q = 'SELECT a FROM b'", []],
    ['src/accounts/keys.ts', "const q = 'SELECT a FROM b'", ['sql:1']],
    ['src/accounts/keys.ts', 'const q = `\n  INSERT INTO b VALUES (${1})`', ['sql:1']],
    ['src/accounts/keys.ts', "const help = 'select a model from the list'; // SELECT a FROM b", ['sql:1']],
    ['src/accounts/keys.ts', "const help = 'Update your key'", []],
    ['src/config.ts', "const port = process.env['PORT']", []],
    ['src/server/listen.ts', "const port = process.env['PORT']", ['env:1']],
    ['src/server/listen.test.ts', "const port = process.env['PORT']", []],
    ['src/upstream/send.ts', 'await fetch(url, { signal })', []],
    ['src/gateway/attempt.ts', 'await fetch(url, { signal })', ['http:1']],
    ['src/server/listen.ts', 'Bun.serve({ fetch(request, server) { return handle(request) } })', []],
    ['src/server/listen.ts', 'Bun.serve({ async fetch(request): Promise<Response> { return handle(request) } })', []],
    ['src/catalog/sync.ts', 'await options.fetch(url)', []],
    ['src/gateway/attempt.ts', "import { request } from 'node:https'", ['http:1']],
    ['src/lib/clock.ts', 'const now = Date.now()', []],
    ['src/core/call.ts', 'const now = Date.now()', ['time:1']],
    ['src/core/call.ts', 'const now = new Date()', ['time:1']],
    ['src/core/call.ts', 'const then = new Date(ms) // not Date.now()', []],
    ['src/core/call.ts', 'const x = Math.random()', ['random:1']],
    ['src/core/call.ts', "import { createHash, randomBytes } from 'node:crypto'", ['random:1']],
    ['src/core/call.ts', "import { createHash } from 'node:crypto'\nimport { randomBytes } from '../lib/random.ts'", []],
  ]
  for (const [path, text, expected] of cases) test(`${path}: ${text.slice(0, 70)}`, () => expect(rulesOf(path, text)).toEqual([...expected]))
})

describe('wording', () => {
  const cases: readonly [string, readonly string[]][] = [
    ['const x: any = 1', ['any:1']],
    ['const x = y as any', ['any:1']],
    ['const x: Map<string, any> = y', ['any:1']],
    ['function f(x: any[], y: string) {}', ['any:1']],
    ["const kind = 'any' // any: of them", []],
    ["const choice = { type: 'any', any: true, x: list.any }", []],
    ['const any = pick(); take(any)', []],
    ['export default 1', ['default-export:1']],
    ["export * from './a.ts'\nconst x = 1", ['barrel:1']],
    ["// all of it\nexport { a } from './a.ts'\nexport type { B } from './b.ts'", ['barrel:1']],
    ["export { a } from './a.ts'\nexport const b = 1", []],
    ['try { f() } catch {}', ['empty-catch:1']],
    ['try { f() } catch (error) {\n}', ['empty-catch:1']],
    ['try { f() } catch {\n  // It was only a look.\n}', []],
    ['f().catch(() => {})', ['empty-catch:1']],
    ['f().catch(() => {}) // the reader has gone', []],
    ['f().catch((error) => undefined)', ['empty-catch:1']],
    ["const pattern = /catch {}'/g; const x = 4 / 2 / 1", []],
    ['const text = `catch {} ${y as string} any`', []],
  ]
  for (const [text, expected] of cases) test(text.slice(0, 80), () => expect(rulesOf('src/core/thing.ts', text)).toEqual([...expected]))
})

describe('names', () => {
  const cases: readonly [string, string, readonly string[]][] = [
    ['src/core/utils.ts', 'const x = 1', ['file-name:1']],
    ['test/serverHelpers.ts', 'const x = 1', ['file-name:1']],
    ['src/core/types.test.ts', 'const x = 1', ['file-name:1']],
    ['src/accounts/key-service.ts', 'const x = 1', ['file-name:1']],
    ['src/upstream/service-account.ts', 'const x = 1', []],
    ['src/core/call.ts', '\nexport interface CallPayload {}', ['word:2']],
    ['src/core/call.ts', 'export function readChunk() {}', ['word:1']],
    ['src/dialects/openai-chat/wire.ts', 'export interface Chunk {}', []],
    ['src/core/call.ts', 'const chunk = 1; export const feeling = 2', []],
    ['src/guardrails/plugin.ts', 'const x = 1', ['word:1']],
  ]
  for (const [path, text, expected] of cases) test(`${path}: ${text.trim()}`, () => expect(rulesOf(path, text)).toEqual([...expected]))
})

describe('sizes', () => {
  const lines = (count: number): string => '  x()\n'.repeat(count)
  const sizesOf = (text: string, path = 'src/core/call.ts'): string[] => sizeFindings([sourceOf(path, text)], []).map((finding) => `${finding.line} ${finding.message.split(',')[0] ?? ''}`)

  test('a function may have 70 lines', () => expect(sizesOf(`function f() {\n${lines(68)}}\n`)).toEqual([]))
  test('a function with 71 lines is named', () => expect(sizesOf(`\nasync function f<T>(x: () => T): Promise<Map<string, T>> {\n${lines(69)}}\n`)).toEqual(['2 src/core/call.ts#f has 71 lines']))
  test('so is an arrow function', () => expect(sizesOf(`const f = async (x: string): Promise<void> => {\n${lines(69)}}\n`)).toEqual(['1 src/core/call.ts#f has 71 lines']))
  test('and a method', () => expect(sizesOf(`class A {\n  private async go(x: string): Promise<void> {\n${lines(69)}}\n}\n`)).toEqual(['2 src/core/call.ts#go has 71 lines']))
  test('a class, a table and a loop are not functions', () => expect(sizesOf(`class A {\n${lines(90)}}\nconst b = {\n${lines(90)}}\nfor (const x of y) {\n${lines(90)}}\n`)).toEqual([]))
  test('a describe in a test is not one either', () => expect(sizesOf(`describe('x', () => {\n${lines(90)}})\n`, 'src/core/call.test.ts')).toEqual([]))
  test('a file may have 400 lines', () => {
    expect(sizesOf(lines(400))).toEqual([])
    expect(sizesOf(lines(401))).toEqual(['1 src/core/call.ts has 401 lines'])
  })
  test("a provider's data has 40 lines at most", () => {
    expect(sizesOf(`export const acme = {\n${'  a: 1,\n'.repeat(39)}}\n`, 'src/catalog/providers/acme.ts')).toEqual(['1 src/catalog/providers/acme.ts has 41 lines'])
  })
  test('an exception holds to the line, and goes when it is not needed', () => {
    const source = sourceOf('src/core/call.ts', lines(410))
    const say = (max: number): string[] => sizeFindings([source], [{ of: 'src/core/call.ts', lines: max, why: 'test' }]).map((finding) => finding.message)
    expect(say(410)).toEqual([])
    expect(say(409)).toHaveLength(1)
    expect(say(420)).toEqual(['src/core/call.ts has 410 lines now: lower the exception to 410'])
    expect(sizeFindings([sourceOf('src/core/call.ts', 'x()\n')], [{ of: 'src/core/call.ts', lines: 420, why: 'test' }])[0]?.message).toEndWith('remove the exception')
  })
})

describe('dead files', () => {
  const sources = [
    sourceOf('src/main.ts', "import { a } from './core/a.ts'\nnew Worker(new URL('./core/worker.ts', import.meta.url))"),
    sourceOf('src/core/a.ts', "const b = await import('./b.ts')"),
    sourceOf('src/core/b.ts', ''),
    sourceOf('src/core/worker.ts', ''),
    sourceOf('src/core/c.ts', ''),
    sourceOf('src/core/d.ts', ''),
    sourceOf('src/core/c.test.ts', "import { c } from './c.ts'\nimport { shared } from '../../test/shared.ts'"),
    sourceOf('test/shared.ts', "start(join(import.meta.dir, 'replay/child.ts'))"),
    sourceOf('test/replay/child.ts', ''),
    sourceOf('src/core/left.fixture.ts', ''),
    sourceOf('test/unused.ts', ''),
  ]
  test('are those that nothing which runs leads to', () => {
    expect(deadFindings(sources, new Set(['src/main.ts'])).map((finding) => `${finding.file} ${finding.message.split(':')[0] ?? ''}`)).toEqual([
      'src/core/c.ts only tests use it', 'src/core/d.ts nothing imports it', 'src/core/left.fixture.ts no test and no script of package.json leads to it', 'test/unused.ts no test and no script of package.json leads to it',
    ])
  })
})

describe('fault codes', () => {
  const fault = sourceOf('src/core/fault.ts', "export const FAULTS = {\n  // group\n  no_route: kind(1, 'a_b'),\n  gone: kind(2),\n} as const\n")
  test('are all explained', () => {
    expect(faultFindings(fault, '| code | help |\n| `no_route` | x |\n| `old_code` | x |\n').map((finding) => `${finding.file}:${finding.line} ${finding.message.split(':')[0] ?? ''}`)).toEqual([
      'src/core/fault.ts:4 docs/errors.md does not explain `gone`', 'docs/errors.md:1 `old_code` is no fault code any more',
    ])
    expect(faultFindings(fault, '`no_route` and `gone`')).toEqual([])
  })
})

test('a package without a reason is named', () => {
  expect(dependencyFindings(['yaml', '@types/bun', 'left-pad'], '| `yaml` | x |\n| `@types/bun` | y |').map((finding) => finding.message.split(':')[0])).toEqual(['left-pad has no row in docs/dependencies.md'])
})
