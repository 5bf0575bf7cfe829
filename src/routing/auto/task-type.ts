import { taskForm } from './task-form.ts'
import { TASK_RULES, TASK_TYPES, type TaskRule, type TaskType } from './task-rules.ts'

/** What the rules say of a prompt. */
export interface TaskGuess {
  /** Undefined when no rule says enough: a prompt in a language that they do not speak, or about nothing they know. */
  readonly taskType: TaskType | undefined
  /** The terms that spoke for it. */
  readonly because: readonly string[]
}

/** Less than this is too little to name a type. */
const WEIGHT_MIN = 2
/** A term that wants to be at the beginning is looked for among so many words. */
const START_WORDS = 6

/** Rules by the terms that they wait for, so that a prompt costs one look-up for each of its phrases. */
const RULES_OF_TERM: ReadonlyMap<string, readonly number[]> = indexed(TASK_RULES)

function indexed(rules: readonly TaskRule[]): Map<string, number[]> {
  const index = new Map<string, number[]>()
  rules.forEach((rule, at) => {
    for (const term of rule.terms.split(/\s*,\s*/)) {
      const waiting = index.get(term)
      if (waiting) waiting.push(at)
      else index.set(term, [at])
    }
  })
  return index
}

/** Names the kind of task of a bounded prompt, by TASK_RULES. */
export function taskTypeOf(text: string): TaskGuess {
  const { words, signs } = taskForm(text)
  const heard: (string | undefined)[] = Array.from({ length: TASK_RULES.length })
  const hear = (term: string): void => { for (const at of RULES_OF_TERM.get(term) ?? []) heard[at] ??= term }
  for (const sign of signs) hear(sign)
  for (let at = 0; at < words.length; at++) {
    let phrase = words[at] ?? ''
    for (let length = 1; length <= 3; length++) {
      hear(phrase)
      if (at < START_WORDS) hear(`^${phrase}`)
      const next = words[at + length]
      if (next === undefined) break
      phrase = `${phrase} ${next}`
    }
  }
  return weighed(heard)
}

function weighed(heard: readonly (string | undefined)[]): TaskGuess {
  const contexts = new Set<string>(TASK_RULES.filter((_, at) => heard[at] !== undefined).map((rule) => rule.says))
  const totals = new Map<string, { weight: number; because: string[] }>()
  TASK_RULES.forEach((rule, at) => {
    const term = heard[at]
    if (term === undefined || (rule.beside && !contexts.has(rule.beside)) || (rule.without && contexts.has(rule.without))) return
    const total = totals.get(rule.says) ?? { weight: 0, because: [] }
    total.weight += rule.weight
    total.because.push(term.replace('^', ''))
    totals.set(rule.says, total)
  })
  let best: { type: TaskType; weight: number; because: string[] } | undefined
  for (const type of TASK_TYPES) {
    const total = totals.get(type)
    if (total && total.weight >= WEIGHT_MIN && total.weight > (best?.weight ?? 0)) best = { type, ...total }
  }
  return { taskType: best?.type, because: best?.because ?? [] }
}
