import { expect, test } from 'bun:test'
import { cli, temporaryDirectory, type CliRun } from '../../test/cli.ts'
import { asArray, asObject, asString, parseObject, type JsonObject } from '../core/json.ts'

const directory = temporaryDirectory()
const run = (...argv: string[]): Promise<CliRun> => cli(directory, argv)

async function json(...argv: string[]): Promise<JsonObject> {
  const { code, out, err } = await run(...argv, '--json')
  expect({ argv, code, err }).toEqual({ argv, code: 0, err: '' })
  return parseObject(out) ?? {}
}

test('people, workspaces, bound keys, and the log of it all', async () => {
  await json('keys', 'create', '--name', 'first')
  await run('credits', 'grant', '5')
  expect(asObject((await json('members', 'add', 'Jane@example.com', '--role', 'admin', '--first-name', 'Jane'))['data'])).toMatchObject({ email: 'jane@example.com', role: 'admin' })
  await json('members', 'add', 'joe@example.com')
  expect((await run('members', 'list')).out).toMatch(/jane@example\.com +Jane +admin +live/)
  expect((await run('members', 'remove', 'jane@example.com')).err).toContain('only admin')
  const { token } = await json('members', 'invite', 'ann@example.com')
  expect((await run('workspaces', 'create', 'lab', '--name', 'Lab')).out).toContain('made lab')
  expect((await run('workspaces', 'create', 'Lab')).code).toBe(1)
  expect((await run('workspaces', 'budget', 'lab', 'monthly', '20')).out).toBe('lab: $20.00 monthly\n')
  expect((await run('workspaces', 'budget', 'lab', 'daily', '20')).err).toContain('strictly')
  expect((await run('workspaces', 'budget', 'lab', 'yearly', '20')).code).toBe(2)
  expect((await run('budgets', 'tag', 'customer', '50', '--interval', 'monthly', '--required')).out).toContain('customer=*: $50.00 monthly (')
  expect((await run('budgets', 'member', 'joe@example.com', '20')).out).toContain('joe@example.com: $20.00 lifetime (')
  expect((await run('budgets')).out).toContain('cap, required')
  const { data: budgets } = JSON.parse((await run('budgets', 'list', '--json')).out) as { data: { id: string }[] }
  expect(budgets).toHaveLength(2)
  for (const { id } of budgets) expect((await run('budgets', 'delete', id)).out).toBe(`deleted ${id}\n`)
  expect((await run('budgets', 'tag', 'customer', 'much')).code).toBe(2)
  expect((await run('workspaces', 'add-member', 'lab', 'joe@example.com')).out).toContain('added joe@example.com: lab')
  const made = asObject((await json('keys', 'create', '--name', 'bound', '--workspace', 'lab', '--member', 'joe@example.com', '--models', 'demo/echo', '--ips', '192.0.2.0/24', '--tags', 'env=prod', '--max-price', 'prompt=1'))['data'])
  expect(made).toMatchObject({ switchyard: { allowed_models: ['demo/echo'], ip_ranges: ['192.0.2.0/24'], tags: { env: 'prod' }, max_price: { prompt: '1' } } })
  expect(asObject((await json('keys', 'change', 'bound', '--models', 'none', '--limit', '3'))['data'])).toMatchObject({ limit: 3, switchyard: { allowed_models: null, ip_ranges: ['192.0.2.0/24'] } })
  expect((await run('keys', 'change', 'bound')).code).toBe(2)
  expect((await run('keys', 'change', 'bound', '--ips', '10.0.0.1/8')).err).toContain('ip_ranges')
  const { key } = await json('keys', 'rotate', 'bound', '--overlap', '0h')
  expect((await run('workspaces', 'delete', 'lab')).err).toContain('active API keys')
  await run('members', 'remove', 'joe@example.com')
  expect((await run('workspaces', 'delete', 'lab')).out).toBe('deleted lab\n')
  const log = asArray((await json('audit', 'list'))['data'])?.map((entry) => asString(asObject(entry)?.['action'])) ?? []
  expect(log).toEqual(expect.arrayContaining(['key.rotate', 'member.remove', 'workspace.delete', 'budget.set', 'invitation.create']))
  const { out } = await run('audit', 'export')
  expect(out.trim().split('\n').length).toBeGreaterThanOrEqual(log.length)
  for (const secret of [asString(key) ?? '', asString(token) ?? '']) expect(out).not.toContain(secret.slice(9, 40))
})
