import type { Message } from '../../core/call.ts'
import { difficultyOf, difficultyReasons } from './difficulty.ts'
import { promptText } from './prompt-text.ts'
import { signsOf } from './signs.ts'
import type { TaskType } from './task-rules.ts'
import { taskTypeOf } from './task-type.ts'

/** What the auto router knows of a call before it chooses a model. */
export interface Classification {
  /** Undefined when the rules cannot tell: choose as for an unknown task, never fail. */
  readonly taskType: TaskType | undefined
  /**
   * The estimated probability, 0 to 1, that a dear model answers right where a cheap one does not. It moves within a narrow
   * band: compare it with `difficultyAbove(share)`, not with one half. Undefined when there is no text to judge.
   */
  readonly difficulty: number | undefined
  /** Why, for router metadata: signs and terms of our own tables, never the prompt's other words. */
  readonly reasons: readonly string[]
}

/**
 * Names the task and the difficulty of a conversation, by its last user message and, where that is a few words only, its
 * first. Pure and local; takes well under a millisecond however long the conversation is, for it reads 4 KB at most.
 */
export function classify(messages: readonly Message[]): Classification {
  const { text, lengthChars } = promptText(messages)
  if (text.trim() === '') return { taskType: undefined, difficulty: undefined, reasons: ['no text from the user'] }
  const task = taskTypeOf(text)
  const signs = signsOf(text, Math.max(0, lengthChars - text.length))
  return {
    taskType: task.taskType,
    difficulty: difficultyOf(signs),
    reasons: [...task.because.slice(0, 3).map((term) => `task: "${term}"`), ...difficultyReasons(signs)],
  }
}
