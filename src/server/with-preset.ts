import type { Caller } from '../accounts/caller.ts'
import type { PresetBook } from '../accounts/preset-book.ts'
import { mergePreset } from '../accounts/preset-config.ts'
import type { Preset } from '../accounts/presets.ts'
import { parseModelName } from '../catalog/names.ts'
import type { Call } from '../core/call.ts'
import { Fault } from '../core/fault.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { CallOrigin } from '../dialects/dialect.ts'
import { readCall } from '../dialects/openai-chat/call-read.ts'

const MARK = '@preset/'

/**
 * The call that a body asks for, with its preset where it names one: in `preset`, as the model `@preset/slug`, or behind a
 * model's name (contract B43). A promise only then. `read` is the endpoint's own.
 */
export function readWithPreset(body: JsonObject, read: (body: JsonObject) => Call, origin: CallOrigin, caller: Caller, presets: PresetBook): Call | Promise<Call> {
  const field = body['preset'] ?? undefined
  const isAlone = field !== undefined && (body['model'] ?? body['models'] ?? undefined) === undefined
  const call = read(isAlone ? { ...body, model: `${MARK}${slugOf(field)}` } : body)
  const isNamed = field !== undefined || call.models.some((model) => model.includes(MARK))
  return isNamed ? withPreset(call, slugNamed(field, call), origin, caller, presets) : call
}

function slugNamed(field: Json | undefined, { models }: Call): string {
  const named = models.flatMap((model) => (model.includes(MARK) ? [parseModelName(model).preset?.toLowerCase() ?? ''] : []))
  const [slug = '', ...others] = new Set([...named, ...(field === undefined ? [] : [slugOf(field)])])
  if (others.length > 0) throw refused('preset', `a call has one preset, and this one names "${[slug, ...others].join('" and "')}"`)
  return slug
}

function slugOf(field: Json): string {
  return typeof field === 'string' && field.trim() !== '' ? field.trim().replace(MARK, '').toLowerCase() : refusal('preset', 'must be the slug of a preset, as "email-copywriter"')
}

async function withPreset(call: Call, slug: string, origin: CallOrigin, caller: Caller, presets: PresetBook): Promise<Call> {
  if (call.api === 'embeddings') throw refused('preset', 'presets are for calls that write text; leave it out of embeddings')
  const preset = await presets.find(caller.accountId, slug)
  if (!preset) throw new Fault('not_found', `There is no preset "${slug.slice(0, 100)}" of this account. GET /api/v1/presets lists those there are.`, { metadata: { field: 'preset' } })
  const merged = merge(call, preset, origin)
  return call.also ? { ...merged, also: call.also.map((other) => merge(other, preset, origin)) } : merged
}

/**
 * Presets speak the chat API, so the call is read again in it. What the client said in its own dialect is not sent as it
 * came any more: the preset is not in it.
 */
function merge({ native: _native, ...call }: Call, { id: presetId, slug, designated }: Preset, origin: CallOrigin): Call {
  const body = mergePreset(designated, requestOf(call))
  if (body['model'] === undefined && body['models'] === undefined) throw refused('model', `the preset "${slug}" names no model; name one as "author/model${MARK}${slug}"`)
  const bytes = Buffer.byteLength(JSON.stringify(designated.config)) + Buffer.byteLength(designated.systemPrompt ?? '')
  const { models, body: chat, preferences, reasoning, needs, unsaid = [] } = readCall(body, { ...origin, bodyBytes: origin.bodyBytes + bytes })
  const warnings = [...(call.unsaid ?? []), ...unsaid.filter(({ field, why }) => !call.unsaid?.some((other) => other.field === field && other.why === why))]
  return { ...call, presetId, models, body: chat, preferences, reasoning, needs, ...(warnings.length > 0 && { unsaid: warnings }) }
}

/** What the request says itself: models without the preset behind their names, and no model where the preset alone was named. */
function requestOf({ body, models }: Omit<Call, 'native'>): JsonObject {
  const { model: _model, models: _models, ...rest } = body
  const bare = models.map((name) => name.split(MARK)[0] ?? '').filter((name) => name !== '')
  const [first, ...others] = bare
  return { ...rest, ...(first !== undefined && { model: first }), ...(others.length > 0 && { models: bare }) }
}

function refused(field: string, why: string): Fault {
  return new Fault('invalid_request', `${field}: ${why}`, { metadata: { field } })
}

function refusal(field: string, why: string): never {
  throw refused(field, why)
}
