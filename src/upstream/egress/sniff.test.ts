import { describe, expect, test } from 'bun:test'
import { sniff } from './sniff.ts'

const bytes = (latin1: string) => new Uint8Array(Buffer.from(latin1, 'latin1'))

describe('what bytes show that they are', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'image/png'], ['\xff\xd8\xff\xe0\0\x10JFIF', 'image/jpeg'], ['GIF89a\x01\0', 'image/gif'], ['GIF87a\x01\0', 'image/gif'], ['RIFF\x10\0\0\0WEBPVP8 ', 'image/webp'],
    ['RIFF\x10\0\0\0WAVEfmt ', 'audio/wav'], ['RIFF\x10\0\0\0AVI LIST', undefined], ['%PDF-1.7\n', 'application/pdf'], ['junk before\n%PDF-1.4\n', 'application/pdf'], [`${'x'.repeat(2_000)}%PDF-1.4`, undefined],
    ['ID3\x04\0', 'audio/mpeg'], ['\xff\xfb\x90\x44', 'audio/mpeg'], ['\xff\xf1\x50\x80', 'audio/aac'], ['\xff\xfeh\0i\0', undefined], ['fLaC\0', 'audio/flac'], ['OggS\0', 'audio/ogg'], ['FORM\0\0\0\x10AIFF', 'audio/aiff'],
    ['\0\0\0\x18ftypM4A ', 'audio/mp4'], ['\0\0\0\x18ftypisom', 'video/mp4'], ['\0\0\0\x18ftypheic', 'image/heic'], ['\0\0\0\x18ftypavif', 'image/avif'], ['<svg xmlns="x">', 'image/svg+xml'], ['\n<!DOCTYPE html><p>', 'text/html'],
    ['PK\x03\x04', 'application/zip'], ['plain words', undefined], ['BM is how this text begins', undefined], ['', undefined],
  ]
  for (const [head, type] of cases) test(`${JSON.stringify(head.slice(0, 20))}: ${type}`, () => expect(sniff(bytes(head))).toBe(type))
})
