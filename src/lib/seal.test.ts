import { describe, expect, test } from 'bun:test'
import { newSealKey, openSealed, sealedBy, sealKeyOf, sealText } from './seal.ts'

describe('sealed texts', () => {
  const key = newSealKey()

  test('open under their key and in their place only', () => {
    const sealed = sealText('sk-secret ü', key, 'here')
    expect(openSealed(sealed, key, 'here')).toBe('sk-secret ü')
    expect(openSealed(sealed, key, 'there')).toBeUndefined()
    expect(openSealed(sealed, newSealKey(), 'here')).toBeUndefined()
    expect(openSealed(sealed, { ...newSealKey(), id: key.id }, 'here')).toBeUndefined()
  })

  test('say which key they need, and nothing else of what is in them', () => {
    const sealed = sealText('sk-secret', key, 'here')
    expect(sealedBy(sealed)).toBe(key.id)
    expect(Buffer.from(sealed.split('.')[2] ?? '', 'base64url').toString('latin1')).not.toContain('secret')
    expect(sealText('sk-secret', key, 'here')).not.toBe(sealed)
    expect(sealedBy('sk-secret')).toBeUndefined()
  })

  test('do not open when a bit was changed, or a piece is gone', () => {
    const sealed = sealText('sk-secret', key, 'here')
    const [version = '', id = '', body = ''] = sealed.split('.')
    const bytes = Buffer.from(body, 'base64url')
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(openSealed(`${version}.${id}.${changed.toString('base64url')}`, key, 'here')).toBeUndefined()
      expect(openSealed(`${version}.${id}.${bytes.subarray(0, at).toString('base64url')}`, key, 'here')).toBeUndefined()
    }
  })

  test('a key has the same id wherever it is', () => {
    expect(sealKeyOf(Buffer.from(key.key)).id).toBe(key.id)
    expect(newSealKey().id).not.toBe(key.id)
  })
})
