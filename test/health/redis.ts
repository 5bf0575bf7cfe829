import { spawn, type ChildProcess } from 'node:child_process'
import { atEnd } from '../at-end.ts'

/** A real Redis or Valkey server, as Debian has it. */
const BINARIES = ['valkey-server', 'redis-server']

/** The program to run; undefined where none is installed. */
export const redisBinary: string | undefined = BINARIES.find((name) => Bun.which(name) !== null)

/** Runs one on a port, until `stop`; ends when it takes connections. */
export async function startRedis(port: number): Promise<{ stop(): Promise<void> }> {
  if (redisBinary === undefined) throw new Error('no valkey-server and no redis-server here: apt-get install redis-server')
  const child: ChildProcess = spawn(redisBinary, ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], { stdio: ['ignore', 'pipe', 'inherit'] })
  atEnd(() => { child.kill('SIGKILL') })
  await new Promise<void>((resolve, reject) => {
    let output = ''
    child.stdout?.on('data', (bytes: Buffer) => {
      output += bytes.toString()
      if (/ready to accept connections/i.test(output)) resolve()
    })
    child.once('exit', () => reject(new Error(`it ended:\n${output}`)))
  })
  return { stop: () => new Promise((resolve) => {
    child.removeAllListeners('exit')
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  }) }
}
