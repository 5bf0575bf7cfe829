import type { Caller } from '../../src/accounts/caller.ts'
import type { Endpoint } from '../../src/catalog/endpoint.ts'
import type { Event } from '../../src/core/event.ts'
import { Fault } from '../../src/core/fault.ts'
import { parseObject, type JsonObject } from '../../src/core/json.ts'
import type { SseFrame } from '../../src/dialects/dialect.ts'
import { Meter } from '../../src/gateway/meter.ts'
import type { Generation } from '../../src/ledger/generation.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { Told } from '../clients/faces.ts'
import { INVOKED_TWICE, TWICE, type Twice } from './answers.ts'
import { CLIENT, PROVIDER, PROVIDERS, type ProviderName } from './columns.ts'
import { CLIENTS, type ClientName } from './features.ts'
import { isInvoked, piecesOf, THINKING, told } from './measure-answer.ts'

/** One place where a client dialect meets a provider dialect. */
export interface CellName { readonly client: ClientName; readonly provider: ProviderName }

export const CELLS: readonly CellName[] = CLIENTS.flatMap((client) => PROVIDERS.map((provider) => ({ client, provider })))

/** What comes of an answer: the events of the reader, what the client has, what is billed and recorded. */
export interface Outcome { readonly events: readonly Event[]; readonly text: string; readonly told: Told; readonly generation: Generation }

const CALLER: Caller = {
  accountId: 'a', key: { hash: 'h', accountId: 'a', name: 'k', label: 'k', kind: 'inference', disabled: false, limit: null, limitReset: null, includeByokInLimit: false, expiresMs: null, createdMs: 0, updatedMs: null, workspaceId: 'w', creatorUserId: null },
}
const HELD = 1_000_000_000n

/** One answer of the provider in both its forms, as this cell gets it. */
export function answerOf({ client, provider }: CellName): Twice {
  return isInvoked(client, provider) ? INVOKED_TWICE : TWICE[provider]
}

function endpointOf(provider: ProviderName): Endpoint {
  return { ...PROVIDER[provider].endpoint, price: { state: 'priced', prompt: 1_000_000_000n, completion: 4_000_000_000n, cacheRead: 100_000_000n } }
}

/** The answer streamed, frame by frame, to a client that streams. */
export function streamed(cell: CellName, frames: readonly SseFrame[]): Outcome {
  const call = callOf(cell, true)
  const endpoint = endpointOf(cell.provider)
  const events: Event[] = []
  const reader = PROVIDER[cell.provider].dialect.streamReader(call, endpoint, call.dialect === endpoint.provider.dialect)
  for (const frame of frames) reader.read(frame, events)
  reader.end(events)
  const { end, generation, counted } = settled(cell, true, endpoint, events)
  const writer = CLIENT[cell.client].dialect.streamWriter(call)
  const text = [...counted, end].map((event) => writer.write([event])).join('')
  return { events, text, told: told(cell.client, piecesOf(cell.client, text), true), generation }
}

/** The same answer whole, to a client that does not stream. */
export function whole(cell: CellName, reply: JsonObject): Outcome {
  const call = callOf(cell, false)
  const endpoint = endpointOf(cell.provider)
  const events = PROVIDER[cell.provider].dialect.readReply(call, endpoint, structuredClone(reply), call.dialect === endpoint.provider.dialect)
  const { end, generation, counted } = settled(cell, false, endpoint, events)
  const writer = CLIENT[cell.client].dialect.replyWriter(call)
  writer.add([...counted, end])
  const text = JSON.stringify(writer.body())
  return { events, text, told: told(cell.client, [parseObject(text) ?? {}], false), generation }
}

function callOf({ client }: CellName, stream: boolean) {
  return CLIENT[client].read({ ...CLIENT[client].plain, ...THINKING[client] }, stream)
}

/** Counts and settles as `serve` does. */
function settled(cell: CellName, stream: boolean, endpoint: Endpoint, events: readonly Event[]): { readonly end: Event; readonly generation: Generation; readonly counted: readonly Event[] } {
  const meter = new Meter(callOf(cell, stream), CALLER, systemClock)
  meter.begin(endpoint, endpoint.modelId)
  const counted: Event[] = [{ type: 'served', model: endpoint.modelId, provider: endpoint.provider.name, warnings: [] }, ...events]
  meter.count(counted)
  const usage = meter.used()
  const cost = meter.cost(usage, HELD)
  meter.settled(usage, cost, undefined)
  return { end: meter.last(), generation: meter.generation(usage, cost), counted }
}

/** The fault that the reader said, if it said one. Throws when it said anything after it. */
export function faultIn({ events }: Outcome): Fault | undefined {
  const at = events.findIndex((event) => event.type === 'fault')
  if (at === -1) return undefined
  if (at !== events.length - 1) throw new Error('a reader said something after a fault')
  const last = events[at]
  return last?.type === 'fault' ? last.fault : undefined
}
