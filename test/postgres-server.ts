// A real Postgres of Debian's packages, with a data directory of its own, for as long as the tests run.
import { describe } from 'bun:test'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atEnd } from './at-end.ts'
import { freePort } from './free-port.ts'

/** A server that is there alone for the tests. It loses what it has when it ends. */
export interface PostgresServer {
  /** Address of its database `postgres`; another database is another path. */
  readonly url: string
  /** Stops it, as an operator does: every connection is cut. */
  stop(): Promise<void>
  /** Starts it again on the same port with the same data. */
  start(): Promise<void>
  /** Stops it and removes its data. */
  remove(): Promise<void>
}

const USER = 'switchyard'
/** Nothing of it has to outlive a power cut. Workers, commands and tests together have many connections. */
const SETTINGS = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=300', 'listen_addresses=127.0.0.1', 'shared_buffers=64MB', 'deadlock_timeout=50ms']

/** Where Postgres's programs are; undefined when it is not installed. */
export function postgresPrograms(): string | undefined {
  const home = '/usr/lib/postgresql'
  const versions = existsSync(home) ? readdirSync(home).toSorted((a, b) => Number(b) - Number(a)) : []
  return versions.map((version) => join(home, version, 'bin')).find((bin) => existsSync(join(bin, 'initdb')))
}

/** Texts in the order of a language, as servers of people have them: what relies on the order of bytes shows here. Before 15 only locales of the machine did that. */
function orderOf(programs: string): readonly string[] {
  const [, version = '0'] = /\/(\d+)\/bin$/.exec(programs) ?? []
  return Number(version) >= 15 ? ['--locale-provider=icu', '--icu-locale=en-US'] : []
}

/** All rows of a large test come in one text. */
const OUT_BYTES_MAX = 256 * 1_024 * 1_024

/** Starts a server on a free port, and ends it with this process. Throws when Postgres is not installed. */
export async function startPostgres(): Promise<PostgresServer> {
  const programs = postgresPrograms()
  if (programs === undefined) throw new Error('Postgres is not installed: apt-get install postgresql')
  const home = mkdtempSync(join(tmpdir(), 'switchyard-postgres-'))
  const data = join(home, 'data')
  const port = freePort()
  const url = `postgres://${USER}@127.0.0.1:${port}/postgres`
  giveToPostgres(home)
  run(join(programs, 'initdb'), ['-D', data, '-A', 'trust', '-U', USER, '-E', 'UTF8', '--locale=C', ...orderOf(programs), '--no-sync'])
  let child: ChildProcess | undefined
  const start = async (): Promise<void> => {
    const settings = [...SETTINGS, `port=${port}`, `unix_socket_directories=${home}`].flatMap((setting) => ['-c', setting])
    const [command = '', ...args] = asPostgres(join(programs, 'postgres'), ['-D', data, ...settings])
    child = spawn(command, args, { stdio: 'ignore' })
    await untilReady(join(programs, 'pg_isready'), port)
  }
  const stop = async (): Promise<void> => {
    const [running, ended] = [child, new Promise((resolve) => child?.once('exit', resolve))]
    if (!running || running.exitCode !== null) return
    running.kill('SIGINT')
    await ended
    child = undefined
  }
  const remove = async (): Promise<void> => {
    await stop()
    rmSync(home, { recursive: true, force: true })
  }
  atEnd(remove)
  process.on('exit', () => {
    child?.kill('SIGQUIT')
    rmSync(home, { recursive: true, force: true })
  })
  await start()
  return { url, start, stop, remove }
}

/** Makes a database, empty or with what is in another one that nobody is connected to, and gives its address. */
export function createDatabase(serverUrl: string, name: string, template = 'template1'): string {
  // Copied as files: nothing of it has to outlive the server, and a copy page by page takes half as long again.
  run('psql', ['-X', '-q', '-d', serverUrl, '-c', `CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY FILE_COPY`], (command, args) => [command, ...args])
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}

/** Rows of a database as JSON, read past the program that is tested. */
export function rowsOf(url: string, query: string): unknown[] {
  const out = run('psql', ['-X', '-A', '-t', '-d', url, '-c', `SELECT row_to_json(found) FROM (${query}) AS found`], (command, args) => [command, ...args])
  return out.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as unknown)
}

/** Postgres refuses to run as root; it ends when this process does, however it ends. */
function asPostgres(command: string, args: readonly string[]): string[] {
  const user = process.getuid?.() === 0 ? ['--reuid', 'postgres', '--regid', 'postgres', '--clear-groups'] : []
  return ['setpriv', ...user, '--pdeathsig', 'SIGINT', command, ...args]
}

function giveToPostgres(directory: string): void {
  if (process.getuid?.() !== 0) return
  const idOf = (flag: string) => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout)
  chownSync(directory, idOf('-u'), idOf('-g'))
}

function run(command: string, args: readonly string[], dress = asPostgres): string {
  const [program = '', ...rest] = dress(command, args)
  const done = spawnSync(program, rest, { encoding: 'utf8', cwd: tmpdir(), maxBuffer: OUT_BYTES_MAX })
  if (done.status !== 0) throw new Error(`${command} ended with ${done.status}: ${done.stderr}${done.error?.message ?? ''}`)
  return done.stdout
}

async function untilReady(program: string, port: number): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (spawnSync(program, ['-q', '-h', '127.0.0.1', '-p', String(port)]).status === 0) return
    await Bun.sleep(50)
  }
  throw new Error('Postgres did not start within 30 s')
}

/** `describe` that runs only where Postgres is installed. In CI its absence is an error. */
export const describePostgres = postgresPrograms() === undefined ? describe.skip : describe

if (postgresPrograms() === undefined) {
  if (process.env['CI']) throw new Error('tests need Postgres and CI is set, but it is not installed: apt-get install postgresql')
  console.log('skipped: tests on Postgres, which is not installed (apt-get install postgresql)')
}
