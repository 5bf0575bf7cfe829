import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { parseObject, type JsonObject } from '../../src/core/json.ts'
import { objectOf, textOf } from '../replay/meaning.ts'
import { ask, findClaudeCode, type Ran } from './claude-code.ts'
import { ANSWER, ANSWER_TURN, openStage, SIDES, SIGNATURE, THINKING, type Side, type Stage } from './stage.ts'
import { BILLED, type Turn } from './turn.ts'

setDefaultTimeout(90_000)

/** Claude Code itself, with nothing changed but its base URL, its token, the model, and how long the model's answers may be. */

const claude = await findClaudeCode()
if ('missing' in claude) console.log(`skipped: Claude Code, for ${claude.missing}`)
const describeClaude = 'missing' in claude ? describe.skip : describe

let stage: Stage
beforeAll(async () => { if (!('missing' in claude)) stage = await openStage() })
afterAll(() => stage?.stop())

interface Asked { readonly args?: readonly string[]; readonly env?: Readonly<Record<string, string>>; readonly leave?: Promise<void> }

/** Its answer to a prompt, beside a file that it may read. */
async function run(model: string, prompt: string, { args = [], env = {}, leave }: Asked = {}): Promise<Ran & { readonly told: JsonObject }> {
  const path = 'missing' in claude ? '' : claude.path
  const settings = { ANTHROPIC_BASE_URL: `${stage.gateway.url}/api`, ANTHROPIC_AUTH_TOKEN: stage.gateway.key, CLAUDE_CODE_MAX_OUTPUT_TOKENS: '8000', CLAUDE_CODE_MAX_RETRIES: '0', CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1', ...env }
  const ran = await ask(path, ['-p', prompt, '--model', model, '--output-format', 'json', ...args], settings, { 'note.txt': 'The harbour master is called Ines.\n' }, leave)
  return { ...ran, told: parseObject(ran.stdout) ?? {} }
}

const CALLS_TURN: Turn = {
  thinking: THINKING,
  calls: [
    { id: 'toolu_01A09q90qw90lq917835lq9', name: 'Read', arguments: { file_path: 'note.txt' } },
    { id: 'toolu_01B09q90qw90lq917835lq9', name: 'Bash', arguments: { command: 'echo ahoy from the shell', description: 'Says ahoy' } },
  ],
}

describeClaude('Claude Code', () => {
  describe.each(SIDES)('against a provider that speaks %s', (name) => {
    let side: Side
    beforeAll(() => { side = stage.side(name) })

    test('reads a file and runs a command at once, then answers', async () => {
      side.provider.play(CALLS_TURN, ANSWER_TURN)
      const { told, code } = await run(side.model, 'Who is the harbour master?', { args: ['--allowedTools', 'Read,Bash(echo:*)'] })
      expect({ code, result: told['result'], isError: told['is_error'], turns: told['num_turns'] }).toMatchObject({ code: 0, result: ANSWER, isError: false })
      expect(told['usage']).toMatchObject({ input_tokens: 2 * (BILLED.prompt - BILLED.cached), cache_read_input_tokens: 2 * BILLED.cached, output_tokens: 2 * BILLED.completion })
      const [first, second, ...more] = side.provider.seen()
      expect([first?.problems, second?.problems, more]).toEqual([[], [], []])
      expect(first?.heard.tools).toEqual(expect.arrayContaining(['Bash', 'Edit', 'Read', 'Write']))
      expect(second?.heard.calls).toEqual((CALLS_TURN.calls ?? []).map((call) => ({ name: call.name, arguments: call.arguments })))
      expect(second?.heard.results.map((result) => /Ines|ahoy from the shell/.exec(result)?.[0])).toEqual(['Ines', 'ahoy from the shell'])
      expect(second?.heard.signatures).toEqual([SIGNATURE])
    })

    test('streams what comes to who looks on', async () => {
      side.provider.play(ANSWER_TURN)
      const { stdout } = await run(side.model, 'Hello', { args: ['--tools', '', '--output-format', 'stream-json', '--include-partial-messages', '--verbose'] })
      const events = stdout.trim().split('\n').map((line) => parseObject(line) ?? {})
      const deltas = events.map((one) => objectOf(objectOf(one['event'])['delta'])).filter((delta) => delta['type'] === 'text_delta').map((delta) => textOf(delta['text']))
      expect(deltas.join('')).toBe(ANSWER)
      expect(events.at(-1)).toMatchObject({ type: 'result', result: ANSWER })
    })

    test('structured output, by a schema', async () => {
      const place = { city: 'Paris', degrees: 21 }
      side.provider.play({ calls: [{ id: 'toolu_01C09q90qw90lq917835lq9', name: 'StructuredOutput', arguments: place }] }, { text: 'Done.' })
      const { told } = await run(side.model, 'Where is it warm?', { args: ['--tools', '', '--json-schema', JSON.stringify({ type: 'object', properties: { city: { type: 'string' }, degrees: { type: 'number' } }, required: ['city', 'degrees'] })] })
      expect(told['structured_output']).toEqual(place)
      expect(side.provider.seen().flatMap((request) => request.problems)).toEqual([])
    })

    test('a refusal is shown in the provider’s words', async () => {
      side.provider.play({ fault: { status: 400, message: 'The prompt is not to my liking' } })
      const { told, code } = await run(side.model, 'Hello', { args: ['--tools', ''] })
      expect({ code, isError: told['is_error'] }).toEqual({ code: 1, isError: true })
      expect(told['result']).toContain('The prompt is not to my liking')
    })

    test('leaving ends the provider call', async () => {
      side.provider.play({ text: ANSWER, ends: 'hanging' })
      let leave = (): void => undefined
      const running = run(side.model, 'Hello', { args: ['--tools', ''], leave: new Promise((resolve) => { leave = resolve }) })
      while (side.provider.seen().length === 0) await Bun.sleep(20)
      leave()
      await side.provider.first().left
      await running
    })
  })

  test('the demo calls its tools, and its answer ends', async () => {
    const { told, code } = await run('demo/writer', 'Say hi', { args: ['--tools', 'TaskCreate,TaskList'] })
    expect({ code, isError: told['is_error'] }).toEqual({ code: 0, isError: false })
    expect(told['result']).toContain('TaskCreate says: Task #1 created')
  })

  test('tokens are counted here', async () => {
    expect((await run('demo/echo', '/context')).told['result']).toMatch(/System tools \| [\d.]+k/)
  })

  test('the models of Anthropic are found in the list', async () => {
    const { models } = await run('demo/echo', 'hi', { args: ['--tools', ''], env: { CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY: '1', CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '' } })
    expect(models.map((model) => model.id)).toContain(stage.side('anthropic').model)
  })

  test('what it makes of our errors', async () => {
    const ask = async (model: string, env: Readonly<Record<string, string>> = {}): Promise<string> => textOf((await run(model, 'hi', { args: ['--tools', ''], env })).told['result'])
    expect(await ask('anthropic/claude-sonet-4.5')).toContain('Did you mean anthropic/claude-sonnet-4.5')
    expect(await ask('demo/echo', { ANTHROPIC_AUTH_TOKEN: 'sk-sw-v1-nobody-has-this-one' })).toContain('401')
    expect(await ask('demo/priced', { ANTHROPIC_AUTH_TOKEN: stage.createKey('--limit', '0.001') })).toContain('402')
  })
})
