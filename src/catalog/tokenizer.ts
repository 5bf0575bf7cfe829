/** Families of tokenizers by what a model's id begins with; the contract's words. The first that fits counts. */
const FAMILIES: readonly (readonly [RegExp, string])[] = [
  [/^anthropic\//, 'Claude'], [/^openai\//, 'GPT'], [/^google\/gemma/, 'Gemma'], [/^google\//, 'Gemini'],
  [/llama-?4/, 'Llama4'], [/llama-?3/, 'Llama3'], [/llama-?2/, 'Llama2'], [/^mistralai\//, 'Mistral'],
  [/deepseek/, 'DeepSeek'], [/qwen-?3/, 'Qwen3'], [/qwen|qwq/, 'Qwen'], [/^x-ai\//, 'Grok'],
  [/^cohere\//, 'Cohere'], [/^amazon\/nova/, 'Nova'],
]

/** The tokenizer's family of a model, `Other` when we do not know it. Shown, never counted with. */
export function tokenizerOf(id: string): string {
  return FAMILIES.find(([pattern]) => pattern.test(id))?.[1] ?? 'Other'
}
