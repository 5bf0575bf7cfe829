import { connect, type Socket } from 'node:net'
import { Fault } from '../core/fault.ts'
import type { Provider } from '../catalog/endpoint.ts'
import type { Watch } from './watch.ts'

/** A call without an answer for this long is worth a look at the network: most have the head by then. */
const SUSPECT_MS = 2_000

/**
 * fetch does not say when it is connected. So where a head is late, one more connection is opened to the same place: when
 * that does not come about in time either, the host is gone and the call need not wait for the model's own deadline.
 * Returns how to call it off. `open` is how a connection is opened.
 */
export function watchReach(provider: Provider, connectMsMax: number, watch: Watch, open: (to: Address) => Socket = connect): () => void {
  let stop = () => undefined as void
  const timer = setTimeout(() => { stop = probe(provider, Math.max(1, connectMsMax - SUSPECT_MS), watch, open) }, Math.min(SUSPECT_MS, connectMsMax))
  return () => {
    clearTimeout(timer)
    stop()
  }
}

interface Address { readonly host: string; readonly port: number }

function probe(provider: Provider, msMax: number, watch: Watch, open: (to: Address) => Socket): () => void {
  const { hostname, port, protocol } = new URL(provider.baseUrl)
  const socket = open({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (protocol === 'https:' ? 443 : 80) })
  const timer = setTimeout(() => {
    socket.destroy()
    watch.abort(new Fault('provider_unreachable', `${provider.name} did not accept a connection in time`, { provider: provider.name }))
  }, msMax)
  const end = () => {
    clearTimeout(timer)
    socket.destroy()
  }
  socket.once('connect', end)
  // It is there and does not take another connection: that is the call's own to find out.
  socket.once('error', end)
  return end
}
