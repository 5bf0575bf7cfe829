import { isObject, type JsonObject } from '../../src/core/json.ts'
import type { Facts } from './facts.ts'
import { listOf, objectOf, textOf } from './meaning.ts'

/** The facts of a Converse request; calls and results by the order that they came in, for ids may change. */
export function factsOfBedrock(body: JsonObject): Facts & { readonly points: number } {
  const facts = { system: '', user: '', assistant: '', thoughts: [] as string[], calls: [] as unknown[], results: [] as unknown[], files: [] as string[], tools: [] as unknown[], points: 0 }
  facts.system = listOf(body['system']).map((block) => textOf(block['text'])).join('')
  facts.tools = listOf(objectOf(body['toolConfig'])['tools']).filter((tool) => tool['cachePoint'] === undefined).map((tool) => (isObject(tool['toolSpec']) ? { name: tool['toolSpec']['name'], description: tool['toolSpec']['description'] } : tool))
  facts.points = JSON.stringify(body).split('"cachePoint":').length - 1
  for (const turn of listOf(body['messages'])) {
    for (const block of listOf(turn['content'])) {
      // Blank text says nothing, and other models refuse it.
      if (textOf(block['text']).trim() !== '') facts[turn['role'] === 'assistant' ? 'assistant' : 'user'] += textOf(block['text'])
      const said = objectOf(objectOf(block['reasoningContent'])['reasoningText'])
      if (said['text'] !== undefined) facts.thoughts.push(`${textOf(said['text'])}|${textOf(said['signature'])}`)
      const { toolUse, toolResult } = block
      if (isObject(toolUse)) facts.calls.push({ name: toolUse['name'], input: toolUse['input'] })
      if (isObject(toolResult)) {
        facts.results.push({ text: listOf(toolResult['content']).map((inner) => textOf(inner['text'])).join(''), status: toolResult['status'] })
        facts.files.push(...listOf(toolResult['content']).flatMap(fileOf))
      }
      facts.files.push(...fileOf(block))
    }
  }
  return facts
}

function fileOf(block: JsonObject): string[] {
  for (const kind of ['image', 'document', 'video']) {
    const file = block[kind]
    if (isObject(file)) return [`${kind} ${textOf(file['format']).replace('video/', '')} ${textOf(objectOf(file['source'])['bytes']) || textOf(objectOf(objectOf(file['source'])['s3Location'])['uri'])}`]
  }
  return []
}
