import { beforeAll, describe, expect, test } from 'bun:test'
import { cli, temporaryDirectory } from '../../test/cli.ts'

const directory = temporaryDirectory()
const credits = (...argv: string[]) => cli(directory, ['credits', ...argv])
beforeAll(async () => { await cli(directory, ['keys', 'create']) })

describe('credits grant', () => {
  test('with a reference a second time says that nothing was granted', async () => {
    expect((await credits('grant', '50', '--reference', 'r1')).out).toStartWith('granted $50.00\n')
    expect((await credits('grant', '50', '--reference', 'r1')).out).toMatch(/^nothing was granted: the reference r1 was used before\n.*\$50\.00/)
    expect(JSON.parse((await credits('grant', '50', '--reference', 'r1', '--json')).out)).toEqual({ granted: '0', repeated: true, total_credits: 50, total_usage: 0, remaining: 50 })
  })

  test('takes no more than there is, and says how much that is', async () => {
    const { code, err } = await credits('grant', '--', '-60')
    expect({ code, err }).toEqual({ code: 1, err: 'error: Nothing was taken: $60.00 is more than there is; the account has $50.00 left.\n`switchyard credits` shows what is left\n' })
    expect((await credits('grant', '--', '-50')).out).toStartWith('took $50.00\n')
  })
})

describe('how long it lasts', () => {
  test('is said of credit, budgets and limits; nothing is guessed where nothing was used', async () => {
    await cli(directory, ['keys', 'create', '--name', 'limited', '--limit', '5', '--reset', 'daily'])
    const { out } = await credits('forecast')
    expect(out.split('\n').map((line) => line.replace(/ {2,}/g, ' | '))).toEqual(['of | used | limit', 'credit | $0.00 | $0.00 | used up', 'The API key “limited”, daily limit | $0.00 | $5.00 | too little to say', ''].map((line) => line.replace('The ', '')))
    expect(JSON.parse((await credits('--json')).out)).toMatchObject({ remaining: 0, forecast: { outcome: 'used_up', runs_out_at: null } })
  })
})

describe('an account that was forgotten', () => {
  const closed = temporaryDirectory()
  test('is given no credit, and no payment is recorded for it', async () => {
    await cli(closed, ['keys', 'create'])
    await cli(closed, ['credits', 'grant', '1'])
    expect(await cli(closed, ['forget', '--account', 'default', '--yes'])).toMatchObject({ code: 0, err: '' })
    const { code, err } = await cli(closed, ['credits', 'grant', '5'])
    expect({ code, err: err.split('\n')[0] }).toEqual({ code: 1, err: 'error: This account is closed for ever: nothing is granted to it or taken from it any more.' })
    expect((await cli(closed, ['purchases', 'record', '5', '--reference', 'r'])).err).toStartWith('error: This account is closed for ever: no payment is recorded for it any more.')
  })
})
