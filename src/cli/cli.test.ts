import { Database } from 'bun:sqlite'
import { describe, expect, test } from 'bun:test'
import { cli, temporaryDirectory } from '../../test/cli.ts'
import type { Config } from '../config.ts'

const directory = temporaryDirectory()
const run = (...argv: string[]) => cli(directory, argv)

describe('help', () => {
  test('is there for everything, with examples that run', async () => {
    const ways = [['serve'], ['chat'], ['doctor'], ...['create', 'list', 'show', 'disable', 'enable', 'delete'].map((name) => ['keys', name]), ...['show', 'grant', 'verify'].map((name) => ['credits', name]), ...['list', 'show', 'sync'].map((name) => ['models', name]), ...['list', 'show'].map((name) => ['providers', name])]
    for (const way of ways) {
      const help = await run(...way, '--help')
      expect(help).toMatchObject({ code: 0, err: '' })
      expect(help.out).toStartWith(`switchyard ${way.join(' ')}`)
      expect(help.out).toMatch(/Examples\n {2}# .+\n {2}.*switchyard /)
      expect((await run('help', ...way)).out).toBe(help.out)
    }
  })

  test('is shown for nothing, and for a noun', async () => {
    for (const argv of [[], ['help'], ['--help'], ['-h']]) expect((await run(...argv)).out).toContain('switchyard serve')
    expect((await run('keys', '--help')).out).toContain('keys create')
    expect((await run('help', 'keys')).out).toContain('keys create')
  })

  test('colours only on a terminal', async () => {
    expect((await run('help')).out).not.toContain('\u001b')
    expect((await cli(directory, ['help'], { tty: true })).out).toContain('\u001b[1m')
  })

  test('version', async () => {
    for (const argv of [['version'], ['--version'], ['-v']]) expect((await run(...argv)).out).toBe('switchyard 0.0.0-test\n')
    expect(JSON.parse((await run('version', '--json')).out)).toEqual({ version: '0.0.0-test' })
  })
})

describe('what is not understood is refused with 2 and the nearest word', () => {
  const cases: readonly (readonly [argv: string[], words: string[]])[] = [
    [['sreve'], ['unknown command “sreve”', 'switchyard serve']],
    [['kesy', 'list'], ['switchyard keys']],
    [['frobnicate'], ['there are serve, chat, keys']],
    [['keys', 'crate'], ['unknown keys command “crate”', 'switchyard keys create']],
    [['help', 'kyes'], ['switchyard keys']],
    [['help', 'keys', 'mend'], ['there are create']],
    [['help', '--loud'], ['unknown flag --loud']],
    [['keys', 'create', '--nmae', 'x'], ['unknown flag --nmae', '--name']],
    [['keys', 'list', '-x'], ['unknown flag -x']],
    [['keys', 'create', '--name'], ['--name needs a value: --name <name>']],
    [['keys', 'list', '--json=yes'], ['--json takes no value']],
    [['keys', 'show'], ['<key> is missing', 'switchyard keys show --help']],
    [['keys', 'list', 'laptop'], ['unexpected “laptop”']],
    [['accounts', 'grant', 'default', '-5'], ['unknown flag -5', 'put -- before a negative number, after all flags: -- -5']],
    [['serve', '--port', 'ninety'], ['--port']],
    [['doctor', '--config', '/nowhere.yaml'], ['there is no file /nowhere.yaml']],
  ]
  for (const [argv, words] of cases) {
    test(argv.join(' '), async () => {
      const { code, out, err } = await run(...argv)
      expect({ code, out }).toEqual({ code: 2, out: '' })
      for (const word of words) expect(err).toContain(word)
    })
  }

  test('also as JSON', async () => {
    const { code, out } = await run('keys', 'show', '--json')
    expect(code).toBe(2)
    expect(JSON.parse(out)).toEqual({ error: { message: '<key> is missing', help: 'see: switchyard keys show --help', exit_code: 2 } })
  })
})

describe('serve', () => {
  test('gets the settings of its flags, before or behind the command, and its exit code counts', async () => {
    const seen: Config[] = []
    const serve = async (config: Config): Promise<number> => seen.push(config) + 2
    const first = await cli(directory, ['--port', '9000', 'serve', '--host', '0.0.0.0', '--workers', '3', '--initial-credits', '5', '--max-body-mb', '1', '--no-log-calls'], { serve })
    const second = await cli(directory, ['serve', '--data', '/tmp/elsewhere', '--no-discover'], { serve })
    expect([first.code, second.code]).toEqual([3, 4])
    expect(seen[0]).toMatchObject({ port: 9000, host: '0.0.0.0', workers: 3, initialCredits: 5_000_000_000n, bodyBytesMax: 1024 * 1024, logCalls: false })
    expect(seen[1]).toMatchObject({ port: 8787, dataDir: '/tmp/elsewhere', discover: false })
  })

  test('a failure is told without a stack, and exits 1', async () => {
    const { code, err } = await cli(directory, ['serve'], { serve: async () => { throw new Error('the port\u001b[2J is taken') } })
    expect({ code, err }).toEqual({ code: 1, err: 'error: the port is taken\n' })
  })
})

test('a store that does not work says what is wrong with it, to who is at the command line', async () => {
  const broken = temporaryDirectory()
  await cli(broken, ['keys', 'create'])
  const db = new Database(`${broken}/data/switchyard.db`)
  db.run('ALTER TABLE entries RENAME TO gone')
  db.close()
  const { code, out, err } = await cli(broken, ['credits', 'grant', '5'])
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err).toMatch(/^error: The store cannot be reached; try again shortly\.\nSQLITE_ERROR: no such table: (?:main\.)?entries\n$/)
})
