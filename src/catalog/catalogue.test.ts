import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Catalogue, OperatorFileWrong, readOperatorSettings } from './catalogue.ts'
import type { Snapshot } from './endpoint.ts'
import { findModel } from './names.ts'
import type { OperatorError } from './operator-file.ts'

const ACME = 'providers: { acme: { base_url: "http://127.0.0.1:1/v1", models: [ { id: acme/tiny } ] } }\n'
const BOTH = ACME.replace('{ id: acme/tiny }', '{ id: acme/tiny }, { id: acme/small }')

let folder = ''
let open: Catalogue[] = []
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'catalogue-')) })
afterEach(() => {
  for (const catalogue of open) catalogue.close()
  open = []
  rmSync(folder, { recursive: true })
})

/** A catalogue that watches, and a promise of the next thing that it tells. */
function watched(text: string | undefined) {
  const operatorPath = join(folder, 'switchyard.yaml')
  if (text !== undefined) writeFileSync(operatorPath, text)
  let tell: (told: Snapshot | readonly OperatorError[]) => void = () => undefined
  const next = () => new Promise<Snapshot | readonly OperatorError[]>((resolve) => { tell = resolve })
  const taken: string[] = []
  const catalogue = new Catalogue({
    env: {}, operatorPath, overlayPath: join(folder, 'catalogue.json'),
    onChange: (snapshot) => tell(snapshot), onErrors: (errors) => tell(errors), onTaken: (what) => taken.push(what),
  })
  open.push(catalogue)
  catalogue.watch()
  return { catalogue, operatorPath, next, taken }
}

describe('hot reload', () => {
  test('a save that writes the file', async () => {
    const { catalogue, operatorPath, next } = watched(ACME)
    const before = catalogue.snapshot()
    const told = next()
    writeFileSync(operatorPath, BOTH)
    expect(await told).toBe(catalogue.snapshot())
    expect(catalogue.snapshot().models.has('acme/small')).toBe(true)
    expect(catalogue.snapshot().version).toBe(before.version + 1)
    expect(before.models.has('acme/small')).toBe(false)
  })

  test('a save by an editor that renames, twice', async () => {
    const { catalogue, operatorPath, next } = watched(ACME)
    for (const text of [BOTH, ACME]) {
      const told = next()
      writeFileSync(`${operatorPath}.swp`, text)
      renameSync(`${operatorPath}.swp`, operatorPath)
      await told
      expect(catalogue.snapshot().models.has('acme/small')).toBe(text === BOTH)
    }
  })

  test('a file that was not there, appears, and is emptied on purpose', async () => {
    const { catalogue, operatorPath, next, taken } = watched(undefined)
    let told = next()
    writeFileSync(operatorPath, ACME)
    await told
    expect(catalogue.snapshot().providers.has('acme')).toBe(true)
    told = next()
    writeFileSync(operatorPath, '{}\n')
    await told
    expect(catalogue.snapshot().providers.has('acme')).toBe(false)
    expect(taken).toEqual([
      '1 providers (0 before), 1 models of theirs (0 before), 0 models changed, 0 aliases',
      '0 providers (1 before), 0 models of theirs (1 before), 0 models changed, 0 aliases',
    ])
  })

  test.each(['empty', 'gone'])('a file that is %s keeps the last good snapshot, and that is told', async (what) => {
    const { catalogue, operatorPath, next } = watched(ACME)
    const before = catalogue.snapshot()
    let told = next()
    if (what === 'empty') writeFileSync(operatorPath, ' \n')
    else rmSync(operatorPath)
    expect(await told).toMatchObject([{ file: operatorPath, line: 1, column: 1, message: expect.stringContaining(`is ${what}`) }])
    expect(catalogue.snapshot()).toBe(before)
    told = next()
    writeFileSync(operatorPath, BOTH)
    await told
    expect(catalogue.snapshot().models.has('acme/small')).toBe(true)
  })

  test('an editor that empties the file and writes it a moment later is waited for', async () => {
    const { catalogue, operatorPath, next } = watched(ACME)
    const told = next()
    writeFileSync(operatorPath, '')
    await Bun.sleep(150)
    writeFileSync(operatorPath, BOTH)
    expect(await told).toBe(catalogue.snapshot())
    expect(catalogue.snapshot().models.has('acme/small')).toBe(true)
  })

  test('a wrong file keeps the last good snapshot and tells why; mending it goes on', async () => {
    const { catalogue, operatorPath, next } = watched(ACME)
    const before = catalogue.snapshot()
    let told = next()
    writeFileSync(operatorPath, `${ACME}unpriced: maybe\n`)
    expect(await told).toMatchObject([{ file: operatorPath, line: 2, column: 11, path: 'unpriced' }])
    expect(catalogue.snapshot()).toBe(before)
    told = next()
    writeFileSync(operatorPath, `${ACME}unpriced: allow\n`)
    await told
    expect(catalogue.snapshot().unpricedAllowed).toBe(true)
    expect(catalogue.operatorFile().unpriced).toBe('allow')
  })

  test('an overlay that a sync writes', async () => {
    const { catalogue, next } = watched(undefined)
    const told = next()
    writeFileSync(join(folder, 'catalogue.json'), JSON.stringify({ format: 1, source: 's', fetchedAt: 't', added: [], gone: [{ provider: 'openai', upstream: 'gpt-4o-mini' }], changed: [{ provider: 'openai', upstream: 'gpt-4o', price: { input: '9', output: '9' } }] }))
    await told
    const at = (id: string) => catalogue.snapshot().models.get(id)?.endpoints.find((endpoint) => endpoint.tag === 'openai')
    expect(at('openai/gpt-4o')?.price.prompt).toBe(9_000_000_000n)
    expect(at('openai/gpt-4o-mini')?.deprecated).toBe(true)
  })
})

