/** Authors whose own API has another slug than they. */
const PROVIDERS: Readonly<Record<string, string>> = { 'x-ai': 'xai', 'z-ai': 'zai', mistralai: 'mistral', qwen: 'alibaba', amazon: 'amazon-bedrock' }

/** The slug of the provider that is a model's maker. */
export function makerProvider(id: string): string {
  const author = id.slice(0, id.indexOf('/'))
  return PROVIDERS[author] ?? author
}
