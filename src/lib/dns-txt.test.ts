import { afterAll, beforeAll, expect, test } from 'bun:test'
import { startDns, type DnsServer } from '../../test/scim/dns-server.ts'
import { DnsTxt } from './dns-txt.ts'

let server: DnsServer
beforeAll(async () => { server = await startDns() })
afterAll(() => server.close())

test('all texts of a name; none of a name that is not there; what is new at once', async () => {
  const dns = new DnsTxt([server.address])
  server.records.set('_here.example.com', ['one', 'three'])
  expect((await dns.txt('_here.example.com')).toSorted()).toEqual(['one', 'three'])
  expect(await dns.txt('_gone.example.com')).toEqual([])
  server.records.set('_here.example.com', ['two'])
  expect(await dns.txt('_here.example.com')).toEqual(['two'])
  server.records.set('_here.example.com', [])
  expect(await dns.txt('_here.example.com')).toEqual([])
})

test('a server that says nothing is no answer', async () => {
  server.isSilent = true
  const outcome = await new DnsTxt([server.address], 50).txt('_here.example.com').then(() => 'answered', () => 'failed')
  server.isSilent = false
  expect([outcome, server.asked.at(-1)]).toEqual(['failed', '_here.example.com'])
})
