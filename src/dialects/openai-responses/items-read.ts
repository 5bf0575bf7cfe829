import type { Event, ReasoningDetail } from '../../core/event.ts'
import { asString, isObject, type JsonObject } from '../../core/json.ts'
import { chatAnnotation } from './annotation.ts'
import { customArguments, itemId, objectsOf } from './wire.ts'

/** What was told of one output item. */
interface State {
  type: string
  id: string | undefined
  /** Its place among what the chat shape keeps of a turn: thoughts, one text, calls. */
  slot: number
  /** Place among the tool calls. */
  tool: number
  /** What has been said, by part: what a later repeat has beyond it is missing. */
  readonly said: Map<string, string>
  annotations: number
  /** A custom tool's text, which is said when it is whole. */
  input: string
  closed: boolean
}

/**
 * Output items as Events, whether they come in deltas, whole, or both: everything is said once. Items are known by
 * their `output_index`, for one host gives a new id with each event.
 */
export class ItemReader {
  private readonly states: (State | undefined)[] = []
  private slots = 0
  private hasText = false
  private readonly ids = new Set<string>()
  /** Calls of the client's tools. */
  calls = 0

  constructor(private readonly format: string) {}

  /** Takes one event of a stream. Kinds that we do not know are passed over: their items come whole in the end. */
  event(event: JsonObject, type: string, out: Event[]): void {
    const at = indexOf(event)
    switch (type) {
      case 'response.output_text.delta': return this.delta(at, 'message', partKey('text', event), event, out)
      case 'response.refusal.delta': return this.delta(at, 'message', partKey('refusal', event), event, out)
      case 'response.function_call_arguments.delta': return this.delta(at, 'function_call', 'arguments', event, out)
      case 'response.reasoning_summary_text.delta': return this.delta(at, 'reasoning', partKey('summary', event), event, out)
      case 'response.reasoning_text.delta': return this.delta(at, 'reasoning', partKey('reasoning', event), event, out)
      case 'response.custom_tool_call_input.delta': this.state(at, 'custom_tool_call').input += asString(event['delta']) ?? ''; return
      case 'response.output_text.done': return this.rest(at, 'message', partKey('text', event), asString(event['text']), out)
      case 'response.refusal.done': return this.rest(at, 'message', partKey('refusal', event), asString(event['refusal']), out)
      case 'response.function_call_arguments.done': return this.rest(at, 'function_call', 'arguments', asString(event['arguments']), out)
      case 'response.reasoning_summary_text.done': return this.rest(at, 'reasoning', partKey('summary', event), asString(event['text']), out)
      case 'response.reasoning_text.done': return this.rest(at, 'reasoning', partKey('reasoning', event), asString(event['text']), out)
      case 'response.output_text.annotation.added': return this.annotation(this.state(at, 'message'), event, out)
      case 'response.output_item.added': if (isObject(event['item'])) this.begin(at, event['item'], out); return
      case 'response.output_item.done': if (isObject(event['item'])) this.end(at, event['item'], out); return
      case 'response.output_text.logprobs': return
      default:
    }
  }

  /** The output as a whole: what has not been said of it is said now. */
  whole(items: readonly JsonObject[], out: Event[]): void {
    for (const [at, item] of items.entries()) {
      const place = this.placeOf(item, at)
      if (place !== undefined) this.end(place, item, out)
    }
  }

  /** Hosts may leave items out of the whole that they have streamed: then places shift, and an item is known by its id. */
  private placeOf(item: JsonObject, at: number): number | undefined {
    const known = this.states[at]
    if (!known || known.type === item['type']) return at
    const byId = this.states.findIndex((state) => state?.id !== undefined && state.id === item['id'])
    return byId === -1 ? undefined : byId
  }

  /** The answer is over: calls that never got their end are as they stand. */
  finish(out: Event[]): void {
    for (const state of this.states) if (state && !state.closed) this.close(state, out)
  }

  private state(at: number, type: string): State {
    const known = this.states[at]
    if (known) {
      if (known.type === '') known.type = type
      return known
    }
    const state: State = { type, id: undefined, slot: 0, tool: -1, said: new Map(), annotations: 0, input: '', closed: false }
    state.slot = type === 'message' && this.hasText ? this.slots : this.slots++
    this.hasText ||= type === 'message'
    this.states[at] = state
    return state
  }

  private begin(at: number, item: JsonObject, out: Event[]): State {
    const state = this.state(at, asString(item['type']) ?? '')
    state.id ??= asString(item['id'])
    if ((state.type === 'function_call' || state.type === 'custom_tool_call') && state.tool === -1) {
      state.tool = this.calls++
      // A custom tool is said as a function of one string: chat completions have no other calls.
      out.push({ type: 'tool', choice: 0, index: state.tool, id: this.callId(asString(item['call_id']) ?? asString(item['id'])), name: asString(item['name']) ?? '', arguments: '' })
    }
    return state
  }

  /** Ids are told apart within an answer: clients give results by them. */
  private callId(id: string | undefined): string {
    const unique = id && !this.ids.has(id) ? id : itemId('call')
    this.ids.add(unique)
    return unique
  }

  private delta(at: number, type: string, key: string, event: JsonObject, out: Event[]): void {
    const text = asString(event['delta'])
    if (text) this.say(this.state(at, type), key, text, out)
    if (Array.isArray(event['logprobs']) && event['logprobs'].length > 0) out.push({ type: 'logprobs', choice: 0, logprobs: { content: event['logprobs'] } })
  }

