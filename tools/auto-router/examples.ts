import { readFileSync } from 'node:fs'
import { signsOf, type Signs } from '../../src/routing/auto/signs.ts'
import { bounded } from '../../src/routing/auto/prompt-text.ts'

/** One question, with whether each model answered it right. */
export interface Example {
  readonly set: string
  readonly subject: string
  readonly prompt: string
  readonly signs: Signs
  readonly weak: boolean
  readonly strong: boolean
}

/** What is won by asking the dear model: 1, 0, or −1 where only the cheap one was right. */
export function gainOf(example: Example): number {
  return Number(example.strong) - Number(example.weak)
}

/** Reads a file of outcomes: one JSON object a line, `{set, subject, prompt, weak, strong}`. Throws with the line that is none. */
export function readExamples(path: string): Example[] {
  return readFileSync(path, 'utf8').split('\n').flatMap((line, at) => line.trim() === '' ? [] : [exampleOf(line, `${path}:${at + 1}`)])
}

function exampleOf(line: string, where: string): Example {
  // Checked on the next line, field by field.
  const row = JSON.parse(line) as Partial<Record<string, unknown>>
  const { set, subject, prompt, weak, strong } = row
  if (typeof set !== 'string' || typeof subject !== 'string' || typeof prompt !== 'string' || typeof weak !== 'boolean' || typeof strong !== 'boolean') {
    throw new Error(`${where}: want {"set": string, "subject": string, "prompt": string, "weak": boolean, "strong": boolean}`)
  }
  return { set, subject, prompt, weak, strong, signs: signsOfPrompt(prompt) }
}

/** Signs as the gateway reads them, of a bounded part of the prompt. */
export function signsOfPrompt(prompt: string): Signs {
  const text = bounded(prompt)
  return signsOf(text, prompt.length - text.length)
}

/** The same outcomes with other words for the questions. */
export function withPrompts(examples: readonly Example[], change: (prompt: string) => string): Example[] {
  return examples.map((example) => {
    const prompt = change(example.prompt)
    return { ...example, prompt, signs: signsOfPrompt(prompt) }
  })
}

