import type { Endpoint } from '../../catalog/endpoint.ts'
import type { Call } from '../../core/call.ts'
import type { Event } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import { asString, parseObject, type JsonObject } from '../../core/json.ts'
import { anthropicMessages } from '../anthropic-messages/anthropic-messages.ts'
import type { SseFrame, StreamReader, WireRequest } from '../dialect.ts'
import { writeHosted } from '../hosted-claude.ts'
import { wireBody } from '../wire-body.ts'
import { faultOf } from './fault.ts'
import { pathOf } from './write.ts'

/** Of Claude on Bedrock (docs.aws.amazon.com/bedrock, Anthropic Claude Messages API, 2026-11). */
const CLAUDE_VERSION = 'bedrock-2023-05-31'

/** Says a call to InvokeModel: a Messages body, whose betas stand in it and whose stream is in the path. */
export function writeInvoke(call: Call, endpoint: Endpoint): WireRequest {
  const { body, betas, warnings, isNative } = writeHosted(call, endpoint, CLAUDE_VERSION)
  const { stream: _, ...said } = body
  if (betas !== undefined) said['anthropic_beta'] = betas.split(',')
  return { path: pathOf(endpoint, call.stream ? 'invoke-with-response-stream' : 'invoke'), headers: {}, ...wireBody(said, call), warnings, ...(isNative ? { isNative } : {}) }
}

/** Reads a reply of InvokeModel, which is Anthropic's own. */
export function readInvoked(call: Call, endpoint: Endpoint, body: JsonObject): Event[] {
  return anthropicMessages.readReply(call, endpoint, body, !call.stream)
}

/** Reads a stream of InvokeModel: each frame holds one of Anthropic's events, in base64. */
export class InvokeReader implements StreamReader {
  private readonly inner: StreamReader
  private failed = false

  constructor(call: Call, private readonly endpoint: Endpoint) {
    this.inner = anthropicMessages.streamReader(call, endpoint, call.stream)
  }

  read(frame: SseFrame, out: Event[]): void {
    if (this.failed) return
    const payload = parseObject(frame.data)
    if (frame.event !== 'chunk') {
      if (/^(?:exception|error):/.test(frame.event)) this.fail(faultOf(frame.event.slice(frame.event.indexOf(':') + 1), payload ?? {}, undefined, this.endpoint), out)
      return
    }
    const bytes = asString(payload?.['bytes'])
    const { name } = this.endpoint.provider
    if (bytes === undefined) return this.fail(new Fault('provider_bad_answer', `${name} sent a chunk without content`, { provider: name }), out)
    this.inner.read({ event: '', data: withoutMetrics(Buffer.from(bytes, 'base64').toString('utf8')) }, out)
  }

  end(out: Event[]): void {
    if (!this.failed) this.inner.end(out)
  }

  private fail(fault: Fault, out: Event[]): void {
    this.failed = true
    out.push({ type: 'fault', fault })
  }
}

/** Bedrock puts its own times into Anthropic's last event. */
function withoutMetrics(text: string): string {
  if (!text.includes('"amazon-bedrock-invocationMetrics"')) return text
  const { 'amazon-bedrock-invocationMetrics': _, ...event } = parseObject(text) ?? {}
  return JSON.stringify(event)
}
