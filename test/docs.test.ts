import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'bun:test'
import { AUDIT_ACTIONS } from '../src/accounts/audit-entry.ts'
import { FAULTS } from '../src/core/fault.ts'
import { AVAILABILITY } from '../src/routing/availability.ts'
import { MODEL_QUERY } from '../src/server/api/model-query.ts'
import { routes } from '../src/server/api/routes.ts'
import { docsPage } from '../src/server/docs.ts'
import { temporaryDirectory } from './cli.ts'

const directory = temporaryDirectory()
const read = (name: string): string => readFileSync(join(import.meta.dir, '..', 'docs', name), 'utf8')

describe('docs/errors.md', () => {
  const doc = read('errors.md')
  const rows = new Map([...doc.matchAll(/^\| `(\w+)` \| (.*) \|$/gm)].map(([, code = '', rest = '']) => [code, rest.split(' | ')]))

  test('has each fault with its status, type, next try and help', () => {
    for (const [code, kind] of Object.entries(FAULTS)) expect([code, rows.get(code)]).toEqual([code, [String(kind.status), kind.type, kind.retry, kind.help]])
  })

  test('has no fault that is gone', () => {
    expect([...rows.keys()].filter((code) => !Object.hasOwn(FAULTS, code))).toEqual([])
  })

  test('has a heading for each availability code, where its docs_url leads, with its status', () => {
    for (const [code, { status, retryable }] of Object.entries(AVAILABILITY)) {
      expect(doc).toContain(`\n### ${code}\n\n${status}${retryable ? ', retryable' : ''}. `)
    }
  })
})

describe('pages that the server shows', () => {
  test('are all of docs/, so that what one of them links to is there', () => {
    for (const page of readdirSync(join(import.meta.dir, '..', 'docs')).filter((name) => name.endsWith('.md'))) expect(docsPage(`/docs/${page}`).status).toBe(200)
  })

  test('have a heading for each refusal of credit and budgets, where its docs_url leads, with its status', () => {
    const codes = Object.entries(FAULTS).filter(([code, { status, type }]) => type === 'payment_required' && status === 402 || /^(?:tag|member|guardrail|workspace)_/.test(code))
    expect(codes.length).toBeGreaterThan(8)
    for (const [code, { status }] of codes) expect(read('errors.md')).toContain(`\n### ${code}\n\n${status}. `)
  })
})

describe('links of the docs', () => {
  const root = join(import.meta.dir, '..')
  const pages = ['README.md', 'ARCHITECTURE.md', 'SECURITY.md', ...['docs', 'docs/decisions'].flatMap((folder) => readdirSync(join(root, folder)).filter((name) => name.endsWith('.md')).map((name) => `${folder}/${name}`))]
  const prose = (page: string): string => readFileSync(join(root, page), 'utf8').replace(/```[^]*?```/g, '')
  // As Git hosts make them: letters, digits, `_` and `-` of the heading, spaces as dashes.
  const anchors = (page: string): string[] => [...prose(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase().replace(/[^\p{L}\p{N}_ -]/gu, '').replaceAll(' ', '-'))

  test.each(pages)('%s: all lead to a page and a heading that are there', (page) => {
    const lost = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link).filter((link) => {
      if (/^[a-z]+:/.test(link)) return false
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page : join(dirname(page), path)
      return !existsSync(join(root, target)) || (anchor !== undefined && target.endsWith('.md') && !anchors(target).includes(anchor))
    })
    expect(lost).toEqual([])
  })
})

describe('docs/accounts.md', () => {
  test('has each action of the log of changes', () => {
    const doc = read('accounts.md')
    expect(AUDIT_ACTIONS.filter((action) => !doc.includes(`\`${action}\``))).toEqual([])
  })
})

describe('docs/api.md', () => {
  const doc = read('api.md')

  test('lists each route with its auth, and has a chapter with an example of it', () => {
    const words = { public: 'public', key: 'API key', management: 'management key', person: 'signed in', operator: 'operator' }
    for (const { method, path, auth } of routes) {
      const anchor = `${method} ${path}`.toLowerCase().replace(/[^a-z -]/g, '').replaceAll(' ', '-')
      expect(doc).toContain(`| [\`${method} ${path}\`](#${anchor}) | ${words[auth]} |`)
      expect([path, doc.split(`\n### ${method} ${path}\n`)[1]?.split('\n### ')[0]]).toEqual([path, expect.stringContaining('curl ')])
    }
  })

  test('lists no route that is gone', () => {
    const known = routes.map(({ method, path }) => `${method} ${path}`)
    const listed = [...doc.matchAll(/^### ([A-Z]+ \/\S+)$/gm)].map(([, route = '']) => route)
    expect(listed.filter((route) => !known.includes(route))).toEqual(['POST /chat/completions'])
  })

  test('has examples whose bodies are JSON, as a shell reads them', () => {
    const examples = [...doc.matchAll(/```sh\n(.*?)```/gs)].map(([, text = '']) => text).filter((text) => text.startsWith('curl '))
    // Sends nothing: says what each body would have been.
    const curl = 'curl() { while [ $# -gt 0 ]; do if [ "$1" = -d ]; then printf "%s\\0" "$2"; fi; shift; done; }'
    // In a directory of its own: some examples write what they get into a file.
    const { stdout } = spawnSync('bash', ['-c', [curl, ...examples].join('\n')], { encoding: 'utf8', cwd: directory })
    const bodies = stdout.split('\0').slice(0, -1)
    expect(bodies.length).toBeGreaterThan(50)
    for (const body of bodies) expect(parse(body)).not.toEqual({ body })
  })

  test('names each parameter of GET /models', () => {
    for (const name of Object.keys(MODEL_QUERY)) expect(doc).toContain(name.replace(/^(min|max)_(?=.*(index|rate)$)/, ''))
  })
})

/** What it says as JSON; where it is none, what it is. */
function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    // Told with the text of it.
    return { body }
  }
}
