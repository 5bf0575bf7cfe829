import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe } from 'bun:test'

const root = process.env['SWITCHYARD_SHARED'] ?? join(import.meta.dir, '..', '..', 'shared')

/** True when the recorded exchanges and the contract lie beside the checkout. In CI their absence is an error. */
export const hasShared = existsSync(root)

if (!hasShared && process.env['CI']) throw new Error(`tests need the shared folder and CI is set, but there is none at ${root} (set SWITCHYARD_SHARED)`)
if (!hasShared) console.log(`skipped: tests that replay recordings, for there is no ${root} (set SWITCHYARD_SHARED)`)

/** A path below the shared folder: `sharedPath('corpus', 'dev', 'openai.chat')`. */
export function sharedPath(...parts: string[]): string {
  return join(root, ...parts)
}

/** `describe` that runs only where the shared folder is. */
export const describeShared = hasShared ? describe : describe.skip
