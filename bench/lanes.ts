import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BENCH_DIALECTS } from './dialect-traffic.ts'
import { freePort, start, until, type Running } from './processes.ts'
import { MOCK_MODELS, mockModelId, requestBody, type MockModel } from './traffic.ts'

const ROOT = join(import.meta.dir, '..')

/** One way to the mock: directly, or through a gateway that has started and answered a call. */
export interface Lane {
  readonly name: string
  /** Version of what runs, and what is switched on. */
  readonly what: string
  readonly port: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** The model's name as this lane's client must say it. */
  readonly modelOf: (model: MockModel) => string
  /** undefined for the direct lane: nothing stands between. */
  readonly process: Running | undefined
  /** From the start of the process to its first answer, in ms. */
  readonly startMs: number | null
}

/** A lane that could not be measured, and why. */
export interface MissingLane { readonly name: string; readonly missing: string }

interface Startable { readonly name: string; readonly what: string; readonly process: () => Promise<{ readonly process: Running; readonly port: number }>; readonly path: string; readonly headers: Readonly<Record<string, string>>; readonly modelOf: Lane['modelOf'] }

/** Straight to the mock. */
export function directLane(mockPort: number): Lane {
  return { name: 'direct', what: 'no gateway', port: mockPort, path: '/v1/chat/completions', headers: {}, modelOf: mockModelId, process: undefined, startMs: null }
}

/** Starts a lane and waits for its first answer. */
async function launch(lane: Startable): Promise<Lane> {
  const startedMs = performance.now()
  const { process, port } = await lane.process()
  const { name, what, path, headers, modelOf } = lane
  const body = requestBody(modelOf({ stream: false, delayMs: 0 }), false)
  let last = 'no connection'
  await until(`${name}'s first answer (${last})`, 30_000, async () => {
    try {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } })
      last = `${response.status} ${await response.text()}`
      // Anything but "not ready yet" is an answer to look at.
      if (response.status >= 400 && response.status < 500) throw new Error(`${name} refuses the bench's call: ${last.slice(0, 500)}`)
      return response.status === 200
    } catch (error) {
      if (error instanceof Error && error.message.includes("refuses the bench's call")) throw error
      // It does not listen yet.
      return false
    }
  }, process)
  return { name, what, port, path, headers, modelOf, process, startMs: performance.now() - startedMs }
}

const NGINX = ['/usr/sbin/nginx', '/usr/bin/nginx', '/usr/local/sbin/nginx'].find((path) => existsSync(path))

/** nginx as a plain reverse proxy with kept-alive connections: the least that any gateway on this machine can cost. */
export async function nginxLane(mockPort: number): Promise<Lane | MissingLane> {
  if (NGINX === undefined) return { name: 'nginx', missing: 'not installed (apt-get install nginx-light)' }
  const home = mkdtempSync(join(tmpdir(), 'switchyard-bench-nginx-'))
  const port = await freePort()
  writeFileSync(join(home, 'nginx.conf'), nginxConfig(home, port, mockPort))
  const version = /nginx\/([\d.]+)/.exec(spawnSync(NGINX, ['-v']).stderr.toString())?.[1] ?? '?'
  const nginx = NGINX
  return launch({
    name: 'nginx', what: `nginx ${version}, one worker, reverse proxy, keep-alive, buffering off`, path: '/v1/chat/completions', headers: {}, modelOf: mockModelId,
    process: async () => ({ process: start(0, nginx, ['-p', home, '-c', join(home, 'nginx.conf'), '-e', join(home, 'error.log')]), port }),
  })
}

function nginxConfig(home: string, port: number, mockPort: number): string {
  return `
daemon off;
worker_processes 1;
pid ${home}/nginx.pid;
error_log ${home}/error.log;
${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 8192; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${home}/${kind};`).join(' ')}
  keepalive_requests 1000000000;
  upstream mock { server 127.0.0.1:${mockPort}; keepalive 512; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://mock; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; proxy_read_timeout 300s; }
  }
}
`
}

/** What a Switchyard lane needs beside the mock's port. */
export interface SwitchyardLane { readonly lane: Lane; readonly dataDir: string; readonly key: string }

/** A provider of the operator's file: the mock, in one of its dialects. Its models are `<slug>/<id>`. */
function operatorProvider(slug: string, dialect: string, mockPort: number, modelIds: readonly string[]): string {
  const models = modelIds.map((id) => `      - { id: ${slug}/${id}, upstream_id: ${id}, context: 1000000, max_output: 200000, price: { input: "0.10", output: "0.40" } }`)
  const base = `http://127.0.0.1:${mockPort}${dialect === 'gemini' ? '/v1beta' : '/v1'}`
  // As a user of AWS has them: each request is signed, body and all.
  const credential = dialect === 'bedrock-converse' ? ['    region: eu-west-1', '    access_key_id: AKIABENCH', '    secret_access_key: bench-credential'] : ['    api_key: bench-credential']
  return [`  ${slug}:`, `    dialect: ${dialect}`, `    base_url: ${base}`, ...credential, '    models:', ...models].join('\n')
}

