import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const VERSION_MS_MAX = 20_000
const RUN_MS_MAX = 60_000

/** Claude Code's program, or why there is none. */
export type ClaudeCode = { readonly path: string } | { readonly missing: string }

/** Finds the program that `SWITCHYARD_CLAUDE_CODE` or the path names, and sees that it runs. */
export async function findClaudeCode(): Promise<ClaudeCode> {
  const path = process.env['SWITCHYARD_CLAUDE_CODE'] ?? Bun.which('claude')
  if (!path) return { missing: 'there is no claude on the path, and SWITCHYARD_CLAUDE_CODE names none' }
  if (!existsSync(path)) return { missing: `SWITCHYARD_CLAUDE_CODE names ${path}, which is not there` }
  const { code, stdout } = await inEmptyHome(path, ['--version'], {}, {}, VERSION_MS_MAX)
  return code === 0 && stdout.includes('Claude Code') ? { path } : { missing: `${path} --version ended with ${code}` }
}

/** What a run in print mode comes to. */
export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** The models that it keeps of the server's list, where it asked for it. */
  readonly models: readonly { readonly id: string }[]
}

/** Asks it a question in a directory that holds `files` and nothing else. `leave` ends it as a user does. */
export async function ask(path: string, args: readonly string[], env: Readonly<Record<string, string>>, files: Readonly<Record<string, string>>, leave?: Promise<void>): Promise<Ran> {
  return await inEmptyHome(path, args, { DISABLE_TELEMETRY: '1', DISABLE_AUTOUPDATER: '1', DISABLE_ERROR_REPORTING: '1', ...env }, files, RUN_MS_MAX, leave)
}

/** A port that nobody listens on: what is not for this machine goes there, and no further. */
const NOWHERE = 'http://127.0.0.1:9'

/** Nothing of whoever runs the tests reaches it: no home, no settings, no credential, no network. */
async function inEmptyHome(path: string, args: readonly string[], env: Readonly<Record<string, string>>, files: Readonly<Record<string, string>>, msMax: number, leave?: Promise<void>): Promise<Ran> {
  const home = mkdtempSync(join(tmpdir(), 'switchyard-claude-home-'))
  const folder = mkdtempSync(join(tmpdir(), 'switchyard-claude-work-'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  try {
    const child = Bun.spawn([path, ...args], { cwd: folder, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe', timeout: msMax, env: { PATH: process.env['PATH'] ?? '', HOME: home, TERM: 'dumb', LANG: 'C.UTF-8', HTTPS_PROXY: NOWHERE, HTTP_PROXY: NOWHERE, NO_PROXY: '127.0.0.1', ...env } })
    void leave?.then(() => child.kill('SIGINT'))
    const [stdout, stderr, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited])
    return { code, stdout, stderr, models: modelsIn(join(home, '.claude', 'cache', 'gateway-models.json')) }
  } finally {
    rmSync(home, { recursive: true, force: true })
    rmSync(folder, { recursive: true, force: true })
  }
}

function modelsIn(path: string): Ran['models'] {
  if (!existsSync(path)) return []
  // Its own file, which it wrote a moment ago.
  return (JSON.parse(readFileSync(path, 'utf8')) as { readonly models: Ran['models'] }).models
}
