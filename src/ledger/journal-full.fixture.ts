// Run by journal.test.ts under a limit of file size: fills the "disk", makes room again, and says what the journal did.
import { Journal } from './journal.ts'

const [path] = process.argv.slice(2)
if (path === undefined) throw new Error('the path of a journal is missing')
const journal = new Journal(path, 'never')
const said: Record<string, unknown> = {}

journal.append('a'.repeat(600))
said['before'] = journal.writable()
try {
  journal.append('b'.repeat(600))
} catch (error) {
  said['threw'] = error instanceof Error && 'code' in error ? error.code : error
}
said['during'] = journal.writable()
Bun.spawnSync(['prlimit', '--fsize=unlimited', '--pid', String(process.pid)])
said['after'] = journal.writable()
journal.append('c')
await journal.close(false)
process.stdout.write(JSON.stringify(said))