/** Switchyard as a user starts it: authentication, limits, ledger, journal and records on. `streamModels`: for the provider of each dialect. */
export async function switchyardLane(mockPort: number, streamModels: readonly string[] = []): Promise<SwitchyardLane> {
  const home = mkdtempSync(join(tmpdir(), 'switchyard-bench-'))
  process.on('exit', () => rmSync(home, { recursive: true, force: true }))
  const dataDir = join(home, 'data')
  const chat = operatorProvider('bench', 'openai-chat', mockPort, MOCK_MODELS.map(mockModelId))
  const dialects = streamModels.length === 0 ? [] : [...BENCH_DIALECTS, 'bedrock-converse'].map((dialect) => operatorProvider(`bench-${dialect}`, dialect, mockPort, streamModels))
  writeFileSync(join(home, 'switchyard.yaml'), ['providers:', chat, ...dialects, ''].join('\n'))
  const key = `sk-sw-v1-${'be9c'.repeat(16)}`
  const args = [join(ROOT, 'bin', 'switchyard.mjs'), 'serve', '--port', '0', '--data', dataDir, '--config', join(home, 'switchyard.yaml'), '--no-discover', '--initial-credits', '1000000']
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string }
  const lane = await launch({
    name: 'switchyard', what: `Switchyard ${version}, everything on: auth, limits, hold, settle, journal, record, a log line a call`, path: '/api/v1/chat/completions',
    headers: { authorization: `Bearer ${key}` }, modelOf: (model) => `bench/${mockModelId(model)}`,
    process: async () => {
      const running = start(0, 'node', args, { cwd: home, env: { PATH: process.env['PATH'] ?? '', HOME: home, SWITCHYARD_KEY: key }, logFile: join(home, 'calls.log') })
      let port = 0
      await until('`listening on`', 30_000, () => {
        port = Number(/listening on http:\/\/[^\s/]+:(\d+)/.exec(running.output())?.[1] ?? 0)
        return port !== 0
      }, running)
      return { process: running, port }
    },
  })
  return { lane, dataDir, key }
}

/** Its own lock file does not travel with it: with newer minors of these, every streamed call of 1.15.2 is a 500. */
const PORTKEY = ['@portkey-ai/gateway@1.15.2', 'hono@4.9.7', '@hono/node-server@1.13.8', '@hono/node-ws@1.2.0']

/** Portkey's gateway, installed from npm beside the project, never into it. */
export async function portkeyLane(mockPort: number): Promise<Lane | MissingLane> {
  const home = join(tmpdir(), 'switchyard-bench-portkey')
  const entry = join(home, 'node_modules', '@portkey-ai', 'gateway', 'build', 'start-server.js')
  if (!existsSync(entry)) {
    mkdirSync(home, { recursive: true })
    const install = spawnSync('npm', ['install', '--prefix', home, '--no-audit', '--no-fund', '--loglevel', 'error', '--ignore-scripts', ...PORTKEY], { timeout: 180_000 })
    if (install.status !== 0) return { name: 'portkey', missing: `npm could not install it: ${install.stderr?.toString().trim().split('\n').at(-1) ?? 'no answer within 3 minutes'}` }
  }
  const { version } = JSON.parse(readFileSync(join(home, 'node_modules', '@portkey-ai', 'gateway', 'package.json'), 'utf8')) as { readonly version: string }
  const port = await freePort()
  try {
    return await launch({
      name: 'portkey', what: `@portkey-ai/gateway ${version} on Node ${spawnSync('node', ['--version']).stdout.toString().trim()}, custom host`, path: '/v1/chat/completions',
      headers: { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': `http://127.0.0.1:${mockPort}/v1`, 'authorization': 'Bearer bench' }, modelOf: mockModelId,
      process: async () => ({ process: start(0, 'node', [entry, `--port=${port}`, '--headless'], { cwd: home, env: { PATH: process.env['PATH'] ?? '', HOME: home, TRUSTED_CUSTOM_HOSTS: '127.0.0.1,localhost', NODE_ENV: 'production' } }), port }),
    })
  } catch (error) {
    return { name: 'portkey', missing: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) }
  }
}
