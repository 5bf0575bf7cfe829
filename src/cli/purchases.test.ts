import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'bun:test'
import { cli, temporaryDirectory } from '../../test/cli.ts'

describe('switchyard purchases', () => {
  const directory = temporaryDirectory()
  const purchases = (...argv: string[]) => cli(directory, ['purchases', ...argv])

  test('records a payment once, lists it, and writes its receipt', async () => {
    await cli(directory, ['keys', 'create', '--name', 'k'])
    expect((await purchases('record', '250', '--reference', 'transfer 17')).out).toBe('added $250.00, receipt SW-000001\n')
    expect((await purchases('record', '250', '--reference', 'transfer 17')).out).toBe('nothing was added: transfer 17 is receipt SW-000001 already\n')
    expect((await purchases()).out).toMatch(/paid\s+\$250\.00\s+\$250\.00\s+recorded\s+SW-000001/)
    const { data } = JSON.parse((await purchases('list', '--json')).out) as { data: { id: string }[] }
    const path = join(directory, 'r.pdf')
    expect((await purchases('receipt', data[0]?.id ?? '', '--out', path)).out).toBe(`wrote ${path}\n`)
    expect(readFileSync(path, 'latin1')).toStartWith('%PDF-1.4')
    expect((await cli(directory, ['credits', '--json'])).out).toContain('"total_credits": 250')
    expect((await cli(directory, ['ledger', 'verify'])).code).toBe(0)
  })

  test('refuses what is no payment', async () => {
    expect((await purchases('record', '0.001', '--reference', 'x')).err).toMatch(/whole cents/)
    expect((await purchases('record', '5')).err).toMatch(/--reference must name the payment/)
    expect((await purchases('record', 'five', '--reference', 'x')).code).toBe(2)
    expect((await purchases('receipt', 'nothing')).err).toMatch(/There is no such purchase/)
  })
})
