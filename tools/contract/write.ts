import { join } from 'node:path'
import { complaints, contractPage } from './page.ts'

/** `npm run contract`: writes `docs/contract.md`, and says what is wrong with it. */
const root = join(import.meta.dir, '..', '..')
await Bun.write(join(root, 'docs', 'contract.md'), contractPage(root))
const wrong = complaints(root)
for (const line of wrong) process.stderr.write(`${line}\n`)
process.exitCode = wrong.length === 0 ? 0 : 1
