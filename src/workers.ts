import { spawn, type ChildProcess } from 'node:child_process'
import { workerEnvironment } from './config.ts'
import { assert } from './core/fault.ts'

const RESTART_MS = 500

/** A port that nobody listens on: workers must all be told the same one, so port 0 is not theirs to resolve. */
export function freePort(host: string): number {
  const server = Bun.serve({ port: 0, hostname: host, fetch: () => new Response() })
  const { port } = server
  void server.stop(true)
  assert(port !== undefined, 'a server that listens has a port')
  return port
}

export interface Workers {
  /** Resolves when each has said that it listens. */
  readonly ready: Promise<void>
  /** Tells all to drain; resolves when all have left. */
  stop(): Promise<void>
}

/** Runs this program `count` times on one port. A worker that dies is started again. */
export function startWorkers(count: number, argv: readonly string[]): Workers {
  const children = new Map<number, ChildProcess>()
  let stopping = false

  function start(worker: number): Promise<void> {
    const [command = 'bun', ...args] = argv
    const child = spawn(command, args, { env: workerEnvironment(worker), stdio: ['ignore', 'pipe', 'inherit', 'pipe'] })
    children.set(worker, child)
    child.on('exit', () => {
      children.delete(worker)
      if (!stopping) setTimeout(() => { if (!stopping) void start(worker) }, RESTART_MS)
    })
    return new Promise((resolve) => child.stdout?.once('data', () => resolve()))
  }

  return {
    ready: Promise.all(Array.from({ length: count }, (_, worker) => start(worker))).then(() => undefined),
    async stop() {
      stopping = true
      const left = [...children.values()].map((child) => new Promise((resolve) => child.once('exit', resolve)))
      for (const child of children.values()) child.kill('SIGTERM')
      await Promise.all(left)
    },
  }
}
