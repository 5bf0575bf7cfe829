import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { cpus } from 'node:os'

/** Linux's unit of CPU time in /proc, fixed by its ABI. */
const TICK_MS = 10
const canPin = cpus().length > 1 && spawnSync('taskset', ['--version']).status === 0

/** True when gateways run on core 0 and the mock and the load on core 1. */
export const pinned = canPin

/** A child of the bench. Stopped by its id, with everything it started. */
export interface Running {
  readonly pid: number
  /** What it wrote so far. */
  output(): string
  write(line: string): void
  /** The next whole line of its standard output. */
  nextLine(): Promise<string>
  stop(): Promise<void>
}

const children = new Set<ChildProcess>()
process.on('exit', () => children.forEach((child) => killTree(child.pid ?? 0)))

interface StartOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** A file for what it writes to standard error: a busy gateway's log is not for our own loop to read. */
  readonly logFile?: string
}

/** Starts a program on one core. */
export function start(core: 0 | 1, command: string, args: readonly string[], options: StartOptions = {}): Running {
  const [program, ...rest] = canPin ? ['taskset', '-c', String(core), command, ...args] : [command, ...args]
  const log = options.logFile === undefined ? 'pipe' : openSync(options.logFile, 'a')
  const child = spawn(program ?? command, rest, { stdio: ['pipe', 'pipe', log], env: options.env ?? process.env, cwd: options.cwd })
  if (typeof log === 'number') closeSync(log)
  children.add(child)
  let output = ''
  let unread = ''
  let waiting: { take(line: string): void; fail(error: Error): void } | undefined
  child.stdout?.on('data', (bytes: Buffer) => {
    output += bytes.toString()
    unread += bytes.toString()
    const end = unread.indexOf('\n')
    if (!waiting || end === -1) return
    const { take } = waiting
    waiting = undefined
    const line = unread.slice(0, end)
    unread = unread.slice(end + 1)
    take(line)
  })
  child.on('exit', (code) => waiting?.fail(new Error(`${command} ended with ${code}: ${output.slice(-2_000)}`)))
  child.stderr?.on('data', (bytes: Buffer) => { output += bytes.toString() })
  return {
    pid: child.pid ?? 0,
    output: () => output.slice(-4_000),
    write: (line) => { child.stdin?.write(`${line}\n`) },
    nextLine: () => new Promise((resolve, reject) => {
      const end = unread.indexOf('\n')
      if (end !== -1) {
        resolve(unread.slice(0, end))
        unread = unread.slice(end + 1)
        return
      }
      waiting = { take: resolve, fail: reject }
    }),
    stop: () => new Promise((resolve) => {
      children.delete(child)
      if (child.exitCode !== null || child.signalCode !== null) return resolve()
      child.once('exit', () => resolve())
      killTree(child.pid ?? 0)
    }),
  }
}

/** Waits until `ready` holds; throws with what the process wrote when it never does. */
export async function until(what: string, msMax: number, ready: () => boolean | Promise<boolean>, running?: Running): Promise<void> {
  const deadlineMs = performance.now() + msMax
  while (!(await ready())) {
    if (performance.now() > deadlineMs) throw new Error(`${what} did not happen within ${msMax} ms\n${running?.output() ?? ''}`)
    await Bun.sleep(10)
  }
}

/** A port that nobody listens on now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (address !== null && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))))
    })
  })
}

function parentOf(pid: number): number {
  return Number(statOf(pid)[1] ?? 0)
}

/** The fields of /proc/<pid>/stat after the program's name, which may hold spaces: state, parent, … */
function statOf(pid: number): readonly string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    // It ended between the listing and the look.
    return []
  }
}

/** The process and all that it started, and that these started. */
export function treeOf(root: number): number[] {
  const parents = new Map(readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map((name) => [Number(name), parentOf(Number(name))]))
  const tree = [root]
  for (const pid of tree) for (const [child, parent] of parents) if (parent === pid && child !== root) tree.push(child)
  return tree
}

/** CPU time of a process tree, user and system, in ms. */
export function cpuMs(root: number): number {
  return treeOf(root).reduce((sum, pid) => {
    const stat = statOf(pid)
    return sum + (Number(stat[11] ?? 0) + Number(stat[12] ?? 0)) * TICK_MS
  }, 0)
}

/** Resident memory of a process tree, in KB: the sum of its processes, the starter among them. */
export function rssKb(root: number): number {
  return treeOf(root).reduce((sum, pid) => {
    try {
      return sum + Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
    } catch {
      // It ended between the listing and the look.
      return sum
    }
  }, 0)
}

function killTree(root: number): void {
  if (root === 0) return
  for (const pid of treeOf(root).toReversed()) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended already.
    }
  }
}