describe('without watching', () => {
  test('a wrong file at start is refused, with all that is wrong', () => {
    writeFileSync(join(folder, 'f.yaml'), 'a: 1\nb: 2\n')
    try {
      open.push(new Catalogue({ env: {}, operatorPath: join(folder, 'f.yaml') }))
      throw new Error('it was taken')
    } catch (error) {
      expect(error).toBeInstanceOf(OperatorFileWrong)
      expect(error instanceof OperatorFileWrong && error.errors.map((one) => one.line)).toEqual([1, 2])
    }
  })

  test('an alias means its model; one of nothing is refused with what is near', () => {
    const path = join(folder, 'f.yaml')
    writeFileSync(path, 'aliases: { Fast: openai/gpt-4o-mini }')
    const catalogue = new Catalogue({ env: {}, operatorPath: path })
    open.push(catalogue)
    expect(findModel(catalogue.snapshot(), 'fast')?.model.id).toBe('openai/gpt-4o-mini')
    writeFileSync(path, 'aliases: { fast: openai/gpt-4o-minni }')
    expect(() => new Catalogue({ env: {}, operatorPath: path })).toThrow(/f\.yaml:1:18: aliases\.fast: there is no model openai\/gpt-4o-minni: did you mean openai\/gpt-4o-mini/)
  })

  test('settings of the process are read also where a provider lacks its key; with a wrong one, all that is wrong is told', () => {
    const path = join(folder, 'f.yaml')
    writeFileSync(path, 'server: { data: /srv/data }\nproviders: { openai: { api_key: "${ABSENT}" } }\n')
    expect(readOperatorSettings(path, {})).toEqual({ data: '/srv/data' })
    writeFileSync(path, 'server: { journal: { fsync: sometimes } }\nproviders: { openai: { api_key: "${ABSENT}" } }\n')
    expect(() => readOperatorSettings(path, {})).toThrow(/2 errors:\n.*f\.yaml:1:29: server\.journal\.fsync: .*\n.*f\.yaml:2:33: providers\.openai\.api_key: .*ABSENT/)
  })

  test('reload says whether the file is right, and makes no new snapshot of the same', () => {
    const { catalogue, operatorPath } = watched(ACME)
    const before = catalogue.snapshot()
    expect([catalogue.reload(), catalogue.snapshot() === before]).toEqual([true, true])
    writeFileSync(operatorPath, 'x: 1')
    expect([catalogue.reload(), catalogue.snapshot() === before]).toEqual([false, true])
    writeFileSync(operatorPath, BOTH)
    expect([catalogue.reload(), catalogue.snapshot().models.has('acme/small')]).toEqual([true, true])
  })

  test('discovered servers come and go', () => {
    const { catalogue } = watched(undefined)
    catalogue.setDiscovered([{ slug: 'ollama', baseUrl: 'http://127.0.0.1:11434/v1', models: [{ id: 'ollama/llama3' }] }])
    expect(catalogue.snapshot().models.has('ollama/llama3')).toBe(true)
    catalogue.setDiscovered([])
    expect(catalogue.snapshot().models.has('ollama/llama3')).toBe(false)
  })

  test.each(['{"format":99}', '{"format":1}', '{"format":1,"gone":[],"added":[],"changed":[{"provider":"openai","upstream":"gpt-4o","price":{"input":"x","output":"1"}}]}', 'nonsense'])('an overlay that is none is passed over: %s', (text) => {
    writeFileSync(join(folder, 'catalogue.json'), text)
    expect(watched(undefined).catalogue.snapshot().models.size).toBeGreaterThan(341)
  })

  test('a file that cannot be read is wrong, and the last good snapshot stays', () => {
    const { catalogue, operatorPath } = watched(ACME)
    const before = catalogue.snapshot()
    rmSync(operatorPath)
    mkdirSync(operatorPath)
    expect([catalogue.reload(), catalogue.snapshot() === before]).toEqual([false, true])
  })
})
