import type { Event } from '../../core/event.ts'
import { asArray, asString, isObject, type JsonObject } from '../../core/json.ts'
import type { ClientDialect, StreamWriter } from '../dialect.ts'
import { foldTool, type FoldedTool } from '../fold.ts'
import { openaiChatClient } from './openai-chat.ts'

/** Chat completions for Mistral's own packages, which take a streamed tool call as Mistral sends it: whole, in one chunk. */
export const mistralChatClient: ClientDialect = { ...openaiChatClient, streamWriter: (call) => new WholeCalls(openaiChatClient.streamWriter(call)) }

/** Keeps the pieces of tool calls back until their choice ends, and says each call in one. */
class WholeCalls implements StreamWriter {
  private readonly calls: FoldedTool[][] = []

  constructor(private readonly writer: StreamWriter) {}

  write(events: readonly Event[]): string {
    return this.writer.write(events.flatMap((event) => this.held(event)))
  }

  private held(event: Event): readonly Event[] {
    switch (event.type) {
      case 'tool':
        foldTool((this.calls[event.choice] ??= []), event)
        return []
      case 'finish': return [...this.whole(event.choice), event]
      case 'raw': return [...this.takenFrom(event.body), event]
      default: return [event]
    }
  }

  /** Takes the pieces out of a chunk that is carried. What it gives goes before the chunk. */
  private takenFrom(body: JsonObject): readonly Event[] {
    return (asArray(body['choices']) ?? []).flatMap((choice) => {
      if (!isObject(choice)) return []
      const index = Number(choice['index'] ?? 0)
      const delta = isObject(choice['delta']) ? choice['delta'] : {}
      for (const piece of asArray(delta['tool_calls']) ?? []) if (isObject(piece)) foldTool((this.calls[index] ??= []), pieceOf(index, piece))
      delete delta['tool_calls']
      return choice['finish_reason'] ? this.whole(index) : []
    })
  }

  private whole(choice: number): readonly Event[] {
    const calls = this.calls[choice] ?? []
    delete this.calls[choice]
    return calls.flatMap((call, index) => (call ? [{ type: 'tool' as const, choice, index, id: call.id, name: call.name, arguments: call.arguments.trim() || '{}' }] : []))
  }
}

function pieceOf(choice: number, piece: JsonObject): Extract<Event, { type: 'tool' }> {
  const called = isObject(piece['function']) ? piece['function'] : {}
  const id = asString(piece['id'])
  const name = asString(called['name'])
  return { type: 'tool', choice, index: Number(piece['index'] ?? 0), arguments: asString(called['arguments']) ?? '', ...(id !== undefined && { id }), ...(name !== undefined && { name }) }
}
