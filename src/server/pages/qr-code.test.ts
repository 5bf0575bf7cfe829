import { expect, test } from 'bun:test'
import { encode } from 'uqr'
import { qrCode } from './qr-code.ts'

const SECRET = 'otpauth://totp/localhost:ada@example.com?secret=ABCDEFGHIJKLMNOPQRSTUVWXYZ234567&issuer=localhost'

test('each dark module is drawn once, on white, with the quiet zone that readers need', () => {
  const { text } = qrCode(SECRET, 'a "secret"')
  const { data, size } = encode(SECRET, { ecc: 'M', border: 4 })
  const drawn = Array.from({ length: size }, () => Array.from({ length: size }, () => 0))
  for (const [, x, y, width] of text.matchAll(/M(\d+) (\d+)h(\d+)v1h-\3z/g)) for (let at = 0; at < Number(width); at++) (drawn[Number(y)] ?? [])[Number(x) + at] = 1 + (drawn[Number(y)]?.[Number(x) + at] ?? 0)
  expect(drawn).toEqual(data.map((row) => row.map(Number)))
  expect(drawn.slice(0, 4).flat()).not.toContain(1)
  expect(text).toStartWith(`<svg class="qr" viewBox="0 0 ${size} ${size}" role="img" aria-label="a &quot;secret&quot;"`)
  expect(text).not.toContain(SECRET)
})
