import type { FunctionTool } from '../../core/call.ts'
import { asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import { refuse } from '../openai-chat/check.ts'
import type { Notes } from './wire.ts'

/** `tools` and `tool_choice` in the contract's chat shape; only what a model of another maker can be told. */
export interface ReadTools { readonly tools: readonly FunctionTool[]; readonly choice?: Json; readonly parallel?: false }

const NAME = /^[a-zA-Z0-9_-]{1,128}$/
const CHOICES = ['auto', 'any', 'tool', 'none']

/** Reads the client's tools (contract B83). Anthropic's own tools that the client runs itself become functions of the same shape. */
export function readTools(sent: JsonObject, unsaid: Notes): ReadTools {
  const { tools: list, tool_choice: choice } = sent
  if (list !== undefined && list !== null && !Array.isArray(list)) refuse('tools', 'an array of tools', list)
  const tools: FunctionTool[] = []
  ;(Array.isArray(list) ? list : []).forEach((tool: unknown, at) => {
    const read = readTool(tool, `tools[${at}]`, unsaid)
    if (read) tools.push(read)
  })
  if (choice === undefined || choice === null) return { tools }
  if (!isObject(choice)) refuse('tool_choice', 'an object with a type', choice)
  if (!CHOICES.includes(String(choice['type']))) refuse('tool_choice.type', `one of ${CHOICES.map((name) => `"${name}"`).join(', ')}`, choice['type'])
  const said = choiceOf(choice, tools, unsaid)
  return tools.length === 0 || said === undefined ? { tools } : { tools, choice: said, ...(choice['disable_parallel_tool_use'] === true ? { parallel: false } : {}) }
}

function choiceOf(choice: JsonObject, tools: readonly FunctionTool[], unsaid: Notes): Json | undefined {
  if (choice['type'] === 'auto' || choice['type'] === 'none') return choice['type']
  if (choice['type'] === 'any') return 'required'
  const name = choice['name']
  if (typeof name !== 'string') refuse('tool_choice.name', 'the name of one of the tools', name)
  if (tools.some((tool) => tool.function.name === name)) return { type: 'function', function: { name } }
  unsaid.warn('tool_choice', `the tool ${JSON.stringify(name)} was left out, so it cannot be chosen`)
  return undefined
}

function readTool(tool: unknown, field: string, unsaid: Notes): FunctionTool | undefined {
  if (!isObject(tool)) refuse(field, 'an object', tool)
  const type = tool['type']
  if (type !== undefined && type !== null && typeof type !== 'string') refuse(`${field}.type`, 'a string', type)
  const mark = tool['cache_control']
  const cached = mark === undefined || mark === null ? {} : { cache_control: mark }
  if (type === undefined || type === null || type === 'custom') return { ...custom(tool, field, unsaid), ...cached }
  const known = CLIENT_TOOLS.find((one) => type.startsWith(one.type))
  if (known) return { type: 'function', function: { name: asString(tool['name']) ?? known.name, description: known.description, parameters: known.parameters }, ...cached }
  if (type.startsWith('openrouter:')) refuse(`${field}.type`, 'a tool of this server or of Anthropic; it has no server tool of this name', type)
  unsaid.warn(field, `${type} is Anthropic's own tool; this provider has none like it and was not offered it`)
  return undefined
}

/** Fields of a custom tool that only Anthropic takes. How its arguments are streamed is not among them: ours always are. */
const ONLY_ANTHROPIC = ['defer_loading', 'allowed_callers', 'input_examples']

function custom(tool: JsonObject, field: string, unsaid: Notes): FunctionTool {
  const { name, description, input_schema: schema } = tool
  if (typeof name !== 'string' || !NAME.test(name)) refuse(`${field}.name`, 'a string of 1 to 128 letters, digits, _ and -', name)
  if (description !== undefined && description !== null && typeof description !== 'string') refuse(`${field}.description`, 'a string', description)
  if (!isObject(schema)) refuse(`${field}.input_schema`, 'the JSON schema of an object', schema)
  for (const only of ONLY_ANTHROPIC) if (tool[only] !== undefined && tool[only] !== null && tool[only] !== false) unsaid.warn(`${field}.${only}`, 'only Anthropic can be told this; the tool is offered from the start, to be called as any other')
  return {
    type: 'function',
    function: { name, ...(typeof description === 'string' ? { description } : {}), parameters: schema, ...(tool['strict'] === true ? { strict: true } : {}) },
  }
}

/** Anthropic's tools that the client runs: what they take, by Anthropic's pages on each. */
const CLIENT_TOOLS: readonly { readonly type: string; readonly name: string; readonly description: string; readonly parameters: JsonObject }[] = [
  {
    type: 'bash_', name: 'bash', description: 'Runs a command in a bash session that lives on between calls, and gives its output.',
    parameters: { type: 'object', properties: { command: { type: 'string', description: 'The command to run; not needed to restart.' }, restart: { type: 'boolean', description: 'true to restart the session.' } } },
  },
  {
    type: 'text_editor_', name: 'str_replace_based_edit_tool', description: 'Views, creates and edits files.',
    parameters: {
      type: 'object', required: ['command', 'path'],
      properties: {
        command: { type: 'string', enum: ['view', 'create', 'str_replace', 'insert'] },
        path: { type: 'string', description: 'The file, or for view a directory too.' },
        view_range: { type: 'array', items: { type: 'integer' }, description: 'For view: first and last line, from 1; -1 is the end.' },
        file_text: { type: 'string', description: 'For create: the content.' },
        old_str: { type: 'string', description: 'For str_replace: the text to replace, which must stand in the file once.' },
        new_str: { type: 'string', description: 'For str_replace: what to put in its place.' },
        insert_line: { type: 'integer', description: 'For insert: the line after which to insert, 0 for the beginning.' },
        insert_text: { type: 'string', description: 'For insert: the text.' },
      },
    },
  },
  {
    type: 'memory_', name: 'memory', description: 'Keeps files below /memories that outlive the conversation. Look there before a task, and note there what is worth knowing later.',
    parameters: {
      type: 'object', required: ['command'],
      properties: {
        command: { type: 'string', enum: ['view', 'create', 'str_replace', 'insert', 'delete', 'rename'] },
        path: { type: 'string' }, view_range: { type: 'array', items: { type: 'integer' } }, file_text: { type: 'string' }, old_str: { type: 'string' }, new_str: { type: 'string' },
        insert_line: { type: 'integer' }, insert_text: { type: 'string' }, old_path: { type: 'string' }, new_path: { type: 'string' },
      },
    },
  },
]
