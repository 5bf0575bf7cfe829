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
const WEIGHT_MIN = 1.5
/** A context needs this much. */
const CONTEXT_WEIGHT_MIN = 2
/** A term that wants to be at the beginning is looked for among so many words. */
const START_WORDS = 6
/** A rule hears so many different terms, and each after the first adds this part of its weight: topics show by several words. */
const TERMS_MAX = 3
const MORE_TERMS_PART = 0.4

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
  const heard = new Map<number, string[]>()
  const hear = (term: string): void => {
    for (const at of RULES_OF_TERM.get(term) ?? []) {
      const terms = heard.get(at)
      if (!terms) heard.set(at, [term])
      else if (terms.length < TERMS_MAX && !terms.includes(term)) terms.push(term)
    }
  }
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

function weighed(heard: ReadonlyMap<number, readonly string[]>): TaskGuess {
  const contexts = contextsOf(heard)
  const totals = new Map<string, { weight: number; because: string[] }>()
  for (const [at, terms] of heard) {
    const rule = TASK_RULES[at]
    if (!rule || (rule.beside && !contexts.has(rule.beside)) || (rule.without && contexts.has(rule.without))) continue
    const total = totals.get(rule.says) ?? { weight: 0, because: [] }
    totals.set(rule.says, total)
    total.weight += weightOf(rule, terms)
    total.because.push(...terms.filter((term) => !term.startsWith('<')).map((term) => term.replace('^', '')))
  }
  let best: { type: TaskType; weight: number; because: string[] } | undefined
  for (const type of TASK_TYPES) {
    const total = totals.get(type)
    if (total && total.weight >= WEIGHT_MIN && total.weight > (best?.weight ?? 0)) best = { type, ...total }
  }
  return { taskType: best?.type, because: best?.because ?? [] }
}

function weightOf(rule: TaskRule, terms: readonly string[]): number {
  return rule.weight * (1 + MORE_TERMS_PART * (terms.length - 1))
}

/** What is known before types are weighed. A word of another meaning in daily life (`class`, `method`) makes no code by itself. */
function contextsOf(heard: ReadonlyMap<number, readonly string[]>): Set<string> {
  const weights = new Map<string, number>()
  for (const [at, terms] of heard) {
    const rule = TASK_RULES[at]
    if (rule) weights.set(rule.says, (weights.get(rule.says) ?? 0) + weightOf(rule, terms))
  }
  return new Set([...weights].filter(([, weight]) => weight >= CONTEXT_WEIGHT_MIN).map(([says]) => says))
}
