import { describe, expect, test } from 'bun:test'
import { keyRecord } from '../../test/openapi/fake-services.ts'
import { Fault } from '../core/fault.ts'
import { readIpRange } from '../lib/ip-address.ts'
import { checkAddress, clientAddress, type Origins } from './client-address.ts'

const origins = (peer: string | undefined, ...trusted: readonly string[]): Origins => ({ peerOf: () => peer, trustedProxies: trusted.flatMap((text) => readIpRange(text) ?? []) })
const request = (forwarded?: string): Request => new Request('http://x/', forwarded === undefined ? {} : { headers: { 'x-forwarded-for': forwarded } })

describe('where a request comes from', () => {
  test('is the peer, whatever a client says that is no trusted proxy', () => {
    expect(clientAddress(request('10.0.0.1'), origins('203.0.113.9'))).toBe('203.0.113.9')
    expect(clientAddress(request('10.0.0.1'), origins('203.0.113.9', '192.0.2.0/24'))).toBe('203.0.113.9')
  })

  test('is what trusted proxies say, from the right: what a client put in front is not believed', () => {
    expect(clientAddress(request('10.0.0.1, 203.0.113.9'), origins('192.0.2.1', '192.0.2.0/24'))).toBe('203.0.113.9')
    expect(clientAddress(request('10.0.0.1, 203.0.113.9, 192.0.2.7'), origins('::ffff:192.0.2.1', '192.0.2.0/24'))).toBe('203.0.113.9')
    expect(clientAddress(request(), origins('192.0.2.1', '192.0.2.0/24'))).toBe('192.0.2.1')
    for (const said of ['203.0.113.9:4711', '10.0.0.1:1, 203.0.113.9:4711, 192.0.2.7:80']) expect(clientAddress(request(said), origins('192.0.2.1', '192.0.2.0/24'))).toBe('203.0.113.9')
    for (const said of ['[2001:db8::9]:4711', '[2001:db8::9]', '2001:db8::9']) expect(clientAddress(request(said), origins('192.0.2.1', '192.0.2.0/24'))).toBe('2001:db8::9')
    expect(clientAddress(request('rubbish'), origins('192.0.2.1', '192.0.2.0/24'))).toBe('rubbish')
  })
})

describe('a key with networks', () => {
  const key = keyRecord({ ipRanges: ['192.0.2.0/24', '2001:db8::/32'] })
  const caller = { key, accountId: key.accountId }
  const shown = (peer: string | undefined, from = request(), ...trusted: readonly string[]) => {
    try {
      return checkAddress(caller, from, origins(peer, ...trusted)) === caller
    } catch (error) {
      return error instanceof Fault ? error : undefined
    }
  }

  test('lets in from them, and from nowhere else', () => {
    expect([shown('192.0.2.44'), shown('::ffff:192.0.2.44'), shown('2001:db8:9::1')]).toEqual([true, true, true])
    for (const peer of ['192.0.3.1', '2001:db9::1', undefined, '']) expect(shown(peer)).toMatchObject({ code: 'permission_denied', status: 403 })
    expect(shown('198.51.100.1')).toMatchObject({ message: 'This key may not be used from 198.51.100.1: it is bound to other networks (its `ip_ranges`).' })
  })

  test('is not fooled by a header, and does not repeat what is none of an address', () => {
    expect(shown('198.51.100.1', request('192.0.2.44'))).toMatchObject({ code: 'permission_denied' })
    expect(shown('10.0.0.1', request('<script>'), '10.0.0.0/8')).toMatchObject({ message: expect.stringContaining('from here') })
  })

  test('one without any is not asked where it comes from', () => {
    const free = keyRecord()
    expect(checkAddress({ key: free, accountId: 'a' }, request(), { peerOf: () => { throw new Error('asked') }, trustedProxies: [] })).toMatchObject({ key: free })
  })
})
