import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'bun:test'
import fc from 'fast-check'
import { atEnd, end } from './at-end.ts'

// The same examples at every run, so that a red run is about the change in hand. `FAST_CHECK_SEED=random` looks for new ones.
const seed = process.env['FAST_CHECK_SEED']
if (seed !== 'random') fc.configureGlobal({ seed: Number(seed ?? 20_261_120) })

// Whatever tests and the programs that they start put into the temporary directory goes when they end; what is to be found again does not.
const kept = tmpdir()
process.env['SWITCHYARD_KEPT_TMPDIR'] ??= kept
const directory = mkdtempSync(join(kept, 'switchyard-run-'))
// Postgres runs as somebody else, and must get through.
chmodSync(directory, 0o711)
process.env['TMPDIR'] = directory
atEnd(() => {
  process.env['TMPDIR'] = kept
  rmSync(directory, { recursive: true, force: true })
})
afterAll(end)
