import { Socket } from 'node:net'

/**
 * Calls `gone` when the process at the other end of this pipe is no more, however it ended: the system closes the pipe
 * for it. What we would lose by leaving at once is in the journal.
 */
export function watchParent(fd: number, gone: () => void): void {
  const pipe = new Socket({ fd, readable: true, writable: false })
  pipe.on('data', () => undefined)
  pipe.on('close', gone)
  // A broken pipe is a closed one: `close` follows.
  pipe.on('error', () => undefined)
  pipe.unref()
}
