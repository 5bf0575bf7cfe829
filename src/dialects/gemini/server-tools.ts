import type { ReasoningDetail } from '../../core/event.ts'
import { asObject, asString, parseObject, type JsonObject } from '../../core/json.ts'
import { resultId, type Signatures } from './signatures.ts'
import { FORMAT, isForeignId, mintId, type Part } from './wire.ts'

/** What Gemini's own code execution is called in `reasoning.server_tool_call` details; the others go by their `toolType`. */
const CODE_EXECUTION = 'code_execution'

/** A tool that Gemini runs itself, from its call until its result has come. */
export interface ServerTool {
  readonly id: string
  readonly name: string
  readonly arguments: string
}

/** The call that a part makes of a server tool; undefined when the part makes none. */
export function serverToolIn(part: JsonObject): ServerTool | undefined {
  const code = asObject(part['executableCode'])
  if (code) return { id: asString(code['id']) || mintId(), name: CODE_EXECUTION, arguments: JSON.stringify(withoutId(code)) }
  const call = asObject(part['toolCall'])
  if (call) return { id: asString(call['id']) || mintId(), name: asString(call['toolType']) ?? 'server_tool', arguments: JSON.stringify(asObject(call['args']) ?? {}) }
  return undefined
}

/** The result that a part has of a server tool, as text; undefined when it has none. */
export function serverResultIn(part: JsonObject): string | undefined {
  const result = asObject(part['codeExecutionResult'])
  if (result) return JSON.stringify(withoutId(result))
  const response = asObject(part['toolResponse'])
  return response && JSON.stringify(asObject(response['response']) ?? {})
}

function withoutId(object: JsonObject): JsonObject {
  const { id: _, ...rest } = object
  return rest
}

/** A run of a server tool as the contract shows it. */
export function serverToolDetail(tool: ServerTool, result: string, index: number): ReasoningDetail {
  return { type: 'reasoning.server_tool_call', format: FORMAT, index, id: tool.id, tool_call_id: tool.id, tool_name: tool.name, arguments: tool.arguments, result }
}

/** The detail as the parts it came from, with their signatures. */
export function serverToolParts(detail: ReasoningDetail, signatures: Signatures): Part[] {
  const id = asString(detail['tool_call_id']) ?? ''
  const args = parseObject(asString(detail['arguments']) ?? '') ?? {}
  const result = parseObject(asString(detail['result']) ?? '')
  const said: JsonObject = isForeignId(id) ? { id } : {}
  const toolType = asString(detail['tool_name']) ?? ''
  const isCode = toolType === CODE_EXECUTION
  const call: Part = isCode ? { executableCode: { ...args, ...said } } : { toolCall: { toolType, ...(Object.keys(args).length > 0 ? { args } : {}), ...said } }
  sign(call, signatures.byId.get(id))
  if (!result) return [call]
  const answer: Part = isCode ? { codeExecutionResult: { ...result, ...said } } : { toolResponse: { toolType, ...(Object.keys(result).length > 0 ? { response: result } : {}), ...said } }
  sign(answer, signatures.byId.get(resultId(id)))
  return [call, answer]
}

function sign(part: Part, signature: string | undefined): void {
  if (signature !== undefined) part.thoughtSignature = signature
}
