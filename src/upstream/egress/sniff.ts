/** What the first bytes of a format are; `at` is where they stand. */
type Mark = readonly [mediaType: string, at: number, bytes: string, second?: readonly [at: number, bytes: string]]

const MARKS: readonly Mark[] = [
  ['image/png', 0, '\x89PNG\r\n\x1a\n'], ['image/jpeg', 0, '\xff\xd8\xff'], ['image/gif', 0, 'GIF87a'], ['image/gif', 0, 'GIF89a'], ['image/webp', 0, 'RIFF', [8, 'WEBP']],
  ['image/bmp', 0, 'BM', [6, '\0\0\0\0']], ['image/tiff', 0, 'II*\0'], ['image/tiff', 0, 'MM\0*'], ['image/avif', 4, 'ftypavif'], ['image/heic', 4, 'ftyphei'], ['image/heic', 4, 'ftyphev'], ['image/heif', 4, 'ftypmif1'],
  ['audio/wav', 0, 'RIFF', [8, 'WAVE']], ['audio/aiff', 0, 'FORM', [8, 'AIFF']], ['audio/flac', 0, 'fLaC'], ['audio/ogg', 0, 'OggS'], ['audio/mp4', 4, 'ftypM4A'], ['audio/mpeg', 0, 'ID3'],
  ['video/webm', 0, '\x1a\x45\xdf\xa3'], ['video/quicktime', 4, 'ftypqt'], ['video/mp4', 4, 'ftyp'], ['application/zip', 0, 'PK\x03\x04'],
]

/** A PDF may have bytes before its mark; readers look this far. */
const PDF_MARK_AT_MAX = 1_024
const TEXT_START = /^(?:\xef\xbb\xbf)?\s*<(?:\?xml|!doctype|html|svg)/i

/** The media type that the bytes themselves show; undefined for what has no mark, as plain text has none. */
export function sniff(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, PDF_MARK_AT_MAX + 5)).toString('latin1')
  const mark = MARKS.find(([, at, first, second]) => head.startsWith(first, at) && (!second || head.startsWith(second[1], second[0])))
  if (mark) return mark[0]
  if (head.includes('%PDF-')) return 'application/pdf'
  if (TEXT_START.test(head)) return /<svg[\s>]/i.test(head) ? 'image/svg+xml' : 'text/html'
  return isMpegAudio(bytes) ? mpegAudioType(bytes) : undefined
}

/** A frame of MPEG audio begins with eleven set bits; then version, layer and rates that are not the reserved ones. Layer I is extinct. */
function isMpegAudio(bytes: Uint8Array): boolean {
  const [first = 0, second = 0, third = 0] = bytes
  if (first !== 0xff) return false
  if (isAdts(second)) return true
  const layer = second & 0x06
  return (second & 0xe0) === 0xe0 && (second & 0x18) !== 0x08 && (layer === 0x02 || layer === 0x04) && (third & 0xf0) !== 0xf0 && (third & 0x0c) !== 0x0c
}

/** Layer 0 of such a frame is ADTS, which carries AAC. */
function isAdts(second: number): boolean {
  return (second & 0xf6) === 0xf0
}

function mpegAudioType(bytes: Uint8Array): string {
  return isAdts(bytes[1] ?? 0) ? 'audio/aac' : 'audio/mpeg'
}
