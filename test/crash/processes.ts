import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'

/** Whether this process runs: it is there, and is not only waiting for its parent to hear of its end. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    // There is no such process any more.
    return false
  }
}

/** Ids of the processes that this one has started and that still run. */
export function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter((text) => text !== '').map(Number)
}

/** Kills the process, once: at the first call that has begun after so many are over. */
export function killer(pid: number, after: number): (done: number) => void {
  let killed = false
  return (done) => {
    if (killed || done < after) return
    killed = true
    process.kill(pid, 'SIGKILL')
  }
}

/** Waits until it holds; the test's own limit ends the waiting. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!await holds()) await Bun.sleep(5)
}

/** Waits until nobody listens there: the system may take a moment to clear away what a killed process held. */
export async function untilFree(port: number): Promise<void> {
  await until(() => canListenOn(port))
}

async function canListenOn(port: number): Promise<boolean> {
  const server = createServer()
  const listens = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => resolve(true))
  })
  if (listens) await new Promise((resolve) => server.close(resolve))
  return listens
}
