import { describe, expect, test } from 'bun:test'
import { readCallback, withAnswer } from './callback.ts'

describe('where people are sent back to (H7, H10)', () => {
  test.each([
    'https://my.app/cb', 'https://my.app:8443/cb?x=1', 'HTTPS://My.App/', 'http://localhost:3000/cb', 'http://localhost/', 'http://127.0.0.1:55555', 'http://[::1]:8080/cb', 'https://bücher.example/cb',
  ])('%s', (text) => {
    expect(readCallback(text).href).toBe(new URL(text).href)
  })

  test.each([
    'http://my.app/cb', 'javascript:alert(1)', 'data:text/html,x', 'https:my.app', 'https:///my.app', 'https:\\\\my.app', 'https://my.app\\@evil.example', '//evil.example', '/cb', 'ftp://localhost/',
    'https://user@my.app/', 'https://my.app:pw@evil.example/', 'http://localhost@evil.example/', 'http://localhost:3000@evil.example/', 'http://localhost.evil.example/', 'http://127.0.0.1.evil.example/', 'http://evil.example/localhost',
    'https://my.app/cb#x', 'https://my.app/ cb', 'https://my.app/\u0000', 'https://my.app/\ncb', ' https://my.app', 'https://*.my.app/', 'https://', 'http://2130706434/', `https://my.app/${'x'.repeat(2_000)}`, '',
  ])('not %p', (text) => {
    expect(() => readCallback(text)).toThrow('callback_url')
  })

  test('the answer stands beside what the app says of itself, and nothing of it can be forged before', () => {
    expect(withAnswer('https://my.app/cb?state=a%26b&code=forged', { code: 'auth_code_1' })).toBe('https://my.app/cb?state=a%26b&code=auth_code_1')
    expect(withAnswer('http://localhost:3000/', { error: 'access_denied' })).toBe('http://localhost:3000/?error=access_denied')
  })
})