  /** What a `.done` or a whole item has beyond the deltas. */
  private rest(at: number, type: string, key: string, text: string | undefined, out: Event[]): void {
    const state = this.state(at, type)
    const known = state.said.get(key) ?? ''
    // A repeat that says something else comes too late: the client has the deltas.
    if (text !== undefined && text.length > known.length && text.startsWith(known)) this.say(state, key, text.slice(known.length), out)
  }

  private say(state: State, key: string, text: string, out: Event[]): void {
    const first = !state.said.has(key)
    state.said.set(key, (state.said.get(key) ?? '') + text)
    if (key === 'arguments') return this.args(state, text, out)
    if (key.startsWith('text')) out.push({ type: 'text', choice: 0, text })
    else if (key.startsWith('refusal')) out.push({ type: 'refusal', choice: 0, text })
    // Parts of a summary are paragraphs: the chat shape has one text.
    else if (key.startsWith('summary')) out.push(this.detail(state, { type: 'reasoning.summary', summary: first && key !== 'summary 0' ? `\n\n${text}` : text }))
    else out.push(this.detail(state, { type: 'reasoning.text', text }))
  }

  private args(state: State, text: string, out: Event[]): void {
    if (state.tool === -1) this.begin(this.states.indexOf(state), { type: 'function_call' }, out)
    out.push({ type: 'tool', choice: 0, index: state.tool, arguments: text })
  }

  private detail(state: State, detail: ReasoningDetail): Event {
    return { type: 'reasoning', choice: 0, detail: { ...detail, format: this.format, index: state.slot, ...(state.id === undefined ? {} : { id: state.id }) } }
  }

  private annotation(state: State, event: JsonObject, out: Event[]): void {
    if (!isObject(event['annotation'])) return
    state.annotations++
    out.push({ type: 'annotation', choice: 0, annotation: chatAnnotation(event['annotation']) })
  }

  /** An item is whole. */
  private end(at: number, item: JsonObject, out: Event[]): void {
    const state = this.begin(at, item, out)
    if (state.closed) return
    switch (state.type) {
      case 'message': this.message(at, state, item, out); break
      case 'reasoning': this.reasoning(at, state, item, out); break
      case 'function_call': this.rest(at, 'function_call', 'arguments', asString(item['arguments']), out); break
      case 'custom_tool_call': state.input = asString(item['input']) ?? state.input; break
      case 'image_generation_call': this.image(item, out); break
      default: this.serverTool(state, item, out)
    }
    this.close(state, out)
  }

  private close(state: State, out: Event[]): void {
    state.closed = true
    if (state.type === 'custom_tool_call' && state.tool !== -1) out.push({ type: 'tool', choice: 0, index: state.tool, arguments: customArguments(state.input) })
    // Arguments that never came are none (lesson 18).
    else if (state.type === 'function_call' && state.tool !== -1 && !state.said.has('arguments')) out.push({ type: 'tool', choice: 0, index: state.tool, arguments: '{}' })
  }

  private message(at: number, state: State, item: JsonObject, out: Event[]): void {
    const annotations: JsonObject[] = []
    for (const [index, part] of objectsOf(item['content']).entries()) {
      if (part['type'] === 'refusal') this.rest(at, 'message', `refusal ${index}`, asString(part['refusal']), out)
      else {
        const streamed = state.said.has(`text ${index}`)
        this.rest(at, 'message', `text ${index}`, asString(part['text']), out)
        if (!streamed && Array.isArray(part['logprobs']) && part['logprobs'].length > 0) out.push({ type: 'logprobs', choice: 0, logprobs: { content: part['logprobs'] } })
      }
      annotations.push(...objectsOf(part['annotations']))
    }
    for (const annotation of annotations.slice(state.annotations)) this.annotation(state, { annotation }, out)
  }

  private reasoning(at: number, state: State, item: JsonObject, out: Event[]): void {
    for (const [index, part] of objectsOf(item['summary']).entries()) this.rest(at, 'reasoning', `summary ${index}`, asString(part['text']), out)
    for (const [index, part] of objectsOf(item['content']).entries()) this.rest(at, 'reasoning', `reasoning ${index}`, asString(part['text']), out)
    const data = asString(item['encrypted_content'])
    // Its id is the one it has now: what is encrypted goes back with it.
    if (data) out.push({ type: 'reasoning', choice: 0, detail: { type: 'reasoning.encrypted', data, format: this.format, index: state.slot, ...(asString(item['id']) === undefined ? {} : { id: item['id'] }) } })
  }

  private image(item: JsonObject, out: Event[]): void {
    const data = asString(item['result'])
    if (!data) return
    out.push({ type: 'image', choice: 0, url: /^(https?|data):/.test(data) ? data : `data:image/${asString(item['output_format']) ?? 'png'};base64,${data}` })
  }

  /** What the provider's own tools did, and calls that only a client of this API can answer: kept whole, to go back (B27). */
  private serverTool(state: State, item: JsonObject, out: Event[]): void {
    const { action, arguments: args, code, queries } = item
    const said = args ?? action ?? code ?? queries
    out.push(this.detail(state, {
      type: 'reasoning.server_tool_call', tool_name: state.type.replace(/_call$/, ''), tool_call_id: asString(item['call_id']) || (asString(item['id']) ?? ''),
      arguments: typeof said === 'string' ? said : JSON.stringify(said ?? {}), result: JSON.stringify(item),
    }))
  }
}

function indexOf(event: JsonObject): number {
  const index = event['output_index']
  return typeof index === 'number' && Number.isInteger(index) && index >= 0 && index < 10_000 ? index : 0
}

function partKey(kind: 'text' | 'refusal' | 'summary' | 'reasoning', event: JsonObject): string {
  const index = event[kind === 'summary' ? 'summary_index' : 'content_index']
  return `${kind} ${typeof index === 'number' ? index : 0}`
}
