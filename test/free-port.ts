import { draw } from '../src/lib/random.ts'

/** Below those that a system gives out by itself, to whoever connects or asks for any. */
const [PORT_MIN, PORT_MAX] = [15_000, 32_000]

/** A port that nobody listens on, and that is still free when a program takes it that has yet to start, or to start again. */
export function freePort(): number {
  for (;;) {
    const port = PORT_MIN + Math.floor(draw() * (PORT_MAX - PORT_MIN))
    try {
      void Bun.serve({ port, hostname: '127.0.0.1', fetch: () => new Response() }).stop(true)
      return port
    } catch {
      // Somebody has this one: another.
    }
  }
}
