import type { ModelRow, ProviderRow } from './rows.ts'

/** The provider inside the process: it answers without any key, and says that it is a demo. */
export const DEMO_PROVIDER: ProviderRow = {
  slug: 'demo', name: 'Switchyard Demo', url: 'demo:', dialect: 'openai-chat', auth: 'none', env: [],
  quirks: ['reasoning_effort'], parameters: ['top_k', 'min_p', 'repetition_penalty', 'logit_bias', 'logprobs', 'top_logprobs'], headquarters: 'your own machine',
  policy: { retains: false, trains: false, publishes: false, source: 'it runs in this process', asOf: '2026-01-01' },
}

const SHARED = { inputs: 'text image file audio', context: 128_000, output: 32_000, released: '2026-01-01' } as const
const CONTROLS = 'Parameters can follow its name, as in demo/writer?speed=20&fail=503.'

/** What it serves. Each says in its name and description that no model is behind it. */
export const DEMO_MODELS: readonly ModelRow[] = [
  {
    id: 'demo/echo', name: 'Demo: Echo', ...SHARED, can: 'tools structured temperature',
    description: `A demo, not a model: it answers with the prompt it was given. ${CONTROLS}`,
    endpoints: [{ provider: 'demo', upstream: 'echo', price: 'free' }],
  },
  {
    id: 'demo/writer', name: 'Demo: Writer', ...SHARED, can: 'tools structured temperature',
    description: `A demo, not a model: it writes filler text, calls a tool when asked to, and answers to a JSON schema. ${CONTROLS}`,
    endpoints: [{ provider: 'demo', upstream: 'writer', price: 'free' }],
  },
  {
    id: 'demo/reasoner', name: 'Demo: Reasoner', ...SHARED, can: 'tools structured temperature reasoning', reasoning: { efforts: 'none low medium high', budget: true },
    description: `A demo, not a model: it shows made-up reasoning before its filler text. ${CONTROLS}`,
    endpoints: [{ provider: 'demo', upstream: 'reasoner', price: 'free' }],
  },
  {
    id: 'demo/priced', name: 'Demo: Priced', ...SHARED, can: 'tools structured temperature',
    description: `A demo, not a model: as demo/writer, at a price, so that metering and limits can be seen. ${CONTROLS}`,
    endpoints: [{ provider: 'demo', upstream: 'priced', price: { input: '1', output: '2', cache_read: '0.1', cache_write: '1.25', request: '0.0001' } }],
  },
  {
    id: 'demo/embedder', name: 'Demo: Embedder', inputs: 'text', outputs: 'embeddings', context: 8_192, released: '2026-01-01', can: '',
    description: `A demo, not a model: it makes vectors of the words of a text, the same for the same words. ${CONTROLS.replace('demo/writer', 'demo/embedder')}`,
    endpoints: [{ provider: 'demo', upstream: 'embedder', price: 'free' }],
  },
]
