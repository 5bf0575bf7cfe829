import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'bun:test'
import { cli, temporaryDirectory } from '../../test/cli.ts'

interface Row { readonly id: string; readonly external_id: string; readonly percent: number }

describe('switchyard wallets', () => {
  const directory = temporaryDirectory()
  const wallets = (...argv: string[]) => cli(directory, ['wallets', ...argv])
  const lists = (...argv: string[]) => cli(directory, ['price-lists', ...argv])

  test('makes, fills, prices, shows and closes them, and makes keys for customers', async () => {
    await cli(directory, ['keys', 'create', '--name', 'k'])
    expect((await wallets('create', 'acme', '--name', 'Acme Ltd', '--markup', '30')).out).toMatch(/^made acme \([0-9a-f-]{36}\)\n$/)
    expect((await wallets('grant', 'acme', '25', '--reason', 'invoice 17', '--reference', 'i-17')).out).toBe('added $25.00: $25.00 left\n')
    expect((await wallets('grant', 'acme', '25', '--reason', 'invoice 17', '--reference', 'i-17')).out).toBe('nothing was moved: i-17 was before; $25.00 left\n')
    expect((await wallets('take', 'acme', '$5', '--reason', 'paid back')).out).toBe('took $5.00: $20.00 left\n')
    expect((await wallets('take', 'acme', '21', '--reason', 'more')).err).toMatch(/Nothing was taken: the wallet has \$20\.00/)
    expect((await wallets()).out).toMatch(/acme\s+Acme Ltd\s+\$20\.00\s+\$0\.00\s+30 %/)

    const prices = join(directory, 'retail.json')
    writeFileSync(prices, JSON.stringify({ 'openai/*': { input: '1.25', output: 10 } }))
    expect((await lists('set', 'Retail', '--markup', '40', '--prices', prices)).out).toMatch(/^Retail: 40 %, 1 price \(/)
    expect((await lists()).out).toMatch(/Retail\s+40 %, 1 price/)
    expect((await wallets('change', 'acme', '--list', 'Retail', '--markup', 'none')).code).toBe(0)
    expect((await lists('delete', 'Retail')).err).toMatch(/Wallets have this price list/)
    const shown = await wallets('show', 'acme')
    expect(shown.out).toMatch(/left\s+\$20\.00/)
    expect(shown.out).toMatch(/-\$5\.00\s+take\s+paid back/)

    const secret = (await wallets('keys', 'acme', '--create', 'production', '--limit', '10')).out
    expect(secret).toMatch(/^sk-sw-v1-[0-9a-f]{64}\n$/)
    expect((await wallets('keys', 'acme')).out).toMatch(/production\s+\S+\s+\$0\.00\s+live/)
    expect((await wallets('close', 'acme')).out).toMatch(/^closed acme/)
    expect((await wallets()).out).toBe('There are none. Make one: switchyard wallets create acme\n')
    expect((JSON.parse((await wallets('list', '--all', '--json')).out) as { data: Row[] }).data).toMatchObject([{ external_id: 'acme', closed: true, balance_usd: '20', markup_percent: null }])
    expect((await wallets('change', 'acme', '--open', '--list', 'none')).code).toBe(0)
    expect((await lists('delete', 'Retail')).out).toMatch(/^deleted /)
    expect((await cli(directory, ['ledger', 'verify'])).code).toBe(0)
  })

  test('refuses what is none, with what to write', async () => {
    expect((await wallets('show', 'nobody')).err).toMatch(/there is no wallet of a customer “nobody”[^]*wallets list --all/)
    expect((await wallets('grant', 'acme', '5')).err).toMatch(/--reason must say why/)
    expect((await wallets('grant', 'acme', 'five', '--reason', 'x')).code).toBe(2)
    expect((await wallets('create', 'acme')).err).toMatch(/Another wallet of the account has this `external_id`/)
    expect((await wallets('create', 'other', '--markup', 'much')).err).toMatch(/--markup must be a percentage/)
    expect((await wallets('create', 'other', '--list', 'Nothing')).err).toMatch(/there is no price list “Nothing”/)
    const wrong = join(directory, 'wrong.json')
    writeFileSync(wrong, '{"openai/*": {"input": -1}}')
    expect((await lists('set', 'Wrong', '--prices', wrong)).err).toMatch(/openai\/\*/)
    writeFileSync(wrong, JSON.stringify({ 'openai/*': { prompt: '1', completion: '2' } }))
    expect((await lists('set', 'Wrong', '--prices', wrong)).err).toMatch(/There is no field `prompt`, `completion` in `models\.openai\/\*`; leave it out\. Fields: `input`, `output`, /)
    expect((await lists('set', 'Wrong', '--prices', join(directory, 'none.json'))).err).toMatch(/cannot be read as JSON/)
    expect((await lists('set', 'Wrong')).err).toMatch(/say its prices/)
  })
})

describe('switchyard markups', () => {
  const directory = temporaryDirectory()
  const markups = (...argv: string[]) => cli(directory, ['markups', ...argv])

  test('makes, replaces, lists and takes back', async () => {
    await cli(directory, ['keys', 'create', '--name', 'k'])
    expect((await markups('set', '20')).out).toMatch(/^20 % \(/)
    expect((await markups('set', '12.5', '--model', 'openai/*', '--provider', 'groq')).code).toBe(0)
    expect((await markups('set', '--model', 'OpenAI/*', '--provider', 'groq', '--', '-10')).out).toMatch(/^-10 % \(/)
    expect((await markups()).out).toMatch(/20\s+\*\s+\*\s+\*[^]*-10\s+\*\s+openai\/\*\s+groq/)
    const { data } = JSON.parse((await markups('list', '--json')).out) as { data: Row[] }
    expect(data.map(({ percent }) => percent)).toEqual([20, -10])
    expect((await markups('delete', data[0]?.id ?? '')).out).toMatch(/^deleted /)
    expect((await markups('delete', data[0]?.id ?? '')).err).toMatch(/There is no such markup/)
    for (const wrong of [['set', 'much'], ['set', '20', '--model', 'gpt']]) expect((await markups(...wrong)).code).toBe(2)
    expect((await markups('set', '20', '--account', 'nobody')).code).toBe(1)
  })
})
