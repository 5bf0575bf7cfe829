import { faultFrom } from '../gateway/attempt.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { IpRange } from '../lib/ip-address.ts'
import { dispatch } from './dispatch.ts'
import { faultResponse } from './respond.ts'
import type { Services } from './route.ts'

export interface ServerOptions {
  readonly port: number
  readonly host: string
  readonly bodyBytesMax: number
  /** Several processes share the port. */
  readonly reusePort: boolean
  readonly gateway: Gateway
  readonly services: Services
  /** Networks of the proxies in front, whose `X-Forwarded-For` is believed; none when not said. */
  readonly trustedProxies?: readonly IpRange[]
}

export interface RunningServer {
  readonly port: number
  /** No new calls; those that run may finish, at most this long. */
  drain(msMax: number): Promise<void>
}

/** Listens, and answers every request with the contract's body. */
export function listen(options: ServerOptions): RunningServer {
  const { gateway } = options
  const origins = { peerOf: (request: Request) => server.requestIP(request)?.address, trustedProxies: options.trustedProxies ?? [] }
  const server: Bun.Server<undefined> = Bun.serve({
    port: options.port,
    hostname: options.host,
    reusePort: options.reusePort,
    idleTimeout: 0, // a stream may be quiet for long; deadlines are `upstream/`'s
    maxRequestBodySize: options.bodyBytesMax + (64 << 20), // so that what is too large gets our 413 and not an empty one
    fetch: (request) => dispatch(request, options, origins),
    error: (error) => faultResponse(faultFrom(error, gateway)),
  })

  return {
    port: server.port ?? options.port,
    async drain(msMax) {
      const deadline = Bun.sleep(msMax)
      // Listens on meanwhile: who calls now is told to try again (503), and a load balancer sees it at /ready.
      await Promise.race([gateway.admission.drain(), deadline])
      await Promise.race([server.stop(false), deadline])
      await server.stop(true)
    },
  }
}

