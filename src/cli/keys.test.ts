import { describe, expect, test } from 'bun:test'
import { OPERATOR } from '../accounts/audit-entry.ts'
import { cli, temporaryDirectory, type CliRun } from '../../test/cli.ts'
import { asArray, asObject, asString, parseObject, type JsonObject } from '../core/json.ts'
import { openAccounts } from '../store/open.ts'
import { systemClock } from '../lib/clock.ts'

const directory = temporaryDirectory()
const run = (...argv: string[]): Promise<CliRun> => cli(directory, argv)

async function json(...argv: string[]): Promise<JsonObject> {
  const { code, out, err } = await run(...argv, '--json')
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return parseObject(out) ?? {}
}

async function names(): Promise<(string | undefined)[]> {
  return (asArray((await json('keys', 'list'))['data']) ?? []).map((row) => asString(asObject(row)?.['name']))
}

describe('keys', () => {
  test('a command that reads does not make a data directory', async () => {
    for (const argv of [['keys', 'list'], ['keys', 'disable', 'x'], ['credits'], ['credits', 'grant', '5'], ['credits', 'verify']]) {
      const { code, err } = await cli(temporaryDirectory(), argv)
      expect(code).toBe(1)
      expect(err).toContain('The first start makes it: switchyard serve')
    }
  })

  test('are made, found by secret, name, label and hash, and used by the store', async () => {
    const made = await json('keys', 'create', '--name', 'laptop', '--limit', '5', '--reset', 'weekly', '--expires', '30d')
    const secret = asString(made['key']) ?? ''
    const data = asObject(made['data']) ?? {}
    expect(secret).toMatch(/^sk-sw-v1-[0-9a-f]{64}$/)
    expect(data).toMatchObject({ name: 'laptop', limit: 5, limit_remaining: 5, limit_reset: 'weekly', disabled: false, is_management_key: false })
    const inDays = (Date.parse(String(data['expires_at'])) - systemClock.wallMs()) / 86_400_000
    expect(inDays).toBeGreaterThan(29.9)
    for (const word of [secret, 'laptop', String(data['label']), String(data['hash']), String(data['hash']).slice(0, 8)]) {
      expect(asObject((await json('keys', 'show', word))['data'])).toMatchObject({ hash: data['hash'] ?? null })
    }
    const store = await openAccounts({ dataDir: `${directory}/data`, clock: systemClock })
    expect((await store.accounts.find(secret))?.key.hash).toBe(String(data['hash']))
    await store.close()
  })

  test('are disabled, enabled and deleted', async () => {
    await run('keys', 'create', '--name', 'second', '--management')
    expect(await json('keys', 'disable', 'second')).toMatchObject({ data: { disabled: true, is_management_key: true } })
    expect((await run('keys', 'list')).out).toMatch(/second .* disabled /)
    expect((await run('keys', 'enable', 'second')).out).toStartWith('enabled second (sk-sw-v1-')
    expect(await json('keys', 'delete', 'second')).toMatchObject({ deleted: true })
    expect(await names()).not.toContain('second')
    expect((await run('keys', 'delete', 'second')).code).toBe(1)
  })

  test('print a table, the secret once and nowhere else', async () => {
    const { out } = await run('keys', 'create', '--name', 'third', '--limit', '0.5')
    const secret = /sk-sw-v1-[0-9a-f]{64}/.exec(out)?.[0] ?? ''
    expect(out).toContain('shown this once')
    const list = await run('keys')
    expect(list.out).toMatch(/^NAME +KEY +HASH +STATE +LIMIT +USED +CREATED\n/)
    expect(list.out).toContain('$0.50, $0.50 left')
    expect(list.out).not.toContain(secret)
    expect((await run('keys', 'show', 'third')).out).not.toContain(secret)
  })

  test('are told apart by their hash when a name is used twice', async () => {
    expect((await run('keys', 'create', '--name', 'twin')).err).toBe('')
    expect((await run('keys', 'create', '--name', 'twin')).err).toMatch(/^note: 1 other key has the name “twin” too; name this one by its hash, [0-9a-f]{8}\n$/)
    const { code, err } = await run('keys', 'show', 'twin')
    expect(code).toBe(1)
    expect(err).toMatch(/2 keys are called “twin”: [0-9a-f]{8}, [0-9a-f]{8}\nname one by its hash/)
  })

  test('a secret that no key has is not repeated', async () => {
    const { code, err } = await run('keys', 'show', 'sk-sw-v1-notoneofours')
    expect(code).toBe(1)
    expect(err).not.toContain('notoneofours')
  })

  test('wrong values are refused with 2', async () => {
    for (const argv of [['--limit', 'five'], ['--limit', '-1'], ['--limit', '0.0000000001'], ['--limit', '99999999999'], ['--reset', 'hourly', '--limit', '1'], ['--reset', 'daily'], ['--expires', 'soon'], ['--expires', '2020-01-01'], ['--name', ' ']]) {
      expect({ argv, code: (await run('keys', 'create', ...argv)).code }).toEqual({ argv, code: 2 })
    }
  })

  test('are bound to models and providers that there are, by their own names', async () => {
    await run('keys', 'create', '--name', 'bound')
    for (const [flag, word, said] of [['--models', 'demo/ehco', '`--models` names "demo/ehco", which is no model'], ['--providers', 'nobody', '`--providers` names "nobody", which is no provider'], ['--models', ',', '--models must name something']] as const) {
      const { code, err } = await run('keys', 'change', 'bound', flag, word)
      expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(said) })
    }
    expect(asObject((await json('keys', 'change', 'bound', '--models', 'Echo,demo/*', '--providers', 'Switchyard Demo'))['data'])).toMatchObject({ switchyard: { allowed_models: ['demo/echo', 'demo/*'], allowed_providers: ['demo'] } })
    expect(asObject((await json('keys', 'change', 'bound', '--models', 'none'))['data'])).toMatchObject({ switchyard: { allowed_models: null, allowed_providers: ['demo'] } })
    await run('keys', 'delete', 'bound')
  })

  test('have rolling limits, which are shown and taken back', async () => {
    expect(asObject((await json('keys', 'create', '--name', 'rolling', '--rolling', '7d=$20,5h=2.50'))['data'])).toMatchObject({ switchyard: { rolling_limits: [{ window: '5h', limit: 2.5, used: 0, remaining: 2.5 }, { window: '7d', limit: 20 }] } })
    expect((await run('keys', 'show', 'rolling')).out).toMatch(/any 5 hours +\$2\.50, \$2\.50 left\nany 7 days +\$20\.00, \$20\.00 left\n/)
    for (const wrong of ['5h', '31d=1', '5h=-1', '5h=1000001', '5h=1,5h=2']) expect([wrong, (await run('keys', 'change', 'rolling', '--rolling', wrong)).code]).toEqual([wrong, 2])
    expect((await run('keys', 'change', 'rolling', '--rolling', '24h=1,1d=2')).err).toContain('two limits for 24h')
    expect(asObject((await json('keys', 'change', 'rolling', '--rolling', 'none'))['data'])).toMatchObject({ switchyard: { rolling_limits: null } })
    await run('keys', 'delete', 'rolling')
  })

  test('many are listed to the last', async () => {
    const other = temporaryDirectory()
    const store = await openAccounts({ dataDir: `${other}/data`, clock: systemClock })
    for (let index = 0; index < 203; index++) await store.accounts.createKey({ accountId: 'default', name: `k${index}` }, OPERATOR)
    await store.close()
    const { out } = await cli(other, ['keys', '--json'])
    expect(asArray(parseObject(out)?.['data'])).toHaveLength(203)
  })
})

