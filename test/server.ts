import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { databaseUrlOf } from './engine.ts'
import { atEnd } from './at-end.ts'

const ROOT = join(import.meta.dir, '..')
const START_MS_MAX = 30_000
const STOP_MS_MAX = 15_000

/** The real program in a process of its own, with a data directory and an operator's file of its own. */
export interface Gateway {
  /** `http://127.0.0.1:<port>`, no slash at the end. */
  readonly url: string
  /** A live key, the first of this data directory. */
  readonly key: string
  /** The process that listens, not the one that npm starts. */
  readonly pid: number
  /** The process that npm starts, whose child listens. */
  readonly launcherPid: number
  readonly dataDir: string
  /** The operator's file: write it to change the configuration. */
  readonly configFile: string
  /** Milliseconds from the start of the process to its `listening on`. */
  readonly startMs: number
  /** All that it has written to standard output and standard error. */
  logs(): string
  isAlive(): boolean
  /** `fetch` below `/api/v1` with the key; `json` is sent as a POST. */
  api(path: string, json?: unknown, init?: RequestInit): Promise<Response>
  /** Asks it to end, waits, and removes its directories. Gives its exit code. */
  stop(): Promise<number | null>
}

export interface GatewayOptions {
  /** The operator's file, YAML. */
  readonly config?: string
  readonly env?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
  /** A data directory to use, and to leave: for restarts. */
  readonly dataDir?: string
}

const running = new Set<ChildProcess>()
// A test that throws before its `stop` leaves nothing behind.
atEnd(() => running.forEach((child) => child.kill('SIGKILL')))

/** Starts the gateway on a free port and waits until it listens. Throws with its output when it does not. */
export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const home = mkdtempSync(join(tmpdir(), 'switchyard-test-'))
  const dataDir = options.dataDir ?? join(home, 'data')
  const configFile = join(home, 'switchyard.yaml')
  writeFileSync(configFile, options.config ?? '{}\n')
  const key = 'sk-sw-v1-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'
  const startedMs = performance.now()
  const args = ['serve', '--port', '0', '--data', dataDir, '--config', configFile, '--no-discover', ...(options.args ?? [])]
  const child = spawn('node', [join(ROOT, 'bin', 'switchyard.mjs'), ...args], { cwd: home, env: { ...plainEnv(), ...storeEnvironment(dataDir), SWITCHYARD_KEY: key, SWITCHYARD_SETUP_CODE: 'none', ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  child.on('exit', () => running.delete(child))
  let output = ''
  const url = await new Promise<string>((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`the gateway ${why}; it wrote:\n${output}`))
    const timer = setTimeout(() => fail(`did not listen within ${START_MS_MAX} ms`), START_MS_MAX)
    const read = (bytes: Buffer): void => {
      output += bytes.toString()
      const found = /listening on (http:\/\/\S+?)\/?\s/.exec(output)?.[1]
      if (found) clearTimeout(timer)
      if (found) resolve(found.replace(/\/\/(?:localhost|0\.0\.0\.0|\[::\])/, '//127.0.0.1'))
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.on('error', (error) => fail(`did not start: ${error.message}`))
    child.on('exit', (code, signal) => fail(`ended with ${code ?? signal}`))
  }).catch((error: unknown) => {
    child.kill('SIGKILL')
    rmSync(home, { recursive: true, force: true })
    throw error
  })
  return {
    url, key, dataDir, configFile,
    pid: serverPid(child.pid ?? 0),
    launcherPid: child.pid ?? 0,
    startMs: performance.now() - startedMs,
    logs: () => output,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    api: (path, json, init) => fetch(`${url}/api/v1${path}`, {
      ...(json === undefined ? {} : { method: 'POST', body: JSON.stringify(json) }),
      ...init,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headersOf(init) },
    }),
    stop: async () => {
      const code = await end(child)
      rmSync(home, { recursive: true, force: true })
      return code
    },
  }
}

function headersOf(init: RequestInit | undefined): Record<string, string> {
  return Object.fromEntries(new Headers(init?.headers).entries())
}

/** What a program needs of the environment, and no credential of whoever runs the tests. */
function plainEnv(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'SystemRoot']
  return Object.fromEntries(names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])))
}

/** Where the store of a data directory is, for a program started on it. */
export function storeEnvironment(dataDir: string): Record<string, string> {
  const url = databaseUrlOf(dataDir)
  return url === undefined ? {} : { DATABASE_URL: url }
}

/** `bin/switchyard.mjs` runs Bun as its child: that one is the server. */
function serverPid(parent: number): number {
  const children = `/proc/${parent}/task/${parent}/children`
  const first = existsSync(children) ? Number(readFileSync(children, 'utf8').trim().split(' ')[0]) : 0
  return first || parent
}

async function end(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX)
  child.kill('SIGTERM')
  return ended.finally(() => clearTimeout(timer))
}

/** A piece of an operator's file: one provider with its models, in the words of the example. */
export interface ProviderConfig {
  readonly slug: string
  readonly dialect: string
  readonly baseUrl: string
  readonly models: readonly { readonly id: string; readonly upstreamId: string; readonly input?: string; readonly output?: string; readonly outputs?: readonly string[] }[]
  /** More lines of the provider, already YAML in flow style: `timeouts: { idle_ms: 200 }`. */
  readonly more?: readonly string[]
}

/** The YAML of an operator's file with these providers. */
export function configOf(providers: readonly ProviderConfig[], more: readonly string[] = []): string {
  const lines = providers.flatMap((provider) => [
    `  ${JSON.stringify(provider.slug)}:`,
    `    dialect: ${provider.dialect}`,
    `    base_url: ${JSON.stringify(provider.baseUrl)}`,
    `    api_key: test-credential-of-${provider.slug}`,
    ...(provider.more ?? []).map((line) => `    ${line}`),
    '    models:',
    ...provider.models.map((model) => `      - { id: ${JSON.stringify(model.id)}, upstream_id: ${JSON.stringify(model.upstreamId)}, context: 1000000, max_output: 128000, price: { input: "${model.input ?? '1'}", output: "${model.output ?? '4'}" }, outputs: [${(model.outputs ?? ['text']).join(', ')}] }`),
  ])
  return [...more, 'providers:', ...lines, ''].join('\n')
}

/** The secret that `configOf` gives a provider: what the provider must see. */
export function credentialOf(slug: string): string {
  return `test-credential-of-${slug}`
}
