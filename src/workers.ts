import { spawn, type ChildProcess } from 'node:child_process'
import { workerEnvironment } from './config.ts'
import { assert } from './core/fault.ts'

const RESTART_MS = 500

/**
 * Listens alone there for a moment, and gives the port: of 0, a free one. Workers share a port with whoever lets them, so
 * that another gateway on it would go unseen; this throws. They must also all be told the same one.
 */
export function soleUseOf(host: string, port: number): number {
  const server = Bun.serve({ port, hostname: host, fetch: () => new Response() })
  const taken = server.port
  void server.stop(true)
  assert(taken !== undefined, 'a server that listens has a port')
  return taken
}

export interface Workers {
  /** Ends when each has said that it listens. Throws when one of them could not; what it said is on standard error. */
  readonly ready: Promise<void>
  /** Tells all to drain; ends when all have left. */
  stop(): Promise<void>
}

/** Runs this program `count` times on one port. A worker that dies is started again, once all have listened. */
export function startWorkers(count: number, argv: readonly string[]): Workers {
  const children = new Map<number, ChildProcess>()
  let keeps = false

  function start(worker: number): Promise<void> {
    const [command = 'bun', ...args] = argv
    const child = spawn(command, args, { env: workerEnvironment(worker), stdio: ['ignore', 'pipe', 'inherit', 'pipe'] })
    children.set(worker, child)
    child.once('exit', () => {
      children.delete(worker)
      if (keeps) setTimeout(() => restart(worker), RESTART_MS)
    })
    return new Promise((resolve, reject) => {
      child.stdout?.once('data', () => resolve())
      child.once('exit', () => reject(new Error('a worker could not start')))
    })
  }

  function restart(worker: number): void {
    if (!keeps) return
    start(worker).catch(() => {
      // It died before it listened, and said why; its end starts the next one.
    })
  }

  const all = Array.from({ length: count }, (_, worker) => worker)
  return {
    ready: Promise.all(all.map(start)).then(() => {
      keeps = true
      // One may have died while another was not there yet.
      for (const worker of all) if (!children.has(worker)) restart(worker)
    }),
    async stop() {
      keeps = false
      const left = [...children.values()].map((child) => new Promise((resolve) => child.once('exit', resolve)))
      for (const child of children.values()) child.kill('SIGTERM')
      await Promise.all(left)
    },
  }
}
