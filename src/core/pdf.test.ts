import { describe, expect, test } from 'bun:test'
import { fileAnnotation, pdfBytes, pdfSourceOf } from './pdf.ts'

const part = (file: object) => ({ type: 'file', file: file as never })

describe('pdfSourceOf', () => {
  test.each([
    [{ file_data: 'data:application/pdf;base64,AAAA', filename: 'a.pdf' }, 'file_data', 'a.pdf'],
    [{ file_data: 'data:application/octet-stream;base64,JVBERi0xLjQ' }, 'file_data', undefined],
    [{ file_data: 'JVBERi0xLjQ' }, 'file_data', undefined],
    [{ file_url: 'https://a.test/report.pdf?x=.txt' }, 'file_url', undefined],
    [{ url: 'HTTP://a.test/download.php?id=1', filename: '' }, 'url', undefined],
    [{ file_data: 'https://a.test/v1.2', filename: 'notes' }, 'file_data', 'notes'],
  ] as const)('%o may be a PDF', (file, field, name) => {
    expect(pdfSourceOf(part(file))).toMatchObject({ field, name })
  })

  test.each([
    [{ file_data: 'data:text/plain;base64,aGk=' }], [{ file_data: 'aGVsbG8=' }], [{ file_url: 'https://a.test/a.docx' }], [{ file_url: 'https://a.test/a', filename: 'a.csv' }],
    [{ file_id: 'file-1' }], [{ file_data: 'gs://bucket/a.pdf' }], [{}],
  ])('%o is another file', (file) => {
    expect(pdfSourceOf(part(file))).toBeUndefined()
  })
})

describe('pdfBytes', () => {
  test('of a data URL, of bare base64, and of base64url', () => {
    const hi = new TextEncoder().encode('hi??')
    for (const said of ['data:application/pdf;base64,aGk/Pw==', 'aGk/Pw==', 'aGk_Pw', 'data:application/pdf;name=a;BASE64,aGk/\nPw==']) expect(new Uint8Array(pdfBytes(said) ?? [])).toEqual(hi)
  })

  test('nothing of what is no base64', () => {
    for (const said of ['data:application/pdf,%25PDF', 'data:application/pdf;base64,%%']) expect(pdfBytes(said)).toBeUndefined()
  })
})

describe('fileAnnotation', () => {
  const content = [{ type: 'text', text: 'a' }, { type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } }]

  test('what was read, by its hash', () => {
    expect(fileAnnotation({ type: 'file', file: { hash: 'h', name: 'a.pdf', content } })).toEqual({ hash: 'h', content })
  })

  test.each([
    [null], [{ type: 'url_citation', url_citation: {} }], [{ type: 'file', file: { content } }], [{ type: 'file', file: { hash: 'h', content: [] } }],
    [{ type: 'file', file: { hash: 'h', content: [{ type: 'file', file: {} }] } }], [{ type: 'file', file: { hash: 'h', content: [{ type: 'image_url', image_url: { url: 'file:///etc/passwd' } }] } }],
  ])('%o is none', (annotation) => {
    expect(fileAnnotation(annotation)).toBeUndefined()
  })
})
