import type { Caller } from '../../accounts/caller.ts'
import type { Call, CallHeaders } from '../../core/call.ts'
import { readCall } from '../../dialects/openai-chat/call-read.ts'
import { openaiChatClient } from '../../dialects/openai-chat/openai-chat.ts'
import type { Gateway } from '../../gateway/gateway.ts'
import { serve } from '../../gateway/serve.ts'
import { generationId } from '../../lib/id.ts'
import { answerOf } from '../answer.ts'
import { readBody } from '../body.ts'

/** POST /chat/completions, streamed or not (contract A3). Throws Fault before the first byte. */
export async function chatCompletions(request: Request, caller: Caller, gateway: Gateway, bodyBytesMax: number): Promise<Response> {
  const body = await readBody(request, bodyBytesMax)
  const createdMs = gateway.clock.wallMs()
  const call: Call = readCall(body.json, { id: generationId(createdMs), createdMs, headers: callHeaders(request.headers), bodyBytes: body.bytes })
  return await answerOf(call, openaiChatClient, serve(call, caller, gateway, request.signal), gateway)
}

function callHeaders(headers: Headers): CallHeaders {
  return {
    referer: headers.get('http-referer') ?? headers.get('referer') ?? undefined,
    title: headers.get('x-openrouter-title') ?? headers.get('x-title') ?? undefined,
    categories: headers.get('x-openrouter-categories') ?? undefined,
    sessionId: headers.get('x-session-id') ?? undefined,
    anthropicBeta: headers.get('x-anthropic-beta') ?? undefined,
    metadata: (headers.get('x-openrouter-metadata') ?? headers.get('x-openrouter-experimental-metadata'))?.toLowerCase() === 'enabled',
  }
}
