import { createReadStream } from 'node:fs'

/**
 * Calls `gone` when the process at the other end of this pipe is no more, however it ended: the system closes the pipe
 * for it. What we would lose by leaving at once is in the journal.
 */
export function watchParent(fd: number, gone: () => void): void {
  // A read waits in a thread until the pipe closes; nothing is ever written to it.
  const pipe = createReadStream('', { fd, autoClose: false })
  pipe.on('end', gone)
  pipe.on('error', gone)
  pipe.resume()
}
