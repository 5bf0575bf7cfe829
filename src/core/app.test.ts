import { describe, expect, test } from 'bun:test'
import { APP_CATEGORIES, appOf, appOfCallback, categoriesOf } from './app.ts'

describe('who calls (B71)', () => {
  test('a site is its host, whatever the page; the title is said or the host', () => {
    const app = appOf('https://www.My.app/chat/1?x=2#y', ' My App ')
    expect(app).toEqual({ id: expect.any(Number), site: 'my.app', title: 'My App', isLocal: false })
    expect(appOf('http://my.app', null)).toEqual({ id: app?.id ?? -1, site: 'my.app', isLocal: false, title: 'my.app' })
    expect(appOf('my.app', undefined)?.id).toBe(app?.id ?? -1)
    expect(appOf('https://my.app:8443', null)?.site).toBe('my.app:8443')
    expect(Number.isSafeInteger(app?.id)).toBe(true)
  })

  test('on hosts that many share, whose it is stands in the path', () => {
    expect(appOf('https://github.com/Cline/Cline/issues', 'Cline')?.site).toBe('github.com/cline/cline')
    expect(appOf('https://github.com/', null)?.site).toBe('github.com')
  })

  test('a local app needs a title, and is one whatever its port', () => {
    expect(appOf('http://localhost:3000/', '')).toBeUndefined()
    expect(appOf('http://localhost:3000/', 'Tool')).toEqual(appOf('http://127.0.0.1:4000', 'Tool'))
    expect(appOf('localhost:3000', 'Tool')).toMatchObject({ site: 'local/Tool', isLocal: true })
  })

  test('what is no site is no app; a title alone makes none', () => {
    for (const referer of [null, '', 'ftp://x.y', 'javascript:alert(1)', 'https://', `https://a.b/${'x'.repeat(3_000)}`]) expect(appOf(referer, 'T')).toBeUndefined()
  })

  test('a title is one line of well-formed text', () => {
    expect(appOf('https://a.b', 'a\r\nb\u0000c \uD800')?.title).toBe('a b c \uFFFD')
    expect(appOf('https://a.b', 'x'.repeat(500))?.title).toHaveLength(128)
  })

  test('H7: who is sent back to a local port is named by it', () => {
    expect(appOfCallback(new URL('http://localhost:3000/cb'))).toMatchObject({ title: 'localhost:3000', isLocal: true })
    expect(appOfCallback(new URL('https://my.app/cb')).id).toBe(appOf('https://my.app', 'T')?.id ?? -1)
  })
})

describe('what it is for (B71, B72)', () => {
  test('two known categories of a request; unknown ones are dropped silently', () => {
    expect(categoriesOf('cli-agent, nonsense, cli-agent,game,legal')).toEqual(['cli-agent', 'game'])
    expect(categoriesOf('CLI-Agent')).toEqual([])
    expect(categoriesOf(null)).toEqual([])
  })

  test('all fifteen, in four groups', () => {
    expect(Object.keys(APP_CATEGORIES)).toEqual(['coding', 'creative', 'productivity', 'entertainment'])
    expect(Object.values(APP_CATEGORIES).flat().toSorted()).toEqual([
      'audio-gen', 'cli-agent', 'cloud-agent', 'creative-writing', 'game', 'general-chat', 'ide-extension', 'image-gen', 'legal', 'native-app-builder', 'personal-agent', 'programming-app', 'roleplay', 'video-gen', 'writing-assistant',
    ])
  })
})
