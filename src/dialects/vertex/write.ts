import type { Endpoint, Provider } from '../../catalog/endpoint.ts'
import type { Call } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import type { WireRequest } from '../dialect.ts'
import { wireBody } from '../wire-body.ts'
import { gemini } from '../gemini/gemini.ts'
import { writeHosted } from '../hosted-claude.ts'
import { openaiChat } from '../openai-chat/openai-chat.ts'
import { familyOf } from './family.ts'
import { withVideoFiles } from './videos.ts'

/** Of Claude on Vertex (platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai, 2026-11). */
const CLAUDE_VERSION = 'vertex-2023-10-16'

/** Says a call to Vertex: in the words of the model's family, at the family's path. */
export function writeCall(call: Call, endpoint: Endpoint): WireRequest {
  switch (familyOf(endpoint)) {
    case 'claude': return writeClaude(call, endpoint)
    case 'open': {
      const wire = openaiChat.writeCall(call, endpoint)
      return { ...wire, path: `/v1/${placeOf(endpoint.provider, endpoint)}/endpoints/openapi${wire.path}` }
    }
    case 'gemini': {
      const wire = gemini.writeCall(withVideoFiles(call), endpoint)
      // The method is what stands behind the model: `:generateContent`.
      return { ...wire, path: `/v1beta1/${modelPath(endpoint)}${wire.path.slice(wire.path.lastIndexOf(':'))}` }
    }
  }
}

function writeClaude(call: Call, endpoint: Endpoint): WireRequest {
  const { body, betas, warnings, isNative } = writeHosted(call, endpoint, CLAUDE_VERSION)
  const method = call.stream ? 'streamRawPredict' : 'rawPredict'
  return {
    path: `/v1/${placeOf(endpoint.provider, endpoint)}/publishers/anthropic/models/${encodeURIComponent(endpoint.upstreamId)}:${method}`,
    headers: betas === undefined ? {} : { 'anthropic-beta': betas }, ...wireBody(body, call), warnings, ...(isNative ? { isNative } : {}),
  }
}

/** Where a model of Google's is. With a key alone (express mode) there is no project; a tuned model has a whole name of its own. */
export function modelPath(endpoint: Endpoint): string {
  const { provider, upstreamId } = endpoint
  if (upstreamId.startsWith('projects/')) return upstreamId
  const model = upstreamId.startsWith('publishers/') ? upstreamId : `publishers/google/models/${upstreamId.replace(/^google\//, '')}`
  return provider.project === undefined ? model : `${placeOf(provider, endpoint)}/${model}`
}

function placeOf(provider: Provider, endpoint: Endpoint): string {
  const { project, region } = provider
  if (project !== undefined) return `projects/${project}/locations/${region ?? 'global'}`
  throw new Fault('provider_credential', `${provider.name} serves ${endpoint.modelId} to a service account with a project, and not to a key alone`, { provider: provider.name, retry: 'next' })
}
