import { describe, expect, test } from 'bun:test'
import { checkHost } from './host-header.ts'

const asked = (host: string): (() => void) => () => checkHost(new Request('http://127.0.0.1/', { headers: { host } }))

describe('Host', () => {
  test.each(['localhost', 'gateway.example.com', 'gateway.example.com:8787', '127.0.0.1:1', '[::1]', '[::1]:8787', 'a_b.svc', '..'])('%s is one', (host) => {
    for (let again = 0; again < 2; again++) expect(asked(host)).not.toThrow()
  })

  test.each(['x/y', 'x/health?', 'x?y', 'x#y', 'x@y', 'a b', '[::1', 'x:99999', 'x:', 'x%00y', '%', 'a,b', '<b>'])('%s is none', (host) => {
    for (let again = 0; again < 2; again++) expect(asked(host)).toThrow('The Host header')
  })
})
