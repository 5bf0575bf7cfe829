import { describe, expect, test } from 'bun:test'
import { isIP } from 'node:net'
import fc from 'fast-check'
import { ipBytes, isInRange, plainIpBytes, readIpRange } from './ip-address.ts'

const range = (text: string) => readIpRange(text) ?? { bytes: [], prefixBits: 0 }
const isIn = (address: string, network: string) => isInRange(plainIpBytes(address) ?? [], range(network))

describe('ipBytes', () => {
  test('both families, in all their spellings', () => {
    expect(ipBytes('192.0.2.1')).toEqual([192, 0, 2, 1])
    expect(ipBytes('::1')).toEqual([...Array.from({ length: 15 }, () => 0), 1])
    expect(ipBytes('2001:DB8::8:800:200C:417A')).toEqual(ipBytes('2001:0db8:0:0:0008:0800:200c:417a'))
    expect(ipBytes('::ffff:192.0.2.1')).toEqual(ipBytes('::ffff:c000:201'))
    expect(plainIpBytes('::ffff:192.0.2.1')).toEqual([192, 0, 2, 1])
    expect(plainIpBytes('::192.0.2.1')).toHaveLength(16)
  })

  test('takes what is an address to Node, and nothing else', () => {
    for (const text of ['', '1', '1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', '1.2.3.4 ', ':', ':::', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '12345::', 'g::', '::1.2.3', '1:2:3:4:5:6:7:1.2.3.4', 'fe80::1%eth0', '1:2:3:4:5:6:7::8', 'localhost']) {
      expect([text, ipBytes(text)]).toEqual([text, undefined])
    }
    fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => { expect(ipBytes(text) !== undefined).toBe(isIP(text) !== 0) }))
    fc.assert(fc.property(fc.stringMatching(/^[0-9a-f:.]{1,24}$/), (text) => { expect(ipBytes(text) !== undefined).toBe(isIP(text) !== 0) }))
  })
})

describe('ranges', () => {
  test('hold what they say', () => {
    expect(isIn('192.0.2.200', '192.0.2.0/24')).toBe(true)
    expect(isIn('192.0.3.0', '192.0.2.0/24')).toBe(false)
    expect(isIn('192.0.2.130', '192.0.2.128/25')).toBe(true)
    expect(isIn('192.0.2.127', '192.0.2.128/25')).toBe(false)
    expect(isIn('10.1.2.3', '0.0.0.0/0')).toBe(true)
    expect(isIn('192.0.2.1', '192.0.2.1')).toBe(true)
    expect(isIn('2001:db8:1::5', '2001:db8::/32')).toBe(true)
    expect(isIn('2001:db9::5', '2001:db8::/32')).toBe(false)
    expect(isIn('::ffff:192.0.2.9', '192.0.2.0/24')).toBe(true)
    expect(isIn('192.0.2.9', '::/0')).toBe(false)
  })

  test('refuse what is none, and addresses that are no start of a network', () => {
    for (const text of ['', '/8', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/x', '10.0.0.0/8/8', '10.0.0.1/8', '2001:db8::1/32', '::/129', '10.0.0.0/-1']) expect([text, readIpRange(text)]).toEqual([text, undefined])
  })
})
