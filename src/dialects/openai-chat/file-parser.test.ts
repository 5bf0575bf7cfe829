import { describe, expect, test } from 'bun:test'
import { readCall } from './call-read.ts'

const PDF = { type: 'file', file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${'A'.repeat(8_000)}` } }
const OTHER = { type: 'file', file: { filename: 'a.txt', file_data: 'data:text/plain;base64,aGk=' } }

function needs(parts: readonly object[], more: object = {}, others: readonly object[] = []) {
  const body = { model: 'a/m', messages: [{ role: 'user', content: [{ type: 'text', text: 'x'.repeat(1_000) }, ...parts] }, ...others], ...more }
  return readCall(JSON.parse(JSON.stringify(body)), { id: 'gen-1', createdMs: 0, headers: {}, bodyBytes: JSON.stringify(body).length })
}

const parser = (more: object = {}) => ({ plugins: [{ id: 'file-parser', ...more }] })

describe('file-parser', () => {
  test('all files are PDFs: they can be read here, by the engine that is asked for', () => {
    expect(needs([PDF]).needs.pdfs).toEqual({ promptTokensMax: expect.any(Number) })
    expect(needs([PDF], parser()).needs.pdfs?.engine).toBeUndefined()
    expect(needs([PDF], parser({ pdf: { engine: 'mistral-ocr' } })).needs.pdfs?.engine).toBe('mistral-ocr')
    for (const engine of ['pdf-text', 'cloudflare-ai']) expect(needs([PDF], parser({ pdf: { engine } })).needs.pdfs?.engine).toBe('local')
  })

  test('not so with other files, with none, with the native engine, with the plugin off', () => {
    expect(needs([PDF, OTHER]).needs.pdfs).toBeUndefined()
    expect(needs([]).needs.pdfs).toBeUndefined()
    expect(needs([PDF], parser({ pdf: { engine: 'native' } })).needs.pdfs).toBeUndefined()
    expect(needs([PDF], parser({ enabled: false, pdf: { engine: 'pdf-text' } })).needs.pdfs).toBeUndefined()
  })

  test('the bound of the prompt without the files is that of the words, about', () => {
    const { promptTokensMax, pdfs } = needs([PDF]).needs
    expect(promptTokensMax).toBeGreaterThan(3_000 + 1_000)
    expect(pdfs?.promptTokensMax).toBeGreaterThanOrEqual(500)
    expect(pdfs?.promptTokensMax).toBeLessThan(700)
  })

  test('so it is with bare base64, and with what was read before', () => {
    const bare = { type: 'file', file: { file_data: `JVBERi0${'A'.repeat(8_000)}` } }
    const image = `data:image/jpeg;base64,${'A'.repeat(100_000)}`
    const answer = { role: 'assistant', content: 'a', annotations: [{ type: 'file', file: { hash: 'h', content: [{ type: 'text', text: 'y'.repeat(4_000) }, { type: 'image_url', image_url: { url: image } }] } }] }
    const { promptTokensMax, pdfs } = needs([bare], {}, [answer]).needs
    expect(pdfs?.promptTokensMax).toBeLessThan(900)
    // A provider may be sent the text and the picture that stand there.
    expect(promptTokensMax).toBeGreaterThan(500 + 2_000 + 3_000)
    expect(promptTokensMax).toBeLessThan(12_000)
  })

  test.each([
    [{ pdf: { engine: 'tesseract' } }, 'plugins[0].pdf.engine: must be one of "native", "cloudflare-ai", "pdf-text", "mistral-ocr"'],
    [{ pdf: { engine: 7 } }, 'plugins[0].pdf.engine'], [{ pdf: 'native' }, 'plugins[0].pdf: must be an object'], [{ enabled: 'no' }, 'plugins[0].enabled: must be true or false'],
  ])('%o is refused, with or without a file', (plugin, why) => {
    expect(() => needs([PDF], parser(plugin))).toThrow(why)
    expect(() => needs([], parser(plugin))).toThrow(why)
  })

  test('is no plugin that this server lacks', () => {
    expect(needs([PDF], parser()).unsaid).toBeUndefined()
  })
})
