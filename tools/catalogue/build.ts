import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readFeedFile } from '../../src/catalog/feed/feed.ts'
import { formatRows, makeRows } from '../../src/catalog/feed/make-rows.ts'

const root = join(import.meta.dir, '..', '..')

/** Makes src/catalog/models and src/catalog/providers of the feed's file, and says what somebody should look at. */
function build(feedPath: string): void {
  const data = makeRows(readFeedFile(JSON.parse(readFileSync(feedPath, 'utf8'))))
  const text = formatRows(data)
  writeFileSync(join(root, 'src', 'catalog', 'models', 'models.json'), text.models)
  writeFileSync(join(root, 'src', 'catalog', 'providers', 'providers.json'), text.providers)
  for (const note of data.notes) console.log(`${note.kind}: ${note.id}: ${note.text}`)
  const endpoints = data.models.reduce((sum, model) => sum + model.endpoints.length, 0)
  console.log(`${data.models.length} models, ${data.providers.length} providers, ${endpoints} endpoints`)
}

if (import.meta.main) build(process.argv[2] ?? join(root, '..', 'shared', 'catalog', 'models-dev.json'))