describe('credits', () => {
  test('are granted, taken back, shown and verified', async () => {
    expect(await json('credits', 'grant', '50', '--reason', 'start', '--reference', 'one')).toEqual({ granted: '50', total_credits: 50, total_usage: 0, remaining: 50 })
    expect(await json('credits', 'grant', '50', '--reference', 'one')).toMatchObject({ total_credits: 50 })
    expect((await run('credits', 'grant', '--', '-12.50')).out).toBe('took $12.50\ngiven  $37.50\nused   $0.00\nleft   $37.50\n')
    expect(await json('credits')).toMatchObject({ total_credits: 37.5, total_usage: 0, remaining: 37.5, forecast: { outcome: 'too_little', runs_out_at: null } })
    expect(await json('credits', 'verify')).toMatchObject({ ok: true, problems: [], granted: '37.5', balance: '37.5' })
    expect((await run('credits', 'verify')).out).toContain('ok: ')
  })

  test('more than there is cannot be taken, and nonsense not granted', async () => {
    const { code, err } = await run('credits', 'grant', '--', '-1000')
    expect(code).toBe(1)
    expect(err).toContain('Nothing was taken: $1000.00 is more than there is; the account has $37.50 left.')
    for (const amount of ['0', 'much', '1e30', '0.00000000001']) expect((await run('credits', 'grant', amount)).code).toBe(2)
  })
})
